"""`optimization` of the older form and what `optimization_config` has of it: method, objectives, constraints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from adm_notebook.config.homes import KEYS
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import shown
from adm_notebook.migration import names
from adm_notebook.migration.configs.entries import Entry
from adm_notebook.migration.configs.ledger import Ledger, misspelt
from adm_notebook.migration.configs.old import Old

__all__ = ["SPACES", "read_search"]

SPACES = ("parameter_space", "parameters", "param_grid", "parameter_grid", "search_space", "param_space")
"""What the space of parameters is called in `optimization`."""

_SECTION = "optimization_config"
_LATER = "comes with a later version"
_METHODS = {
    "walk_forward": f"Walk-forward analysis {_LATER}; until then all combinations run over the whole period.",
    "multi_pass_regime": f"A search regime by regime {_LATER}; until then give strategies `regimes`, or use phases.",
    **dict.fromkeys(
        ("genetic", "evolutionary", "differential_evolution", "cma_es", "particle_swarm"),
        "This way to search is not there; write optimization_config: {method: optuna, n_trials: 100}, or run the grid.",
    ),
}
_ADVICE = {
    "walk_forward": _METHODS["walk_forward"],
    "early_stopping": "A search tries as many combinations as n_trials says: leave it out.",
    "output": "Results are saved with result.save(folder), or infrastructure_config: {results: folder}.",
    "weight_space": "Weights are swept where the ensemble stands: `weights: [[1, 1], [2, 1]]`, or `{rsi: [1, 2, 3]}`.",
    "n_jobs": "Threads are max_workers, at the outermost level.",
    "timeout": "Write timeout_seconds: ... at the outermost level.",
}
_TRIALS = ("n_trials", "seed", "storage")


def read_search(ledger: Ledger, section: Old | None, entries: Sequence[Entry], older: bool) -> None:
    """All of the section but its strategies, classifiers, risk profiles and spaces, which others read.

    older  whether it is `optimization`, with the words of the older form
    """
    if section is None:
        return
    if not section.fields:
        empty = section.value in ({}, [], None)
        if empty:
            ledger.drop(section, "It was empty")
        else:
            ledger.wrong(section, f"must be a section (`name: value`), but was {shown(section.value)}")
        return
    method = _method(ledger, section.first("method", "algorithm", "optimizer"), older)
    for key, item in section.fields.items():
        name = names.SEARCH.get(key, key)
        if name in _TRIALS and method == "grid" and older:
            ledger.leave(item, "A grid runs every combination; with method: random or optuna it would count.")
        elif name in _TRIALS:
            ledger.carry((_SECTION, name), item, "" if name == key else f"Our name of `{key}`")
        elif name == "constraints":
            _constraints(ledger, item, entries)
        elif not older and name in ("objective", "direction"):
            ledger.carry((_SECTION, name), item)
    if older or "objectives" in section:
        _objectives(ledger, section)
    known = (*KEYS[_SECTION], *names.SEARCH, *SPACES, "objectives", "method")
    advice = dict(_ADVICE)
    advice |= {key: _METHODS["multi_pass_regime"] for key in section.fields if re.match(r"pass_?\d|phase_?\d", key)}
    ledger.rest(section, known, advice)


def _method(ledger: Ledger, given: Old | None, older: bool) -> str:
    if given is None:
        return "grid"
    called = str(given.value).strip().lower().replace("-", "_").replace(" ", "_")
    if called in names.METHODS:
        ours = names.METHODS[called]
        if ours == "grid" and older:
            ledger.drop(given, "All combinations run where no method is named")
        else:
            ledger.put((_SECTION, "method"), ours, given, f"Our name of {given.value}")
        return ours
    if called in _METHODS:
        ledger.leave(given, _METHODS[called])
    else:
        listed = [*names.METHODS, *_METHODS]
        near = misspelt(called, listed)
        meant = f" Did you mean `{near}`?" if near else f" Known: {', '.join(listed[:2])}, random_search, bayesian"
        ledger.wrong(given, f"unknown method {shown(given.value)}.{meant}")
    return "grid"


# ---- objectives -----------------------------------------------------------------------------------------------------

_WAYS = {
    **dict.fromkeys(("maximize", "maximise", "max", "higher", "up"), "maximize"),
    **dict.fromkeys(("minimize", "minimise", "min", "lower", "down"), "minimize"),
}


def _objectives(ledger: Ledger, section: Old) -> None:
    """One objective or several, each a metric or {metric, direction, weight}, as ours: metrics and directions."""
    given = section.first("objectives", "objective", "metric")
    common = section.first("direction", "goal")
    if given is None:
        if common is not None:
            _direction(ledger, ("direction",), common, "sharpe")
        return
    found: list[tuple[Old, str, Old | None]] = []
    for item in given.listed():
        where = item.first("metric", "name", "type", "objective") if item.fields else item
        if where is None or not isinstance(where.value, str):
            message = f"must be a metric, or {{metric: sharpe_ratio, direction: maximize}}, but was {shown(item.value)}"
            ledger.wrong(item, message)
            continue
        plain = where.value.strip().lower().replace("-", "_").replace(" ", "_")
        metric = names.METRICS.get(plain, plain)
        if metric in METRICS:
            found.append((where, metric, item.first("direction", "goal")))
        elif meant := misspelt(plain, (*METRICS, *names.METRICS)):
            ledger.wrong(where, f"unknown metric {shown(where.value)}. Did you mean `{meant}`?")
            ledger.settle(item)
            continue
        else:
            ledger.leave(item, f"There is no such metric; the metrics are {', '.join(METRICS)}.")
            continue
        if item.fields:
            advice = {
                "weight": "Several objectives are not weighed: rows are ranked by the first, result.pareto has all."
            }
            kept = {k: v for k, v in item.fields.items() if v is not where and k not in ("direction", "goal")}
            rest = Old({}, item.path)
            rest.fields = kept
            ledger.rest(rest, ("metric", "direction", "weight"), advice)
    several = len(found) > 1
    plain_list = not given.items and isinstance(given.value, (list, tuple)) and len(found) == len(given.value)
    if plain_list and given.value:
        metrics = [metric for _, metric, _ in found]
        ledger.put((_SECTION, "objective"), metrics if several else metrics[0], given, "Our names of the metrics")
    else:
        for i, (where, metric, _) in enumerate(found):
            target = (_SECTION, "objective", i) if several else (_SECTION, "objective")
            ledger.put(target, metric, where, "" if where.value == metric else f"Our name of {where.value}")
    directed = any(way is not None for _, _, way in found)
    for i, (_, metric, way) in enumerate(found):
        place: tuple[str | int, ...] = ("direction", i) if several else ("direction",)
        if way is not None:
            _direction(ledger, place, way, metric)
        elif directed:
            ledger.put((_SECTION, *place), "maximize", None, "What is meant where nothing is said")
    if common is not None and not directed:
        _direction(ledger, ("direction",), common, found[0][1] if found else "sharpe")


def _direction(ledger: Ledger, place: tuple[str | int, ...], given: Old, metric: str) -> None:
    way = _WAYS.get(str(given.value).strip().lower())
    if way is None:
        ledger.wrong(given, f"must be maximize or minimize, but was {shown(given.value)}")
    elif metric == "max_drawdown" and way == "minimize":
        ledger.put((_SECTION, *place), "maximize", given, "A drawdown is a negative number here: the greatest is least")
    else:
        ledger.put((_SECTION, *place), way, given, "" if way == given.value else "Our word for it")


# ---- constraints ----------------------------------------------------------------------------------------------------


def _constraints(ledger: Ledger, given: Old, entries: Sequence[Entry]) -> None:
    """Conditions over parameters, by our names; what is said of results or weights has no place."""
    if given.value in ([], {}, None):
        ledger.drop(given, "It was empty")
        return
    target = (_SECTION, "constraints")
    items = given.listed()
    texts: list[tuple[Old, Old, Any]] = []
    for item in items:
        text = item.first("expression", "condition", "rule", "constraint") if item.fields else item
        if text is None or (not isinstance(text.value, str) and item.fields):
            ledger.leave(item, _NO_CONDITION)
            continue
        ours = _condition(text.value, entries) if isinstance(text.value, str) else text.value
        if ours is None:
            ledger.leave(item, _NO_CONDITION)
        else:
            texts.append((item, text, ours))
    if not given.items and len(texts) == len(items):  # plain texts: one value
        alone = isinstance(given.value, str)
        ledger.put(
            target, texts[0][2] if alone else [ours for _, _, ours in texts], given, "By our names of parameters"
        )
        return
    for i, (item, text, ours) in enumerate(texts):
        ledger.put((*target, i), ours, text, "By our names of parameters")
        if item.fields and "type" in item:
            ledger.drop(item["type"], "A condition says what it is")
        if item.fields:
            ledger.rest(item, ("type", "expression"))


_NO_CONDITION = (
    "Constraints here are conditions over parameters, such as `fast < slow`; rows of a result are chosen afterwards, "
    "result.stats.query('max_drawdown > -0.2')."
)


def _condition(text: str, entries: Sequence[Entry]) -> str | None:
    """A condition by our names; None where it speaks of metrics, one of several strategies, or one that is off."""
    unmapped = False

    def ours(match: re.Match[str]) -> str:
        nonlocal unmapped
        word = match[0]
        if word[0] in "'\"" or word in ("and", "or", "not", "True", "False"):
            return word
        owner, _, name = word.rpartition(".")
        having = [e for e in entries if e.known and e.ours(name) and e.enabled]
        if not having and any(e.known and e.ours(name) for e in entries):
            unmapped = True
        if owner:
            if not (len(having) == 1 and owner in (having[0].name, having[0].written, having[0].type)):
                ensemble = any(e.type == "ensemble" for e in entries)
                unmapped = unmapped or not ensemble
                return word
            return having[0].ours(name)
        meant = {e.ours(name) for e in having}
        if not meant and names.METRICS.get(name, name) in METRICS:
            unmapped = True
        if len(meant) > 1:
            unmapped = True
        return meant.pop() if len(meant) == 1 else word

    said = re.sub(r"'[^']*'|\"[^\"]*\"|(?<![\w.])[A-Za-z_][A-Za-z0-9_.]*", ours, text)
    return None if unmapped else said
