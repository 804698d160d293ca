"""Malformed inputs: each gives a short error that names the key or the row, and nothing is left half-written."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.errors import AdmError
from adm_notebook.patterns import CONTAINERS

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

CONFIGS = {
    "empty text": ("", "the text is empty"),
    "no mapping": ("- momentum", "must be sections"),
    "yaml bomb": (BOMB, "aliases"),
    "object tag": ("data_config: !!python/object/new:os.system [true]", "tags build objects"),
    "broken yaml": ("backtest_config: {strategy: momentum", "closing bracket"),
    "key twice": ("backtest_config: {commission: 1, commission: 2}", "backtest_config.commission  stands here twice"),
    "unknown section": ("backtest_confg: {}", "Did you mean `backtest_config`?"),
    "section of the wrong type": ("backtest_config: [1, 2]", "backtest_config  must be a section"),
    "wrong workflow type": ("workflow_type: backtset", "Did you mean `backtest`?"),
    "live trading": ("workflow_type: live_trading", "sends no orders"),
    "validation": ("workflow_type: validation", "workflow_type  validation (out-of-sample workflows) is planned"),
    "unknown pattern": ("parameters: {container_pattern: simple_backtst}", "Did you mean `simple_backtest`?"),
    "pattern without its place for results": (
        "parameters: {container_pattern: signal_generation}",
        "analysis_config.output_path  is missing",
    ),
    "classifiers without a place": (
        "parameters: {container_pattern: simple_backtest}\noptimization_config: {classifiers: [{type: trend}]}",
        "simple_backtest has no classifier; use parameters.container_pattern: full_backtest",
    ),
    "unknown classifier": ("optimization_config: {classifiers: [{type: trnd}]}", "Did you mean `trend`?"),
    "unknown risk profile": ("optimization_config: {risk_profiles: [conservativ]}", "Did you mean `conservative`?"),
    "phases in another mode": ("parameters: {phases: [{name: a}]}", "parameters.phases  belongs to hybrid mode"),
    "signal generation": ("analysis_config: {mode: signal_generation}", "analysis_config.output_path  is missing"),
    "unknown strategy": ("backtest_config: {strategy: ma_crossovr}", "Did you mean `ma_crossover`?"),
    "unknown parameter": (
        "backtest_config: {strategy: {type: ma_crossover, parameters: {fst: 3}}}",
        "backtest_config.strategy.parameters.fst",
    ),
    "parameter of the wrong type": (
        "backtest_config: {strategy: {type: ma_crossover, parameters: {fast: ten}}}",
        "backtest_config.strategy.parameters.fast",
    ),
    "wrong value deep in a sweep": (
        "optimization_config: {strategies: [{type: ma_crossover, parameters: {fast: [5, 10, -3]}}]}",
        "optimization_config.strategies[0].parameters.fast[2]",
    ),
    "every combination refused": (
        "backtest_config: {strategy: {type: ma_crossover, parameters: {fast: 50, slow: 20}}}",
        "fast",
    ),
    "strategy twice": (
        "backtest_config: {strategy: momentum}\noptimization_config: {strategies: [momentum]}",
        "stands beside optimization_config.strategies",
    ),
    "no strategy enabled": (
        "optimization_config: {strategies: [{type: momentum, enabled: false}]}",
        "has no strategy that is enabled",
    ),
    "empty list of strategies": ("optimization_config: {strategies: []}", "is an empty list"),
    "negative capital": ("backtest_config: {initial_capital: -1000}", "must be above 0, but was -1000"),
    "capital as text": ("backtest_config: {initial_capital: 'a lot'}", "must be a number, but was 'a lot'"),
    "misspelt setting": ("backtest_config: {comission: 0.001}", "Did you mean `commission`?"),
    "settings that clash": ("backtest_config: {trailing: true}", "trailing needs a stop_loss"),
    "range backwards": (
        "optimization_config: {strategies: [{type: rsi, parameters: {period: {min: 20, max: 5, step: 1}}}]}",
        "min must not be above max",
    ),
    "constraint on nothing": (
        "backtest_config: {strategy: momentum}\noptimization_config: {constraints: ['fast < slow']}",
        "fast, slow",
    ),
    "constraint that leaves nothing": (
        "optimization_config: {strategies: [{type: rsi, parameters: {period: [5, 6]}}], constraints: ['period > 99']}",
        "leave no combination",
    ),
    "constraint that is code": (
        "optimization_config: {strategies: [momentum], constraints: [\"__import__('os').system('true') < 1\"]}",
        "can't hold",
    ),
    "unknown objective": ("optimization_config: {objective: sharp}", "Did you mean `sharpe`?"),
    "rule with an unknown name": (
        "backtest_config: {strategy: {type: rule, parameters: {entry: 'closse > 3', exit: 'close < 3'}}}",
        "closse",
    ),
    "rule that is code": (
        "backtest_config: {strategy: {type: rule, parameters: {entry: '().__class__', exit: 'close < 3'}}}",
        "entry",
    ),
    "unknown symbol": ("data_config: {symbols: [SP50]}", "Did you mean `SP500`?"),
    "file that is not there": ("data_config: {path: nowhere.csv}", "data_config.path"),
    "older data key": ("data_config: {file_path: a.csv}", "Write `path`"),
    "impossible date": ("data_config: {start: 2024-13-45}", "'2024-13-45' can't be read"),
    "start after end": ("data_config: {start: 2010-01-01, end: 2009-01-01}", "is after end"),
    "no workers": ("max_workers: 0", "max_workers"),
    "dots left in": ("backtest_config: {strategy: ...}", "fill it in"),
    "list of strategies without brackets": (
        "optimization_config: {strategies: momentum}",
        "must be a list of strategies, but was 'momentum'; write [momentum] (line 1, column 23)",
    ),
    "risk profiles without brackets": (
        "optimization_config: {risk_profiles: {type: moderate}}",
        "write it in brackets, e.g. [{type: moderate}]",
    ),
    "strategy as a key": (
        "optimization_config:\n  strategies:\n    - momentum:\n        lookback: 3",
        "strategies[0]  names a strategy without `type`; write {type: momentum, parameters: {lookback: 3}} (line 3",
    ),
    "parameter beside the type": (
        "optimization_config: {strategies: [{type: momentum, lookback: [3, 4]}]}",
        "strategies[0].lookback  is a parameter of momentum; write parameters: {lookback: [3, 4]}",
    ),
    "parameter beside the strategy": (
        "backtest_config: {strategy: momentum, lookback: 20}",
        "lookback  is a parameter of momentum; write strategy: {type: momentum, parameters: {lookback: 20}}",
    ),
    "parameter beside a strategy in full": (
        "backtest_config: {strategy: {type: momentum}, lookback: 20}",
        "lookback  is a parameter of momentum; write parameters: {lookback: 20} in strategy",
    ),
    "symbols outside their section": ("symbols: [SP500]", "symbols  stands in data_config: write data_config: {symb"),
    "period among the settings": (
        "backtest_config: {start: 2001-01-01}",
        "backtest_config.start  stands in data_config: write data_config: {start: ...} (line 1, column 19)",
    ),
    "commission among the data": ("data_config: {commission: 0.1}", "stands in backtest_config: write backtest_config"),
    "workers among the parameters": (
        "parameters: {max_workers: 4}",
        "stands at the outermost level, beside the sections: write max_workers: ... there",
    ),
    "mode in the config": ("parameters: {execution_mode: composable}", "is chosen when a config is run: --mode in"),
    "older section": ("strategies: [momentum]", "Here it is `optimization_config: {strategies: ...}`"),
    "types that are refused are not offered": (
        "workflow_type: sweep",
        "must be one of backtest, optimization, analysis, but was 'sweep'",
    ),
    "per cent": ("backtest_config: {commission: 0.1%}", "must be a number, but was '0.1%'; write 0.001"),
    "stop in per cent": ("backtest_config: {stop_loss: 5%}", "must be a number, but was '5%'; write 0.05"),
    "thousands": ("backtest_config: {initial_capital: '100,000'}", "but was '100,000'; write 100000"),
    "line that is not indented as its neighbour": (
        "backtest_config:\n  commission: 0.1\n strategy: momentum",
        "this line is indented otherwise than the lines that it belongs to. Keys of one section begin in one column",
    ),
    "constraint on a misspelt parameter": (
        "optimization_config: {strategies: [ma_crossover], constraints: ['fast < slw']}",
        "constraints[0]  speaks of slw, which no strategy here has. Did you mean `slow`?",
    ),
    "constraint with a single equals sign": (
        "optimization_config: {strategies: [ma_crossover], constraints: ['fast = slow']}",
        "has a single `=`, which compares nothing; write `==` at column 6",
    ),
    "study at a URL": (
        "optimization_config: {strategies: [momentum], method: optuna, n_trials: 2, storage: 'sqlite:///study.db'}",
        "must be the path of an SQLite file, e.g. study.db, but was 'sqlite:///study.db'",
    ),
    "trials of a grid": ("optimization_config: {n_trials: 5}", "belongs to method random or optuna; a grid runs every"),
    "one objective twice": ("optimization_config: {objective: [sharpe, sharpe]}", "a list of different ones"),
    "direction in another language": ("optimization_config: {direction: minimise}", "Did you mean `minimize`?"),
    "too few indicators": (
        "backtest_config: {strategy: ma_crossover}\nparameters: {max_indicators: 1}",
        "is 1, but ma_crossover alone reads 2 indicator columns. Raise it to 2",
    ),
    "two limits on memory": (
        "memory_limit_mb: 10\nparameters: {max_memory_mb: 20}",
        "is 20, but memory_limit_mb, which means the same, is 10; keep one",
    ),
    "members by regime without a method": (
        "optimization_config: {strategies: [{type: ensemble, members: {up: momentum}}], classifiers: [trend]}",
        "strategies[0].method  is missing; members under labels of regimes vote by_regime",
    ),
    "members without brackets": (
        "optimization_config: {strategies: [{type: ensemble, method: majority, members: momentum}]}",
        "strategies[0].members  must be a list of strategies, but was 'momentum'; write [momentum] and add others",
    ),
    "member under a regime that is never given": (
        """optimization_config:
  classifiers: [trend]
  strategies:
    - type: ensemble
      method: by_regime
      members: {up: momentum, dwn: rsi}""",
        "members.dwn  names the regime dwn, which no classifier here gives. Did you mean `down`? (line 6, column 31)",
    ),
    "condition under a name of no condition": (
        "backtest_config: {strategy: {type: rule, parameters: {enter: 'close > 3'}}}",
        "no condition of a rule has that name; they are entry, exit, short_entry, short_exit. Did you mean `entry`?",
    ),
    "ensemble in an ensemble": (
        "optimization_config: {strategies: [{type: ensemble, method: majority, members: [rsi, {type: ensemble}]}]}",
        "members[1].type  an ensemble can't be a member of another; list its members here instead",
    ),
    "too many votes": (
        "optimization_config: {strategies: [{type: ensemble, method: threshold, threshold: 2, members: [rsi]}]}",
        "threshold  must be at most 1, the number of members, but was 2",
    ),
    "regimes without brackets": (
        "optimization_config: {strategies: [{type: momentum, regimes: up}], classifiers: [trend]}",
        "must be a list of labels: write [up]",
    ),
    "risk without a stop": (
        "backtest_config: {size_mode: risk, size: 0.01}",
        "size_mode risk needs a stop_loss: without one nobody knows what a trade risks",
    ),
    "misspelt stop": ("backtest_config: {stop_loss: {art: 2}}", "stop_loss.art  unknown field. Did you mean `atr`?"),
    "strategy of a replay": (
        "analysis_config: {mode: signal_replay, signals_path: store}\nbacktest_config: {strategy: momentum}",
        "backtest_config.strategy  signal_replay takes the strategies of the store; leave backtest_config.strategy out",
    ),
    "constraint on a replay": (
        """analysis_config: {mode: signal_replay, signals_path: store}
optimization_config: {constraints: ['fast < slow']}""",
        "constraints  plays no part: the combinations of a replay are those of its store; leave it out",
    ),
    "store that is not there": (
        "analysis_config: {mode: signal_replay, signals_path: store}",
        "is not there; a workflow with analysis_config.mode: signal_generation makes a store (line 1, column 40)",
    ),
    "columns of the sample": ("data_config: {columns: {close: Close}}", "columns  is not used by the bundled sample"),
    "drawdown in per cent": ("backtest_config: {max_drawdown: 20}", "must be 1 or less, but was 20; 20% is 0.2"),
    "allocation in per cent": (
        "optimization_config: {strategies: [{type: momentum, allocation: 30%}]}",
        "above 0 and at most 1, but was '30%'; 30% is 0.3",
    ),
    "range in other words": (
        "backtest_config: {strategy: {type: ma_crossover, parameters: {fast: {start: 5, stop: 10, step: 1}}}}",
        "but was {'start': 5, 'stop': 10, 'step': 1}; a range is written {min: 5, max: 10, step: 1}",
    ),
    "range as Python has it": (
        """backtest_config:
  strategy:
    type: ma_crossover
    parameters:
      fast: range(5, 10)""",
        "but was 'range(5, 10)'; a range is written {min: 5, max: 10, step: 1} (line 5, column 7)",
    ),
    "quote that is not closed": ("backtest_config: {strategy: 'momentum}", "Is a closing quote missing?"),
    "built-in profile by its name alone": (
        "optimization_config: {risk_profiles: [{name: conservative, stop_loss: 0.1}]}",
        "name  names a profile that there is; write type: conservative, or give your own another name",
    ),
    "several strategies for one": (
        "backtest_config: {strategy: [rsi]}",
        "; several stand in optimization_config.strat",
    ),
    "strategy by its name alone": (
        "backtest_config: {strategy: {name: momentum}}",
        "strategy.type  is missing; name a strategy, e.g. type: momentum; `name` is only what it is called",
    ),
    "classifier by its name alone": (
        "optimization_config: {classifiers: [{name: trend}]}",
        "classifiers[0].type  is missing; name a classifier, e.g. type: trend; `name` is only",
    ),
    "parameters as a list": (
        """backtest_config:
  strategy:
    type: momentum
    parameters:
      - lookback: 5""",
        "but was [{'lookback': 5}]; write each on a line of its own, without the dash before it",
    ),
    "stop of a profile beside its type": (
        "optimization_config: {risk_profiles: [{type: custom, stop_loss: {period: 3}}]}",
        "risk_profiles[0].stop_loss  must be a multiple of atr or of std, but neither is given; write {atr: 2, per",
    ),
    "too few indicators in a pattern": (
        """backtest_config: {strategy: ma_crossover}
parameters:
  pattern:
    - data
    - {role: indicator, limits: {max_indicators: 1}}
    - portfolio: [strategies]
    - execution""",
        "lets indicators hold 1 indicator column (limits.max_indicators), but ma_crossover alone reads 2. Raise it",
    ),
    "parameter of a rule that is no number": (
        "backtest_config: {strategy: {type: rule, parameters: {entry: close > sma(n), n: {a: 1}}}}",
        "WorkflowConfig: 1 problem\n  backtest_config.strategy.parameters.n  must be a number, but was {'a': 1}",
    ),
    "source that nobody made": (
        "data_config: {source: yahoo}",
        "must be one of sample, csv, parquet, frame, but was 'yahoo'. One of your own is made by @adm.register_source(",
    ),
    "allocation above the whole": (
        (
            "backtest_config: {portfolio: {combine: true}}\n"
            "optimization_config: {strategies: [{type: momentum, allocation: 0.8}, {type: rsi, allocation: 0.7}]}"
        ),
        "add up to 1.5",
    ),
}


HYBRID = """
data_config: {symbols: [SP500], max_bars: 300}
optimization_config:
  strategies: [{type: ma_crossover, parameters: {fast: [5, 10], slow: [20, 50]}}]
parameters:
  phases:
    - {name: a}
    - """

PHASES = {
    "takes a name alone": (
        "{name: b, take: a}",
        "[1].take  must be {from: NAME, top: K}, e.g. {from: a, top: 3}, but was 'a' (line 8, column 17)",
    ),
    "misspelt from": ("{name: b, take: {form: a}}", "take.from  is missing; name an earlier phase, e.g. a (line 8"),
    "section beside config": (
        "{name: b, backtest_config: {commission: 0.1}}",
        "parameters.phases[1].backtest_config  stands under `config` in a phase: config: {backtest_config: ...}",
    ),
    "phases in a phase": (
        "{name: b, config: {parameters: {phases: [{name: c}]}}}",
        "parameters.phases[1].config.parameters.phases  a phase has no phases of its own",
    ),
    "setting of the wrong type": (
        "{name: b, config: {backtest_config: {commission: abc}}}",
        "config.backtest_config.commission.rate  must be a number, but was 'abc' (line 8, column 44)",
    ),
    "settings that clash": (
        "{name: b, config: {backtest_config: {trailing: true}}}",
        "phases[1].config.backtest_config  trailing needs a stop_loss",
    ),
    "parameter deep inside": (
        "{name: b, config: {optimization_config: {strategies: [{type: momentum, parameters: {lookbak: 3}}]}}}",
        "lookbak  momentum has no such parameter. Did you mean `lookback`? (line 8, column 91)",
    ),
    "misspelt pattern": ("{name: b, pattern: full_backtst}", "Did you mean `full_backtest`? (line 8, column 17)"),
    "pattern without orders": (
        "{name: b, pattern: [data, execution]}",
        "phases[1].pattern[1]  execution at execution consumes orders, which nothing above it produces; add a",
    ),
    "live trading": (
        "{name: b, config: {workflow_type: live_trading}}",
        "parameters.phases[1].config.workflow_type  live_trading is refused",
    ),
    "signals without a folder": (
        "{name: b, pattern: signal_generation}",
        "analysis_config.output_path  is missing; name a folder for the signals, such as ./signals/ (in phase b)",
    ),
    "rows of another strategy": (
        "{name: b, config: {optimization_config: {strategies: [rsi]}}, take: {from: a}}",
        "shares no strategy with it; list the same strategies in both (line 8, column 69)",
    ),
}


@pytest.mark.parametrize(("phase", "said"), PHASES.values(), ids=PHASES)
def test_a_malformed_phase_is_refused_where_it_stands_in_the_text(phase: str, said: str) -> None:
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().plan(adm.WorkflowConfig.from_yaml(HYBRID + phase), "hybrid")
    answer = re.sub(r" {2,}", "  ", str(caught.value))
    assert said in answer, answer
    assert len(answer) < 900


@pytest.mark.parametrize(("text", "said"), CONFIGS.values(), ids=CONFIGS)
def test_a_malformed_config_is_refused_in_a_few_lines(text: str, said: str, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().run(adm.WorkflowConfig.from_yaml(text))
    answer = re.sub(r"(?<=\S) {2,}", "  ", str(caught.value))
    assert said in answer, answer
    assert len(answer) < 900
    assert list(tmp_path.iterdir()) == [], "something was left behind"


WHOLE: dict[str, Any] = {
    "workflow_type": "backtest",
    "parameters": {"container_pattern": "full_backtest", "max_indicators": 50},
    "data_config": {"symbols": ["SP500"], "start": "2001-01-01", "timeframe": "1d", "max_bars": 60},
    "backtest_config": {
        "initial_capital": 1000,
        "commission": {"rate": 0.001, "fixed": 1},
        "stop_loss": {"atr": 2, "period": 14},
        "trailing": True,
        "warmup": "auto",
        "portfolio": {"combine": False},
        "volatility": {"method": "std", "period": 20},
    },
    "optimization_config": {
        "strategies": [
            {"type": "ma_crossover", "name": "a", "parameters": {"fast": [5, 10], "slow": {"min": 20, "max": 30}}},
            {"type": "momentum", "regimes": {"up": {"lookback": 3}, "down": {"threshold": 0.1}}, "enabled": True},
            {"type": "ensemble", "method": "weighted", "members": ["rsi", {"type": "momentum", "weight": 2}]},
            {"type": "rule", "parameters": {"entry": "close > sma(n)", "exit": "close < sma(n)", "n": [5, 6]}},
        ],
        "classifiers": ["trend", {"type": "volatility", "parameters": {"period": [14, 20], "low_ratio": 0.7}}],
        "risk_profiles": ["moderate", {"name": "mine", "parameters": {"size": [0.1, 0.2], "stop_loss": 0.1}}],
        "constraints": ["fast < slow"],
        "objective": ["sharpe", "max_drawdown"],
        "direction": ["maximize", "minimize"],
        "method": "random",
        "n_trials": 5,
    },
    "max_workers": 1,
    "memory_limit_mb": 500,
}
"""A config that says a little of everything."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a config, from outside in."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


WORDS = ("x", "", "trend", "momentum", "ensemble", "none", "1e3", "5%", "...", "close > 1")
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 40) | st.floats() | st.sampled_from(WORDS) | st.just(...),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "min", "max", "x"]), inner),
    max_leaves=4,
)


def told(sections: dict[str, Any]) -> str:
    """The plan, or why there is none; any other error than ours fails the test."""
    try:
        return repr(adm.EnhancedCoordinator().plan(adm.WorkflowConfig(**sections)))
    except AdmError as error:
        return str(error)


@given(st.sampled_from(list(places(WHOLE))), junk)
@settings(max_examples=400)
def test_whatever_is_written_is_planned_or_refused_with_reasons(place: tuple[Any, ...], value: Any) -> None:
    given_ = copy.deepcopy(WHOLE)
    holder: Any = given_
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    answer = told(given_)
    assert answer
    assert not re.search(r" object at 0x|Traceback|NoneType", answer), answer


def prices(n: int = 60) -> pd.DataFrame:
    close = 100 + np.sin(np.arange(n) / 5)
    index = pd.date_range("2020-01-01", periods=n, freq="D")
    return pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close}, index=index)


def broken(**cells: tuple[int, float]) -> pd.DataFrame:
    frame = prices()
    for column, (row, value) in cells.items():
        frame.iloc[row, frame.columns.get_loc(column)] = value
    return frame


FRAMES = {
    "high below close": (broken(high=(7, 50.0)), "2020-01-08"),
    "NaN price": (broken(close=(9, np.nan)), "2020-01-10"),
    "negative price": (broken(low=(3, -1.0)), "2020-01-04"),
    "infinite price": (broken(high=(5, np.inf)), "2020-01-06"),
    "unsorted time": (prices().iloc[[0, 2, 1, *range(3, 60)]], "2020-01-02"),
    "a time twice": (prices().iloc[[0, 1, 1, *range(2, 60)]], "2020-01-02"),
}


@pytest.mark.parametrize(("frame", "day"), FRAMES.values(), ids=FRAMES)
def test_prices_that_cannot_be_used_give_a_failed_result_that_names_the_row(frame: pd.DataFrame, day: str) -> None:
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"frame": frame}))
    assert not result.success
    assert result.best is None
    assert result.metrics == {}
    assert result.trades.empty
    assert result.equity.empty
    assert day in result.errors[0]
    assert "on_bad_data: drop" in result.facts.hint
    assert "Failed" in repr(result)


def test_dropping_bad_rows_runs_and_says_how_many() -> None:
    config = adm.WorkflowConfig(data_config={"frame": broken(high=(7, 50.0)), "on_bad_data": "drop"})
    result = adm.EnhancedCoordinator().run(config)
    assert result.success
    assert result.facts.n_bars == 59
    assert any("1 row" in sentence or "row" in sentence for sentence in result.warnings)


def test_a_strategy_that_raises_fails_its_row_and_the_others_go_on() -> None:
    @adm.strategy
    def fragile(bars: pd.DataFrame, window: int = 5) -> pd.Series:
        if window == 7:
            raise ZeroDivisionError("seven is unlucky")
        return (bars["close"] > bars["close"].rolling(window).mean()).astype(int)

    entry = {"type": "fragile", "parameters": {"window": [5, 7, 9]}}
    config = adm.WorkflowConfig(data_config={"frame": prices()}, optimization_config={"strategies": [entry]})
    for mode in ("traditional", "composable"):
        result = adm.EnhancedCoordinator().run(config, execution_mode=mode)
        assert result.success
        assert result.stats["status"].tolist() == ["ok", "failed", "ok"]
        assert "seven is unlucky" in result.stats["error"][1]
        with pytest.raises(adm.RunError, match="this row is failed"):
            result.detail(1)


def test_a_single_strategy_that_raises_gives_a_failed_result() -> None:
    @adm.strategy
    def hopeless(bars: pd.DataFrame) -> pd.Series:
        raise ValueError("no idea")

    config = adm.WorkflowConfig(data_config={"frame": prices()}, backtest_config={"strategy": "hopeless"})
    result = adm.EnhancedCoordinator().run(config)
    assert not result.success
    assert result.best is None
    assert "raised ValueError: no idea; line " in result.errors[0]
    assert ", in hopeless: raise ValueError" in result.errors[0]


CODE = {
    "container without a role": (
        "@adm.container\ndef mine(bars): return bars.close > 3",
        '@adm.container  stands before mine without a role; write @adm.container("strategy"), or another of data,',
    ),
    "container of an unknown role": (
        "@adm.container('classifer')\ndef mine(bars): return bars.close > 3",
        "unknown role 'classifer'. Did you mean `classifier`?",
    ),
    "container that reads nothing": (
        """@adm.container('strategy', 'mine')
def mine(prices): return prices.close > 3
adm.register_pattern(['data', {'portfolio': [{'role': 'strategy', 'container': 'mine'}]}, 'execution'])""",
        "`parameters: {prices: ...}`. If prices is what it reads, name it by its kind: bars, features,",
    ),
    "parameter of a container swept": (
        """@adm.container('strategy', 'mine')
def mine(bars, n=3): return bars.close > n
adm.register_pattern(['data', {'portfolio': [
    {'role': 'strategy', 'container': 'mine', 'parameters': {'n': [3, 4]}}]}, 'execution'])""",
        "has several values for n of mine; in a pattern it takes one, and is not swept",
    ),
    "source without a name": (
        "@adm.register_source\ndef mine(config): return config",
        'needs a name: @adm.register_source("mine"), but was given a function',
    ),
    "strategy without bars": (
        "@adm.strategy\ndef mine(): return 1",
        "the first parameter of a strategy is bars: def mine(bars, period=20)",
    ),
    "strategy that is no function": ("adm.strategy('mine')(3)", "stands before a function: def my_strategy(bars"),
    "container that does nothing": ("adm.container('risk', 'mine')(3)", "a container is a function, or has a method"),
    "mapping for a config": (
        "adm.EnhancedCoordinator().run({'backtest_config': {}})",
        "must be a WorkflowConfig, but was {'backtest_config': {}}. Use adm.WorkflowConfig(**...)",
    ),
    "mapping for a config of the old coordinator": (
        "asyncio.run(adm.execute_backtest_workflow(config={'backtest_config': {}}))",
        "must be a WorkflowConfig",
    ),
    "unknown mode": (
        "adm.EnhancedCoordinator().run(adm.WorkflowConfig(), 'compose')",
        "execution_mode  must be one of traditional, composable, auto, hybrid, but was 'compose'. Did you mean `compos",
    ),
}


@pytest.mark.parametrize(("code", "said"), CODE.values(), ids=CODE)
def test_a_mistake_in_python_is_told_in_a_few_lines(code: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CONTAINERS, "_loaded", dict(CONTAINERS.snapshot()))
    with pytest.raises(AdmError) as caught:  # which prints without a traceback
        exec(code, {"adm": adm, "asyncio": asyncio})  # as a cell runs it
    assert said in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_study_in_a_damaged_file_is_told_without_the_words_of_the_database(tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    file.write_bytes(b"SQLite format 3\x00" + b"no database" * 50)
    search = {"method": "optuna", "n_trials": 2, "storage": str(file)}
    sweep = {"strategies": [{"type": "rsi", "parameters": {"period": [5, 6]}}], **search}
    result = adm.EnhancedCoordinator().run(
        adm.WorkflowConfig(data_config={"frame": prices()}, optimization_config=sweep)
    )
    assert not result.success
    assert "study.db can't be used: " in result.errors[0]
    assert "SQL:" not in result.errors[0]


def test_a_config_of_the_wrong_kind_is_named() -> None:
    with pytest.raises(adm.ConfigError, match="must be a WorkflowConfig"):
        adm.EnhancedCoordinator().run({"backtest_config": {}})  # type: ignore[arg-type]  # the mistake under test
