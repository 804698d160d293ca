"""Random workflows: bars, strategies, classifiers, risk profiles, accounts and patterns, as a user would write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from adm_notebook.components import STRATEGIES
from adm_notebook.components.strategies import BUILT_IN

Words = dict[str, Any]

# ---- bars -----------------------------------------------------------------------------------------------------------


def bars_frame(
    seed: int, n: int, kind: str = "daily", zone: str | None = None, ties: str = "none", start: str = "2020-01-01"
) -> pd.DataFrame:
    """A random walk of `n` bars.

    kind  daily (all days), weekdays, weekly, or intraday: sessions of 13 bars of half an hour
    ties  none; rounded (equal prices, gaps of a whole unit); flat (long stretches in which nothing moves)
    """
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.02, n)
    if ties == "flat":
        steps[rng.random(n) < 0.6] = 0.0
        steps[n // 3 : n // 3 + n // 4] = 0.0
    close = 100 * np.exp(np.cumsum(steps))
    gap = np.zeros(n) if ties == "flat" else rng.normal(0, 0.005, n)
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(gap)
    if ties == "rounded":
        close, open_ = np.maximum(1, np.round(close)), np.maximum(1, np.round(open_))
    wide = 0.0 if ties == "flat" else 0.01
    high = np.maximum(open_, close) * (1 + rng.uniform(0, wide, n))
    low = np.minimum(open_, close) * (1 - rng.uniform(0, wide, n))
    if ties == "rounded":
        high, low = np.ceil(high), np.maximum(0.5, np.floor(low))
    volume = np.round(rng.uniform(0, 1000, n))
    if kind == "intraday":
        days = pd.date_range(start, periods=-(-n // 13), freq="B")
        index = pd.DatetimeIndex([day + pd.Timedelta(minutes=570 + 30 * k) for day in days for k in range(13)])[:n]
        index = index if zone is None else index.tz_localize(zone)
    else:
        freq = {"daily": "D", "weekdays": "B", "weekly": "W-MON"}[kind]
        index = pd.date_range(start, periods=n, freq=freq, tz=zone)
    return pd.DataFrame({"open": open_, "high": high, "low": low, "close": close, "volume": volume}, index=index)


@st.composite
def frames(draw: st.DrawFn, most_symbols: int = 2) -> dict[str, pd.DataFrame]:
    """Bars of one symbol or more; their times overlap, all with a zone or all without."""
    kind = draw(st.sampled_from(["daily", "weekdays", "weekly", "intraday", "intraday"]))
    zone = draw(st.sampled_from([None, None, "America/New_York", "UTC"]))
    seed = draw(st.integers(0, 10**6))
    found = {}
    for i in range(draw(st.integers(1, most_symbols))):
        n = draw(st.integers(30, 180) if draw(st.integers(0, 5)) != 3 else st.integers(1, 6))
        ties = draw(st.sampled_from(["none", "none", "rounded", "flat"]))
        start = "2020-01-01" if i == 0 else draw(st.sampled_from(["2020-01-01", "2020-01-06", "2020-02-12"]))
        found["ABC"[i]] = bars_frame(seed + i, n, kind, zone, ties, start)
    return found


# ---- strategies -----------------------------------------------------------------------------------------------------

RULES: tuple[Words, ...] = (
    {"entry": "close > sma(n) and close > close[1]", "exit": "rsi(5) > 70", "n": 4},
    {"short_entry": "crosses_below(close, ema(6))", "short_exit": "close > high[2]"},
    {"entry": "close > highest(high, 5)[1]", "exit": "close < lowest(low, 3)[1] or not (close > sma(9))"},
    {
        "entry": "crosses_above(sma(3), sma(8))", "exit": "crosses_below(sma(3), sma(8))",
        "short_entry": "crosses_below(sma(3), sma(8))", "short_exit": "crosses_above(sma(3), sma(8))",
    },
    {"entry": "volume > 300 and atr(5) > 0", "exit": "close < close[2]"},
)  # fmt: skip

SWEPT = {"fast", "slow", "period", "lookback", "threshold", "entry", "exit", "width"}


def _number(draw: st.DrawFn, default: float, short: bool) -> float:
    if isinstance(default, int):
        longest = 9 if short else 25
        return draw(st.integers(2, longest))
    return round(draw(st.sampled_from([0.5, 0.9, 1.0, 1.1])) * default, 6) if default else 0.0


@st.composite
def parameters_of(draw: st.DrawFn, type_: str, sweep: bool = True) -> Words:
    """Parameters of a built-in strategy; those that its own check refuses are drawn now and then, too."""
    if type_ == "rule":
        given = dict(draw(st.sampled_from(RULES)))
        if "n" in given and sweep and draw(st.booleans()):
            given["n"] = [4, 9]
        return given
    known = STRATEGIES.get(type_).parameters
    given: Words = {}
    short = draw(st.integers(0, 3)) > 0
    windows = [name for name, info in known.items() if info.type is int]
    in_order = sorted(draw(st.integers(2, 9 if short else 25)) for _ in windows)
    if draw(st.integers(0, 9)) != 7:  # mostly short before long, as most checks want it
        in_order = [v + i for i, v in enumerate(in_order)]
    else:
        in_order.reverse()
    given.update(zip(windows, in_order, strict=True))
    if type_ == "pivot_points":
        given = {"session": draw(st.sampled_from([1, 5])), "level": draw(st.integers(1, 2))}
    for name, info in known.items():
        if info.type is float and draw(st.booleans()):
            given[name] = _number(draw, info.default, short)
    if "ma_type" in known:
        given["ma_type"] = draw(st.sampled_from(["sma", "ema", "wma"]))
    given["direction"] = draw(st.sampled_from(["long", "short", "both"]))
    if sweep and draw(st.integers(0, 2)) == 0:
        name = draw(st.sampled_from(sorted(SWEPT & set(given)) or ["direction"]))
        value = given[name]
        if isinstance(value, int):
            given[name] = [value, value + 3]
        elif isinstance(value, float):
            given[name] = [value, value * 1.25] if value else [0.0, 0.01]
        else:
            given[name] = ["long", "both"]
    return given


TYPES = tuple(model.name for model in BUILT_IN)


@st.composite
def plain_strategy(draw: st.DrawFn, labels: tuple[str, ...] = (), sweep: bool = True) -> Words:
    """A built-in strategy; where there are labels, sometimes limited to some of them or with parameters of each."""
    type_ = draw(st.sampled_from(TYPES))
    found: Words = {"type": type_, "parameters": draw(parameters_of(type_, sweep))}
    if labels and draw(st.booleans()):
        named = draw(st.lists(st.sampled_from([*labels, "none"]), min_size=1, max_size=3, unique=True))
        swept = {name for name, value in found["parameters"].items() if isinstance(value, list)}
        if type_ == "rule" or draw(st.booleans()):
            found["regimes"] = named
        else:
            found["regimes"] = {
                label: {n: v for n, v in draw(parameters_of(type_, sweep=False)).items() if n not in swept}
                for label in named
            }
            replaced = set.intersection(*({*values} for values in found["regimes"].values()))
            found["parameters"] = {n: v for n, v in found["parameters"].items() if n not in replaced}
    return found


@st.composite
def ensemble(draw: st.DrawFn, labels: tuple[str, ...] = ()) -> Words:
    """An ensemble of two or three strategies, by any method."""
    method = draw(
        st.sampled_from(["majority", "unanimous", "weighted", "threshold", *(["by_regime"] if labels else [])])
    )
    n = draw(st.integers(2, 3))
    found: Words = {"type": "ensemble", "method": method}
    if method == "by_regime":
        named = draw(st.lists(st.sampled_from(labels), min_size=1, max_size=len(labels), unique=True))
        found["members"] = {label: draw(plain_strategy(sweep=False)) for label in named}
        return found
    found["members"] = [draw(plain_strategy(labels, sweep=i == 0)) for i in range(n)]
    if method == "weighted":
        found["weights"] = [draw(st.sampled_from([0.5, 1, 2, 0.1, 0.3])) for _ in range(n)]
        if draw(st.booleans()):
            found["threshold"] = draw(st.sampled_from([0.3, 0.5, 1.0]))
    elif method == "threshold":
        found["threshold"] = draw(st.sampled_from([1, 2, 0.5, 0.6]))
    return found


# ---- classifiers and risk profiles ----------------------------------------------------------------------------------

LABELS: dict[str, tuple[str, ...]] = {
    "trend": ("up", "sideways", "down"),
    "volatility": ("low", "normal", "high"),
    "momentum_regime": ("bull", "correction", "rebound", "bear"),
    "market_structure": ("uptrend", "range", "downtrend"),
    "hmm": ("calm", "turbulent"),
}


@st.composite
def classifier(draw: st.DrawFn, type_: str) -> Words:
    """A classifier of a type with windows that short bars can fill."""
    given: Words
    if type_ == "trend":
        fast = draw(st.integers(2, 6))
        given = {
            "fast": fast, "slow": fast + draw(st.integers(1, 12)), "threshold": draw(st.sampled_from([0.0, 0.01])),
            "ma_type": draw(st.sampled_from(["sma", "ema"])),
        }  # fmt: skip
    elif type_ == "volatility":
        given = {"period": draw(st.integers(2, 9)), "average": draw(st.integers(2, 20))}
    elif type_ == "momentum_regime":
        fast = draw(st.integers(1, 5))
        given = {"fast": fast, "slow": fast + draw(st.integers(1, 12))}
    elif type_ == "market_structure":
        given = {"period": draw(st.integers(2, 8)), "sticky": draw(st.booleans())}
    else:
        given = {"train_bars": draw(st.sampled_from([25, 60])), "starts": 1}
    if type_ != "hmm" and draw(st.integers(0, 4)) == 0:
        name = next(n for n in ("period", "slow") if n in given)
        given[name] = [given[name], given[name] + 4]
    return {"type": type_, "parameters": given}


stop = st.sampled_from([0.02, 0.05, {"atr": 2}, {"atr": 1.5, "period": 5}, {"std": 2, "period": 6}, {"std": 1}])

limits = st.fixed_dictionaries(
    {},
    optional={
        "max_position_value": st.sampled_from([2_000, 40_000]),
        "max_drawdown": st.sampled_from([0.03, 0.2]),
        "max_daily_loss": st.sampled_from([0.005, 0.02]),
    },
)


@st.composite
def size_and_stops(draw: st.DrawFn, is_whole: bool = False) -> Words:
    """Size, stops and limits that fit together."""
    found: Words = draw(limits)
    if draw(st.booleans()):
        found["stop_loss"] = draw(stop)
        if draw(st.integers(0, 2)) == 0:
            found["trailing"] = True
    if draw(st.integers(0, 2)) == 0:
        found["take_profit"] = draw(stop)
    modes = [
        "fraction",
        "volatility",
        "units",
        *([] if is_whole else ["value"]),
        *(["risk"] if "stop_loss" in found else []),
    ]
    mode = draw(st.sampled_from(modes))
    if mode != "fraction" or draw(st.booleans()):
        sizes = {
            "fraction": [0.3, 1.0],
            "units": [5, 40],
            "value": [3_000, 90_000],
            "volatility": [0.1, 0.4],
            "risk": [0.01, 0.03],
        }
        found |= {"size_mode": mode, "size": draw(st.sampled_from(sizes[mode]))}
    if mode == "volatility" and draw(st.booleans()):
        found["volatility"] = draw(
            st.sampled_from([{"method": "atr", "period": 5}, {"method": "std", "period": 4}, {"method": "atr"}])
        )
    return found


@st.composite
def risk_profile(draw: st.DrawFn, is_whole: bool = False) -> Words | str:
    """A built-in as it is or changed, or one of the user's own."""
    kind = draw(st.sampled_from(["conservative", "moderate", "aggressive", "changed", "own", "own", "own"]))
    if kind == "own":
        own = draw(size_and_stops(is_whole)) or {"stop_loss": 0.05}
        if "stop_loss" in own and draw(st.integers(0, 3)) == 0:
            own["stop_loss"] = [own["stop_loss"], 0.04]
        return {"type": "custom", "parameters": own}
    if kind == "changed":
        changes = draw(
            st.sampled_from([{"stop_loss": {"atr": 2, "period": 4}}, {"size": [0.01, 0.05]}, {"take_profit": 0.05}])
        )
        return {"type": "moderate", "parameters": {"stop_loss": {"atr": 3, "period": 5}, **changes}}
    return kind


# ---- accounts -------------------------------------------------------------------------------------------------------


@st.composite
def account(draw: st.DrawFn) -> Words:
    """`backtest_config` without a strategy: any preset, any settings that fit together."""
    preset = draw(st.sampled_from(["default", "default", "default", "vectorbt", "backtesting.py"]))
    found: Words = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "commission": st.sampled_from(
                    [0, 0.001, {"rate": 0.0005, "fixed": 1.5}, {"type": "fixed", "value": 2}]
                ),
                "opposite": st.sampled_from(["reverse", "close", "ignore"]),
                "slippage": st.sampled_from([0.001, {"entry": 0.002}, {"entry": 0.001, "exit": 0.002}]),
                "finalize": st.sampled_from(["none", "last_close"]),
                "warmup": st.sampled_from([0, 7, "auto"]),
                "initial_capital": st.sampled_from([900, 5_000, 250_000]),
                "stop_base": st.sampled_from(["signal_close", "fill"]),
                "after_stop": st.sampled_from(["keep", "drop"]),
                "shortfall": st.sampled_from(["cancel", "partial"]),
                "fill": st.sampled_from(["next_open", "close", "prev_close"]),
                "metrics_style": st.sampled_from(["standard", "backtesting.py"]),
                "ruin": st.booleans(),
                "periods_per_year": st.sampled_from([252, "auto"]),
            },
        )
    )
    if preset != "default":
        found["preset"] = preset
    is_whole = preset == "backtesting.py"
    if not is_whole and draw(st.integers(0, 3)) == 0:
        found["lot_size"] = draw(st.sampled_from([1, 0.5]))
    found |= draw(size_and_stops(is_whole))
    if draw(st.integers(0, 3)) == 0 and "commission" in found:
        found["commission"] = [0.0, 0.002]
    return found


# ---- patterns -------------------------------------------------------------------------------------------------------

TRADING = {"portfolio": ["strategies", "ensemble", "signal_log"]}
RISK_OUTSIDE = ["data", "indicators", {"risk": [{"classifier": [TRADING, "execution"]}]}]
FILTER = {"role": "ensemble", "container": "calm_days_only", "name": "filter"}

PATTERNS: dict[str, Any] = {
    "simple_backtest": "simple_backtest",
    "full_backtest": "full_backtest",
    "without a level": {
        "name": "flat", "extends": "full_backtest",
        "remove": [{"path": "classifier/risk", "keep_children": True}, "classifier/portfolio/signal_log"],
    },
    "levels the other way round": {"name": "swapped", "nodes": RISK_OUTSIDE},
    "no indicators, analysis at the end": {
        "name": "studied", "extends": "full_backtest", "remove": ["indicators"],
        "add": [{"node": "analysis", "inside": "classifier/risk", "after": "execution"}],
    },
    "user's own classifier": {
        "name": "own_classifier",
        "nodes": [
            "data", "indicators",
            {"role": "classifier", "container": "swing_classifier", "parameters": {"window": 5}},
            {"risk": [{"portfolio": ["strategies", "ensemble"]}, "execution"]},
        ],
    },
    "user's own indicator and filter": {
        "name": "own_filter",
        "nodes": [
            "data", "indicators",
            {"portfolio": ["strategies", "ensemble", FILTER]},
            "execution",
            {"role": "analysis", "container": "counted"},
        ],
    },
}  # fmt: skip
"""By what is special about them; the user's containers are registered by `register_own`."""

OWN_LABELS = ("calm", "wild")


def register_own() -> None:
    """The user's containers that patterns here hold."""
    import adm_notebook as adm

    @adm.container("classifier")
    def swing_classifier(bars: pd.DataFrame, window: int = 5) -> pd.Series:
        """Calm where the last returns are small."""
        swing = bars["close"].pct_change().rolling(window).std()
        return (swing < 0.02).map({True: "calm", False: "wild"}).where(swing.notna())

    @adm.container("ensemble")
    def calm_days_only(targets: Any, features: Any, bars: pd.DataFrame) -> Any:
        """Nothing new where the bar's range is wide."""
        calm = (bars["high"] - bars["low"]) < 2 * features["atr(4)"]
        if isinstance(targets, pd.Series):
            return targets.where(calm, 0)
        kept = targets.copy()
        kept["long_entry"] &= calm
        kept["short_entry"] &= calm
        return kept

    @adm.container("analysis")
    def counted(fills: Any) -> dict[str, float]:
        """Trades and the last equity."""
        return {"trades": len(fills.trades), "end": float(fills.equity.iloc[-1])}


# ---- workflows ------------------------------------------------------------------------------------------------------


@st.composite
def workflows(draw: st.DrawFn, hmm: bool = False, patterns: tuple[str, ...] = tuple(sorted(PATTERNS))) -> Words:
    """Keyword arguments of a WorkflowConfig: mostly valid, small, over everything that there is."""
    which = draw(st.sampled_from(patterns))
    tree = PATTERNS[which]
    has_classifiers = which not in ("simple_backtest", "user's own classifier", "user's own indicator and filter")
    has_risk = (has_classifiers and which != "without a level") or which == "user's own classifier"
    optimization: Words = {}
    labels: tuple[str, ...] = OWN_LABELS if which == "user's own classifier" else ()
    if has_classifiers and draw(st.integers(0, 3)):
        types = (
            ["hmm"]
            if hmm
            else draw(st.lists(st.sampled_from([t for t in LABELS if t != "hmm"]), min_size=1, max_size=2, unique=True))
        )
        optimization["classifiers"] = [draw(classifier(t)) for t in types]
        labels = LABELS[types[0]]
    backtest: Words = draw(account())
    is_whole = backtest.get("preset") == "backtesting.py"
    if has_risk and draw(st.integers(0, 2)):
        optimization["risk_profiles"] = draw(st.lists(risk_profile(is_whole), min_size=1, max_size=2))
    n = draw(st.integers(1, 2 if optimization else 3))
    entries = [draw(st.one_of(plain_strategy(labels), plain_strategy(labels), ensemble(labels))) for _ in range(n)]
    optimization["strategies"] = entries
    combined = draw(st.integers(0, 3)) == 0
    if combined:
        backtest["portfolio"] = {"combine": True}
        for i, entry in enumerate(entries):
            entry["name"] = f"s{i}"
            if draw(st.booleans()):
                entry["allocation"] = draw(st.sampled_from([0.1, 0.25, 0.3]))
    if draw(st.integers(0, 4)) == 0:
        optimization["objective"] = draw(st.sampled_from(["total_return", "max_drawdown", "n_trades"]))
    return {
        "parameters": {"container_pattern": tree} if isinstance(tree, str) else {"pattern": tree},
        "data_config": {"frame": draw(frames(3 if combined else 2))},
        "backtest_config": backtest,
        "optimization_config": optimization,
        "max_workers": draw(st.sampled_from([1, 2])),
    }
