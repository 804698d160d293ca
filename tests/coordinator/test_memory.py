"""Limits on memory: a plan that can't fit is refused with the figures, one that can stays under; the peak is told."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.containers.shared import ITEM_BYTES, Shared
from adm_notebook.coordinator.memory import GrowthOfMemory, forget_peak, held_mb
from adm_notebook.planning.memory import PART_ROW_BYTES, need_of, part_rows

watched = pytest.mark.skipif(held_mb() is None, reason="this system does not say how much memory a process holds")


def many(n_bars: int, n_fast: int, n_slow: int, limit: float | None) -> adm.WorkflowConfig:
    close = 100 + np.cumsum(np.random.default_rng(3).normal(0, 0.05, n_bars))
    index = pd.date_range("2020-01-01", periods=n_bars, freq="min")
    frame = pd.DataFrame({"open": close, "high": close + 0.1, "low": close - 0.1, "close": close}, index=index)
    fast, slow = list(range(2, 2 + n_fast)), list(range(2 + n_fast, 2 + n_fast + n_slow))
    return adm.WorkflowConfig(
        data_config={"frame": frame},
        memory_limit_mb=limit,
        max_workers=2,
        optimization_config={
            "strategies": [{"type": "ma_crossover", "parameters": {"fast": fast, "slow": slow}}],
            "objective": "total_return",
        },
    )


@pytest.mark.parametrize(
    ("n_fast", "n_slow", "bars", "limit", "said"),
    [
        (
            100,
            200,
            1_000,
            10,
            ("is 10 MB", "20,000 rows take about 16 MB", "or write the rows to a folder: infra"),
        ),
        (2, 2, 100_000, 5, ("is 5 MB", "on 100,000 bars takes 9.2 MB", "use fewer bars")),
    ],
)
def test_a_plan_that_cannot_fit_is_refused_with_the_figures(
    n_fast: int, n_slow: int, bars: int, limit: float, said: tuple[str, ...]
) -> None:
    config = many(bars, n_fast, n_slow, limit)
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().plan(config, execution_mode="composable")
    for words in ("memory_limit_mb", *said):
        assert words in str(caught.value)


def test_rows_that_go_to_a_folder_are_written_in_parts_that_fit_a_limit(tmp_path: Path) -> None:
    config = many(400, 70, 90, 24)
    config.infrastructure_config = {"results": str(tmp_path / "rows")}
    ours = adm.EnhancedCoordinator()
    plan = ours.plan(config, execution_mode="composable")
    most = part_rows(plan)
    assert most * PART_ROW_BYTES <= 24 * 2**20 / 6
    assert need_of(plan).rows <= 24 * 2**20 / 6, "and no more is kept for them, however many there are"
    limited = ours.run(config, execution_mode="composable")
    sizes = [len(pd.read_parquet(part)) for part in sorted((tmp_path / "rows").glob("part-*.parquet"))]
    assert sum(sizes) == 6_300
    assert max(sizes) <= 2 * most
    held = ours.run(many(400, 70, 90, None), execution_mode="composable")
    pd.testing.assert_frame_equal(limited.stats, held.stats, check_dtype=False)


GROWTH = """
import json, sys
sys.path[:0] = {path!r}
from test_memory import many
import adm_notebook as adm
from adm_notebook.coordinator.memory import GrowthOfMemory
from adm_notebook.engine import warmup

warmup.wait()
coordinator = adm.EnhancedCoordinator()
coordinator.run(many(2_000, 2, 2, None), execution_mode="composable")
config = many(60_000, 30, 50, {limit!r})
coordinator.plan(config, execution_mode="composable")
growth = GrowthOfMemory()
result = coordinator.run(config, execution_mode="composable")
print(json.dumps([growth.peak(), result.metadata["peak_memory_mb"], len(result.stats), result.best["total_return"]]))
"""


def grown(limit: float | None) -> tuple[float, float, int, float]:
    """What 1,500 rows on 60,000 bars cost in a process of their own: growth, what the result says, rows, the best."""
    code = GROWTH.format(path=[str(Path(__file__).parent)], limit=limit)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: tuple[float, float, int, float] = tuple(json.loads(done.stdout.splitlines()[-1]))
    return found


@watched
def test_a_plan_that_fits_stays_under_its_limit_and_gives_the_same() -> None:
    limit = 48.0
    free, limited = grown(None), grown(limit)
    assert free[0] > limit  # else the limit would have nothing to do
    assert limited[0] < limit
    assert limited[2:] == free[2:]
    for growth, told, *_ in (free, limited):
        assert told == pytest.approx(growth, abs=2)


@watched
def test_the_peak_of_growth_is_seen_although_it_is_over() -> None:
    growth = GrowthOfMemory()
    held = np.ones(16 * 2**20)  # 128 MB
    seen = growth.look()
    del held
    assert seen is not None
    assert seen > 100
    peak = growth.peak()
    assert peak is not None
    assert peak >= seen


@given(
    st.integers(0, 20) | st.just(10**9),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 5)), max_size=60),
)
def test_shared_products_never_take_more_than_they_may(items: int, asked: list[tuple[int, int, int]]) -> None:
    """The last product of a shelf may stay in any case: the one that is about to be used."""
    budget = items * (ITEM_BYTES + 1_000)
    shared = Shared(budget)
    shelves = [shared.shelf() for _ in range(3)]
    for at, key, size in asked:
        made = shared.get(shelves[at], key, lambda value=(at, key): value, lambda _, size=size: 1_000 * size)
        assert made == (at, key) == shared.held(shelves[at], key)
        lasting = [max((item[1] for item in shelf.items.values()), default=0) for shelf in shelves]
        assert sum(shelf.held_bytes for shelf in shelves) <= max(budget, sum(lasting))
        for shelf in shelves:
            assert shelf.held_bytes == sum(item[1] for item in shelf.items.values())


@watched
def test_growth_is_exact_after_a_larger_peak_that_is_forgotten() -> None:
    much = np.ones(30_000_000)  # 229 MB
    del much
    forget_peak()
    growth = GrowthOfMemory()
    some = np.ones(5_000_000)  # 38 MB, gone before anybody looks
    del some
    assert growth.peak() == pytest.approx(38, abs=12)


class Loading:
    """Stands for a warm-up that ends when it has been asked a few times."""

    def __init__(self, times: int) -> None:
        self.asked, self._times = 0, times

    def wait(self, timeout: float | None = None) -> bool:
        self.asked += 1
        if self.asked < self._times:
            time.sleep(timeout or 0)
        return self.asked >= self._times


@pytest.mark.parametrize("phases", [False, True])
def test_a_limit_is_on_what_comes_after_compiled_code_is_loaded(phases: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    loading = Loading(12)
    monkeypatch.setattr("adm_notebook.coordinator.run.warmup", loading)
    config = many(300, 2, 2, 64)
    config.timeout_seconds = 0.3
    if phases:
        config.parameters = {"phases": [{"name": "first"}, {"name": "second"}]}
    result = adm.EnhancedCoordinator().run(config, "hybrid" if phases else "composable")
    assert result.success, result.errors
    assert loading.asked >= 12
    free = many(300, 2, 2, None)
    loading.asked = 0
    assert adm.EnhancedCoordinator().run(free, "composable").success
    assert adm.EnhancedCoordinator().run(many(300, 2, 2, 64), "traditional").success
    assert not loading.asked, "without a limit, or without compiled code, nothing is waited for"


def test_a_stop_is_heard_while_code_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adm_notebook.coordinator.run.warmup", Loading(10_000))
    run = adm.EnhancedCoordinator().start(many(300, 2, 2, 64), "composable")
    run.cancel()
    assert not run.result(timeout=5).success
    assert run.status == "cancelled"
