"""Warming up compiles in the background, once; and the compiled engine may be called from several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.testing import assert_array_equal

from adm_notebook.config.settings import Settings
from adm_notebook.engine import compiled, warmup
from adm_notebook.engine.account import Account
from adm_notebook.engine.measured import trade_and_measure
from adm_notebook.market.arrays import Prices


def test_warming_up_again_returns_the_same_thread_and_leaves_the_engine_compiled() -> None:
    thread = warmup.start_in_background()
    assert warmup.start_in_background() is thread
    assert thread.daemon
    assert warmup.wait(timeout=120)
    assert warmup.ready()
    assert len(trade_and_measure.signatures) == 1  # type: ignore[attr-defined]  # one compiled form for all arguments


def test_accounts_simulated_in_threads_equal_those_simulated_in_turn() -> None:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 20_000)))
    prices = Prices(close, close * 1.001, close * 0.999, close)
    targets = [rng.integers(-1, 2, len(close)).astype(np.int8) for _ in range(8)]
    settings = Settings(stop_loss=0.02)

    def account(target: np.ndarray) -> Account:
        return compiled.simulate(prices, compiled.signals_from_targets(target, 1), settings, warmup=1)

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(account, targets))
    for found, target in zip(together, targets, strict=True):
        for mine, theirs in zip(found, account(target), strict=True):
            assert_array_equal(mine, theirs)


def test_writable_and_read_only_arrays_are_compiled_once() -> None:
    close = np.full(5, 100.0)
    frozen = close.copy()
    frozen.flags.writeable = False
    for prices in (Prices(close, close, close, close), Prices(frozen, close, frozen, close)):
        signals = compiled.signals_from_targets(np.ones(5, np.int8), 1, strength=frozen)
        compiled.simulate(prices, signals, Settings(), warmup=1)
    assert len(trade_and_measure.signatures) == 1  # type: ignore[attr-defined]  # see above
