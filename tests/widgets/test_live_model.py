"""What a live view says of a run: never more than has happened, and at the end all of it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_cases import SWEEP, an_hour, finished, outline, plan_of_sweep

import adm_notebook as adm
from adm_notebook.coordinator import events
from adm_notebook.coordinator.memory import held_mb
from adm_notebook.coordinator.outline import Outline, outline_of, reader_of
from adm_notebook.coordinator.recorded import Ended, Started, event_of, line_of, record, replay
from adm_notebook.errors import DataError
from adm_notebook.widgets.heat import BANDS, Heat
from adm_notebook.widgets.live import LIMIT, LiveView
from adm_notebook.widgets.live_model import BEST, LiveModel


def cells_of(view: LiveView) -> np.ndarray:
    """The plane that a page has, put together from its bands."""
    return np.concatenate([np.frombuffer(getattr(view, f"band_{band}"), "<f4") for band in range(BANDS)])


def whole(heat: Heat) -> np.ndarray:
    """The plane, once everything is sent."""
    bands: dict[int, bytes] = {}
    while due := heat.due(LIMIT):
        bands |= due
    cells = np.full(heat.shape[0] * heat.shape[1], np.nan, np.float32)
    for band, data in bands.items():
        values = np.frombuffer(data, "<f4")
        cells[band * heat.frame["band"] :][: len(values)] = values
    return cells.reshape(heat.shape)


# ---- the outline ----------------------------------------------------------------------------------------------------


def test_an_outline_knows_the_plane_and_which_cells_constraints_leave_out() -> None:
    plan = plan_of_sweep()
    found = outline_of(plan)
    assert found.title == "ma_crossover on SP500"
    assert found.total == plan.n_rows
    (fast, fasts), (slow, slows) = found.axes
    assert (fast, slow) == ("fast", "slow")
    assert found.cells is not None
    there = {(fasts[cell // len(slows)], slows[cell % len(slows)]) for cell in found.cells}
    assert there == {(f, s) for f in range(2, 13) for s in range(5, 41, 5) if f < s}


def test_an_outline_survives_json() -> None:
    found = outline_of(plan_of_sweep())
    assert Outline.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_third_swept_parameter_is_what_a_cell_is_the_best_of() -> None:
    plan = plan_of_sweep(backtest_config={"commission": [0.0, 0.001]})
    found = outline_of(plan)
    assert [name for name, _ in found.axes] == ["fast", "slow"]
    assert found.others == ("commission",)
    assert "the best of each commission" in LiveModel(found).frame()["plane"]["title"]


def test_a_single_backtest_and_one_swept_parameter_have_no_plane() -> None:
    for parameters in ({"fast": 5, "slow": 20}, {"fast": [5, 6], "slow": 20}):
        config = adm.WorkflowConfig(
            data_config={"max_bars": 100},
            backtest_config={"strategy": {"type": "ma_crossover", "parameters": parameters}},
        )
        assert outline_of(adm.EnhancedCoordinator().plan(config)).axes == ()


# ---- the plane ------------------------------------------------------------------------------------------------------


@given(
    fast=st.integers(1, 30),
    slow=st.integers(1, 300),
    maximise=st.booleans(),
    seed=st.integers(0, 99),
    parts=st.integers(1, 5),
)
def test_every_cell_ends_as_the_best_of_its_rows(fast: int, slow: int, maximise: bool, seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=fast * slow)
    values[rng.random(len(values)) < 0.1] = np.nan
    heat = Heat(outline(fast, slow).axes, None, "sharpe", maximise)
    order = rng.permutation(fast * slow)
    for part in np.array_split(order, parts):
        heat.take(finished(part, slow, values[part]), values[part])
        heat.due(int(rng.integers(1, 3000)))  # whatever is given out meanwhile: its bytes are those of that moment
    heat.take(finished(order[:1], slow, values[order[:1]]), values[order[:1]])
    heat._changed.update(range(BANDS))
    cells = whole(heat)
    step = -(-fast // heat.shape[0]), -(-slow // heat.shape[1])
    plane = values.reshape(fast, slow)
    for r in range(heat.shape[0]):
        for c in range(heat.shape[1]):
            block = plane[r * step[0] : (r + 1) * step[0], c * step[1] : (c + 1) * step[1]]
            known = block[~np.isnan(block)]
            if not block.size:
                assert np.isnan(cells[r, c])
            elif not known.size:
                assert cells[r, c] == -np.inf
            else:
                assert cells[r, c] == np.float32(known.max() if maximise else known.min())


def test_only_bands_that_changed_are_due_and_none_is_forgotten() -> None:
    heat = Heat(outline(100, 160).axes, None, "sharpe", True)
    heat.take(finished([0], 160), [0.5])
    assert list(heat.due(LIMIT)) == [0]
    assert heat.due(LIMIT) == {}
    heat.take(finished(np.arange(16_000), 160), np.arange(16_000) / 100)
    seen: set[int] = set()
    while due := heat.due(LIMIT):
        assert sum(map(len, due.values())) <= LIMIT
        assert not seen & set(due)
        seen |= set(due)
    assert seen == set(range(BANDS))


# ---- the best rows --------------------------------------------------------------------------------------------------


@given(
    values=st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan")), st.just(float("inf"))), min_size=1, max_size=60),
    maximise=st.booleans(),
    parts=st.integers(1, 6),
)
def test_the_best_so_far_are_those_of_the_rows_so_far(values: list[float], maximise: bool, parts: int) -> None:
    model = LiveModel(outline(3, 20, maximise=maximise))
    given_ = np.array(values)
    for part in np.array_split(np.arange(len(given_)), parts):
        if len(part):
            model.take(events.PartialResults(finished(part, 20, given_[part])))
    known = [n for n in range(len(given_)) if not np.isnan(given_[n])]
    expected = sorted(known, key=lambda n: (-given_[n] if maximise else given_[n], n))[:BEST]
    assert [row[0] for row in model.best()["rows"]] == expected


def test_failed_rows_are_counted_and_are_no_best() -> None:
    model = LiveModel(outline())
    model.take(events.PartialResults(finished([0, 1, 2], status=["ok", "failed", "invalid"])))
    assert (model.head()["failed"], model.head()["refused"]) == (1, 1)
    assert [row[0] for row in model.best()["rows"]] == [0]


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "'\"`", "a" * 10_000, "\u05e9\u05dc\u05d5\u05dd", "\U0001f4c8"]
)
def test_names_of_users_are_short_text(name: str) -> None:
    view = LiveView(outline(title=name, columns=("strategy", "fast")))
    rows = finished(range(10)).assign(strategy=name)
    view.model.take(events.PartialResults(rows))
    view.show()
    assert view.sent < LIMIT
    assert view.frame["title"][:100] == name[:100]
    assert len(view.best["rows"][0][1][0]) <= 160


# ---- states ---------------------------------------------------------------------------------------------------------


class Run:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def cancel(self) -> None:
        self.asked.append("cancel")

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")


def look(model: LiveModel, done: int = 1, status: str = "running", **more: Any) -> None:
    model.look(events.Progress(done, 200, 1.0, 9.0), status, {}, 100.0, **more)


def test_states_follow_the_run() -> None:
    now = [0.0]
    model = LiveModel(outline(), lambda: now[0])
    assert model.head()["state"] == "starting"
    model.note = "Compiling the engine, once on this machine"
    look(model)
    assert model.head()["state"] == "starting"
    model.note = ""
    look(model)
    assert model.head()["state"] == "running"
    look(model, status="paused")
    now[0] = 12.0
    look(model, status="paused")
    assert (model.head()["state"], model.head()["paused"]) == ("paused", 12)
    look(model)
    assert model.head()["paused"] is None
    look(model, stopping=True)
    assert model.head()["state"] == "stopping"
    model.take(Ended("cancelled", "", 3))
    look(model)
    assert model.head()["state"] == "stopped"


def test_a_failure_names_what_went_wrong_first() -> None:
    model = LiveModel(outline())
    model.take(events.RunFailed("Out of memory: `memory_limit_mb` is 100, and the run grew by 103.0 MB; 4 are kept"))
    head = model.head()
    assert (head["state"], head["banner"][0]) == ("failed", "Out of memory")
    assert head["banner"][1].startswith("`memory_limit_mb` is 100")


def test_containers_wait_work_rest_and_end() -> None:
    now = [0.0]
    model = LiveModel(outline(), lambda: now[0])
    progress = events.Progress(1, 200, 1.0, 9.0)
    assert [state for state, _ in model.states()] == ["run", "wait", "wait"]
    model.look(progress, "running", {"data": (1, 1, 0.1)}, None)
    assert model.states()[1] == ["run", "1"]
    now[0] = 5.0
    model.look(progress, "running", {"data": (1, 1, 0.1), "run": (40, 10, 0.1)}, None)
    assert model.states()[1:] == [["idle", "1"], ["run", "10 for 40 uses"]]
    model.take(events.ContainerFinished("run", "run", "run", "finished", 1.0, 200, 50))
    assert model.states()[2] == ["done", "50 for 200 uses"]


def test_buttons_reach_the_run_and_nothing_else_does() -> None:
    run = Run()
    view = LiveView(outline(), run)
    for content in (
        {"do": "pause"},
        {"do": "resume"},
        {"do": "hello"},
        {"do": "os.remove"},
        {},
        "stop",
        None,
        ["stop"],
    ):
        view._on_message(view, content, [])
    assert run.asked == ["pause", "resume"]
    assert not view.stopping
    view._on_message(view, {"do": "stop"}, [])
    assert run.asked[-1] == "cancel"
    assert view.stopping


def test_buttons_of_a_foreground_run_wait_until_the_page_is_heard_while_the_cell_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deaf, heard = (LiveView(outline(), Run(), background=False) for _ in range(2))
    deaf.show()
    assert deaf.controls == "wait"
    heard._on_message(heard, {"do": "hello"}, [])
    heard.show()
    assert heard.controls == "on"
    later = time.monotonic() + 10
    monkeypatch.setattr(time, "monotonic", lambda: later)
    deaf.show()
    assert deaf.controls == "interrupt"
    deaf._on_message(deaf, {"do": "hello"}, [])
    deaf.show()
    assert deaf.controls == "on"
    assert LiveView(outline(), Run()).controls == "on"


def test_what_stands_for_the_view_is_the_same_in_every_session() -> None:
    first, second = LiveView(outline()), LiveView(outline())
    assert repr(first) == repr(second) == "<LiveView>"
    assert first.bundle()["text/plain"] == "Running ma on SP500: 200 combinations"


# ---- whole streams --------------------------------------------------------------------------------------------------


def test_a_recorded_run_is_replayed_as_it_was(tmp_path: Path) -> None:
    run = adm.EnhancedCoordinator().start(adm.WorkflowConfig(**SWEEP))
    count = record(run.events(), tmp_path / "run.jsonl")
    told = list(replay(tmp_path / "run.jsonl"))
    assert len(told) == count
    assert isinstance(told[0], Started)
    model = LiveModel(told[0].outline)
    for event in told:
        model.take(event)
    result = run.result()
    assert told[-1] == Ended("finished", "", len(result.stats))
    assert model.state == "finished"
    assert model.progress.done == len(result.stats)
    assert model.best_value == result.best["sharpe"]
    assert model.best()["rows"][0][0] == result.best.name
    assert model.heat is not None
    cells = whole(model.heat)
    assert np.isfinite(cells).sum() == len(result.stats)
    assert np.nanmax(cells) == np.float32(result.best["sharpe"])


@given(values=st.lists(st.floats(width=64), min_size=1, max_size=5))
def test_recorded_figures_are_exact(values: list[float]) -> None:
    told = json.loads(line_of(events.PartialResults(finished(range(len(values)), 20, values))))
    assert told["event"] == "PartialResults"
    rows = event_of(told)
    assert isinstance(rows, events.PartialResults)
    np.testing.assert_array_equal(rows.rows["sharpe"].to_numpy(np.float64), np.array(values))


@pytest.mark.parametrize("line", ["{}", "[]", "nonsense", '{"event": "Progress"}', '{"event": "Nothing"}'])
def test_what_is_no_recorded_stream_is_said_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(line_of(events.Warning("fine")) + f"\n{line}\n")
    with pytest.raises(DataError, match=r"line 2: not an event of a recorded stream"):
        list(replay(path))


def test_an_hour_of_updates_keeps_memory_and_ends_complete(tmp_path: Path) -> None:
    path = tmp_path / "hour.jsonl"
    with path.open("w") as file:
        file.writelines(f"{line_of(event)}\n" for event in an_hour())
    stream = replay(path)
    started = next(stream)
    assert isinstance(started, Started)
    view = LiveView(started.outline)
    largest = updates = 0
    held: list[float] = []
    for event in stream:
        view.model.take(event)
        if isinstance(event, events.Progress):
            view.show()
            updates += 1
            largest = max(largest, view.sent)
            if updates % 1_000 == 0:
                held.append(held_mb() or 0.0)
    view.show()
    assert updates == 14_400
    assert largest <= LIMIT
    assert held[-1] - held[0] < 50  # MB, from the first thousand updates on
    assert (view.head["state"], view.head["done"]) == ("finished", 14_400)
    assert np.isfinite(cells_of(view)).sum() == view.model.heat.shape[0] * view.model.heat.shape[1]  # type: ignore[union-attr]  # it has a plane


# ---- rows by their numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"backtest_config": {"commission": [0.0, 0.001]}},
        {
            "optimization_config": {
                "strategies": [
                    {"type": "ma_crossover", "parameters": {"fast": [3, 5], "slow": {"min": 8, "max": 40, "step": 4}}},
                    {"type": "ma_crossover", "name": "other", "parameters": {"fast": 4, "slow": [9, 12, 100]}},
                ],
                "risk_profiles": [
                    {"type": "custom", "name": "a", "parameters": {"stop_loss": [0.02, 0.05, 0.1]}},
                    {"type": "custom", "name": "b", "parameters": {"take_profit": 0.1}},
                ],
            }
        },
        {
            "optimization_config": {
                "strategies": [
                    {"type": "ma_crossover", "parameters": {"fast": [2, 3], "slow": 20, "ma_type": ["sma", "ema"]}}
                ]
            }
        },
    ],
)
def test_rows_told_by_number_show_the_same_as_rows_told_as_tables(more: dict[str, Any]) -> None:
    plan = plan_of_sweep(**more)
    run = adm.EnhancedCoordinator().start(adm.WorkflowConfig(**{**SWEEP, **more}))
    result = run.result()
    found = outline_of(plan)
    by_number, by_table = LiveModel(found, reader=reader_of(plan, found)), LiveModel(found)
    finished_ = run._outcomes
    for part in (slice(0, 7), slice(7, None)):
        by_number.take(events.PartialResults(result.stats, finished_[part]))
        numbers = [outcome.number for outcome in finished_[part]]
        by_table.take(events.PartialResults(result.stats.loc[numbers]))
    assert by_number.best() == by_table.best()
    assert by_number.head() == {**by_table.head(), "elapsed": by_number.head()["elapsed"]}
    assert by_number.heat is not None
    assert by_table.heat is not None
    np.testing.assert_array_equal(whole(by_number.heat), whole(by_table.heat))
    assert by_number.best()["rows"][0][0] == result.best.name
