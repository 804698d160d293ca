"""`risk` of the older form: sizers, limits and stops become settings of the one account."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from adm_notebook.config.settings import LIMITS as OUR_LIMITS
from adm_notebook.config.settings import RISK_SETTINGS
from adm_notebook.errors import shown
from adm_notebook.migration.configs.account import (
    ACCOUNT_ADVICE,
    NOT_ENABLED,
    as_share,
    hundredth,
    is_number,
    plain,
    setting,
)
from adm_notebook.migration.configs.ledger import Ledger, misspelt
from adm_notebook.migration.configs.old import Old
from adm_notebook.migration.names import ACCOUNT, LIMITS, SIZERS

__all__ = ["read_risk"]

_SECTION = "backtest_config"

_SHARES = {
    "stop_loss_pct": "stop_loss",
    "take_profit_pct": "take_profit",
    "max_drawdown_pct": "max_drawdown",
    "max_daily_loss_pct": "max_daily_loss",
}
_SIZE_OR_LIMIT = (
    "It may be a share, units or money, and nothing tells which. For a share of the cash in each trade write "
    "backtest_config: {size_mode: fraction, size: 0.02}; for a limit in money {max_position_value: 5000}."
)
_RISK_ADVICE = {
    **ACCOUNT_ADVICE,
    **dict.fromkeys(
        ("max_position_size", "max_position_size_pct", "max_position_pct", "max_position", "position_size"),
        _SIZE_OR_LIMIT,
    ),
    "max_exposure": "Limits across accounts are not there yet: each symbol and strategy has an account of its own.",
    "max_exposure_pct": "Limits across accounts are not there yet: each symbol and strategy has an account of its own.",
    "position_size_pct": "Write position_sizers: [{type: fixed_percentage, percentage: 0.02}] and migrate again.",
}


def read_risk(ledger: Ledger, section: Old | None) -> None:
    """`risk`: sizers and limits become settings of the one account."""
    if section is None:
        return
    if not section.fields:
        empty = section.value in ({}, [], None)
        ledger.drop(section, "It was empty") if empty else ledger.wrong(
            section, f"must be a section (`name: value`), but was {shown(section.value)}"
        )
        return
    settings = (*RISK_SETTINGS, *OUR_LIMITS)
    for key, item in section.fields.items():
        if key in ("position_sizers", "position_sizer", "sizers", "position_sizing"):
            _sizers(ledger, item)
        elif key in ("limits", "risk_limits"):
            _limits(ledger, item)
        elif key in _SHARES:
            _share(ledger, _SHARES[key], item)
        elif key in settings and "type" not in item:
            setting(ledger, key, item, "A setting of the account")
        elif key in ACCOUNT and ACCOUNT[key] == "initial_capital":
            ledger.carry((_SECTION, "initial_capital"), item, f"Our name of `{key}`")
        elif key == "initial_capital":
            ledger.carry((_SECTION, key), item)
        elif key in settings:
            instead = "{atr: 2, period: 14}" if "atr" in item.text("type") else "0.05"
            ledger.leave(item, f"Write backtest_config: {{{key}: {instead}}}, and trailing: true if it trails.")
    known = ("position_sizers", "limits", "risk_limits", *settings, *_SHARES)
    ledger.rest(section, known, _RISK_ADVICE)


_NESTED = ("parameters", "params", "config")
"""Keys that a sizer or limit may hold its numbers in."""


def _sizers(ledger: Ledger, given: Old) -> None:
    if given.value in ([], None):
        ledger.drop(given, "It was empty")
        return
    used: Old | None = None
    for sizer in [item.flattened(*_NESTED) for item in given.listed()]:
        if sizer.first("enabled") is not None and sizer["enabled"].value is False:
            ledger.leave(sizer, NOT_ENABLED)
        elif used is not None:
            advice = (
                f"An account has one way to size, and {used.path} is it. To compare ways, list them under "
                "optimization_config.risk_profiles: [{name: half, size_mode: fraction, size: 0.5}]."
            )
            ledger.leave(sizer, advice)
        elif _kind(
            ledger, sizer, "a position sizer", "{type: fixed_percentage, percentage: 0.1}", (*SIZERS, *_SIZER_ADVICE)
        ):
            used = sizer
            _sizer(ledger, sizer)


def _sizer(ledger: Ledger, sizer: Old) -> None:
    called = plain(sizer["type"].value)
    if called not in SIZERS:
        ledger.leave(sizer, _SIZER_ADVICE.get(called, _NO_SIZER))
        return
    mode, keys = SIZERS[called]
    size = sizer.first(*keys)
    if mode == "volatility" and size is None and "risk_per_trade" in sizer:
        ledger.leave(sizer, _SIZER_ADVICE["atr"])
        return
    if size is None or size.value is None:
        ledger.wrong(sizer, f"has no size; write {keys[0]}: ... beside its type")
        return
    if mode == "fraction" or mode == "volatility":
        value = _fraction(ledger, size, sized=True)
        if value is None:
            ledger.drop(sizer["type"], "What the size means")
            return
    else:
        value = size.value
    ledger.put((_SECTION, "size_mode"), mode, sizer["type"], "What the size means")
    taken = size.path.endswith(("_pct", "_percent")) and is_number(value) and value == size.value
    told = f", {value * 100:g}% of it; if {value:g}% was meant, write {hundredth(value):g}" if taken else ""
    ledger.put((_SECTION, "size"), value, size, f"{_SIZE_REASONS[mode]}{told}")
    period = sizer.first("lookback_period", "lookback_days", "lookback", "period", "window")
    if mode == "volatility" and period is not None:
        ledger.put((_SECTION, "volatility", "period"), period.value, period, "Bars that volatility is estimated from")
    if mode == "volatility" and "method" in sizer:
        ledger.put((_SECTION, "volatility", "method"), sizer["method"].value, sizer["method"])
    _unsaid(ledger, sizer)
    ledger.rest(sizer, ("name", "type", "enabled", *keys), _SIZER_KEYS)


_SIZE_REASONS = {
    "units": "Units in each trade",
    "fraction": "Share of the cash in each trade",
    "value": "Money in each trade",
    "volatility": "Volatility a year to aim at",
}
_SIZER_ADVICE = {
    **dict.fromkeys(
        ("atr", "atr_based", "risk", "risk_based", "fixed_risk", "percent_risk", "risk_percentage", "fixed_fractional"),
        "A fixed risk a trade is measured by a stop, which the account then has: write backtest_config: "
        "{size_mode: risk, size: 0.01, stop_loss: {atr: 2, period: 14}}.",
    ),
    "kelly": "Kelly sizes are not there: write backtest_config: {size_mode: fraction, size: 0.25} for a fixed share.",
    "equal_weight": "Give each strategy its allocation; with backtest_config: {portfolio: {combine: true}} it counts.",
    "risk_parity": "Write backtest_config: {size_mode: volatility, size: 0.15}, which sizes by volatility.",
}
_NO_SIZER = (
    "Sizes here are fraction, units, value, volatility or risk: write backtest_config: {size_mode: ..., size: ...}."
)
_SIZER_KEYS = {
    "max_percentage": "A size never takes more than the cash; a limit in money is backtest_config.max_position_value.",
    "max_leverage": "A size never takes more than the cash: leave it out.",
    "use_leverage": "A size never takes more than the cash: leave it out.",
    "min_size": "Write backtest_config: {lot_size: ...}: sizes are whole multiples of it.",
}

_ACROSS = "Limits across accounts are not there yet: each symbol and strategy has an account of its own. Leave it out."
_LIMIT_ADVICE = {
    **dict.fromkeys(("exposure", "concentration", "leverage", "correlation", "sector", "var"), _ACROSS),
    "symbol_restriction": "Name the symbols that are traded in data_config: {symbols: [...]}.",
}
_LIMIT_KEYS = {
    "reduce_at_pct": "Sizes are not reduced on the way to a limit: leave it out.",
    "reduce_at": "Sizes are not reduced on the way to a limit: leave it out.",
    **dict.fromkeys(
        ("max_position_pct", "max_position_percent", "max_position_size", "max_position_size_pct", "max_percentage"),
        "A limit of a position is in money here: write backtest_config: {max_position_value: ...}.",
    ),
    "lookback_days": "The drawdown is measured from the highest equity since the start: leave it out.",
}


def _limits(ledger: Ledger, given: Old) -> None:
    if given.value in ([], None):
        ledger.drop(given, "It was empty")
        return
    for limit in [item.flattened(*_NESTED) for item in given.listed()]:
        if limit.first("enabled") is not None and limit["enabled"].value is False:
            ledger.leave(limit, NOT_ENABLED)
        elif _kind(ledger, limit, "a limit", "{type: drawdown, max_drawdown: 0.2}", (*LIMITS, *_LIMIT_ADVICE)):
            _limit(ledger, limit)


def _limit(ledger: Ledger, limit: Old) -> None:
    called = plain(limit["type"].value)
    if called not in LIMITS:
        advice = "The limits of an account are max_position_value, max_drawdown and max_daily_loss: leave it out."
        ledger.leave(limit, _LIMIT_ADVICE.get(called, advice))
        return
    ours, keys = LIMITS[called]
    value = limit.first(*keys)
    if value is None and any(key in limit for key in _LIMIT_KEYS):
        ledger.leave(limit, next(advice for key, advice in _LIMIT_KEYS.items() if key in limit))
        return
    if value is None:
        ledger.wrong(limit, f"has no value; write {keys[0]}: ... beside its type")
        return
    ledger.drop(limit["type"], "The setting says what it limits")
    if ours == "max_daily_loss" and not value.path.endswith("_pct") and is_number(value.value) and value.value > 100:
        other = limit.first("max_daily_loss_pct", "max_loss_pct")
        ledger.leave(value, "The loss of a day is a share of the equity of the day before: write max_daily_loss: 0.02.")
        value = other
    if value is not None and ours == "max_position_value":
        ledger.put((_SECTION, ours), value.value, value, "Taken as money: a limit of the account")
    elif value is not None:
        _share(ledger, ours, value, whole=False)
    _unsaid(ledger, limit)
    ledger.rest(limit, ("name", "type", "enabled", *keys), _LIMIT_KEYS)


# ---- what they share ------------------------------------------------------------------------------------------------


def _kind(ledger: Ledger, entry: Old, what: str, example: str, known: Collection[str]) -> bool:
    """Whether an entry says its type; what is wrong with it is told."""
    if not entry.fields:
        ledger.wrong(entry, f"must be {what} such as {example}, but was {shown(entry.value)}")
    elif not entry.text("type"):
        seen = f"must be text, but was {shown(entry['type'].value)}" if "type" in entry else "has no type"
        ledger.wrong(entry, f"{seen}; write {example}")
    elif (called := plain(entry["type"].value)) not in known and (meant := misspelt(called, known)):
        ledger.wrong(entry["type"], f"unknown type {shown(entry['type'].value)}. Did you mean `{meant}`?")
    else:
        return True
    return False


def _unsaid(ledger: Ledger, entry: Old) -> None:
    """Keys of a sizer or limit that say nothing of what it does."""
    for key, reason in (("name", "There is one account, and its settings have no names"), ("enabled", "It is there")):
        if key in entry:
            ledger.drop(entry[key], reason)


def _share(ledger: Ledger, ours: str, given: Old, whole: bool = True) -> None:
    if given.value is None:
        ledger.drop(given, "It was empty: no limit, no stop")
        return
    value = _fraction(ledger, given, whole)
    if value is not None:
        said = "A share of one, here" if value == given.value else f"A fraction, here: {given.value:g}% is {value:g}"
        ledger.put((_SECTION, ours), value, given, said)


def _fraction(ledger: Ledger, given: Old, whole: bool = True, sized: bool = False) -> Any:
    """A share as a fraction; None where it is refused. `whole`: whether it may be all, 1.

    `sized`: whether it is the size of a trade, and `position_size_pct: 0.02` therefore 2%, as older files mean it: with
    0.02% of the cash hardly anything is bought.

    What is no plain number is left to whoever reads the new config: it knows what the setting takes.
    """
    value, per_cent = given.value, given.path.endswith(("_pct", "_percent"))
    if not is_number(value):
        return value
    if per_cent and 1 < value <= 100:
        return hundredth(value)
    if per_cent and sized and 0 < value < 1:
        return value
    if per_cent and 0 < value <= 1:
        key = given.path.rpartition(".")[2]
        bare = key.removesuffix("_pct").removesuffix("_percent")
        message = f"may be {value:g}% or {value:.0%}: write {bare}: {hundredth(value)} or {bare}: {value:g}"
        ledger.wrong(given, message)
        return None
    if value > 1 or (value == 1 and not whole):
        most = "at most 1" if whole else "below 1"
        ledger.wrong(given, f"must be a share, above 0 and {most}, but was {value:g}; {as_share(value)}")
        return None
    return value
