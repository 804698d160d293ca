"""`%adm signals` and `%adm replay`: what a run kept, looked at and traded under other settings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from magic_cases import Cell

import adm_notebook as adm
from adm_notebook.config.yaml_text import load_mapping
from adm_notebook.coordinator.outline import outline_of
from adm_notebook.magics.watch import Watcher
from adm_notebook.widgets.live_model import LiveModel

PRICES = "data_config: {symbols: [SP500], max_bars: 400}\n"
STRATEGIES = "optimization_config: {strategies: [{type: ma_crossover, parameters: {fast: [5, 10], slow: 50}}, rsi]}\n"


def generation(folder: Path, data: str = PRICES) -> str:
    return f"{data}{STRATEGIES}analysis_config: {{mode: signal_generation, output_path: '{folder}'}}"


@pytest.fixture
def kept(cell: Cell, tmp_path: Path) -> Path:
    """A run `kept` of this notebook, and its store."""
    ran = cell(f"%%adm kept --quiet\n{generation(tmp_path / 'signals')}")
    assert ran.success, ran.text
    return tmp_path / "signals"


def test_cells_keep_signals_and_replay_them(cell: Cell, shell: InteractiveShell, tmp_path: Path) -> None:
    folder = tmp_path / "signals"
    made = cell(f"%%adm kept\n{generation(folder)}")
    assert made.success, made.text
    (card,) = made.outputs  # no equity, so no picture
    assert str(folder) not in card.data["text/plain"]
    html = card.data["text/html"]
    assert html.count(str(folder)) == 1
    assert f'<span class="adm-volatile"><code>{folder}</code></span>' in html
    assert "%adm replay kept --set stop_loss=[0.02, 0.05]" in html
    replayed = cell(
        f"%%adm again\nanalysis_config: {{mode: signal_replay, signals_path: '{folder}'}}\n"
        "backtest_config: {stop_loss: [0.02, 0.05], commission: 0.001}"
    )
    assert replayed.success, replayed.text
    assert "Signals of 3 combinations replayed, no strategy computed again." in " ".join(replayed.plain.split())
    assert len(replayed.outputs) == 3
    full = cell(
        f"%%adm full --quiet\n{PRICES}{STRATEGIES}backtest_config: {{stop_loss: [0.02, 0.05], commission: 0.001}}"
    )
    assert full.success
    names = shell.user_ns
    pd.testing.assert_frame_equal(names["again"].stats, names["full"].stats, check_exact=True)


def test_a_replay_is_the_full_run_and_lands_in_a_name_of_its_own(
    cell: Cell, shell: InteractiveShell, kept: Path
) -> None:
    ran = cell("%adm replay kept --set stop_loss=[0.02, 0.05] --set commission=0.001")
    assert ran.success, ran.text
    cell(f"%%adm full --quiet\n{PRICES}{STRATEGIES}backtest_config: {{stop_loss: [0.02, 0.05], commission: 0.001}}")
    names = shell.user_ns
    pd.testing.assert_frame_equal(names["kept_replay"].stats, names["full"].stats, check_exact=True)
    assert "Continue with kept_replay.stats" in " ".join(
        ran.outputs[-1].data["text/html"].replace("<code>", "").replace("</code>", "").split()
    )


def test_a_replay_of_a_replay_starts_from_its_settings(cell: Cell, shell: InteractiveShell, kept: Path) -> None:
    assert cell("%adm replay kept --set stop_loss=[0.02, 0.05] --quiet").success
    assert (
        cell("%adm replay kept_replay --set take_profit=0.1 --set risk_profiles=[moderate] --quiet").error is not None
    )
    assert cell("%adm replay kept_replay --set take_profit=[0.1, 0.2] --mode traditional --quiet").success
    result = shell.user_ns["kept_replay"]
    assert result.mode == "traditional"
    assert len(result.stats) == 3 * 2 * 2
    assert cell("%adm replay kept_replay tight --set stop_loss=0.01 --quiet").success
    assert len(shell.user_ns["tight"].stats) == 3 * 2
    assert shell.user_ns["kept_replay"] is result


def test_a_path_is_replayed_too(cell: Cell, shell: InteractiveShell, kept: Path) -> None:
    assert cell(f"%adm replay '{kept}' --set risk_profiles=[moderate, aggressive] --quiet").success
    assert shell.user_ns["replay"].stats["risk_profile"].unique().tolist() == ["moderate", "aggressive"]
    loaded = kept.with_name("saved")
    shell.user_ns["kept"].save(loaded)
    shell.user_ns["read"] = adm.WorkflowResult.load(loaded)
    assert cell("%adm replay read --quiet").success
    assert len(shell.user_ns["read_replay"].stats) == 3


def test_bars_of_a_notebook_are_given_again_by_data(cell: Cell, shell: InteractiveShell, tmp_path: Path) -> None:
    close = [100.0 + (i * 7919 % 23) for i in range(300)]
    index = pd.date_range("2020-01-01", periods=300, freq="D")
    shell.user_ns["prices"] = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), close), index=index)
    assert cell(f"%%adm kept --quiet\n{generation(tmp_path / 's', 'data_config: {frame: prices}' + chr(10))}").success
    assert cell("%adm replay kept --quiet").success
    refused = cell(f"%adm replay '{tmp_path}/s' --quiet")
    assert "the store's bars were a DataFrame, which it does not hold" in refused.text
    assert cell(f"%adm replay '{tmp_path}/s' --data prices --quiet").success
    pd.testing.assert_frame_equal(shell.user_ns["replay"].stats, shell.user_ns["kept_replay"].stats)


def test_a_store_is_described(cell: Cell, kept: Path) -> None:
    ran = cell("%adm signals kept")
    text, html = ran.plain, ran.outputs[0].data["text/html"]
    assert "of ma_crossover and rsi on SP500: 3 combinations" in text
    assert "400 bars, 1999-01-04 to 2000-08-02" in text
    assert str(kept) not in text
    assert f'<span class="adm-volatile"><code>{kept}</code></span>' in html
    assert "%adm replay kept --set" in html
    counted = adm.SignalStore(kept).describe()
    for strategy, combinations, signals in zip(
        counted["strategy"], counted["combinations"], counted["signals"], strict=True
    ):
        line = next(line for line in text.splitlines() if line.startswith(strategy)).split()
        assert line[2:4] == [str(combinations), str(signals)]
    assert "strategies:" in html  # the config that made it
    assert cell(f"%adm signals '{kept}'").plain == text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("replay", "is written `%adm replay NAME [VARIABLE] [--set KEY=VALUE ...] [--mode M] [--data D]`"),
        ("replay kept one two", "but got kept one two"),
        ("replay kept 2x", "is no name for a variable"),
        ("replay kep", "is neither a run that kept signals nor a folder. Did you mean `kept`?"),
        ("replay full", "kept no signals; run it with analysis_config: {mode: signal_generation"),
        ("replay kept --sett commission=0", "unknown option. Did you mean `--set`?"),
        ("replay kept --pattern simple_backtest", "unknown option"),
        ("replay kept --set stop_los=0.1", "unknown key. Did you mean `stop_loss`?"),
        ("replay kept --set fast=[5]", "A parameter of a strategy is in the signals: keep them anew to change it"),
        ("replay kept --set stop_loss=0.1 --set stop_loss=0.2", "sets again what"),
        ("replay kept --mode composible", "Did you mean `composable`?"),
        ("replay kept pd", "holds a module; choose another name, e.g. pd_run"),
        ("signals", "is written `%adm signals NAME_OR_PATH`, but was given nothing"),
        ("signals kep", "Did you mean `kept`?"),
        ("signals ./nothing", "nothing is not there; a workflow with analysis_config.mode: signal_generation makes"),
    ],
)
def test_slips_are_told(line: str, said: str, cell: Cell, shell: InteractiveShell, kept: Path) -> None:
    shell.user_ns["pd"] = pd
    assert cell(f"%%adm full --quiet\n{PRICES}backtest_config: {{strategy: rsi}}").success
    ran = cell(f"%adm {line}")
    assert not ran.success
    assert said in " ".join(ran.text.split())
    assert "Traceback" not in ran.text


def test_a_store_that_is_gone_is_told(cell: Cell, kept: Path) -> None:
    shutil.rmtree(kept)
    for line in ("signals kept", "replay kept"):
        assert "signals is not there" in cell(f"%adm {line}").text


def test_signals_that_another_run_has_replaced_are_not_replayed_for_the_first_ones(
    cell: Cell, shell: InteractiveShell, kept: Path
) -> None:
    assert cell("%adm replay kept first --quiet").success
    other = generation(kept).replace("slow: 50", "slow: 60")
    assert cell(f"%%adm other --quiet\n{other}").success
    for line in ("%adm replay kept --quiet", "%adm replay first --quiet", "%adm signals kept", "kept.signals"):
        refused = cell(line)
        assert not refused.success
        assert "holds the signals of other work by now" in refused.text, line
    assert cell("%adm replay other --quiet").success
    assert cell(f"%%adm kept --quiet\n{generation(kept)}").success  # the same work makes the same signals
    assert cell("%adm replay first second --quiet").success


def test_runs_say_how_many_signals_were_kept(cell: Cell, shell: InteractiveShell, kept: Path) -> None:
    assert f"{len(shell.user_ns['kept'].signals)} signals kept" in cell("%adm runs").plain


def test_tab_knows_the_runs_that_have_signals_and_the_settings(cell: Cell, shell: InteractiveShell, kept: Path) -> None:
    assert cell(f"%%adm full --quiet\n{PRICES}backtest_config: {{strategy: rsi}}").success

    def completed(text: str) -> list[str]:
        with provisionalcompleter():
            return [completion.text for completion in shell.Completer.completions(text, len(text))]

    assert completed("%adm signals ") == ["kept"]
    assert completed("%adm replay k") == ["kept"]
    assert completed("%adm replay kept --") == ["--set", "--mode", "--data", "--quiet"]
    assert completed("%adm replay kept --set stop_") == ["stop_loss=", "stop_base="]
    assert completed("%adm replay kept --mode tr") == ["traditional"]


def test_a_live_line_follows_a_run_that_has_no_best(tmp_path: Path) -> None:
    values, _ = load_mapping(generation(tmp_path / "s"))
    run = adm.EnhancedCoordinator().start(adm.WorkflowConfig.from_mapping(values))
    model = LiveModel(outline_of(run.plan))
    watcher = Watcher(run, model)
    assert run.result().success
    watcher.look()
    assert model.best_value is None
    assert model.best()["rows"] == []
    assert model.line.startswith("3 of 3 combinations")


def test_an_interrupted_generation_says_that_nothing_was_kept(
    cell: Cell, shell: InteractiveShell, tmp_path: Path
) -> None:
    cell("import time\nimport adm_notebook as adm")
    cell(
        "@adm.strategy\ndef sleepy(bars, k=1):\n    time.sleep(0.05)\n"
        "    return (bars['close'].diff(k) > 0).astype(int)"
    )
    ran = cell(
        f"%%adm early\n{PRICES}timeout_seconds: 0.4\n"
        "backtest_config: {strategy: {type: sleepy, parameters: {k: {min: 1, max: 90}}}}\n"
        f"analysis_config: {{mode: signal_generation, output_path: '{tmp_path}/s'}}"
    )
    assert not ran.success
    assert "`%adm rerun early` runs it again." in ran.text
    assert "no signals are kept" in ran.plain
    assert "signals of" not in ran.plain
    assert "are kept" not in ran.plain.replace("no signals are kept", "")
    shell.user_ns["early"].config.timeout_seconds = None
    assert cell("%adm rerun early").success
    assert len(adm.SignalStore(tmp_path / "s").combinations) == 90


def test_a_replay_changes_how_an_ensemble_votes(cell: Cell, shell: InteractiveShell, tmp_path: Path) -> None:
    def strategies(**vote: object) -> str:
        entry = {"type": "ensemble", "name": "vote", "method": "weighted", "members": ["ma_crossover", "rsi"], **vote}
        return f"{PRICES}optimization_config: {{strategies: [{entry}]}}\n"

    keeping = f"analysis_config: {{mode: signal_generation, output_path: '{tmp_path / 's'}'}}"
    assert cell(f"%%adm kept --quiet\n{strategies()}{keeping}").success
    ran = cell('%adm replay kept votes --set "weights=[[1, 1], [3, 1]]" --set vote.threshold=0.6 --quiet')
    assert ran.success, ran.text
    assert cell(f"%%adm full --quiet\n{strategies(weights=[[1, 1], [3, 1]], threshold=0.6)}").success
    names = shell.user_ns
    pd.testing.assert_frame_equal(names["votes"].stats, names["full"].stats, check_exact=True)
    assert names["votes"].stats["weights"].tolist() == ["1:1", "3:1"]
    assert cell("%adm replay votes --set commission=0.001 --quiet").success
    assert names["votes_replay"].stats["weights"].tolist() == ["1:1", "3:1"]
    wrong = cell('%adm replay kept odd --set "weights={rsy: 2}"')
    assert not wrong.success
    assert "there is no such member. Did you mean `rsi`?" in wrong.text
