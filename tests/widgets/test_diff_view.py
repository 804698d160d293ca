"""The diff view, driven without a page: any two of many runs, and what it says where there are none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from explorer_cases import run
from hypothesis import given, settings
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.display.joined import parts
from adm_notebook.display.two_runs import compared
from adm_notebook.widgets import diff
from adm_notebook.widgets.diff import DiffView


@cache
def made(commission: float) -> adm.WorkflowResult:
    return run(backtest_config={"strategy": "momentum", "commission": commission})


def runs() -> dict[str, Any]:
    return {"free": made(0.0), "dear": made(0.01), "dearer": made(0.02)}


def until(true: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def failed_run() -> adm.WorkflowResult:
    """A run that went wrong before any row was computed."""
    config = adm.WorkflowConfig(data_config={"max_bars": 300}, backtest_config={"strategy": "momentum"})
    from adm_notebook.coordinator.failed import failed_result

    return failed_result(config, adm.DataError("prices.csv is gone"), "composable")


# ---- choosing -------------------------------------------------------------------------------------------------------


def test_it_opens_on_the_two_that_came_last_and_says_what_the_library_says() -> None:
    view = DiffView(runs())
    view.settle()
    assert (view.runs, view.a, view.b, view.state) == (["free", "dear", "dearer"], "dear", "dearer", "finished")
    report = adm.compare_results(made(0.01), made(0.02))
    assert view.report is not None
    assert view.report.verdict == report.verdict
    pd.testing.assert_frame_equal(view.report.trades, report.trades)
    assert view.text().splitlines()[0] == "≠ Different: commission was 1% and is now 2%"
    assert repr(view) == "<DiffView>"


def test_it_shows_what_the_magic_shows() -> None:
    view = DiffView(runs())
    view.compare("free", "dearer")
    head, tail = parts(compared(("free", made(0.0)), ("dearer", made(0.02)))[1])
    assert view.body == {"a": "free", "b": "dearer", "head": head, "tail": tail, "alt": view.body["alt"]}
    assert "equity" in view.body["alt"].lower()


def test_names_of_runs_are_text() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    view = DiffView({hostile: made(0.0), "b": made(0.01)})
    view.settle()
    assert "&lt;img src=x onerror=alert(1)&gt;" in view.body["head"]
    assert "<img" not in view.body["head"] + view.body["tail"]


def test_a_swap_turns_signs_round_and_the_report_can_be_observed() -> None:
    view = DiffView(runs())
    one = view.compare("free", "dear")
    heard: list[Any] = []
    view.observe(lambda change: heard.append(change["new"]), "report")
    view.swap()
    view.settle()
    assert (view.a, view.b) == ("dear", "free")
    assert len(heard) == 1
    there = one.metrics.set_index("metric")
    back = heard[0].metrics.set_index("metric")
    pd.testing.assert_series_equal(there["old"], back["new"], check_names=False)
    pd.testing.assert_series_equal(there["new"], back["old"], check_names=False)


def test_a_run_is_the_same_as_itself() -> None:
    assert DiffView(runs()).compare("free", "free").identical


def test_runs_in_a_row_are_numbered() -> None:
    view = DiffView([made(0.0), made(0.01)])
    assert view.runs == ["run_1", "run_2"]


@pytest.mark.parametrize("given_", ["free", 3, [made], {"free": 3}])
def test_what_holds_no_runs_is_refused(given_: Any) -> None:
    with pytest.raises(adm.RunError, match=r"^DiffView (takes|compares)"):
        DiffView(given_)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["a=free", "a=dear", "b=dearer", "b=free", "swap", "compare"]), max_size=6))
def test_whatever_is_chosen_what_is_shown_belongs_to_it(steps: list[str]) -> None:
    view = DiffView(runs())
    for step in steps:
        if "=" in step:
            setattr(view, *step.split("="))
        elif step == "swap":
            view.swap()
        else:
            view.compare("dear", "free")
    view.settle()
    expected = adm.compare_results(runs()[view.a], runs()[view.b])
    assert view.report is not None
    assert view.report.verdict == expected.verdict
    assert (view.state, view.body["a"], view.body["b"]) == ("finished", view.a, view.b)


# ---- runs come and go -----------------------------------------------------------------------------------------------


def test_it_waits_for_a_second_run() -> None:
    held: dict[str, Any] = {}
    view = DiffView(held)
    assert view.state == "empty"
    assert view.said == "No runs in this notebook yet. Start with %%adm; two finished runs are compared here."
    held["free"] = made(0.0)
    view.refresh()
    view.settle()
    assert (view.state, view.report) == ("empty", None)
    assert view.said.startswith("free is the only finished run.")
    assert view.text() == view.said
    held["dear"] = made(0.01)
    view.refresh()
    view.settle()
    assert (view.state, view.a, view.b) == ("finished", "free", "dear")


def test_until_two_are_chosen_it_goes_on_to_the_two_that_came_last() -> None:
    held = {"free": made(0.0), "dear": made(0.01)}
    view = DiffView(held)
    view.settle()
    held["dearer"] = made(0.02)
    view.refresh()
    view.settle()
    assert (view.a, view.b) == (view.body["a"], view.body["b"]) == ("dear", "dearer")


@pytest.mark.parametrize("choose", [lambda view: view.compare("free", "dear"), lambda view: setattr(view, "a", "free")])
def test_a_new_run_is_listed_and_what_is_chosen_stays(choose: Callable[[DiffView], Any]) -> None:
    held = {"dear": made(0.01), "free": made(0.0)}
    view = DiffView(held)
    choose(view)
    view.settle()
    report = view.report
    held["dearer"] = made(0.02)
    view.refresh()
    view.settle()
    assert [choice["name"] for choice in view.choices] == ["dear", "free", "dearer"]
    assert view.choices[2]["what"].startswith("momentum")
    assert view.report is report


def test_a_run_in_the_background_is_listed_when_it_is_done() -> None:
    config = adm.WorkflowConfig(
        backtest_config={
            "strategy": {"type": "ma_crossover", "parameters": {"fast": {"min": 2, "max": 40, "step": 1}, "slow": 60}}
        }
    )
    run_ = adm.EnhancedCoordinator().start(config, "composable")
    run_.pause()
    held = {"free": made(0.0), "sweep": run_}
    view = DiffView(held)
    if run_.status == "paused":
        assert (view.going, view.runs) == (1, ["free"])
    run_.resume()
    run_.result()
    assert view.runs == ["free", "sweep"]
    assert view.going == 0


def test_a_run_that_is_made_again_is_compared_again_and_one_that_is_gone_is_missed() -> None:
    held = {"free": made(0.0), "dear": made(0.01), "dearer": made(0.02)}
    view = DiffView(held)
    assert not view.compare("free", "dear").identical
    held["dear"] = made(0.0)
    view.refresh()
    view.settle()
    assert view.report is not None
    assert view.report.identical
    del held["dear"]
    view.refresh()
    view.settle()
    assert (view.state, view.report, view.body) == ("error", None, {})
    assert view.said == "There is no finished run 'dear' here. Did you mean `dearer`?"


def test_it_follows_a_notebook_by_itself_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    namespace: dict[str, Any] = {"free": made(0.0), "_hidden": made(0.02), "other": 3}
    monkeypatch.setattr(diff, "_namespace", lambda: namespace)
    monkeypatch.setattr(diff, "LOOKED_EVERY", 0.02)
    monkeypatch.setenv("ADM_NOTEBOOK_LIVE", "1")
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: None)
    view = DiffView()
    view._ipython_display_()
    assert view.state == "empty"
    namespace["dear"] = made(0.01)
    until(lambda: view.state == "finished")
    assert (view.a, view.b) == ("free", "dear")
    view.close()
    assert view._watching is not None
    view._watching.join(10)
    assert not view._watching.is_alive()


# ---- what can't be compared -----------------------------------------------------------------------------------------


def test_a_run_without_rows_says_why_it_has_none() -> None:
    view = DiffView({"free": made(0.0), "broken": failed_run()})
    view.settle()
    assert (view.state, view.report) == ("error", None)
    assert view.said == "broken has no rows to compare: nothing of it ran: prices.csv is gone. Choose another run."
    with pytest.raises(adm.RunError, match="has no rows to compare"):
        view.compare("broken", "free")
    assert "failed" in view.choices[1]["what"]


def test_kept_signals_are_replayed_first(tmp_path: Path) -> None:
    kept = run(
        backtest_config={"strategy": "momentum"},
        analysis_config={"mode": "signal_generation", "output_path": str(tmp_path / "kept")},
    )
    view = DiffView({"free": made(0.0), "kept": kept})
    view.settle()
    assert view.state == "error"
    assert view.said.endswith("Compare its replay: `%adm replay kept`.")
    assert view.compare("kept", "kept").identical


def test_a_name_that_is_none_is_refused_and_said() -> None:
    view = DiffView(runs())
    with pytest.raises(adm.RunError, match="Did you mean `free`"):
        view.compare("fre", "dear")
    assert (view.a, view.b) == ("dear", "dearer")
    view.a = "nobody"
    view.settle()
    assert view.state == "error"
    assert view.said == "There is no finished run 'nobody' here. Finished runs: free, dear, dearer."


def test_what_nobody_foresaw_is_said_and_the_next_pair_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    view = DiffView(runs())
    view.settle()
    with monkeypatch.context() as broken:
        broken.setattr(diff, "compared", lambda a, b: 1 / 0)
        view.swap()
        view.settle()
        assert (view.state, view.report) == ("error", None)
        assert "ZeroDivisionError" in view.said
    assert not view.compare("free", "dear").identical


# ---- pages ----------------------------------------------------------------------------------------------------------


def test_an_answer_that_comes_too_late_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    view = DiffView(runs())
    view.settle()
    begun, go_on, shown_ = threading.Event(), threading.Event(), list[str]()

    def slowly(a: Any, b: Any) -> Any:
        if (a[0], b[0]) == ("free", "dear"):
            begun.set()
            assert go_on.wait(20)
        return compared(a, b)

    monkeypatch.setattr(diff, "compared", slowly)
    view.observe(lambda change: shown_.append(f"{change['new'].get('a')} {change['new'].get('b')}"), "body")
    view._on_message(view, {"do": "choose", "a": "free", "b": "dear"}, [])
    assert begun.wait(20)
    assert view.state == "loading"
    view._on_message(view, {"do": "choose", "a": "free", "b": "dearer"}, [])
    go_on.set()
    view.settle()
    assert shown_ == ["free dearer"]
    assert (view.a, view.b, view.state) == ("free", "dearer", "finished")


def test_pictures_are_drawn_in_the_themes_that_pages_have() -> None:
    view = DiffView(runs())
    view.settle()
    assert (view.light, view.dark) == (b"", b"")
    view._on_message(view, {"do": "theme", "theme": "dark"}, [])
    until(lambda: view.dark)
    assert view.dark.startswith(b"\x89PNG")
    assert view.light == b""
    before = view.dark
    view.compare("free", "dear")
    assert view.dark.startswith(b"\x89PNG")
    assert view.dark != before
    for strange in ({"do": "theme", "theme": "_esm"}, {"do": "theme"}, "theme", None, {"do": "choose"}):
        view._on_message(view, strange, [])
    view.settle()
    assert view.state == "error"
    assert view.light == b""


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What is published, with how."""
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    monkeypatch.setattr("IPython.display.publish_display_data", lambda data, *_, **how: found.append((data, how)))
    return found


def test_a_saved_notebook_keeps_the_difference_as_html_png_html(
    published: list[tuple[dict[str, Any], dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADM_NOTEBOOK_LIVE", "1")
    view = DiffView(runs())
    view._ipython_display_()
    first, *reserved = published[:4]
    assert "application/vnd.jupyter.widget-view+json" in first[0]
    assert first[0]["text/plain"].startswith("≠ Different")
    ids = [how["transient"]["display_id"] for _, how in reserved]
    filled = published[4:]
    assert [how["transient"]["display_id"] for _, how in filled] == ids
    assert [sorted(data) for data, _ in filled] == [["text/html", "text/plain"], ["image/png"], ["text/html"]]
    published.clear()
    view.swap()
    until(lambda: len(published) == 3)
    assert "commission was 2% and is now 1%" in published[0][0]["text/html"]
    published.clear()
    view.a = "nobody"
    until(lambda: len(published) == 3)
    assert [data["text/html"] for data, _ in published] == ["", "", ""]
    view.close()


def test_without_live_views_the_difference_alone_is_shown(
    published: list[tuple[dict[str, Any], dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADM_NOTEBOOK_LIVE", "0")
    DiffView(runs())._ipython_display_()
    assert [sorted(data) for data, _ in published] == [["text/html", "text/plain"], ["image/png"], ["text/html"]]
    published.clear()
    DiffView({})._ipython_display_()
    assert published[0][0]["text/plain"].startswith("No runs in this notebook yet.")
