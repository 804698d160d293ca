"""Tab: what is offered where, through IPython's completer."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell


def offered(shell: InteractiveShell, text: str) -> list[str]:
    """Completions where `|` stands."""
    at = text.index("|")
    with provisionalcompleter():
        found = list(shell.Completer.completions(text.replace("|", ""), at))
    return [c.text for c in found]


CONFIG = "%%adm\nbacktest_config:\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%adm st|", ["strategies"]),
        ("%adm r|", ["risk", "runs", "rerun", "replay"]),
        ("%adm show g|", ["golden"]),
        ("%adm strategies ma|", ["ma_crossover", "macd"]),
        ("%adm pattern full|", ["full_backtest"]),
        ("%adm edit full|", ["full_backtest"]),
        ("%adm patterns simple|", ["simple_backtest"]),
        ("%adm classifiers vol|", ["volatility"]),
        ("%adm risk mod|", ["moderate"]),
        ("%adm trace g|", ["golden"]),
        ("%adm trace golden --|", ["--row"]),
        ("%adm trace golden tr|", ["trade"]),
        ("%adm tr|", ["trace"]),
        ("%adm comp|", ["compat"]),
        ("%adm compat o|", ["on", "off"]),
        ("%adm mi|", ["migrate"]),
        ("%adm migrate old.py --|", ["--pattern", "--write", "--in-place"]),
        ("%adm migrate old.py --write --i|", ["--in-place"]),
        ("%adm migrate old.py --pattern full|", ["full_backtest"]),
        ("%adm migrate --pattern=full|", ["full_backtest"]),
        ("%%adm mi|", ["migrate"]),
        ("%%adm va|", ["validate"]),
        ("%%adm --mo|", ["--mode"]),
        ("%%adm run x --mode |", ["auto", "composable", "traditional", "hybrid"]),
        ("%%adm --mode=c|", ["composable"]),
        ("%%adm --pattern si|", ["signal_generation", "signal_replay", "simple_backtest"]),
        ("%%adm --pattern full|", ["full_backtest"]),
        ("%%adm --mode hy|", ["hybrid"]),
        ("%%adm\noptimization_config:\n  classifiers: [{type: mar|", ["market_structure"]),
        ("%%adm\noptimization_config:\n  classifiers:\n    - type: mar|", ["market_structure"]),
        ("%%adm\noptimization_config:\n  classifiers: [trend]\n  risk_profiles: [{type: con|", ["conservative"]),
        ("%%adm\noptimization_config:\n  risk_profiles: [cust|", []),
        ("%%adm\noptimization_config:\n  risk_profiles: [x]\n  strategies: [{type: bre|", ["breakout"]),
        ("%%adm\nparameters: {container_pattern: full|", ["full_backtest"]),
        ("%%adm\nparameters:\n  pattern: {extends: full|", ["full_backtest"]),
        ("%%adm --mode hybrid\nparameters:\n  phases:\n    - {name: a, mode: tr|", ["traditional"]),
        ("%%adm --data pri|", ["prices"]),
        ("%%adm --set commi|", ["commission="]),
        ("%%adm --set backtest_config.commi|", ["backtest_config.commission="]),
        ("%%adm --set fa|\nbacktest_config: {strategy: ma_crossover}", ["fast="]),
        ("%%adm\nback|", ["backtest_config:"]),
        (f"{CONFIG}  commis|", ["commission:"]),
        (f"{CONFIG}  strategy: ma_|", ["ma_crossover"]),
        (f"{CONFIG}  strategy: {{type: bre|", ["breakout"]),
        ("%%adm\ndata_config: {frame: pri|", ["prices"]),
        ("%%adm\noptimization_config:\n  objective: sort|", ["sortino"]),
        (f"{CONFIG}  commission: {{{{pri|", ["prices"]),
        (f"{CONFIG}  commission: {{{{prices.sha|", ["shape"]),
    ],
)
def test_tab_offers_what_fits(shell: InteractiveShell, text: str, expected: list[str]) -> None:
    shell.run_cell("%%adm golden --quiet\ndata_config: {max_bars: 50}", store_history=False)
    shell.user_ns["prices"] = pd.DataFrame({"close": [1.0]})
    assert offered(shell, text) == expected


def test_the_older_interface_of_completion_works_too(shell: InteractiveShell) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # IPython means to drop it one day
        assert shell.complete("", "%adm ind", 8) == ("ind", ["indicators"])


@pytest.mark.parametrize("text", ["%%timeit\nprices.sha|", "prices.sha|"])
def test_elsewhere_completion_is_pythons(shell: InteractiveShell, text: str) -> None:
    shell.user_ns["prices"] = pd.DataFrame({"close": [1.0]})
    assert any(found.endswith("shape") for found in offered(shell, text))


def test_files_that_can_be_migrated_are_offered(
    shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("old.py", "old.ipynb", "other.yaml", "notes.txt", "sub/inner.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert offered(shell, "%adm migrate o|") == ["old.ipynb", "old.py", "other.yaml"]
    assert offered(shell, "%adm migrate s|") == ["sub/"]
    assert offered(shell, "%adm migrate sub/|") == ["sub/inner.yml"]
