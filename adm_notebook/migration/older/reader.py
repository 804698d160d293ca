"""The older YAML form, read a second time: what it says, as the workflow that the traditional coordinator runs.

`migrate_config` reads the same form, apart from this: only the table of names, and what it takes for granted, is common
to both. A key that one of them drops is then seen by the other, when `verify_migration` runs what each made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adm_notebook.config.data import DataConfig
from adm_notebook.config.homes import KEYS
from adm_notebook.config.settings import LIMITS as OUR_LIMITS
from adm_notebook.config.settings import RISK_SETTINGS
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.market import describe_sources
from adm_notebook.migration.names import ACCOUNT, COMMISSIONS, DATA, LIMITS, SIZERS, WORKFLOW_TYPES
from adm_notebook.migration.older.entries import read_classifiers, read_strategies
from adm_notebook.migration.older.notes import (
    SAYS_NOTHING,
    WITHOUT_IT,
    Older,
    fraction,
    is_number,
    items,
    listed,
    plain_name,
)

__all__ = ["is_older", "read_older"]

_FORM = (
    "name", "type", "description", "data", "portfolio", "strategies", "strategy", "risk", "classifiers", "base_config",
    "optimization", "parameter_space", "analysis", "coordinator", "phases", "parallel", "output", "validation",
)  # fmt: skip
"""Outermost keys of the older form that ours has not."""

_READ = (
    "data", "portfolio", "strategies", "strategy", "risk", "classifiers", "optimization", "parameter_space", "analysis",
    "coordinator", "parallel", "type", "base_config", "risk_profiles",
    "phases",
)  # fmt: skip

_OUTER = ("workflow_type", "parallel_execution", "max_workers", "timeout_seconds", "memory_limit_mb")


def is_older(values: Mapping[str, Any]) -> bool:
    """Whether a mapping is of the older form: it has an outermost key that only that form has."""
    return any(key in values for key in _FORM)


def read_older(values: Mapping[str, Any]) -> Older:
    """What a config of the older form says; sections of ours in the same file are taken as they are."""
    whole = _with_base(values)
    found = Older(whole=whole)
    for name in SECTIONS:
        if isinstance(whole.get(name), Mapping):
            found.sections[name].update(whole[name])
    found.outer |= {name: whole[name] for name in _OUTER if whole.get(name) is not None}
    if whole.get("type") is not None:
        kind = plain_name(whole["type"])
        found.outer.setdefault("workflow_type", WORKFLOW_TYPES.get(kind, kind))
        if kind in ("signal_generation", "signal_replay"):
            found.put("analysis_config", "mode", kind, "type")
    _parallel(found, whole.get("parallel"))
    _data(found, whole.get("data"))
    _portfolio(found, whole.get("portfolio"))
    _risk(found, whole.get("risk"))
    read_classifiers(found, whole)
    read_strategies(found, whole)
    _analysis(found, whole.get("analysis"))
    _coordinator(found, whole.get("coordinator"))
    _phases(found, whole.get("phases"))
    for key in whole:
        if key not in (*_READ, *_OUTER, *SECTIONS):
            found.leave(str(key), whole[key], SAYS_NOTHING if key in ("name", "description", "output") else WITHOUT_IT)
    return found


def _parallel(found: Older, given: Any) -> None:
    """Whether several threads may work, and how many."""
    workers = isinstance(given, int) and not isinstance(given, bool)
    plain = {} if given is None else {"workers" if workers else "enabled": given}
    values = given if isinstance(given, Mapping) else plain
    names = {
        **dict.fromkeys(("enabled", "parallel"), "parallel_execution"),
        **dict.fromkeys(("max_workers", "workers", "n_jobs", "n_workers"), "max_workers"),
    }
    for key, value in values.items():
        if key in names:
            found.outer[names[key]] = value
        else:
            found.leave(f"parallel.{key}", value, SAYS_NOTHING)


_PHASE = {"name", "mode", "pattern", "config", "take"}


def _phases(found: Older, given: Any) -> None:
    """Phases that are written as today; both runs go without any others."""
    todays = [
        isinstance(phase, Mapping) and phase.keys() <= _PHASE and _sections(phase.get("config"))
        for phase in listed(given)
    ]
    if isinstance(given, (list, tuple)) and given and all(todays):
        found.put("parameters", "phases", given, "phases")
    elif given:
        found.leave("phases", given, WITHOUT_IT)


def _sections(config: Any) -> bool:
    return not isinstance(config, Mapping) or config.keys() <= set(SECTIONS)


def _with_base(values: Mapping[str, Any]) -> dict[str, Any]:
    """The config laid over its `base_config`, section by section."""
    base = values.get("base_config")
    whole = {str(k): v for k, v in base.items()} if isinstance(base, Mapping) else {}
    for key, value in values.items():
        under = whole.get(key)
        if isinstance(under, Mapping) and value in ({}, [], None):
            continue
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        whole[str(key)] = {**under, **value} if both else value  # type: ignore[dict-item]  # both are mappings
    return whole


# ---- bars and account -----------------------------------------------------------------------------------------------


def _data(found: Older, section: Any) -> None:
    has_file = isinstance(section, Mapping) and any(DATA.get(k, k) in ("path", "frame") for k in section)
    for key, value in items(found, section, "data"):
        ours = DATA.get(key, key)
        if ours == "source" and isinstance(value, str):
            value = value.strip().lower()
            if has_file and value not in {row.source for row in describe_sources()}:
                found.leave(f"data.{key}", value, "The file is read, whatever it came from.")
                continue
        if ours not in (*DataConfig.model_fields, "frame"):
            found.leave(f"data.{key}", value, WITHOUT_IT)
        elif value is not None:
            found.put("data_config", ours, value, f"data.{key}")


def _portfolio(found: Older, section: Any) -> None:
    for key, value in items(found, section, "portfolio"):
        ours, path = ACCOUNT.get(key, key), f"portfolio.{key}"
        if ours in ("commission", "slippage"):
            _cost(found, ours, value, path)
        elif ours in KEYS["backtest_config"] and key != "strategy":
            found.put("backtest_config", ours, value, path)
        else:
            found.leave(path, value, SAYS_NOTHING if key == "currency" else WITHOUT_IT)


def _cost(found: Older, ours: str, value: Any, path: str) -> None:
    """Commission or slippage: a fraction of the traded value, or money for each fill."""
    if not isinstance(value, Mapping) or "type" not in value:
        found.put("backtest_config", ours, value, path)
        return
    kind = plain_name(value["type"])
    key = next((k for k in ("value", "amount", "rate", "percentage", "fixed") if k in value), "")
    origin, amount, meaning = f"{path}.{key}", value.get(key), COMMISSIONS.get(kind, "")
    if meaning == "none":
        found.put("backtest_config", ours, 0, f"{path}.type")
    elif amount is not None and kind in ("bps", "basis_points"):
        found.put("backtest_config", ours, amount / 10_000 if is_number(amount) else amount, origin)
    elif amount is not None and meaning == "rate":
        found.put("backtest_config", ours, amount, origin)
    elif amount is not None and meaning == "fixed" and ours == "commission":
        found.put("backtest_config", ours, {"fixed": amount}, origin)
    else:
        found.leave(path, dict(value), f"A {ours} of type {kind} can't be run.")


# ---- risk -----------------------------------------------------------------------------------------------------------


def _risk(found: Older, section: Any) -> None:
    for key, value in items(found, section, "risk"):
        path = f"risk.{key}"
        plain = key.removesuffix("_pct")
        ours = ACCOUNT.get(plain, plain)
        if key in ("position_sizers", "position_sizer", "sizers", "position_sizing"):
            _sizers(found, listed(value), path)
        elif key in ("limits", "risk_limits"):
            for at, limit in enumerate(listed(value)):
                _limit(found, _flat(limit), f"{path}[{at}]")
        elif ours in (*RISK_SETTINGS, *OUR_LIMITS, "initial_capital") and not _has_type(value):
            found.put("backtest_config", ours, fraction(key, value), path)
        else:
            found.leave(path, value, WITHOUT_IT)


def _has_type(value: Any) -> bool:
    return isinstance(value, Mapping) and "type" in value


def _flat(entry: Any) -> dict[str, Any]:
    """An entry with its parameters beside its type, whichever of three keys they stand in."""
    if not isinstance(entry, Mapping):
        return {"type": entry}
    inside = next((k for k in ("parameters", "params", "config") if isinstance(entry.get(k), Mapping)), "")
    return {**{k: v for k, v in entry.items() if k != inside}, **entry.get(inside, {})}


def _sizers(found: Older, given: Sequence[Any], path: str) -> None:
    """The first that is enabled is the one that an account has."""
    sizers = [(f"{path}[{at}]", _flat(sizer)) for at, sizer in enumerate(given)]
    on = [(where, sizer) for where, sizer in sizers if sizer.get("enabled", True) is not False]
    for where, sizer in sizers:
        if not on or where != on[0][0]:
            found.leave(where, sizer, "An account has one sizer, the first that is enabled.")
    for where, sizer in on[:1]:
        kind = plain_name(sizer.get("type", ""))
        mode, names = SIZERS.get(kind, ("", ()))
        name = next((n for n in names if sizer.get(n) is not None), "")
        if not name:
            found.leave(where, sizer, "This sizer can't be run: all the cash goes into each trade.")
            continue
        size = sizer[name] if mode in ("units", "value") else fraction(name, sizer[name])
        found.put("backtest_config", "size_mode", mode, f"{where}.type")
        found.put("backtest_config", "size", size, f"{where}.{name}")
        rest = {k: v for k, v in sizer.items() if k not in ("type", "name", "enabled", name)}
        if mode == "volatility":
            periods = ("lookback_period", "lookback_days", "lookback", "period", "window")
            period = next((n for n in periods if n in rest), "")
            estimate = {"period": rest.pop(period)} if period else {}
            estimate |= {"method": rest.pop("method")} if "method" in rest else {}
            if estimate:
                found.put("backtest_config", "volatility", estimate, f"{where}.{period or 'method'}")
        for key, value in rest.items():
            found.leave(f"{where}.{key}", value, WITHOUT_IT)


def _limit(found: Older, limit: dict[str, Any], path: str) -> None:
    if limit.get("enabled", True) is False:
        found.leave(path, limit, "It is not enabled.")
        return
    setting, names = LIMITS.get(plain_name(limit.get("type", "")), ("", ()))
    name = next((n for n in names if limit.get(n) is not None), "")
    if not name:
        found.leave(path, limit, "A limit across accounts can't be run.")
        return
    value = limit[name]
    in_money = isinstance(value, (int, float)) and value > 100 and setting == "max_daily_loss"
    if in_money:
        found.leave(f"{path}.{name}", value, "The loss of a day is a share, and no money.")
    else:
        share = value if setting == "max_position_value" else fraction(name, value)
        found.put("backtest_config", setting, share, f"{path}.{name}")
    for key, rest in limit.items():
        if key not in ("type", "name", "enabled", name):
            found.leave(f"{path}.{key}", rest, WITHOUT_IT)


# ---- what is done with it -------------------------------------------------------------------------------------------


def _analysis(found: Older, section: Any) -> None:
    for key, value in items(found, section, "analysis"):
        keeps = found.sections["analysis_config"].get("mode") or (section or {}).get("mode")
        ours = {"output_dir": "output_path"}.get(key, key)
        if ours == "mode" or (ours in ("output_path", "signals_path") and keeps):
            found.put("analysis_config", ours, value, f"analysis.{key}")
        else:
            found.leave(f"analysis.{key}", value, SAYS_NOTHING)


def _coordinator(found: Older, section: Any) -> None:
    for key, value in items(found, section, "coordinator"):
        if key == "container_pattern":
            found.put("parameters", key, value, f"coordinator.{key}")
        elif key != "execution_mode":  # this run is the traditional one, whatever it says
            found.leave(f"coordinator.{key}", value, WITHOUT_IT)
