"""One neutral case of a backtest, and its writers: today's form and each older one, written by hand, apart from the
mapping under test. Nothing here reads the package's tables of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

Grid = tuple[int, int, int]
"""First value, last value, step."""


@dataclass(frozen=True)
class Rule:
    """One strategy: what it is, what it is called, its numbers (one, several as a list, or a grid) and its share."""

    what: str
    name: str
    numbers: dict[str, Any]
    share: float | None = None
    on: bool = True


@dataclass(frozen=True)
class Case:
    """A backtest in words of its own."""

    symbols: tuple[str, ...]
    first_day: str
    n_bars: int
    capital: float
    cost: tuple[str, float] | None
    rules: tuple[Rule, ...]
    regime: tuple[str, dict[str, Any]] | None
    sizing: tuple[str, float, int | None] | None
    worst_drawdown: float | None
    worst_day: float | None
    largest_position: float | None
    goal: str | None
    only_fast_before_slow: bool
    in_space: bool
    threads: int | None
    nested: str | None


WINDOWS = {"quick": (3, 9), "slow": (15, 40)}


def _window(low: int, high: int) -> st.SearchStrategy[Any]:
    one = st.integers(low, high)
    several = st.lists(one, min_size=2, max_size=3, unique=True)
    grid = st.tuples(st.integers(low, low + 2), st.integers(high - 2, high), st.integers(2, 4))
    return st.one_of(one, one, several, grid)


def _numbers(what: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "crossing": {"quick": _window(3, 9), "slow": _window(15, 40)},
            "trend": {"bars": _window(5, 30), "least": st.sampled_from([0.0, 0.01, [0.0, 0.02]])},
            "reversion": {"bars": _window(8, 30), "far": st.sampled_from([1.0, 1.5, [1.0, 2.0]])},
            "oversold": {"bars": _window(5, 20), "low": st.sampled_from([25.0, 35.0]), "high": st.just(65.0)},
            "channel": {"up": _window(10, 30), "down": _window(4, 9)},
        }[what]
    )


@st.composite
def cases(draw: st.DrawFn, shares: bool = True) -> Case:
    """Any of them; `shares`: whether strategies may have shares of the capital."""
    kinds = draw(
        st.lists(st.sampled_from(["crossing", "trend", "reversion", "oversold", "channel"]), min_size=1, max_size=3)
    )
    shared = shares and draw(st.booleans())
    rules = tuple(
        Rule(kind, f"s{i}_{kind}", draw(_numbers(kind)), draw(st.sampled_from([0.2, 0.3])) if shared else None)
        for i, kind in enumerate(kinds)
    )
    if len(rules) > 1 and draw(st.booleans()):
        rules = (*rules[:-1], Rule(rules[-1].what, rules[-1].name, rules[-1].numbers, rules[-1].share, False))
    regime = draw(
        st.none()
        | st.tuples(
            st.just("direction"), st.fixed_dictionaries({"quick": st.integers(5, 10), "slow": st.integers(20, 30)})
        )
        | st.tuples(st.just("nervousness"), st.fixed_dictionaries({"bars": st.integers(5, 14), "year": st.just(40)}))
    )
    sizing = draw(
        st.none()
        | st.tuples(st.just("units"), st.sampled_from([1.0, 5.0]), st.none())
        | st.tuples(st.just("share"), st.sampled_from([0.1, 0.5]), st.none())
        | st.tuples(st.just("nervousness"), st.sampled_from([0.1, 0.2]), st.sampled_from([10, 25]))
    )
    return Case(
        symbols=draw(st.sampled_from([("SP500",), ("NASDAQ",), ("SP500", "NASDAQ")])),
        first_day=draw(st.sampled_from(["2001-02-05", "2008-06-02"])),
        n_bars=draw(st.integers(90, 160)),
        capital=draw(st.sampled_from([10_000, 100_000, 250_000.0])),
        cost=draw(st.none() | st.tuples(st.just("rate"), st.sampled_from([0.001, 0.0])) | st.just(("each", 2.5))),
        rules=rules,
        regime=regime,
        sizing=sizing,
        worst_drawdown=draw(st.none() | st.sampled_from([0.05, 0.2])),
        worst_day=draw(st.none() | st.just(0.02)),
        largest_position=draw(st.none() | st.just(5_000.0)),
        goal=draw(st.none() | st.sampled_from(["gain", "steadiness", "calm"])),
        only_fast_before_slow=any(map(_may_cross_apart, rules)) and draw(st.booleans()),
        in_space=draw(st.booleans()),
        threads=draw(st.none() | st.just(2)),
        nested=draw(st.sampled_from([None, "parameters", "params", "config"])),
    )


def _may_cross_apart(rule: Rule) -> bool:
    """Whether some combination of an averages' crossing has a slow window that is more than twice the quick one."""
    if rule.what != "crossing" or not rule.on:
        return False
    quick, slow = rule.numbers["quick"], rule.numbers["slow"]
    return (min(quick[:2]) if swept(quick) else quick) * 2 < (slow[0] if swept(slow) else slow)


def swept(value: Any) -> bool:
    return isinstance(value, (list, tuple))


# ---- today's form ---------------------------------------------------------------------------------------------------

_TODAY = {
    "crossing": ("ma_crossover", {"quick": "fast", "slow": "slow"}),
    "trend": ("momentum", {"bars": "lookback", "least": "threshold"}),
    "reversion": ("mean_reversion", {"bars": "period", "far": "entry"}),
    "oversold": ("rsi", {"bars": "period", "low": "entry", "high": "exit"}),
    "channel": ("breakout", {"up": "entry", "down": "exit"}),
}
_TODAY_REGIMES = {
    "direction": ("trend", {"quick": "fast", "slow": "slow"}),
    "nervousness": ("volatility", {"bars": "period", "year": "average"}),
}


def _today_value(value: Any) -> Any:
    return {"min": value[0], "max": value[1], "step": value[2]} if isinstance(value, tuple) else value


def _today_rule(case: Case, rule: Rule) -> dict[str, Any]:
    kind, called = _TODAY[rule.what]
    single = {called[k]: v for k, v in rule.numbers.items() if not swept(v)}
    grids = {called[k]: _today_value(v) for k, v in rule.numbers.items() if swept(v)}
    written = {"type": kind, "name": rule.name, "parameters": {**single, **grids}}
    if rule.share is not None:
        written["allocation"] = rule.share
    if not rule.on:
        written["enabled"] = False
    return written


def _today_account(case: Case) -> dict[str, Any]:
    account: dict[str, Any] = {"initial_capital": case.capital}
    if case.cost is not None:
        account["commission"] = {{"rate": "rate", "each": "fixed"}[case.cost[0]]: case.cost[1]}
    if case.sizing is not None:
        how, size, bars = case.sizing
        account["size_mode"] = {"units": "units", "share": "fraction", "nervousness": "volatility"}[how]
        account["size"] = size
        if bars is not None:
            account["volatility"] = {"period": bars}
    if case.worst_drawdown is not None:
        account["max_drawdown"] = case.worst_drawdown
    if case.worst_day is not None:
        account["max_daily_loss"] = case.worst_day
    if case.largest_position is not None:
        account["max_position_value"] = case.largest_position
    return account


def _today_search(case: Case) -> dict[str, Any]:
    search: dict[str, Any] = {"strategies": [_today_rule(case, rule) for rule in case.rules]}
    if case.regime is not None:
        kind, called = _TODAY_REGIMES[case.regime[0]]
        numbers = {called[k]: v for k, v in case.regime[1].items()}
        search["classifiers"] = [{"type": kind, "name": "weather", "parameters": numbers}]
    if case.goal is not None:
        search["objective"] = {"gain": "total_return", "steadiness": "sharpe", "calm": "max_drawdown"}[case.goal]
        search["direction"] = "maximize"
    if case.only_fast_before_slow:
        search["constraints"] = ["fast * 2 < slow"]
    return search


def today(case: Case) -> dict[str, Any]:
    """The keys of a WorkflowConfig, as somebody writes them who starts anew."""
    account = _today_account(case)
    if any(rule.share is not None for rule in case.rules):
        account["portfolio"] = {"combine": True}
    written: dict[str, Any] = {
        "workflow_type": "backtest",
        "parameters": {"container_pattern": "simple_backtest" if case.regime is None else "full_backtest"},
        "data_config": {
            "source": "sample",
            "symbols": list(case.symbols),
            "start": case.first_day,
            "max_bars": case.n_bars,
        },
        "backtest_config": account,
        "optimization_config": _today_search(case),
    }
    if case.threads is not None:
        written["max_workers"] = case.threads
    return written


# ---- the older YAML form --------------------------------------------------------------------------------------------

_OLDER = {
    "crossing": ("moving_average_crossover", {"quick": "fast_period", "slow": "slow_period"}),
    "trend": ("momentum_strategy", {"bars": "lookback_period", "least": "entry_threshold"}),
    "reversion": ("mean_reversion_strategy", {"bars": "lookback", "far": "entry_std"}),
    "oversold": ("RSIStrategy", {"bars": "rsi_period", "low": "oversold_threshold", "high": "overbought_threshold"}),
    "channel": ("strategies.breakout.BreakoutStrategy", {"up": "breakout_period", "down": "exit_period"}),
}
_OLDER_REGIMES = {
    "direction": ("trend_classifier", {"quick": "short_window", "slow": "long_window"}),
    "nervousness": ("volatility_classifier", {"bars": "lookback", "year": "baseline_period"}),
}


def _older_space(value: Any) -> Any:
    if isinstance(value, tuple):
        return {"type": "int", "min": value[0], "max": value[1], "step": value[2]}
    if isinstance(value, list) and isinstance(value[0], float):
        return {"type": "choice", "choices": value}
    return value


def _older_rules(case: Case) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The strategies, and the space of what is swept in them."""
    listed, space = [], {}
    for rule in case.rules:
        kind, called = _OLDER[rule.what]
        inside = {}
        for what, value in rule.numbers.items():
            if swept(value) and case.in_space:
                space[f"{rule.name}.{called[what]}"] = _older_space(value)
            elif not swept(value):
                inside[called[what]] = value
        if not case.in_space:
            inside |= {called[k]: _older_space(v) for k, v in rule.numbers.items() if swept(v)}
        written: dict[str, Any] = {"name": rule.name, "type": kind, "enabled": rule.on, "parameters": inside}
        if rule.share is not None:
            written["allocation"] = rule.share
        listed.append(written)
    return listed, space


def _older_risk(case: Case) -> dict[str, Any]:
    limits: list[dict[str, Any]] = [{"type": "exposure", "max_exposure_pct": 90}]
    if case.worst_drawdown is not None:
        limits.append({"type": "drawdown", "max_drawdown_pct": round(case.worst_drawdown * 100)})
    if case.worst_day is not None:
        limits.append({"type": "daily_loss", "max_daily_loss": case.worst_day})
    if case.largest_position is not None:
        limits.append({"type": "position", "max_position": case.largest_position})
    risk: dict[str, Any] = {}
    if case.sizing is not None:
        how, size, bars = case.sizing
        sizer: dict[str, Any] = {
            "units": {"type": "fixed", "size": size},
            "share": {"type": "fixed_percentage", "percentage" if case.nested is None else "position_size_pct": size},
            "nervousness": {"type": "volatility", "target_volatility": size, "lookback_period": bars},
        }[how]
        risk["position_sizers"] = [{"name": "default", **_set_apart(sizer, case.nested)}]
    risk["limits"] = [_set_apart(limit, case.nested) for limit in limits]
    if case.nested is not None:
        risk["max_position_size"] = 0.02  # which says neither a share of what, nor whether it is one
    return risk


def _set_apart(entry: dict[str, Any], key: str | None) -> dict[str, Any]:
    """An entry with its numbers below a key of their own, if there is one."""
    return entry if key is None else {"type": entry["type"], key: {k: v for k, v in entry.items() if k != "type"}}


def older(case: Case) -> dict[str, Any]:
    """The older form, its sections at the top."""
    listed, space = _older_rules(case)
    portfolio: dict[str, Any] = {"initial_capital": case.capital, "currency": "USD"}
    if case.cost is not None:
        portfolio["commission"] = {"type": {"rate": "percentage", "each": "fixed"}[case.cost[0]], "value": case.cost[1]}
    written: dict[str, Any] = {
        "name": "a case",
        "type": "optimization" if space else "backtest",
        "description": "drawn at random",
        "data": {
            "source": "sample",
            "symbols": list(case.symbols),
            "start_date": case.first_day,
            "max_bars": case.n_bars,
        },
        "portfolio": portfolio,
        "strategies": listed,
        "risk": _older_risk(case),
        "analysis": {"metrics": ["sharpe_ratio"], "export": {"format": "html", "path": "report.html"}},
        "coordinator": {"execution_mode": "composable"},
        "parallel": True,
    }
    if case.regime is not None:
        kind, called = _OLDER_REGIMES[case.regime[0]]
        numbers = {called[k]: v for k, v in case.regime[1].items()}
        written["classifiers"] = [{"name": "weather", "type": kind, "parameters": numbers}]
    optimization: dict[str, Any] = {"method": "grid_search"}
    if space:
        optimization["parameter_space"] = space
    if case.goal is not None:
        metric = {"gain": "total_return", "steadiness": "sharpe_ratio", "calm": "max_drawdown"}[case.goal]
        way = "minimize" if case.goal == "calm" else "maximize"  # drawdowns are positive numbers there
        optimization["objectives"] = [{"metric": metric, "direction": way, "weight": 1.0}]
    if case.only_fast_before_slow:
        optimization["constraints"] = [{"type": "expression", "expression": "fast_period * 2 < slow_period"}]
    if space or case.goal or case.only_fast_before_slow:
        written["optimization"] = optimization
    if case.threads is not None:
        written["max_workers"] = case.threads
    return written


def older_with_base(case: Case) -> dict[str, Any]:
    """The older form of an optimization: what is optimized stands in `base_config`."""
    flat = older(case)
    inside = {key: flat.pop(key) for key in ("data", "portfolio", "strategies", "risk", "classifiers") if key in flat}
    written = {**flat, "base_config": inside}
    if "parameter_space" in written.get("optimization", {}):
        written["parameter_space"] = written["optimization"].pop("parameter_space")
    return written


def older_text(case: Case) -> str:
    """The older form as it stands in a file."""
    return yaml.safe_dump(older(case), sort_keys=False)


# ---- the guide's "before" -------------------------------------------------------------------------------------------


def before(case: Case) -> dict[str, Any]:
    """The keys of a WorkflowConfig for the old coordinator: the guide's first row, or its second with classifiers."""
    account = _today_account(case)
    if case.cost is not None:
        account["commission"] = {"type": {"rate": "percentage", "each": "fixed"}[case.cost[0]], "value": case.cost[1]}
    if any(rule.share is not None for rule in case.rules):
        account["portfolio"] = {"combine": True}
    search = _today_search(case)
    written: dict[str, Any] = {
        "workflow_type": "backtest",
        "data_config": {
            "source": "sample",
            "symbols": list(case.symbols),
            "start_date": case.first_day,
            "max_bars": case.n_bars,
        },
        "backtest_config": account,
    }
    if len(case.rules) == 1 and case.regime is None:
        account["strategy"] = search.pop("strategies")[0]
    if case.regime is not None:
        written["workflow_type"] = "optimization"
    if search:
        written["optimization_config"] = search
    if case.threads is not None:
        written["max_workers"] = case.threads
    return written


FORMS = {"older": older, "older with base_config": older_with_base, "older text": older_text, "before": before}
