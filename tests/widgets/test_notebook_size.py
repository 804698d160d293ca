"""What a notebook weighs on disk: no cell above 300 KB, ten runs and five views below 3 MB, whatever was run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient

CELL_MOST, NOTEBOOK_MOST = 300_000, 3_000_000

SETUP = """\
%load_ext adm_notebook
import numpy as np, pandas as pd
import adm_notebook as adm
rng = np.random.default_rng(7)
close = 100 * np.exp(np.cumsum(rng.normal(0, 0.0004, 120_000)))
minutes = pd.DataFrame(
    {"open": close, "high": close * 1.0003, "low": close * 0.9997, "close": close},
    index=pd.date_range("2020-01-01", periods=len(close), freq="min"),
)
long_name = "<b>" + "Gleitender-Durchschnitt-Überkreuzungsstrategie " * 40"""
_RUNS = """\
%%adm run many_trades
data_config: {frame: minutes}
backtest_config: {strategy: {type: ma_crossover, parameters: {fast: 2, slow: 5, direction: both}}}

%%adm run wide
optimization_config:
  strategies:
    - {type: ma_crossover, parameters: {fast: {min: 2, max: 60, step: 1}, slow: {min: 61, max: 200, step: 2}}}

%%adm run deep
optimization_config:
  classifiers: [trend, volatility]
  risk_profiles: [conservative, aggressive]
  strategies: [{type: ma_crossover, parameters: {fast: [5, 10, 20], slow: [50, 100]}}, momentum, rsi]

%%adm run named
backtest_config: {strategy: {type: momentum, name: "{{long_name}}"}}

%%adm run refused
backtest_config: {strategy: {type: ma_crossover, parameters: {fast: [10, 60], slow: [20, 50]}}}

%%adm run on_both
data_config: {symbols: [SP500, NASDAQ]}
backtest_config: {strategy: momentum, commission: 0.001}

%%adm run cost_1
backtest_config: {strategy: rsi, commission: 0.001}

%%adm run cost_2
backtest_config: {strategy: rsi, commission: 0.002}

%%adm run cost_3
backtest_config: {strategy: rsi, commission: 0.003}

%%adm run cost_4
backtest_config: {strategy: rsi, commission: 0.004}"""
RUNS = _RUNS.split("\n\n")
VIEWS = ["%adm build wide", "%adm edit full_backtest", "%adm explore wide", "%adm explore many_trades", "%adm diff"]
STATIC = ["%adm diff many_trades named", "%adm runs", "%adm show wide"]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook that has run in a kernel, live views and the state of widgets included."""
    made = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(text) for text in [SETUP, *RUNS, *VIEWS, *STATIC, "import time; time.sleep(3)"]
        ]
    )
    folder = tmp_path_factory.mktemp("sizes")
    with mock.patch.dict(os.environ, {"ADM_NOTEBOOK_LIVE": "1"}):
        client = NotebookClient(made, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
        client.execute()
    nbformat.write(made, folder / "made.ipynb")
    made.metadata["path"] = str(folder / "made.ipynb")
    return made


def words_of(cell: Any) -> str:
    return str(cell.source).splitlines()[0]


def test_no_cell_is_above_its_limit(book: Any) -> None:
    sizes = {words_of(cell): len(json.dumps(cell.outputs).encode()) for cell in book.cells}
    assert {words: size for words, size in sizes.items() if size > CELL_MOST} == {}
    for text in RUNS:  # and each is a card: it has HTML, and all but those without a picture a PNG
        assert sizes[text.splitlines()[0]] > 10_000


def test_ten_runs_and_five_views_are_below_three_megabytes(book: Any) -> None:
    states = book.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    kinds = {state["state"].get("_anywidget_id", "").rpartition(".")[2] for state in states.values()}
    assert {"ConfigBuilder", "PatternEditor", "Explorer", "DiffView"} <= kinds
    path = Path(book.metadata["path"])
    assert path.stat().st_size < NOTEBOOK_MOST


def test_what_the_views_leave_behind_is_small(book: Any) -> None:
    """A view's own state, its code and style included: the chart library is in none of them."""
    states = book.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    for state in states.values():
        size = len(json.dumps(state).encode())
        assert size < CELL_MOST, (state["state"].get("_anywidget_id"), size)
        assert "createOptionsChart" not in json.dumps(state)
