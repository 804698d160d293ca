"""Other votes on kept signals: what `optimization_config.ensembles` changes in the ensembles of a store."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adm_notebook.components import StrategyType
from adm_notebook.components.ensembles import EnsembleType, ensemble_type
from adm_notebook.components.votes import METHODS
from adm_notebook.components.weights import WEIGHTS
from adm_notebook.errors import did_you_mean, shown
from adm_notebook.planning.entries import Entry
from adm_notebook.planning.sections import Reader

__all__ = ["CHANGES", "PATH", "Changes", "changed", "ensemble_labels", "read_changes"]

PATH = "optimization_config.ensembles"

CHANGES = ("method", WEIGHTS, "threshold")
"""What a replay may change of an ensemble: how it votes, never who votes."""

_EXAMPLE = "{ensemble: {weights: [[1, 1], [2, 1]]}}"

Changes = Mapping[str, Mapping[str, Any]]
"""By the label of an ensemble: `method`, `weights` and `threshold`, as they were given."""


def read_changes(reader: Reader, replays: bool) -> Changes:
    """What the config changes; what is wrong with it is the reader's.

    replays
        whether the signals are those of a store: in any other workflow an ensemble says itself how it votes
    """
    given = reader.config.optimization_config.get("ensembles")
    if given is None:
        return {}
    if not replays:
        message = (
            "changes how ensembles of kept signals vote, and plays no part here; "
            "write method, weights and threshold in the ensemble, among the strategies"
        )
        reader.wrong(PATH, message)
        return {}
    if not isinstance(given, Mapping) or not given:
        reader.wrong(PATH, f"must be a mapping name of an ensemble: changes, e.g. {_EXAMPLE}, but was {shown(given)}")
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for label, changes in given.items():
        where = f"{PATH}.{label}"
        if not isinstance(changes, Mapping) or not changes:
            message = f"must be a mapping with {', '.join(CHANGES)}, e.g. {{weights: [2, 1]}}, but was {shown(changes)}"
            reader.wrong(where, message)
            continue
        for key in changes:
            if key in ("members", "regimes", "parameters"):
                reader.wrong(f"{where}.{key}", "can't be changed in a replay: what members yielded is in the store")
            elif key not in CHANGES:
                near = did_you_mean(key, CHANGES) or f" Known here: {', '.join(CHANGES)}"
                reader.wrong(f"{where}.{key}", f"unknown field.{near}")
        found[str(label)] = {key: value for key, value in changes.items() if key in CHANGES}
    return found


def ensemble_labels(entries: Sequence[Entry]) -> dict[str, int]:
    """The ensembles among some entries: label -> position. A given name is never moved."""
    taken = {entry.name for entry in entries if entry.name}
    found: dict[str, int] = {}
    for i, entry in enumerate(entries):
        if entry.ensemble is None:
            continue
        base = entry.name or EnsembleType.name
        candidates = itertools.chain([base], (f"{base}_{k}" for k in itertools.count(2)))
        found[next(c for c in candidates if c not in found and (c == entry.name or c not in taken))] = i
    return found


@dataclass(frozen=True, slots=True)
class _Entries:
    """Entries of strategies with their votes changed, and the labels of those that are, by position."""

    entries: list[Entry]
    labels: Mapping[int, str]


def changed(
    reader: Reader, entries: Sequence[Entry], changes: Changes, find: Callable[[object, str], StrategyType]
) -> _Entries:
    """The entries as they would stand in a full run; what can't be changed is a problem of the reader's.

    find
        gives a member's strategy by its type
    """
    labels = ensemble_labels(entries)
    found, touched = list(entries), {}
    for label, change in changes.items():
        where = f"{PATH}.{label}"
        at = labels.get(label)
        if at is None:
            known = f" Ensembles there: {', '.join(labels)}" if labels else " It holds none"
            reader.wrong(where, f"the store has no ensemble of this name.{did_you_mean(label, list(labels)) or known}")
            continue
        entry = _changed(reader, entries[at], change, where, find)
        if entry is not None:
            found[at], touched[at] = entry, label
    return _Entries(found, touched)


def _changed(
    reader: Reader,
    entry: Entry,
    change: Mapping[str, Any],
    where: str,
    find: Callable[[object, str], StrategyType],
) -> Entry | None:
    assert entry.ensemble is not None  # labels are those of ensembles
    whole = dict(entry.ensemble)
    method = change.get("method", whole.get("method"))
    if method not in METHODS:
        near = did_you_mean(method, METHODS)
        message = f"must be one of {', '.join(METHODS)}, but was {shown(method)}.{near}".removesuffix(".")
        reader.wrong(f"{where}.method", message)
        return None
    if isinstance(whole.get("members"), Mapping) and method != "by_regime":
        message = "can't be changed: the members of this ensemble stand under labels of regimes, and vote by_regime"
        reader.wrong(f"{where}.method", message)
        return None
    other = method != whole.get("method")
    own = dict(entry.parameters)
    if other or "threshold" in change:
        whole.pop("threshold", None)
        own.pop("threshold", None)
    if other or WEIGHTS in change:
        _drop_weights(whole, own, ensemble_type(entry.ensemble, entry.path, find).of_the_vote - {"threshold"})
    whole |= {**change, "method": method}
    whole["parameters"] = own
    return replace(entry, ensemble=whole, whole=whole, parameters=own, path=where, beside=True)


def _drop_weights(whole: dict[str, Any], own: dict[str, Any], names: Collection[str]) -> None:
    """Remove the weights that an ensemble was kept with, wherever they stand; `names` are those of its parameters."""
    whole.pop(WEIGHTS, None)
    members = whole.get("members")
    if isinstance(members, (list, tuple)):
        whole["members"] = [
            {key: value for key, value in m.items() if key != "weight"} if isinstance(m, Mapping) else m
            for m in members
        ]
    for name in own.keys() & set(names):
        del own[name]
