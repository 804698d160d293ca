"""`adm.simulate`: bars and signals in, trades, equity and metrics out; the engines' public entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from adm_notebook.config.settings import Preset, Settings
from adm_notebook.engine import compiled
from adm_notebook.engine.account import EXIT_REASONS, NEEDS_TIMES, UNFILLED_REASONS, Account, Signals
from adm_notebook.engine.exposure import Exposure, exposed, exposure
from adm_notebook.engine.metrics import metrics
from adm_notebook.errors import ConfigError, DataError, Problem, did_you_mean, shown
from adm_notebook.market.arrays import F64, Bool, Prices
from adm_notebook.market.bars import Bars
from adm_notebook.market.calendar import Calendar

__all__ = ["Simulation", "simulate", "trades_frame", "unfilled_frame"]

ENGINES = ("compiled", "reference")
FLAGS = ("long_entry", "long_exit", "short_entry", "short_exit")
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False, repr=False)
class Simulation:
    """One simulated account.

    Attributes
    ----------
    trades
        one row a trade, in order of entry: symbol, strategy, direction (`long`, `short`), size (units, unsigned),
        entry_bar, entry_time, entry_price, exit_bar, exit_time, exit_price, pnl (money, after fees), return
        (a fraction), fees, exit_reason
    unfilled
        one row an order that gave no trade: bar of the decision, time, side, reason
    equity
        money at each close, over the bars' index
    metrics
        by name, in the order of tables; specification, section 11
    warnings
        sentences about what a reader of the numbers should know
    settings
        all that were in force, those of the preset included
    account
        the same as arrays, as engines give it
    """

    trades: pd.DataFrame
    unfilled: pd.DataFrame
    equity: pd.Series[float]
    metrics: dict[str, float]
    warnings: tuple[str, ...]
    settings: Settings
    account: Account

    def __repr__(self) -> str:
        m = self.metrics
        more = f", {len(self.warnings)} warnings" if len(self.warnings) > 1 else ", 1 warning" if self.warnings else ""
        return (
            f"Simulation({len(self.equity):,} bars, {m['n_trades']:,} closed trades, total return "
            f"{m['total_return']:+.2%}, sharpe {m['sharpe']:.2f}, max drawdown {m['max_drawdown']:.2%}{more})"
        )


def simulate(
    bars: pd.DataFrame,
    signals: pd.DataFrame | Mapping[str, Any],
    *,
    preset: Preset = "default",
    engine: Literal["compiled", "reference"] = "compiled",
    **settings: Any,
) -> Simulation:
    """Trade signals on the bars of one instrument.

    Parameters
    ----------
    bars
        columns open, high, low and close, in any capitalisation; quote currency per unit, above 0, NaN where missing
    signals
        `long_entry`, `long_exit`, `short_entry`, `short_exit`: booleans, one a bar, known at its close; one that is
        missing is all false. Also `strength` in [0, 1], which scales the size of a trade decided on that bar.
    preset
        whose conventions the settings start from: `default`, `backtesting.py` or `vectorbt`
    engine
        `compiled`, or the `reference` in plain Python: they agree on every trade
    **settings
        of the account, as in `backtest_config`: `initial_capital`, `fill`, `commission`, `stop_loss`, ...

    Raises
    ------
    ConfigError
        for settings that don't exist, are out of range, exclude each other, or need times that the bars don't have.
    DataError
        for bars or signals that can't be used, naming the bar.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"open": [10, 10, 11, 12.0], "high": 12.0, "low": 9.0, "close": [10, 11, 12, 12.0]})
    >>> result = simulate(bars, {"long_entry": [False, True, False, False], "long_exit": [False, False, True, False]})
    >>> result.trades[["entry_bar", "entry_price", "exit_bar", "exit_price", "exit_reason"]].values.tolist()
    [[2, 11.0, 3, 12.0, 'signal']]
    """
    chosen = _settings(preset, engine, settings)
    prices = _prices(bars)
    flags = _signals(signals, bars.index)
    calendar = Calendar.of(bars.index)
    market = Bars("", bars.index, prices)
    by_day = chosen.max_daily_loss is not None
    if by_day and not calendar.has_time:
        raise ConfigError(Problem("max_daily_loss", NEEDS_TIMES), title="simulate")
    if engine == "compiled":
        found = exposure(chosen, market, lambda indicator: indicator.compute(market), calendar)
        days = calendar.days if by_day else None
        account = compiled.simulate(prices, exposed(flags, found), chosen, warmup=_warmup(chosen, found), days=days)
        values = metrics(account, calendar, chosen)
    else:
        from adm_notebook.engine import reference, reference_exposure, reference_metrics

        found = reference_exposure.exposure(chosen, market, lambda indicator: indicator.compute(market))
        days = reference_exposure.days_of(bars.index) if by_day else None
        traded = reference_exposure.exposed(flags, found)
        account = reference.simulate(prices, traded, chosen, warmup=_warmup(chosen, found), days=days)
        values = reference_metrics.metrics(account, bars.index, chosen)
    return Simulation(
        trades=trades_frame(account, bars.index, "", ""),
        unfilled=unfilled_frame(account, bars.index),
        equity=pd.Series(account.equity, index=bars.index, name="equity"),
        metrics=values,
        warnings=tuple(_warnings(account, calendar, chosen)),
        settings=chosen,
        account=account,
    )


def _warmup(settings: Settings, found: Exposure) -> int:
    """First bar that may decide: as set, or 1 + the longest lookback of what sizes and stops read."""
    return settings.warmup if isinstance(settings.warmup, int) else 1 + found.lookback


def trades_frame(account: Account, index: pd.Index, symbol: str, strategy: str) -> pd.DataFrame:
    """The trades of an account as `WorkflowResult.trades` shows them; `index` is that of its bars."""
    return pd.DataFrame(
        {
            "symbol": pd.Series([symbol] * len(account.size), dtype="str"),
            "strategy": pd.Series([strategy] * len(account.size), dtype="str"),
            "direction": _words(("short", "long"), account.direction > 0),
            "size": account.size,
            "entry_bar": account.entry_bar,
            "entry_time": index.take(account.entry_bar),
            "entry_price": account.entry_price,
            "exit_bar": account.exit_bar,
            "exit_time": index.take(account.exit_bar),
            "exit_price": account.exit_price,
            "pnl": account.pnl,
            "return": account.returns,
            "fees": account.fees,
            "exit_reason": _words(EXIT_REASONS, account.exit_reason),
        }
    )


def unfilled_frame(account: Account, index: pd.Index) -> pd.DataFrame:
    """The orders of an account that gave no trade: bar and time of the decision, side, reason."""
    return pd.DataFrame(
        {
            "bar": account.unfilled_bar,
            "time": index.take(account.unfilled_bar),
            "side": _words(("short", "long"), account.unfilled_side > 0),
            "reason": _words(UNFILLED_REASONS, account.unfilled_reason),
        }
    )


def _words(words: Sequence[str], codes: npt.NDArray[Any]) -> pd.Series[str]:
    return pd.Series(np.array(words, dtype=object)[codes.astype(np.intp)], dtype="str")


def _settings(preset: Preset, engine: str, given: Mapping[str, Any]) -> Settings:
    problems: list[Problem] = []
    if engine not in ENGINES:
        message = f"must be compiled or reference, but was {shown(engine)}.{did_you_mean(engine, ENGINES)}"
        problems.append(Problem("engine", message.removesuffix(".")))
    try:
        chosen = Settings.resolve({**given, "preset": preset}, path="")
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems, title="simulate")
    return chosen


def _prices(bars: pd.DataFrame) -> Prices:
    """The four prices as arrays; specification, section 1."""
    if not isinstance(bars, pd.DataFrame):
        raise DataError(f"bars must be a DataFrame, but were a {type(bars).__name__}", f"Columns: {_listed(PRICES)}")
    if bars.empty:
        raise DataError("there are no bars", "A simulation needs one bar at least.")
    if isinstance(bars.index, pd.DatetimeIndex) and not bars.index.hasnans:
        late = np.flatnonzero(np.diff(bars.index.asi8) <= 0)
        if len(late):
            bar = int(late[0]) + 1
            raise DataError(
                f"bar {bar} ({bars.index[bar]}) is not later than the bar before it ({bars.index[bar - 1]})",
                "Sort the bars by time and drop repeated ones: bars[~bars.index.duplicated()].sort_index()",
            )
    O, H, L, C = (_price(bars, name) for name in PRICES)  # noqa: E741 - the letters of the specification
    wrong = (L > O) | (L > C) | (L > H) | (H < O) | (H < C)
    for array in (O, H, L, C):
        wrong |= (array <= 0) | np.isinf(array)
    if wrong.any():
        bar = int(np.argmax(wrong))
        seen = ", ".join(f"{name} {array[bar]:g}" for name, array in zip(PRICES, (O, H, L, C), strict=True))
        raise DataError(
            f"bar {bar} ({bars.index[bar]}) can't be: {seen}",
            "Prices are finite and above 0, low is the lowest and high the highest; put NaN where one is missing.",
        )
    return Prices(O, H, L, C)


def _price(bars: pd.DataFrame, name: str) -> F64:
    found = [column for column in bars.columns if str(column).lower() == name]
    if len(found) != 1:
        seen = "has none" if not found else f"has {len(found)}: {_listed(found)}"
        raise DataError(f"bars need one column {name}, but the frame {seen}", f"Its columns: {_listed(bars.columns)}")
    column = bars[found[0]]
    _refuse_what_a_conversion_would_bend(f"column {found[0]} of the bars", column.to_numpy(), "numbers")
    try:
        return np.ascontiguousarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise DataError(
            f"column {found[0]} of the bars must be numbers, but is of dtype {column.dtype}",
            f"Convert it: bars[{found[0]!r}] = pd.to_numeric(bars[{found[0]!r}])",
        ) from None


def _signals(signals: pd.DataFrame | Mapping[str, Any], index: pd.Index) -> Signals:
    """The flags as arrays, missing ones all false."""
    if not isinstance(signals, (pd.DataFrame, Mapping)):
        raise DataError(
            f"signals must be a DataFrame or a mapping, but were a {type(signals).__name__}",
            f"Their columns: {_listed(FLAGS)}, and strength.",
        )
    allowed = (*FLAGS, "strength")
    for name in signals:
        if name not in allowed:
            raise DataError(
                f"signals have an unknown column {shown(name)}.{did_you_mean(name, allowed)}",
                f"Allowed: {_listed(allowed)}",
            )
    none = np.zeros(len(index), np.bool_)
    long_entry, long_exit, short_entry, short_exit = (
        _flag(name, signals[name], index) if name in signals else none for name in FLAGS
    )
    strength = _strength(signals["strength"], index) if "strength" in signals else None
    return Signals(long_entry, long_exit, short_entry, short_exit, strength)


def _flag(name: str, given: Any, index: pd.Index) -> Bool:
    values = _aligned(name, given, index)
    if values.dtype == np.bool_:
        return np.ascontiguousarray(values)
    numbers = _numbers(name, values, "true or false")
    wrong = (numbers != 0) & (numbers != 1)
    if wrong.any():
        raise _bad_signal(name, values, int(np.argmax(wrong)), index, "true or false")
    return np.asarray(numbers == 1)


def _strength(given: Any, index: pd.Index) -> F64:
    values = _aligned("strength", given, index)
    numbers = _numbers("strength", values, "between 0 and 1")
    wrong = ~((numbers >= 0) & (numbers <= 1))
    if wrong.any():
        raise _bad_signal("strength", values, int(np.argmax(wrong)), index, "between 0 and 1")
    return numbers


def _aligned(name: str, given: Any, index: pd.Index) -> npt.NDArray[Any]:
    """The values of a Series over the bars' own index, or of any sequence as long as it."""
    if isinstance(given, pd.Series) and len(given) == len(index) and not given.index.equals(index):
        bar = int(np.argmax(np.asarray(given.index) != np.asarray(index))) if given.index.dtype == index.dtype else 0
        raise DataError(
            f"signals.{name} and the bars have different indexes: at bar {bar} {given.index[bar]} and {index[bar]}",
            f"Align it, signals[{name!r}].reindex(bars.index), or pass its values: .to_numpy()",
        )
    try:
        values = given.to_numpy() if isinstance(given, (pd.Series, pd.Index)) else np.asarray(given)
    except ValueError:  # numpy's, of lists that are not as long as each other
        raise DataError(
            f"signals.{name} must have one value a bar, but holds lists of different lengths",
            "A signal is known at its bar's close; there is one for each bar.",
        ) from None
    if values.shape != (len(index),):
        raise DataError(
            f"signals.{name} must have one value a bar, {len(index)}, but has shape {values.shape}",
            "A signal is known at its bar's close; there is one for each bar.",
        )
    return values


def _refuse_what_a_conversion_would_bend(what: str, values: npt.NDArray[Any], wanted: str) -> None:
    """Raise DataError for complex numbers, which would lose their imaginary part, and times, which would be counts."""
    kind = values.dtype.kind
    if kind == "c" or (kind == "O" and any(isinstance(v, (complex, np.complexfloating)) for v in values)):
        raise DataError(f"{what} must be {wanted}, but holds complex numbers", "Take their real part if that is meant.")
    if kind in "mM":
        raise DataError(f"{what} must be {wanted}, but holds times (dtype {values.dtype})", "Name another column.")


def _numbers(name: str, values: npt.NDArray[Any], wanted: str) -> F64:
    _refuse_what_a_conversion_would_bend(f"signals.{name}", values, wanted)
    try:
        return np.ascontiguousarray(pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise DataError(f"signals.{name} must be {wanted}, but is of dtype {values.dtype}", "Convert it.") from None


def _bad_signal(name: str, values: npt.NDArray[Any], bar: int, index: pd.Index, wanted: str) -> DataError:
    return DataError(
        f"signals.{name} must be {wanted}, but is {values[bar]} at bar {bar} ({index[bar]})",
        "Say what an unknown value means, for example with .fillna(False)." if pd.isna(values[bar]) else "",
    )


def _warnings(account: Account, calendar: Calendar, settings: Settings) -> list[str]:
    sentences: list[str] = []
    if len(account.unfilled_bar):
        counts = np.bincount(account.unfilled_reason, minlength=len(UNFILLED_REASONS))
        listed = ", ".join(f"{count:,} {word}" for word, count in zip(UNFILLED_REASONS, counts, strict=True) if count)
        total = len(account.unfilled_bar)
        sentences.append(f"{total:,} order{'s' if total > 1 else ''} gave no trade ({listed}): see unfilled")
    if settings.metrics_style == "backtesting.py":
        if not calendar.has_time:
            sentences.append("the bars have no times: metrics_style backtesting.py has no annual metrics without days")
        if isinstance(settings.periods_per_year, (int, float)) and settings.size_mode != "volatility":
            sentences.append("periods_per_year is not used: metrics_style backtesting.py counts days as that peer does")
    annual = settings.metrics_style == "standard" or settings.size_mode == "volatility"
    if annual and isinstance(settings.periods_per_year, str):
        sentences += calendar.notes
    return sentences + settings.slips


def _listed(names: Sequence[object] | pd.Index) -> str:
    return ", ".join(map(str, names))
