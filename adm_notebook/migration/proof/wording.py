"""How values of a config are said in a sentence: a commission in percent, money with its thousands, a stop as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adm_notebook.config.settings import StopDistance
from adm_notebook.migration.changes import ABSENT, Change

__all__ = ["said"]

_PERCENT = (
    "commission", "rate", "slippage", "entry", "exit", "stop_loss", "take_profit", "max_drawdown", "max_daily_loss",
)  # fmt: skip
"""Settings that are fractions."""

_MOST = 60  # characters of a value in a sentence


def said(change: Change, value: Any) -> str:
    """A value of that key as a sentence says it.

    >>> said(Change("~", "backtest_config.commission", 0.001, 0), 0.001)
    '0.1%'
    >>> said(Change("~", "backtest_config.initial_capital", 100000, 50000), 100000)
    '100,000'
    """
    in_account = change.path.startswith("backtest_config.") or ".risk_profiles[" in change.path
    return _said(change.path.rpartition(".")[2], value, in_account=in_account)


def _said(name: str, value: Any, *, in_account: bool) -> str:
    """`in_account`: it is a setting of the account, whose fractions are said in percent."""
    if value is ABSENT or value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        if in_account and name in _PERCENT and 0 < abs(value) < 1:
            return f"{value * 100:.10g}%"
        return f"{value:,.10g}" if abs(value) < 1e15 else f"{value:g}"
    if isinstance(value, Mapping):
        return _cut(_mapping(name, value, in_account=in_account))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _cut(", ".join(_said(name, item, in_account=in_account) for item in value))
    return "a DataFrame" if hasattr(value, "columns") else _cut(str(value))


def _mapping(name: str, value: Mapping[str, Any], *, in_account: bool) -> str:
    if value.keys() & {"atr", "std"} and not any(isinstance(v, (list, Mapping)) for v in value.values()):
        return str(StopDistance.model_validate(dict(value)))
    if {"min", "max"} <= value.keys():
        step = f" in steps of {value['step']:,.10g}" if value.get("step") else ""
        return f"{value['min']:,.10g} to {value['max']:,.10g}{step}"
    parts = (f"{key} {_said(key, item, in_account=in_account)}" for key, item in value.items())
    return ", ".join(parts) or f"no {name}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
