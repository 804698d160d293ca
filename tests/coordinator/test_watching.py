"""What can be seen of a run while it goes on: its containers at work, the equity of a single backtest, earlier rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.coordinator import events
from adm_notebook.planning.planned import places


def prices(n: int) -> pd.DataFrame:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, n)))
    index = pd.date_range("2020-01-01", periods=n, freq="min")
    return pd.DataFrame({"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}, index=index)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """A strategy `held` that waits at its fifth row until it is let go."""
    go = threading.Event()

    @adm.strategy
    def held(bars: pd.DataFrame, number: int = 1) -> pd.Series:
        if number > 4:
            go.wait(30)
        return pd.Series(1, index=bars.index)

    yield go
    go.set()


def test_the_equity_of_one_backtest_grows_as_its_bars_are_traded(monkeypatch: pytest.MonkeyPatch) -> None:
    from adm_notebook.containers.stages import BarByBar

    seen: list[tuple[int, list[float]]] = []
    simulate = BarByBar.simulate

    def watched(self: BarByBar, *args: Any) -> Any:
        watch = self.watch
        assert watch is not None

        def note(bar: int, equity: Sequence[float]) -> None:
            watch(bar, equity)
            seen.append((run.equity[0], list(run.equity[1][:bar])))

        self.watch = note
        return simulate(self, *args)

    monkeypatch.setattr(BarByBar, "simulate", watched)
    config = adm.WorkflowConfig(data_config={"frame": prices(20_000)}, backtest_config={"strategy": "momentum"})
    run = adm.EnhancedCoordinator().start(config, "traditional")
    equity = run.result().equity.to_numpy()
    assert [bar for bar, _ in seen] == [4096, 8192, 12288, 16384]
    for bar, known in seen:
        np.testing.assert_array_equal(known, equity[:bar])


@pytest.mark.parametrize("mode", ["traditional", "composable"])
def test_containers_at_work_and_earlier_rows_are_seen_by_whoever_comes_late(gate: threading.Event, mode: str) -> None:
    entry = {"type": "held", "parameters": {"number": [1, 2, 3, 4, 5, 6]}}
    config = adm.WorkflowConfig(
        data_config={"frame": prices(300)}, optimization_config={"strategies": [entry]}, max_workers=1
    )
    run = adm.EnhancedCoordinator().start(config, mode)
    deadline = time.monotonic() + 20
    while run.counts.get("portfolio/strategies", (0, 0, 0.0))[0] < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert run.counts["portfolio/strategies"][0] >= 4
    assert run.equity == (0, ())  # of a sweep there is no one equity
    assert run.elapsed > 0
    gate.set()
    told = list(run.events())
    rows = pd.concat([event.rows for event in told if isinstance(event, events.PartialResults)])
    result = run.result()
    assert rows.sort_index()["sharpe"].equals(result.stats["sharpe"])
    late = [event for event in run.events() if isinstance(event, events.PartialResults)]
    assert sum(len(event.rows) for event in late) == 6


def test_rows_told_as_numbers_are_the_rows_of_the_table() -> None:
    entry = {"type": "ma_crossover", "parameters": {"fast": [3, 5, 30], "slow": [20, 40]}}
    config = adm.WorkflowConfig(data_config={"frame": prices(300)}, optimization_config={"strategies": [entry]})
    run = adm.EnhancedCoordinator().start(config)
    for event in run.events():
        if isinstance(event, events.PartialResults) and event.finished is not None:
            numbers, values, ok = event.finished.measured("sharpe")
            table = event.rows
            assert sorted(numbers.tolist()) == table.index.tolist()
            by_number = pd.Series(values, numbers).sort_index()
            np.testing.assert_array_equal(by_number.to_numpy(), table["sharpe"].to_numpy(np.float64))
            assert pd.Series(ok, numbers).sort_index().tolist() == (table["status"] == "ok").tolist()
    assert run.result().stats["status"].tolist().count("ok") < 6  # fast 30 over slow 20 is refused


@pytest.mark.parametrize(
    ("column", "given", "expected"),
    [
        ([1, 2.5, 7], [2.5, 7, 1, 3, float("nan")], [1, 2, 0, -1, -1]),
        (["sma", "ema"], ["ema", "sma", "wma"], [1, 0, -1]),
        ([False, True], [True, False], [1, 0]),
    ],
)
def test_values_are_found_on_their_axis(column: list[Any], given: list[Any], expected: list[int]) -> None:
    assert places(given, column).tolist() == expected
