"""How values of a config are said in a sentence: a commission in percent, money with its thousands, a stop as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adm_notebook.config.settings import StopDistance
from adm_notebook.errors import shown
from adm_notebook.migration.changes import ABSENT, Change

__all__ = ["said"]

_PERCENT = {"commission", "rate", "slippage", "entry", "exit", "stop_loss", "take_profit", "max_drawdown", "max_daily_loss"}
_MOST = 60  # characters of a value in a sentence


def said(change: Change, value: Any) -> str:
    """A value of that key as a sentence says it.

    >>> said(Change("~", "backtest_config.commission", 0.001, 0), 0.001)
    '0.1%'
    >>> said(Change("~", "backtest_config.initial_capital", 100000, 50000), 100000)
    '100,000'
    """
    inside_settings = change.path.startswith("backtest_config") or ".risk_profiles[" in change.path
    return in_words(change.path.rpartition(".")[2], value, is_setting=inside_settings)


def in_words(name: str, value: Any, *, is_setting: bool) -> str:
    """A value by the name of its key; `is_setting`: fractions of settings are said in percent."""
    if value is ABSENT or value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        if is_setting and name in _PERCENT and 0 < abs(value) < 1:
            return f"{value * 100:.10g}%"
        return f"{value:,.10g}" if abs(value) < 1e15 else f"{value:g}"
    if isinstance(value, Mapping):
        return _mapping(value, is_setting=is_setting)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return shown_short(", ".join(in_words(name, item, is_setting=is_setting) for item in value))
    return shown_short(str(value)) if isinstance(value, str) or not hasattr(value, "columns") else "a DataFrame"


def _mapping(value: Mapping[str, Any], *, is_setting: bool) -> str:
    if is_setting and value.keys() & {"atr", "std"}:
        return str(StopDistance.model_validate(dict(value)))
    if {"min", "max"} <= value.keys():
        step = f" in steps of {value['step']:,.10g}" if "step" in value else ""
        return f"{value['min']} to {value['max']}{step}"
    if value.keys() == {"rate"}:
        return in_words("rate", value["rate"], is_setting=is_setting)
    return shown_short(", ".join(f"{k} {in_words(k, v, is_setting=is_setting)}" for k, v in value.items()))


def shown_short(text: str) -> str:
    """The text, cut where it is long."""
    return text if len(text) <= _MOST else shown(text, _MOST + 2)[1:-1].rstrip("'") + "…"
