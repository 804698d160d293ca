"""Strategies, classifiers and parameter spaces of the older form, as its second reader takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from adm_notebook.components import CLASSIFIERS as KNOWN_CLASSIFIERS
from adm_notebook.components import STRATEGIES as KNOWN_STRATEGIES
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS as KNOWN_METRICS
from adm_notebook.migration.names import ACCOUNT, CLASSIFIERS, METHODS, METRICS, SEARCH, STRATEGIES, Renamed, renamed
from adm_notebook.migration.older.notes import WITHOUT_IT, Older, is_number, items, listed, plain_name

__all__ = ["read_classifiers", "read_strategies"]

_TYPES = ("type", "class", "strategy_type", "strategy_class", "strategy", "classifier_type", "classifier_class")
_PARAMETERS = ("parameters", "params", "config", "args", "kwargs", "settings")
_KEPT = ("name", "enabled", "allocation", "regimes", "method", "members", "weights", "threshold")
_CHOICES = ("choices", "values", "options", "categories")


class Entry(dict[str, Any]):
    """A strategy or classifier by our names; `written` is its type as the user wrote it, `older` its older names."""

    written: str = ""
    older: Mapping[str, str] = {}

    @property
    def called(self) -> str:
        """Its name, else its type as it was written."""
        return str(self.get("name") or self.written)

    @property
    def on(self) -> bool:
        """Whether it is not switched off."""
        return self.get("enabled") is not False

    def ours(self, parameter: str) -> str:
        """Our name of a parameter; empty where it has none such. Its own name comes before an older one."""
        kind = KNOWN_STRATEGIES.find(self["type"])
        if kind is None or self["type"] == "rule":
            return ""
        own = parameter if parameter in kind.parameters else self.older.get(parameter, "")
        return own if own in kind.parameters else ""


def read_classifiers(found: Older, whole: Mapping[str, Any]) -> None:
    """`classifiers`, those that are enabled, and `risk_profiles`, which are as ours."""
    section, profiles = (_first(whole, key) for key in ("classifiers", "risk_profiles"))
    if profiles is not None:
        found.put("optimization_config", "risk_profiles", profiles, "risk_profiles")
    above = _above(whole, "classifiers")
    read = [
        _entry(found, item, f"{above}classifiers[{at}]", CLASSIFIERS, KNOWN_CLASSIFIERS)
        for at, item in enumerate(_entries(section))
        if not (isinstance(item, Mapping) and item.get("enabled") is False)
    ]
    for entry in read:
        entry.pop("enabled", None)
    if read:
        found.put("optimization_config", "classifiers", [dict(entry) for entry in read], "classifiers")


def read_strategies(found: Older, whole: Mapping[str, Any]) -> None:
    """`strategies`, with the parameter spaces laid over them, and how these are searched."""
    section = _first(whole, "strategies") if _first(whole, "strategies") is not None else whole.get("strategy")
    above = _above(whole, "strategies")
    read = [
        _entry(found, item, f"{above}strategies[{at}]", STRATEGIES, KNOWN_STRATEGIES)
        for at, item in enumerate(_entries(section))
    ]
    optimization = whole.get("optimization")
    spaces = {"parameter_space": whole.get("parameter_space")}
    if isinstance(optimization, Mapping):
        named = [k for k in ("parameter_space", "parameters", "param_space", "search_space") if k in optimization]
        spaces |= {f"optimization.{k}": optimization[k] for k in named}
        _search(found, {k: v for k, v in optimization.items() if k not in named}, read)
    if any(space is not None for space in spaces.values()) and not read:
        read = [Entry(type="momentum")]
    for path, space in spaces.items():
        _space(found, space, read, path)
    if not read:
        return
    found.sections["optimization_config"]["strategies"] = [dict(entry) for entry in read]
    shared = any(entry.on and entry.get("allocation") is not None for entry in read)
    if shared and "portfolio" not in found.sections["backtest_config"]:
        found.put("backtest_config", "portfolio", {"combine": True}, "strategies[0].allocation")


def _first(whole: Mapping[str, Any], key: str) -> Any:
    """A section at the outermost level, or in `optimization`."""
    inner = whole.get("optimization")
    return whole[key] if whole.get(key) is not None else inner.get(key) if isinstance(inner, Mapping) else None


def _above(whole: Mapping[str, Any], key: str) -> str:
    """What the path of a section begins with."""
    inside = whole.get(key) is None and _first(whole, key) is not None
    return "optimization." if inside else ""


def _entries(section: Any) -> list[Any]:
    """The entries of a list, or of a mapping name -> entry."""
    if isinstance(section, Mapping) and not any(key in section for key in (*_TYPES, *_PARAMETERS, "name")):
        return [
            {"name": name, **entry} if any(key in entry for key in _TYPES) else {"type": name, **entry}
            for name, entry in section.items()
            if isinstance(entry, Mapping)
        ]
    return listed(section)


def _entry(
    found: Older, item: Any, path: str, table: Mapping[str, Renamed], registry: Any, kept: Sequence[str] = _KEPT
) -> Entry:
    """A strategy or classifier by our names, its origins noted."""
    given = dict(item) if isinstance(item, Mapping) else {"type": item}
    if len(given) == 1 and not any(key in given for key in (*_TYPES, "name")):  # {momentum: {lookback: 10}}
        ((kind, inner),) = given.items()
        given = {
            "type": kind,
            **(inner if isinstance(inner, Mapping) and "parameters" in inner else {"parameters": inner}),
        }
    key = next((k for k in _TYPES if k in given), "name")
    kind = str(given.pop(key) if key != "name" else given.get("name", ""))
    row, component = renamed(table, kind), registry.find(kind)  # what is registered comes before the table
    if component is not None and (row is None or row.type != component.name):
        row = Renamed(component.name)
    ours = row or Renamed(kind)
    component = component or registry.find(ours.type)
    home = f"optimization_config.{path.removeprefix('optimization.')}"
    names = {**(component.older_names if component is not None else {}), **ours.parameters}
    known = component.parameters if component is not None and ours.type != "rule" else None
    names = {old: own for old, own in names.items() if known is None or old not in known}
    entry = Entry(type=ours.type)
    entry.written, entry.older = kind, names
    found.origins[f"{home}.type"] = f"{path}.{key}"
    parameters = {}
    inner_key = next((k for k in _PARAMETERS if isinstance(given.get(k), Mapping)), "")
    inner = given.pop(inner_key) if inner_key else {}
    for name, value in inner.items():
        own = names.get(str(name), str(name))
        if known is not None and own not in known:
            found.leave(f"{path}.{inner_key}.{name}", value, f"{ours.type} has no such parameter.")
            continue
        parameters[own] = _values(value, known, own)
        found.origins[f"{home}.parameters.{own}"] = f"{path}.{inner_key}.{name}"
    for name in list(given):
        own = names.get(str(name), str(name))
        if name not in kept and known is not None and own in known:  # beside its type
            parameters.setdefault(own, _values(given.pop(name), known, own))
            found.origins[f"{home}.parameters.{own}"] = f"{path}.{name}"
    if parameters:
        entry["parameters"] = parameters
    for name, value in given.items():
        own = "allocation" if name in ("weight", "capital_allocation") and name not in kept else str(name)
        if own in kept:
            entry[own] = _members(found, value, f"{path}.{name}") if own == "members" else value
            found.origins[f"{home}.{own}"] = f"{path}.{name}"
        else:
            found.leave(f"{path}.{name}", value, WITHOUT_IT)
    return entry


def _members(found: Older, value: Any, path: str) -> list[Any]:
    kept = (*_KEPT, "weight")  # of a member it is no share of the capital, but of the vote
    return [
        {
            k: v
            for k, v in _entry(found, item, f"{path}[{at}]", STRATEGIES, KNOWN_STRATEGIES, kept).items()
            if v is not None
        }
        for at, item in enumerate(listed(value))
    ]


def _values(value: Any, known: Mapping[str, Any] | None, name: str) -> Any:
    """A value, a list of them, or a range as we write it: without its type; words in lower case."""
    is_word = known is not None and name in known and known[name].type is str
    if isinstance(value, Mapping):
        choices = next((value[k] for k in _CHOICES if k in value), None)
        if choices is not None:
            return _values(choices, known, name)
        if {"min", "max"} <= value.keys():
            whole = str(value.get("type", "")).lower() in ("int", "integer")
            parts = {k: value[k] for k in ("min", "max", "step") if value.get(k) is not None}
            return {k: int(v) if whole and is_number(v) and float(v).is_integer() else v for k, v in parts.items()}
        if value.keys() - {"type"} == {"value"}:
            return _values(value["value"], known, name)
        return dict(value)
    if is_word and isinstance(value, str):
        return value.lower()
    if is_word and isinstance(value, (list, tuple)):
        return [v.lower() if isinstance(v, str) else v for v in value]
    return list(value) if isinstance(value, tuple) else value


# ---- what is searched over ------------------------------------------------------------------------------------------


def _space(found: Older, space: Any, entries: Sequence[Entry], path: str) -> None:
    """Lay a parameter space over the strategies: `name.parameter`, {name: {parameter: ...}}, or a parameter alone."""
    for key, value in items(found, space, path):
        nested = isinstance(value, Mapping) and not value.keys() & {"min", "max", "step", "type", "value", *_CHOICES}
        if nested:
            inner = next((value[k] for k in ("parameters", "params") if k in value), value)
            _space(found, {f"{key}.{name}": v for name, v in inner.items()}, entries, path)
            continue
        parts = [part for part in key.split(".") if part not in ("strategies", "strategy", "parameters", "params")]
        owner, name = ".".join(parts[:-1]), parts[-1] if parts else ""
        if (
            owner in ("portfolio", "backtest_config", "risk", "account")
            and ACCOUNT.get(name, name) in Settings.model_fields
        ):
            found.put("backtest_config", ACCOUNT.get(name, name), _values(value, None, name), f"{path}.{key}")
            continue
        meant = _meant(owner, name, entries)
        for at, own in meant:
            parameters = entries[at].setdefault("parameters", {})
            parameters.pop(own, None)  # its order is that of the space
            known = getattr(KNOWN_STRATEGIES.find(entries[at]["type"]), "parameters", None)
            parameters[own] = _values(value, known, own)
            found.origins[f"optimization_config.strategies[{at}].parameters.{own}"] = f"{path}.{key}"
        if not meant:
            found.leave(f"{path}.{key}", value, "No strategy has this name and parameter.")


def _meant(owner: str, name: str, entries: Sequence[Entry]) -> list[tuple[int, str]]:
    """Which strategies a key of the space is for, and our name of the parameter in each.

    An owner is a name, else a type as it was written, else one of ours.
    """
    row = renamed(STRATEGIES, owner) if owner else None
    at_all = list(range(len(entries)))
    if owner:
        by_name = [at for at in at_all if owner == entries[at].called]
        by_type = [at for at in at_all if owner == entries[at].written]
        by_ours = [at for at in at_all if row is not None and entries[at]["type"] == row.type]
        at_all = by_name or by_type or by_ours
    return [(at, own) for at in at_all if (own := _our_name(entries[at], name, owner))]


def _our_name(entry: Entry, parameter: str, owner: str) -> str:
    """Our name of a parameter of a strategy; one that takes any parameter has to be named."""
    return entry.ours(parameter) or (parameter if owner and entry["type"] in ("rule", "ensemble") else "")


def _search(found: Older, search: Mapping[str, Any], entries: Sequence[Entry]) -> None:
    method = METHODS.get(plain_name(search.get("method", "grid")), "")
    direction = next((search[key] for key in ("direction", "goal") if key in search), None)
    if direction is not None and not any(key in search for key in _GOALS):
        found.put("optimization_config", "direction", _way(direction, "sharpe"), "optimization.direction")
    for key, value in search.items():
        here, ours = f"optimization.{key}", SEARCH.get(key, key)
        if key == "method":
            if method:
                found.put("optimization_config", key, method, here)
            else:
                found.leave(here, value, "This way of searching can't be run: every combination is tried.")
        elif ours in ("n_trials", "seed") and method not in ("grid", ""):
            found.put("optimization_config", ours, value, here)
        elif key in _GOALS:
            _objectives(found, value, direction, here)
        elif ours == "constraints":
            _constraints(found, listed(value), entries, here)
        elif key not in ("direction", "goal", "strategies", "classifiers", "risk_profiles"):
            found.leave(here, value, WITHOUT_IT)


_GOALS = ("objectives", "objective", "metric")


def _way(direction: Any, metric: str) -> str:
    """Which way a metric is better; the drawdown, negative here, is best where it is greatest, however it was said."""
    falls = plain_name(direction).startswith(("min", "low", "down")) and metric != "max_drawdown"
    return "minimize" if falls else "maximize"


def _objectives(found: Older, value: Any, direction: Any, path: str) -> None:
    """Metrics by our names, and which way each is better."""
    chosen: list[tuple[str, str]] = []
    for at, item in enumerate(listed(value)):
        given = item if isinstance(item, Mapping) else {"metric": item}
        metric = plain_name(given.get("metric", given.get("name", "sharpe")))
        metric = METRICS.get(metric, metric)
        if metric not in KNOWN_METRICS:
            found.leave(f"{path}[{at}]", item, "There is no such metric.")
            continue
        chosen.append((metric, _way(given.get("direction", given.get("goal", direction)), metric)))
    if chosen:
        metrics, ways = ([pair[k] for pair in chosen] for k in (0, 1))
        found.put("optimization_config", "objective", metrics if len(metrics) > 1 else metrics[0], path)
        found.put("optimization_config", "direction", ways if len(ways) > 1 else ways[0], path)


_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|(?<![\w.])[A-Za-z_]\w*(?:\.\w+)*")
"""A quoted text, or a word that may have an owner."""

_CONDITIONS = ("expression", "condition", "rule", "constraint")
_OPERATORS = ("and", "or", "not", "True", "False")


def _constraints(found: Older, given: Sequence[Any], entries: Sequence[Entry], path: str) -> None:
    """Conditions with our names of the parameters; those over anything else are left out."""
    on = [entry for entry in entries if entry.on]
    kept = []
    for at, item in enumerate(given):
        text = str(next((item[k] for k in _CONDITIONS if k in item), "") if isinstance(item, Mapping) else item)
        words = [word for word in _WORD.findall(text) if word[0] not in "'\"" and word not in _OPERATORS]
        names = {word: _in_condition(word, on) for word in words}
        if names and all(names.values()):
            kept.append(_WORD.sub(partial(_renamed, names), text))
        else:
            found.leave(f"{path}[{at}]", item, "It is no condition over parameters.")
    if kept:
        found.put("optimization_config", "constraints", kept, path)


def _renamed(names: Mapping[str, str], match: re.Match[str]) -> str:
    return names.get(match[0], match[0])


def _in_condition(word: str, entries: Sequence[Entry]) -> str:
    """Our name of a parameter in a condition; empty where it is none, or may be that of several strategies."""
    owner, _, name = word.rpartition(".")
    having = [entry for entry in entries if entry.ours(name)]
    if owner and not (len(having) == 1 and owner in (having[0].called, having[0].written, having[0]["type"])):
        return word if any(entry["type"] == "ensemble" for entry in entries) else ""
    ours = {entry.ours(name) for entry in having}
    return ours.pop() if len(ours) == 1 else ""
