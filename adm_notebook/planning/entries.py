"""The entries that fill a pattern: strategies, classifiers and risk profiles, as a config lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adm_notebook.components import CLASSIFIERS, STRATEGIES
from adm_notebook.components.risk import profile_entry
from adm_notebook.errors import ConfigError, shown
from adm_notebook.patterns import Pattern
from adm_notebook.planning.sections import Reader
from adm_notebook.planning.slips import as_a_key, beside_parameters

__all__ = ["Entry", "read_classifiers", "read_risk_profiles", "read_strategies"]

_STRATEGY_KEYS = ("type", "name", "parameters", "allocation", "regimes", "enabled")
_ENSEMBLE_KEYS = ("method", "members", "weights", "threshold")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as it was given, with the path where it stands.

    regimes   of a strategy: the labels it trades in, or parameters by label; None = everywhere
    ensemble  the whole entry, where it is an ensemble
    whole     the whole entry, where it says more than type, name and parameters
    bare      whether it is a name alone
    beside    whether its parameters stand beside its type, as those of a risk profile may
    """

    type: str
    name: str | None
    parameters: Mapping[str, Any]
    path: str
    allocation: float | None = None
    regimes: Any = None
    ensemble: Mapping[str, Any] | None = None
    whole: Mapping[str, Any] | None = None
    bare: bool = False
    beside: bool = False

    @property
    def type_path(self) -> str:
        """Where its type stands: in a key of its own, or, of a bare name, as the whole entry."""
        return self.path if self.bare else f"{self.path}.type"

    @property
    def parameter_path(self) -> str:
        """Where its parameters stand."""
        return self.path if self.beside else f"{self.path}.parameters"


def read_strategies(reader: Reader) -> list[Entry]:
    """The strategies of `optimization_config.strategies` or `backtest_config.strategy`; without both, momentum."""
    backtest, optimization = reader.config.backtest_config, reader.config.optimization_config
    listed, short = optimization.get("strategies"), backtest.get("strategy")
    if short is not None and listed is not None:
        reader.wrong("backtest_config.strategy", "stands beside optimization_config.strategies; keep one of them")
        return []
    if short is not None:
        items, path = [short], "backtest_config.strategy"
    elif listed is None:
        reader.defaults.append("No strategy given: momentum is used, with its defaults.")
        items, path = ["momentum"], ""
    else:
        path = "optimization_config.strategies"
        items = reader.listed(listed, path, "strategies", "[{type: momentum}]")
    entries: list[Entry] = []
    off = 0
    for i, item in enumerate(items):
        entry = _strategy(reader, item, f"{path}[{i}]" if listed is not None else path)
        if entry is not None and isinstance(item, Mapping) and item.get("enabled", True) is False:
            reader.warnings.append(f"Strategy {entry.name or entry.type} is not enabled and was left out.")
            off += 1
        elif entry is not None:
            entries.append(entry)
    if off and off == len(items):
        reader.wrong(path, "has no strategy that is enabled; set `enabled: true` for one")
    return entries


def _strategy(reader: Reader, item: Any, path: str) -> Entry | None:
    if isinstance(item, str) and item.strip().lower() != "ensemble":
        return Entry(item, None, {}, path, bare=True)
    if isinstance(item, str):
        reader.wrong(path, "an ensemble needs members: {type: ensemble, method: majority, members: [momentum, rsi]}")
        return None
    if not isinstance(item, Mapping):
        several = isinstance(item, (list, tuple)) and path == "backtest_config.strategy"
        instead = "; several stand in optimization_config.strategies" if several else ""
        reader.wrong(path, f"must be a strategy's name or {{type, parameters}}, but was {shown(item)}{instead}")
        return None
    if "type" not in item and (said := as_a_key(item)):
        reader.wrong(path, said)
        return None
    is_ensemble = isinstance(item.get("type"), str) and item["type"].strip().lower() == "ensemble"
    known = (*_STRATEGY_KEYS, *_ENSEMBLE_KEYS) if is_ensemble else _STRATEGY_KEYS
    said_of = {key: beside_parameters(item.get("type"), key, item[key]) for key in item if key not in known}
    for key, said in said_of.items():
        if said:
            reader.wrong(f"{path}.{key}", said)
    reader.unknown_keys([key for key in item if not said_of.get(key)], known, path)
    found = _named(reader, item, path, "strategy", "momentum")
    if not isinstance(item.get("enabled", True), bool):
        reader.wrong(f"{path}.enabled", f"must be true or false, but was {shown(item['enabled'])}")
    allocation = item.get("allocation")
    if allocation is not None and (
        isinstance(allocation, bool) or not isinstance(allocation, (int, float)) or not 0 < allocation <= 1
    ):
        reader.wrong(
            f"{path}.allocation",
            f"must be a share of the capital, above 0 and at most 1, but was {shown(allocation)}{_share(allocation)}",
        )
        return None
    if found is None:
        return None
    kind, name, parameters = found
    return Entry(
        type=kind,
        name=name,
        parameters=parameters,
        path=path,
        allocation=allocation,
        regimes=item.get("regimes"),
        ensemble=dict(item) if is_ensemble else None,
        whole=dict(item) if is_ensemble or item.get("regimes") is not None else None,
    )


def _has_own(tree: Pattern, role: str) -> bool:
    """Whether a user's container stands in the pattern where the config would fill a built-in one."""
    return any(node.container is not None for _, node in tree.of_role(role))


def read_classifiers(reader: Reader, tree: Pattern) -> list[Entry]:
    """The entries of `optimization_config.classifiers`."""
    path = "optimization_config.classifiers"
    given = reader.config.optimization_config.get("classifiers")
    if given is None and not _has_own(tree, "classifier"):
        reader.defaults.append("No classifier given: there is one regime, `all`.")
    entries = []
    for i, item in enumerate(reader.listed(given, path, "classifiers", "[{type: trend}]")):
        at = f"{path}[{i}]"
        if isinstance(item, str):
            entries.append(Entry(item, None, {}, at, bare=True))
        elif not isinstance(item, Mapping):
            reader.wrong(at, f"must be a classifier's name or {{type, parameters}}, but was {shown(item)}")
        else:
            reader.unknown_keys(item, ("type", "name", "parameters"), at)
            found = _named(reader, item, at, "classifier", "trend")
            if found is not None:
                entries.append(Entry(*found, at))
    return entries


def read_risk_profiles(reader: Reader, tree: Pattern) -> list[Entry]:
    """The entries of `optimization_config.risk_profiles`."""
    path = "optimization_config.risk_profiles"
    given = reader.config.optimization_config.get("risk_profiles")
    if given is None and not _has_own(tree, "risk"):
        reader.defaults.append("No risk profile given: the settings of `backtest_config` apply.")
    entries = []
    for i, item in enumerate(reader.listed(given, path, "risk profiles", "[{type: moderate}]")):
        at = f"{path}[{i}]"
        try:
            kind, name, parameters = profile_entry(item, at)
        except ConfigError as error:
            reader.problems.extend(error.problems)
            continue
        beside = isinstance(item, Mapping) and not item.get("parameters")
        entries.append(Entry(kind, name or None, parameters, at, bare=isinstance(item, str), beside=beside))
    return entries


def _share(value: object) -> str:
    """What to write for a share given in per cent."""
    text = str(value).strip().removesuffix("%")
    try:
        per_cent = float(text)
    except ValueError:
        return ""
    return f"; {per_cent:g}% is {per_cent / 100:g}" if 0 < per_cent <= 100 and not isinstance(value, bool) else ""


def _without_dashes(parameters: object) -> str:
    """What to write for parameters given as a list of single ones."""
    if not isinstance(parameters, (list, tuple)) or not all(isinstance(p, Mapping) and len(p) == 1 for p in parameters):
        return ""
    return "; write each on a line of its own, without the dash before it" if parameters else ""


def _example(name: object, what: str, example: str) -> str:
    """A type to write: what was called `name`, if that is one; it only says what an entry is called."""
    registry = STRATEGIES if what == "strategy" else CLASSIFIERS
    known = isinstance(name, str) and registry.find(name) is not None
    return f"type: {name}; `name` is only what it is called" if known else example


def _named(
    reader: Reader, item: Mapping[str, Any], path: str, what: str, example: str
) -> tuple[str, str | None, Mapping[str, Any]] | None:
    """Type, name and parameters of an entry; None where one of them is wrong."""
    kind, name, parameters = item.get("type"), item.get("name"), item.get("parameters")
    before = len(reader.problems)
    if not isinstance(kind, str):
        reader.wrong(
            f"{path}.type",
            f"is missing; name a {what}, e.g. {_example(name, what, example)}"
            if kind is None
            else f"must be text, but was {shown(kind)}",
        )
    if name is not None and (not isinstance(name, str) or not name.strip()):
        reader.wrong(f"{path}.name", f"must be text, but was {shown(name)}")
    if parameters is not None and not isinstance(parameters, Mapping):
        instead = _without_dashes(parameters)
        reader.wrong(f"{path}.parameters", f"must be a mapping (name: value), but was {shown(parameters)}{instead}")
    if len(reader.problems) > before:
        return None
    return str(kind), name, dict(parameters or {})
