"""Strategies and classifiers of an old config: what they are, and their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adm_notebook.components import CLASSIFIERS, STRATEGIES
from adm_notebook.errors import shown
from adm_notebook.migration import names
from adm_notebook.migration.configs.ledger import Ledger, Target, misspelt
from adm_notebook.migration.configs.old import Old

__all__ = ["CHOICES", "Entry", "put_value", "read_classifiers", "read_strategies", "write_strategies"]

_TYPE = ("type", "class", "strategy_type", "strategy_class", "strategy", "classifier_type", "classifier_class")
_PARAMETERS = ("parameters", "params", "config", "args", "kwargs", "settings")
_ALLOCATION = ("allocation", "weight", "capital_allocation")
_OWN = ("type", "name", "parameters", "allocation", "regimes", "enabled")
_ENSEMBLE = ("method", "members", "weights", "threshold", "weight")


@dataclass
class Entry:
    """A strategy or classifier of the old config.

    old         where it stands
    name, written, type  what it is called there; its type there, and here
    known       its parameters by our names; None where it takes any, as a rule does
    older       older names of its parameters -> ours
    swept       by our names, what a parameter space says of them
    beside      parameters that stand beside the strategy
    """

    old: Old
    name: str
    written: str
    type: str
    known: Mapping[str, Any] | None
    older: Mapping[str, str]
    swept: dict[str, tuple[Old, str]] = field(default_factory=dict)
    beside: list[Old] = field(default_factory=list)

    @property
    def enabled(self) -> bool:
        """Whether it is not switched off."""
        given = self.old.first("enabled")
        return given is None or given.value is not False

    @property
    def allocated(self) -> bool:
        """Whether it has a share of the capital."""
        given = self.old.first(*_ALLOCATION)
        return self.enabled and given is not None and given.value is not None

    def ours(self, parameter: str) -> str:
        """Our name of a parameter; "" where it has none such."""
        if self.known is None or parameter in self.known:  # its own name comes before an older one
            return parameter
        plain = self.older.get(parameter, "")
        return plain if plain in self.known else ""


# ---- what an entry is -----------------------------------------------------------------------------------------------


def _entry(ledger: Ledger, old: Old, what: str) -> Entry | None:
    """The entry; None where it is none, which is told."""
    table, registry = (names.STRATEGIES, STRATEGIES) if what == "strategy" else (names.CLASSIFIERS, CLASSIFIERS)
    kind = old.value if isinstance(old.value, str) else None
    where = old
    if kind is None and old.fields:
        where = old.first(*_TYPE) or old.first("name") or old
        kind = where.value
        if where.path.endswith(".name") and names.renamed(table, str(kind)) is None and not _registered(registry, kind):
            example = "momentum" if what == "strategy" else "trend"
            ledger.wrong(old, f"has no type; write {{type: {example}, name: {kind}}}")
            return None
    if where is old and old.fields:
        keyed = old.value.get("type")  # of a mapping name -> entry
        kind = keyed if keyed is not None or len(old.fields) > 1 else next(iter(old.fields))  # {momentum: {...}}
    if not isinstance(kind, str) or not kind.strip():
        seen = shown(old.value if where is old else kind)
        ledger.wrong(where, f"must be a {what}'s name or {{type, parameters}}, but was {seen}")
        return None
    row = names.renamed(table, kind)
    name = str(old.value.get("name") or kind) if old.fields else kind
    if row is not None and row.type == "ensemble":
        return Entry(old, name, kind, "ensemble", None, {})
    component = registry.find(kind) or registry.find(row.type if row is not None else kind)  # the user's own first
    if component is None:
        near = misspelt(kind, [*table, *registry.all_names()])
        own = f" If it is yours, register it first (@adm.{what}) and migrate again"
        ledger.wrong(where, f"unknown {what} {shown(kind)}.{f' Did you mean `{near}`?' if near else own}")
        return None
    in_table = row is not None and row.type == component.name
    older = {**component.older_names, **(row.parameters if row is not None and in_table else {})}
    return Entry(old, name, kind, component.name, None if component.name == "rule" else component.parameters, older)


def _registered(registry: Any, name: object) -> bool:
    return isinstance(name, str) and registry.find(name) is not None


# ---- strategies -----------------------------------------------------------------------------------------------------


def read_strategies(ledger: Ledger, listed: Old | None) -> list[Entry]:
    """What the strategies are; nothing is written yet, since a parameter space may follow.

    listed  a list, one entry, or a mapping name -> entry
    """
    if listed is None or listed.value is None:
        if listed is not None:
            ledger.drop(listed, "It was empty")
        return []
    entries = []
    ledger.home(("optimization_config", "strategies"), listed)
    for old in _listed(listed):
        entry = _entry(ledger, old, "strategy")
        if entry is not None:
            entries.append(entry)
    if not entries and listed.value in ([], {}):
        ledger.wrong(listed, "is empty; name a strategy, e.g. [{type: momentum}], or leave it out")
    return entries


def _listed(listed: Old) -> list[Old]:
    """The entries; those of a mapping name -> entry are told their names."""
    named = listed.fields and not any(key in listed for key in (*_TYPE, "name", *_PARAMETERS))
    if not named or not all(item.fields for item in listed.fields.values()):
        return listed.listed()
    entries = []
    for name, item in listed.fields.items():
        entry = Old({}, item.path)
        entry.value = (
            {"name": name, **item.value} if any(key in item for key in _TYPE) else {"type": name, **item.value}
        )
        entry.fields = {**item.fields}
        entries.append(entry)
    return entries


def write_strategies(ledger: Ledger, entries: Sequence[Entry], short: bool = False) -> None:
    """Write the strategies, with what parameter spaces say of them.

    short  whether a bare name becomes a mapping all the same
    """
    for i, entry in enumerate(entries):
        target: Target = ("optimization_config", "strategies", i)
        ledger.home(target, entry.old)
        if isinstance(entry.old.value, str) and not short and not entry.swept:
            ledger.put(target, entry.type, entry.old, _type_renaming(entry))
        else:
            _strategy(ledger, target, entry)


def _strategy(ledger: Ledger, target: Target, entry: Entry) -> None:
    old = entry.old
    if isinstance(old.value, str):
        ledger.put((*target, "type"), entry.type, old, "" if entry.type == old.value else f"Our name of {old.value}")
        _given(ledger, target, entry, entry.beside)
        _swept(ledger, target, entry)
        return
    _named(ledger, target, entry)
    for key in ("enabled", "regimes"):
        if key in old:
            ledger.carry((*target, key), old[key])
    allocation = old.first(*(_ALLOCATION if target[-2] != "members" else ("allocation",)))
    if allocation is not None:
        ledger.carry((*target, "allocation"), allocation, "Its share of the portfolio")
    if entry.type == "ensemble":
        _ensemble(ledger, target, old)
    if target[-2] == "members" and "weight" in old:
        ledger.carry((*target, "weight"), old["weight"])
    _parameters(ledger, target, entry)
    _swept(ledger, target, entry)
    ledger.rest(old, (*_OWN, *_TYPE, *_PARAMETERS), _ENTRY_ADVICE)


def _type_renaming(entry: Entry) -> str:
    return "" if entry.type == entry.written else f"Our name of {entry.written}"


_ENTRY_ADVICE = {
    "symbols": "Every strategy trades all symbols of data_config here: give it a workflow of its own for others.",
    "capabilities": "Strategies need no capabilities here: leave it out.",
    "risk_profiles": "Write them as optimization_config.risk_profiles: [{name: ..., size_mode: ..., size: ...}].",
    "description": "Nothing here keeps a description: leave it as a comment.",
    "position_sizer": "An account has one way to size: backtest_config: {size_mode: ..., size: ...}.",
}


def _named(ledger: Ledger, target: Target, entry: Entry) -> None:
    """Type and name of an entry."""
    old, kind = entry.old, entry.old.first(*_TYPE)
    if kind is not None:
        ledger.put((*target, "type"), entry.type, kind, "" if kind.value == entry.type else f"Our name of {kind.value}")
        if "name" in old:
            ledger.put((*target, "name"), old["name"].value, old["name"])
    elif "name" in old:
        ledger.put((*target, "type"), entry.type, old["name"], "It names the type")
    else:
        ledger.put((*target, "type"), entry.type, None, "The key that it stood under")
    if "name" not in old and "name" in old.value:
        ledger.put((*target, "name"), entry.name, None, "The key that it stood under")


def _ensemble(ledger: Ledger, target: Target, old: Old) -> None:
    for key in _ENSEMBLE:
        if key in old and key not in ("members", "weight"):
            ledger.carry((*target, key), old[key])
    if "members" not in old:
        return
    for j, member in enumerate(old["members"].listed()):
        entry = _entry(ledger, member, "strategy")
        if entry is None:
            continue
        below: Target = (*target, "members", j)
        ledger.home(below, member)
        if isinstance(member.value, str):
            ledger.put(below, entry.type, member, _type_renaming(entry))
        else:
            _strategy(ledger, below, entry)


# ---- parameters -----------------------------------------------------------------------------------------------------


def _parameters(ledger: Ledger, target: Target, entry: Entry) -> None:
    old = entry.old
    inner = old.first(*_PARAMETERS)
    if inner is None and not any(key in old.value for key in (*_TYPE, "name")) and len(old.fields) == 1:
        (inner,) = old.fields.values()  # {momentum: {lookback: 10}}
        inner = inner.first(*_PARAMETERS) or inner
    own = (*_OWN, *_TYPE, *_PARAMETERS, *_ALLOCATION, *_ENSEMBLE, *_ENTRY_ADVICE)
    beside = [
        item for key, item in old.fields.items() if key not in own and entry.known is not None and entry.ours(key)
    ]
    if inner is not None and not inner.fields:
        if inner.value in ({}, None):
            ledger.put((*target, "parameters"), inner.value, inner)
        else:
            message = f"must be a mapping (name: value), but was {shown(inner.value)}"
            ledger.wrong(inner, message)
        inner = None
    if inner is not None:
        ledger.home((*target, "parameters"), inner)
    _given(ledger, target, entry, [*(inner.fields.values() if inner is not None else ()), *beside, *entry.beside])
    if inner is not None and entry.known is not None:
        listing = f"{entry.type} has no such parameter (it has {', '.join(entry.known)}): leave it out."
        known = (*entry.known, *entry.older)
        unknown = {key: listing for key in inner.fields if not entry.ours(key) and not misspelt(key, known)}
        ledger.rest(inner, known, unknown)


def _given(ledger: Ledger, target: Target, entry: Entry, given: Sequence[Old]) -> None:
    for item in given:
        key = item.path.rpartition(".")[2]
        plain = entry.ours(key)
        if plain in entry.swept:
            ledger.drop(item, f"Swept: {entry.swept[plain][0].path}")
        elif plain:
            put_value(ledger, (*target, "parameters", plain), item, entry, _renaming(key, plain))


def _renaming(key: str, plain: str) -> str:
    return "" if key == plain else "Our name of the same parameter"


def _swept(ledger: Ledger, target: Target, entry: Entry) -> None:
    for plain, (space, reason) in entry.swept.items():
        put_value(ledger, (*target, "parameters", plain), space, entry, reason)


CHOICES = ("choices", "values", "options", "categories")
"""Keys that hold several values of a parameter."""


def put_value(ledger: Ledger, target: Target, old: Old, entry: Entry | None, reason: str) -> None:
    """A parameter's value: a plain one, a list, a range, or the older {type, min, max, step} and {type, choices}."""
    choices = old.first(*CHOICES)
    if old.fields and "min" in old and "max" in old and choices is None:
        _range(ledger, target, old, reason)
    elif choices is not None:
        ledger.put(target, _lowered(choices.value, target, entry), choices, reason or "Several values are a list")
    elif old.fields.keys() - {"type"} == {"value"}:
        ledger.put(target, _lowered(old["value"].value, target, entry), old["value"], reason or "One value")
    else:
        value = _lowered(old.value, target, entry)
        if value is old.value:
            ledger.carry(target, old, reason)
        else:
            ledger.put(target, value, old, reason or "Names are in lower case")
        return
    if "type" in old:
        ledger.drop(old["type"], "The values tell what they are")
    ledger.home(target, old)
    ledger.rest(old, ("type", "min", "max", "step", *CHOICES), _RANGE_ADVICE)


_RANGE_ADVICE = {
    **dict.fromkeys(("log", "scale"), "Ranges are walked in equal steps: write the values as a list, [1, 10, 100]."),
    "default": "The default is what runs without a sweep: leave it out.",
}


def _range(ledger: Ledger, target: Target, old: Old, reason: str) -> None:
    called = old.text("type").strip().lower()
    whole = called in ("int", "integer")
    if called and called not in ("int", "integer", "float", "range", "uniform", "number", "real", "double"):
        near = misspelt(called, ("int", "integer", "float", "range", "choice", "categorical"))
        ledger.wrong(
            old["type"], f"must be int or float, but was {shown(called)}.{f' Did you mean `{near}`?' if near else ''}"
        )
    if not whole and called and "step" not in old and called != "range":
        ledger.wrong(old, "is a range of fractions without a step; write step: 0.1 beside min and max")
    for key in ("min", "max", "step"):
        if key in old:
            value = old[key].value
            value = int(value) if whole and isinstance(value, float) and value.is_integer() else value
            ledger.put((*target, key), value, old[key], reason)


def _lowered(value: Any, target: Target, entry: Entry | None) -> Any:
    """Names such as SMA in lower case, where the parameter is a word; the value itself where nothing changes."""
    info = (entry.known or {}).get(str(target[-1])) if entry is not None else None
    if info is None or info.type is not str:
        return value
    if isinstance(value, str):
        return value if value == value.lower() else value.lower()
    if isinstance(value, (list, tuple)) and any(isinstance(v, str) and v != v.lower() for v in value):
        return [v.lower() if isinstance(v, str) else v for v in value]
    return value


# ---- classifiers ----------------------------------------------------------------------------------------------------


def read_classifiers(ledger: Ledger, listed: Old | None) -> None:
    """`classifiers`: types and parameters by our names."""
    if listed is None:
        return
    if listed.value in ([], {}, None):
        ledger.drop(listed, "It was empty")
        return
    n = 0
    for old in _listed(listed):
        if old.first("enabled") is not None and old["enabled"].value is False:
            ledger.leave(old, "It was not enabled, so it is left out; to have it, enable it and migrate again.")
            continue
        entry = _entry(ledger, old, "classifier")
        if entry is None:
            continue
        target: Target = ("optimization_config", "classifiers", n)
        n += 1
        ledger.home(target, old)
        if isinstance(old.value, str):
            ledger.put(target, entry.type, old, _type_renaming(entry))
            continue
        _named(ledger, target, entry)
        _parameters(ledger, target, entry)
        if "enabled" in old:
            ledger.drop(old["enabled"], "A classifier that is listed is enabled")
        ledger.rest(old, ("type", "name", *_TYPE, *_PARAMETERS), _ENTRY_ADVICE)
