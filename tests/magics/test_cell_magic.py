"""`%%adm`: what a cell runs, shows, leaves in the notebook, and fails with."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from magic_cases import Cell

import adm_notebook as adm

BODY = """
data_config: {symbols: [SP500], max_bars: 400}
backtest_config:
  commission: 0.001
  strategy: {type: ma_crossover, parameters: {fast: 5, slow: 20}}
"""


@pytest.fixture
def prices() -> pd.DataFrame:
    close = 100 + 10 * np.sin(np.arange(120) / 5)
    index = pd.date_range("2024-01-01", periods=120, freq="D")
    return pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close}, index=index)


def config_of(shell: InteractiveShell, cell: Cell, line: str, body: str = BODY) -> adm.WorkflowConfig:
    """The config that a cell comes to."""
    ran = cell(f"%%adm validate config {line}\n{body}")
    assert ran.success, ran.text
    config = shell.user_ns["config"]
    assert isinstance(config, adm.WorkflowConfig)
    return config


# ---- running --------------------------------------------------------------------------------------------------------


def test_the_result_lands_in_its_variable_and_the_cell_shows_the_card(shell: InteractiveShell, cell: Cell) -> None:
    ran = cell(f"%%adm golden{BODY}")
    assert ran.success
    assert ran.text == ""
    assert [sorted(o.data) for o in ran.outputs] == [["text/html", "text/plain"], ["image/png"], ["text/html"]]
    assert ran.plain == repr(shell.user_ns["golden"])
    assert "golden.trades" in ran.outputs[2].data["text/html"]


def test_the_cell_gives_the_same_numbers_as_python(shell: InteractiveShell, cell: Cell) -> None:
    cell(f"%%adm --mode traditional{BODY}")
    python = adm.EnhancedCoordinator().run(adm.WorkflowConfig.from_yaml(BODY), execution_mode="composable")
    assert shell.user_ns["result"].compare(python).identical
    assert shell.user_ns["result"].mode == "traditional"


def test_a_result_shown_again_names_its_own_variable(cell: Cell) -> None:
    cell(f"%%adm golden --quiet{BODY}")
    ran = cell("golden")
    assert "golden.trades" in ran.outputs[2].data["text/html"]


def test_quiet_shows_nothing(shell: InteractiveShell, cell: Cell) -> None:
    ran = cell(f"%%adm --quiet{BODY}")
    assert (ran.success, ran.text, ran.outputs) == (True, "", [])
    assert shell.user_ns["result"].success


def test_plan_shows_what_would_run_and_runs_nothing(shell: InteractiveShell, cell: Cell) -> None:
    ran = cell(f"%%adm plan --set fast=[5, 10]{BODY}")
    assert ran.success
    assert ran.plain.startswith("Plan: ma_crossover on SP500, 2 combinations")
    assert "result" not in shell.user_ns
    cell(f"%%adm plan kept{BODY}")
    assert shell.user_ns["kept"].n_rows == 1


def test_validate_says_in_one_line_what_would_run(cell: Cell) -> None:
    ran = cell(f"%%adm validate --mode composable{BODY}")
    assert ran.text == "Valid: 1 combination of ma_crossover on SP500, composable mode.\n"


def test_in_the_background_the_variable_holds_the_run_and_three_outputs_are_reserved(
    shell: InteractiveShell, cell: Cell
) -> None:
    ran = cell(f"%%adm later --background{BODY}\n")
    assert ran.success
    assert ran.plain == "Running in the background: later"
    ids = [o.transient["display_id"] for o in ran.outputs[:3]] if hasattr(ran.outputs[0], "transient") else [1, 2, 3]
    assert len(set(ids)) == 3
    assert shell.user_ns["later"].result().success
    for thread in threading.enumerate():
        if thread.name == "adm-background":  # it shows the card, which must not land in another test's cell
            thread.join(30)


# ---- patterns and phases --------------------------------------------------------------------------------------------

PHASES = """
data_config: {symbols: [SP500], max_bars: 300}
backtest_config: {strategy: {type: rsi, parameters: {period: [7, 14]}}}
parameters:
  phases:
    - {name: screen, mode: composable}
    - {name: confirm, mode: traditional, take: {from: screen, top: 1}}
"""


def test_a_hybrid_cell_runs_its_phases(shell: InteractiveShell, cell: Cell) -> None:
    ran = cell(f"%%adm both --mode hybrid{PHASES}")
    assert ran.success, ran.text
    both = shell.user_ns["both"]
    assert (both.mode, list(both.phases), len(both.stats)) == ("hybrid", ["screen", "confirm"], 1)
    assert ran.plain == repr(both)


def test_a_hybrid_cell_can_be_planned_and_validated(shell: InteractiveShell, cell: Cell) -> None:
    ran = cell(f"%%adm plan kept --mode hybrid{PHASES}")
    assert ran.plain.startswith("Plan: hybrid, 2 phases\nPhase screen\n  Plan: rsi on SP500, 2 combinations\n")
    assert shell.user_ns["kept"].n_rows == 4
    assert cell(f"%%adm plan kept --mode hybrid{PHASES}").success  # a plan may be replaced
    assert cell(f"%%adm validate --mode hybrid{PHASES}").text == (
        "Valid: 2 phases, screen (2 combinations of rsi on SP500), confirm (2 combinations of rsi on SP500), "
        "hybrid mode.\n"
    )


def test_a_hybrid_run_in_the_background_is_listed_and_planned_as_one(shell: InteractiveShell, cell: Cell) -> None:
    assert cell(f"%%adm slow --mode hybrid --background --quiet{PHASES}").success
    run = shell.user_ns["slow"]
    assert cell("%adm plan slow").plain.startswith("Plan: hybrid, 2 phases")
    assert "slow" in cell("%adm runs").plain
    assert run.result().mode == "hybrid"
    assert re.search(r"slow .* hybrid", cell("%adm runs").plain)


def test_a_pattern_can_stand_in_the_cell(shell: InteractiveShell, cell: Cell) -> None:
    pattern = "parameters: {pattern: {extends: full_backtest, remove: [classifier/risk/portfolio/ensemble]}}"
    ran = cell(f"%%adm mine{BODY}{pattern}\noptimization_config: {{classifiers: [trend]}}")
    assert ran.success, ran.text
    assert "ensemble" not in set(shell.user_ns["mine"].containers["role"])
    assert "Classifier trend." in " ".join(ran.plain.split())


def test_a_registered_pattern_is_chosen_in_the_line(shell: InteractiveShell, cell: Cell) -> None:
    assert cell(f"%%adm mine --quiet --pattern full_backtest{BODY}").success
    assert shell.user_ns["mine"].pattern == "full_backtest"


# ---- what a cell may assign -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind"),
    [(pd.DataFrame(), "a DataFrame"), (np, "a module"), (len, "a function"), (pd.Series, "a class"), (0, "an int")],
)
@pytest.mark.parametrize("action", ["", "run", "plan", "validate"])
def test_what_is_not_ours_is_not_replaced(
    shell: InteractiveShell, cell: Cell, action: str, value: object, kind: str
) -> None:
    shell.user_ns["mine"] = value
    ran = cell(f"%%adm {action} mine{BODY}")
    assert isinstance(ran.error, adm.ConfigError)
    assert f"holds {kind}; choose another name, e.g. mine_run" in ran.text
    assert shell.user_ns["mine"] is value
    assert ran.outputs == []


def test_nor_is_it_where_the_cell_names_nothing(shell: InteractiveShell, cell: Cell) -> None:
    shell.user_ns["result"] = mine = [1]
    ran = cell(f"%%adm{BODY}")
    assert "holds a list, and a cell without a name would replace it; write `%%adm run result_run`" in ran.text
    assert shell.user_ns["result"] is mine
    assert cell(f"%%adm plan{BODY}").success  # assigns nothing


def test_cells_run_again_and_in_any_order(shell: InteractiveShell, cell: Cell) -> None:
    shell.user_ns["mine"] = None
    for line in ("mine --quiet", "plan mine", "validate mine", "run mine --background --quiet", "mine --quiet"):
        ran = cell(f"%%adm {line}{BODY}")
        assert ran.success, ran.text
        if isinstance(shell.user_ns["mine"], adm.Run):
            shell.user_ns["mine"].result()


def test_the_kernel_stays_whole(shell: InteractiveShell, cell: Cell) -> None:
    for name in ("get_ipython", "__builtins__", "exit", "In"):
        assert not cell(f"%%adm run {name}{BODY}").success
    assert cell("%adm help\nimport string\nIn, get_ipython()").success


# ---- what the line changes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "section", "expected"),
    [
        ("--set commission=0.002", "backtest_config", {"commission": 0.002}),
        ("--set backtest_config.commission=1e-3", "backtest_config", {"commission": 0.001}),
        ("--set size=0.5 --set size_mode=fraction", "backtest_config", {"size": 0.5, "size_mode": "fraction"}),
        ("--set max_bars=50", "data_config", {"max_bars": 50}),
        ("--set objective=sortino", "optimization_config", {"objective": "sortino"}),
        ("--pattern simple_backtest", "parameters", {"container_pattern": "simple_backtest"}),
        ("--data sample", "data_config", {"source": "sample", "symbols": ["SP500"], "max_bars": 400}),
    ],
)
def test_set_changes_one_value(
    shell: InteractiveShell, cell: Cell, line: str, section: str, expected: Mapping[str, Any]
) -> None:
    config = config_of(shell, cell, line)
    got = getattr(config, section)
    assert {name: got[name] for name in expected} == expected
    assert got.keys() >= getattr(adm.WorkflowConfig.from_yaml(BODY), section).keys()


@pytest.mark.parametrize(
    "key", ["fast", "ma_crossover.fast", "strategy.parameters.fast", "backtest_config.strategy.parameters.fast"]
)
def test_parameters_are_set_by_any_name_that_is_unique(shell: InteractiveShell, cell: Cell, key: str) -> None:
    config = config_of(shell, cell, f"--set {key}=[5, 10]")
    assert config.backtest_config["strategy"] == {"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": 20}}


def test_a_part_may_be_set_after_the_whole(shell: InteractiveShell, cell: Cell) -> None:
    config = config_of(shell, cell, "--set strategy=rsi --set period=7")
    assert config.backtest_config["strategy"] == {"type": "rsi", "parameters": {"period": 7}}


def test_a_strategy_that_is_only_named_gets_room_for_parameters(shell: InteractiveShell, cell: Cell) -> None:
    body = "\noptimization_config: {strategies: [rsi, momentum]}"
    config = config_of(shell, cell, "--set period=7 --set momentum.lookback=5", body)
    assert config.optimization_config["strategies"] == [
        {"type": "rsi", "parameters": {"period": 7}},
        {"type": "momentum", "parameters": {"lookback": 5}},
    ]


def test_set_reaches_only_what_it_names_where_yaml_shares_a_value(shell: InteractiveShell, cell: Cell) -> None:
    body = """
optimization_config:
  strategies:
    - {type: rsi, name: a, parameters: &same {period: 7}}
    - {type: rsi, name: b, parameters: *same}"""
    config = config_of(shell, cell, "--set b.period=9", body)
    assert [s["parameters"]["period"] for s in config.optimization_config["strategies"]] == [7, 9]


def test_set_takes_variables(shell: InteractiveShell, cell: Cell) -> None:
    shell.user_ns["windows"] = np.array([5, 10])
    config = config_of(shell, cell, "--set fast={{windows}}")
    assert config.backtest_config["strategy"]["parameters"]["fast"] == [5, 10]


@pytest.mark.parametrize("form", ["--data prices", "--data {{prices}}", "--set frame={{prices}}"])
def test_a_frame_of_the_notebook_is_data(shell: InteractiveShell, cell: Cell, prices: pd.DataFrame, form: str) -> None:
    shell.user_ns["prices"] = prices
    body = "\nbacktest_config: {strategy: buy_and_hold}"
    assert config_of(shell, cell, form, body).data_config["frame"] is prices


@pytest.mark.parametrize("frame", ["prices", "{{prices}}", "{A: prices, B: prices}"])
def test_frame_names_a_variable(shell: InteractiveShell, cell: Cell, prices: pd.DataFrame, frame: str) -> None:
    shell.user_ns["prices"] = prices
    ran = cell(f"%%adm\ndata_config: {{frame: {frame}}}\nbacktest_config: {{strategy: buy_and_hold}}")
    assert ran.success, ran.text
    assert len(shell.user_ns["result"].equity) == 120


def test_a_file_is_data(shell: InteractiveShell, cell: Cell, prices: pd.DataFrame, tmp_path: Path) -> None:
    prices.rename_axis("date").to_csv(tmp_path / "my prices.csv")
    ran = cell(f"%%adm --data '{tmp_path / 'my prices.csv'}'\nbacktest_config: {{strategy: buy_and_hold}}")
    assert ran.success, ran.text
    assert len(shell.user_ns["result"].equity) == 120


def test_defaults_of_the_session_give_way_to_the_cell(shell: InteractiveShell, cell: Cell) -> None:
    cell("%config Adm.timeout_seconds = 100\n%config Adm.max_workers = 1")
    config = config_of(shell, cell, "", f"{BODY}\nmax_workers: 2")
    assert (config.timeout_seconds, config.max_workers, config.memory_limit_mb) == (100, 2, None)
    cell("%config Adm.mode = 'traditional'\n%config Adm.quiet = True")
    assert cell(f"%%adm{BODY}").outputs == []
    assert shell.user_ns["result"].mode == "traditional"
    cell(f"%%adm --mode composable{BODY}")
    assert shell.user_ns["result"].mode == "composable"


def test_a_memory_limit_by_its_other_name_is_a_limit_of_the_cell(shell: InteractiveShell, cell: Cell) -> None:
    cell("%config Adm.memory_limit_mb = 4000")
    assert config_of(shell, cell, "--set max_memory_mb=5000").memory_limit_mb is None


# ---- failing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "body", "said"),
    [
        ("", "", "the text is empty"),
        ("", "\n  ", "the text is empty"),
        ("--data px", "", "says where prices come from, but the cell below says nothing to do with px. Write for"),
        ("", "\nbacktest_config: {comission: 1}", "Did you mean `commission`? (line 2, column 19)"),
        ("", "\n\nbacktest_config:\n  comission: 1", "(line 4, column 3)"),
        (
            "--set commission=-1",
            BODY,
            "backtest_config.commission.rate  must be 0 or more, but was -1 (line 1, column 13)",
        ),
        ("--set comission=1", BODY, "--set comission  unknown key. Did you mean `commission`?"),
        ("--set a..b=1", BODY, "is no key"),
        ("--set commission={a", BODY, "is not closed"),
        ("--set 'commission=a: b: c'", BODY, "can't be read"),
        ("--set fast={{nowhere}}", BODY, "there is no variable nowhere"),
        ("--set commission=0.1 --set commission.rate.x=1", BODY, "commission is 0.1, which has no rate"),
        (
            "--set commission=0.1 --set commission=0.2",
            BODY,
            "--set commission  sets again what `--set commission=0.1` has set; keep one of them (line 1, column 34)",
        ),
        ("--set commission=0.1 --set backtest_config.commission=0.2", BODY, "sets again what"),
        ("--set commission.rate=0.1 --set commission=0.2", BODY, "sets again what `--set commission.rate=0.1`"),
        ("--data sample --set source=csv", BODY, "sets again what `--data sample`"),
        ("--pattern simple_backtest --set container_pattern=x", BODY, "sets again what `--pattern simple_backtest`"),
        ("--set strategies[0]=rsi", BODY, "optimization_config.strategies is no list"),
        (
            "--set direction=both",
            "\noptimization_config: {strategies: [rsi, momentum]}",
            "may mean optimization_config",
        ),
        ("--data nowhere", BODY, "'nowhere' is no file, no DataFrame of this notebook and no source"),
        ("--data nowhere.csv", BODY, "no such file: nowhere.csv"),
        ("--data text", BODY, "the variable text is a str, not a DataFrame"),
        ("", "\ndata_config: {frame: txt}", "there is no variable 'txt' in this notebook"),
        ("", "\ndata_config: {frame: text}", "must be a DataFrame"),
        ("--mode composabel", BODY, "--mode  must be one of"),
        ("--mode composabel", BODY, "Did you mean `composable`? (line 1, column 14)"),
        ("--mode fast", BODY, "but was 'fast' (line 1, column 14)"),
        ("--quiet --mode=hybrid", BODY, "parameters.phases  is missing; hybrid mode runs phases. For example"),
        ("--mode hybird", BODY, "Did you mean `hybrid`? (line 1, column 14)"),
        ("", "\nparameters: {phases: [{name: a}]}", "(--mode hybrid) (line 2, column"),
        (
            "--mode hybrid",
            "\nparameters: {phases: [{name: a, mode: fast}]}",
            "parameters.phases[0].mode  must be one of traditional, composable, auto, but was 'fast'",
        ),
        ("migrate --background", BODY, "--background  has no part in a migration; leave it out"),
        ("--pattern simple", BODY, "unknown pattern 'simple'. Known: full_backtest, signal_generation"),
        ("--pattern full_backtst", BODY, "Did you mean `full_backtest`? (line 1, column 17)"),
        (
            "--pattern signal_replay",
            BODY,
            "signal_replay takes the strategies of the store; leave backtest_config.strategy out",
        ),
        (
            "--pattern simple_backtest",
            "\noptimization_config: {risk_profiles: [moderate]}",
            "simple_backtest has no risk; use parameters.container_pattern: full_backtest",
        ),
    ],
)
def test_an_error_is_a_few_lines_fails_the_cell_and_leaves_nothing(
    shell: InteractiveShell, cell: Cell, line: str, body: str, said: str
) -> None:
    shell.user_ns["text"] = "no frame"
    ran = cell(f"%%adm {line}{body}")
    assert not ran.success
    assert isinstance(ran.error, adm.AdmError)
    assert said in ran.text
    assert "Traceback" not in ran.text
    assert len(ran.text.splitlines()) <= 4
    assert ran.outputs == []
    assert "result" not in shell.user_ns


def test_bad_prices_assign_the_result_show_its_card_and_fail_with_one_line(
    shell: InteractiveShell, cell: Cell, prices: pd.DataFrame
) -> None:
    prices.loc[prices.index[7], "close"] = float("nan")
    shell.user_ns["prices"] = prices
    ran = cell("%%adm bad --data prices\nbacktest_config: {strategy: rsi}")
    assert not ran.success
    assert isinstance(ran.error, adm.RunError)
    assert ran.text.startswith("bad failed: ")
    assert "2024-01-08" in ran.text
    assert len(ran.text.splitlines()) == 1
    assert not shell.user_ns["bad"].success
    assert len(ran.outputs) == 1


def test_a_strategy_that_raises_assigns_the_result_and_fails_the_cell(shell: InteractiveShell, cell: Cell) -> None:
    cell("import adm_notebook as adm\n@adm.strategy\ndef broken(bars):\n    raise ValueError('no luck')")
    ran = cell("%%adm\nbacktest_config: {strategy: broken}")
    assert not ran.success
    assert not shell.user_ns["result"].success
    assert ran.text.startswith("result failed: ")
    assert "Traceback" not in ran.text


@pytest.mark.parametrize(
    "hostile",
    [
        "backtest_config: {strategy: x}\ndata_config: {path: /etc}",
        "!!python/object/new:os.system [true]",
        "{{n}}",
        "*a",
    ],
)
def test_a_hostile_variable_is_just_an_unknown_strategy(shell: InteractiveShell, cell: Cell, hostile: str) -> None:
    shell.user_ns["name"] = hostile
    ran = cell("%%adm\nbacktest_config:\n  strategy: {{name}}")
    assert not ran.success
    assert ran.error is not None
    assert "unknown strategy" in str(ran.error)


def test_markup_in_a_name_stays_text(shell: InteractiveShell, cell: Cell) -> None:
    shell.user_ns["name"] = "<img src=x onerror=alert(1)>"
    ran = cell("%%adm\noptimization_config: {strategies: [{type: buy_and_hold, name: '{{name}}'}]}")
    assert ran.success
    assert all("<img" not in o.data.get("text/html", "") for o in ran.outputs)


def test_rows_in_a_folder_are_said_to_be_there_and_to_be_gone(cell: Cell, tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    text = f"data_config: {{max_bars: 300}}\ninfrastructure_config: {{results: '{folder}'}}\n"
    first = cell(f"%%adm first\n{text}backtest_config: {{strategy: {{type: rsi, parameters: {{period: [5, 9]}}}}}}")
    assert first.success
    html = first.outputs[-1].data["text/html"]
    assert f'All rows in <span class="adm-volatile"><code>{folder}</code></span>' in html
    assert cell(f"%%adm second --quiet\n{text}backtest_config: {{strategy: momentum}}").success
    listed = cell("%adm runs")
    assert listed.success
    assert "its rows can't be read" in listed.plain
    assert "second" in listed.plain
    for line in ("first", "first.stats", "%adm explore first", "%adm diff first second"):
        refused = cell(line)
        said = " ".join(refused.text.split())
        assert "holds the rows of another run by now" in said, line
        assert "Traceback" not in said, line
