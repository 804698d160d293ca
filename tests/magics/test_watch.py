"""Watching a run: a bar in a terminal, nothing for a moment's run, and a view that breaks costs no run."""

from __future__ import annotations

import io
import sys
import time

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

import adm_notebook as adm
from adm_notebook.magics import watch
from adm_notebook.magics.watch import NotebookView, live_view, wait_for


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def start(rows: int, seconds: float) -> adm.Run:
    @adm.strategy
    def sleepy(bars: pd.DataFrame, number: int = 1) -> pd.Series:
        time.sleep(seconds)
        return pd.Series(1, index=bars.index)

    entry = {"type": "sleepy", "parameters": {"number": {"min": 1, "max": rows}}}
    config = adm.WorkflowConfig(data_config={"max_bars": 100}, optimization_config={"strategies": [entry]})
    return adm.EnhancedCoordinator().start(config, "traditional")


def test_a_terminal_shows_a_bar_with_the_best_so_far_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, shell: InteractiveShell
) -> None:
    monkeypatch.setenv("ADM_NOTEBOOK_LIVE", "1")
    monkeypatch.setattr(sys, "stderr", Terminal())
    view = live_view(shell, quiet=False)
    result = wait_for(start(12, 0.1), view)
    assert view.end() is None
    said = sys.stderr.getvalue()  # type: ignore[attr-defined]  # the terminal above
    assert result.success
    assert "of 12 combinations" in said
    assert "best sharpe so far" in said
    assert said.rsplit("\r", 1)[-1].strip() == ""


def test_a_run_of_a_moment_has_no_view(monkeypatch: pytest.MonkeyPatch) -> None:
    def show(self: NotebookView, run: adm.Run) -> None:
        raise AssertionError("a view of a run that takes no time")

    monkeypatch.setattr(NotebookView, "show", show)
    monkeypatch.setattr(watch, "PATIENCE", 20.0)
    view = NotebookView()
    assert wait_for(start(2, 0.0), view).success
    assert view.end() is None


def test_a_view_that_breaks_costs_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def show(self: NotebookView, run: adm.Run) -> None:
        raise OSError("no page")

    monkeypatch.setattr(NotebookView, "show", show)
    with pytest.warns(UserWarning, match=r"The live view ended \(OSError: no page\); the run goes on"):
        result = wait_for(start(12, 0.1), NotebookView())
    assert result.success
    assert len(result.stats) == 12
