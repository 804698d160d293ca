"""migrate_config: an old config, in any of its forms, becomes a WorkflowConfig of today; no key is lost on the way."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from adm_notebook.components.risk import RISK_PROFILES
from adm_notebook.components.risk.entry import KEYS as PROFILE_KEYS
from adm_notebook.config import WorkflowConfig
from adm_notebook.config.homes import KEYS
from adm_notebook.config.workflow import SECTIONS, located, unfilled
from adm_notebook.errors import ConfigError, shown
from adm_notebook.migration import names
from adm_notebook.migration.changes import Change
from adm_notebook.migration.configs.account import finish_account, read_account
from adm_notebook.migration.configs.check import problems_of_plan
from adm_notebook.migration.configs.data import read_data, rest_of
from adm_notebook.migration.configs.entries import Entry, read_classifiers, read_strategies, write_strategies
from adm_notebook.migration.configs.ledger import Ledger, misspelt
from adm_notebook.migration.configs.migration import Migration
from adm_notebook.migration.configs.old import TITLE, Old, merged, read_old
from adm_notebook.migration.configs.risk import read_risk
from adm_notebook.migration.configs.search import SPACES, read_search
from adm_notebook.migration.configs.spaces import read_spaces
from adm_notebook.patterns import PATTERNS

__all__ = ["Migration", "migrate_config"]

_LIMITS = ("parallel_execution", "max_workers", "timeout_seconds", "memory_limit_mb")
_OLDER = (
    "name", "type", "description", "data", "portfolio", "strategies", "strategy", "risk", "classifiers",
    "risk_profiles", "base_config", "optimization", "parameter_space", "analysis", "coordinator", "phases", "parallel",
)  # fmt: skip
_TOP = ("workflow_type", *SECTIONS, *_LIMITS, *_OLDER, "execution_mode", "container_pattern")

_WHEN_RUN = "How a config runs is chosen when it is run: run(config, execution_mode='composable'), or --mode in a cell."
_ADVICE = {
    "name": "A workflow has no name: the variable that its result lands in has one, %%adm run NAME.",
    "description": "Nothing here keeps a description: leave it as a comment.",
    "version": "Nothing here reads a version: leave it out.",
    "execution_mode": _WHEN_RUN,
    "mode": _WHEN_RUN,
    "output": "Results are saved with result.save(folder), or infrastructure_config: {results: folder}.",
    "output_dir": "Results are saved with result.save(folder), or infrastructure_config: {results: folder}.",
    "logging": "Progress is shown in the cell, and coordinator.stream(config) gives its events: leave it out.",
    "validation": "Out-of-sample validation comes with a later version; until then run again with a later `start`.",
    "execution": "Fills are settings of backtest_config: fill, commission, slippage.",
    "broker": "This toolkit does research on past prices and sends no orders: leave it out.",
    "live_trading": "This toolkit does research on past prices and sends no orders: leave it out.",
    "reporting": "A result draws its own report: show it in a cell, or result.plot().",
    "risk_management": "Write it as risk: {position_sizers: [...], limits: [...]} and migrate again.",
    "phases": "Phases are parameters.phases: [{name: screen, mode: composable, config: {...}}], run in hybrid mode.",
}


def migrate_config(
    old: WorkflowConfig | Mapping[str, Any] | str | os.PathLike[str], container_pattern: str | None = None
) -> Migration:
    """What an old config is today; every key of it is mapped, or listed with what to do about it.

    Parameters
    ----------
    old
        a WorkflowConfig, a mapping of its keys, or the older form with `data`, `portfolio`, `strategies`, `risk`,
        `optimization` and so on, as a mapping, as YAML text or as the path of a file. It is left as it is.
    container_pattern
        the pattern to run in; else the one that `old` names, else the one that its sections imply.

    Raises
    ------
    ConfigError
        for everything that is wrong with `old`, each with its path there.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> migration = adm.migrate_config({"backtest_config": {"strategy": "momentum", "initial_capital": 100000}})
    >>> migration.config.optimization_config
    {'strategies': [{'type': 'momentum'}]}
    >>> adm.migrate_config(migration.config)
    Migration: nothing changes; the config is one of today already.
    = 4 keys stay as they are
    """
    root, positions = read_old(old)
    ledger = Ledger()
    problems = [p for key, item in root.value.items() for p in unfilled(item, key)]
    whole, replaced, empty = merged(root)
    for item, above in replaced:
        ledger.drop(item, f"{above.path} stands outside base_config, and counts")
    for item in empty:
        ledger.drop(item, "It was empty")
    _read(ledger, whole, container_pattern)
    if "base_config" in root and not root["base_config"].fields:
        _base(ledger, root["base_config"])
    ledger.sweep(root, _TOP)
    problems += [p for p in ledger.problems if p.path not in {q.path for q in problems}]
    config, more = problems_of_plan(ledger, with_others=bool(problems))
    problems += [p for p in more if not any(_within(p.path, q.path) for q in problems)]
    if problems or config is None:
        placed = located(list(dict.fromkeys(problems)), positions)
        raise ConfigError(sorted(placed, key=lambda p: (p.line or 0, p.column or 0)), TITLE)
    return Migration(config, tuple(_in_order(ledger.changes)), tuple(ledger.unmapped))


def _within(path: str, other: str) -> bool:
    """Whether one of two places holds the other: what is wrong there was told."""
    a, b = sorted((path, other), key=len)
    return a == b or (a != "" and b.startswith(a) and b[len(a)] in ".[")


def _in_order(changes: Sequence[Change]) -> list[Change]:
    """In the order of the sections of a config; what was left out at the end."""
    order = {name: i for i, name in enumerate(("workflow_type", *SECTIONS, *_LIMITS))}
    return sorted(
        changes,
        key=lambda c: len(order) if c.change == "-" else order.get(c.path.split(".")[0].split("[")[0], len(order)),
    )


def _base(ledger: Ledger, given: Old) -> None:
    if given.value in ({}, [], None):
        ledger.drop(given, "It was empty")
    else:
        message = "must be a mapping of sections"
        if isinstance(given.value, str):
            message = "names another file; write its sections here, in its place, since only this one is read"
        ledger.wrong(given, f"{message}, but was {shown(given.value)}")


def _read(ledger: Ledger, old: Old, container_pattern: str | None) -> None:
    """All sections, in the order of the new config."""
    kind, workflow = old.first("workflow_type", "type"), old.first("workflow")
    if kind is None and workflow is not None:
        kind = workflow.first("type")
    optimization, search = old.first("optimization"), old.first("optimization_config")
    read_data(ledger, old.first("data"))
    read_data(ledger, old.first("data_config"))
    for section in ("portfolio", "backtest_config"):
        read_account(ledger, old.first(section))
    read_risk(ledger, old.first("risk"))
    entries = _strategies(ledger, old, [s for s in (optimization, search) if s is not None])
    for section in ("portfolio", "backtest_config"):
        finish_account(ledger, old.first(section))
    _classifiers(ledger, [s for s in (old, optimization, search) if s is not None])
    read_search(ledger, optimization, entries, older=True)
    read_search(ledger, search, entries, older=False)
    _analysis(ledger, old.first("analysis"), kind)
    for section in ("analysis_config", "validation_config", "infrastructure_config"):
        _plain_section(ledger, section, old.first(section))
    _parallel(ledger, old)
    pattern = _parameters(ledger, old, container_pattern)
    _kind(ledger, kind, pattern, optimization is not None or "parameter_space" in old)
    if workflow is not None and workflow.fields:
        ledger.rest(workflow, ("type",), _ADVICE)
    ledger.rest(old, _TOP, _ADVICE)


def _plain_section(ledger: Ledger, name: str, section: Old | None) -> None:
    """A section of today: its keys as they are; others have no place."""
    if section is None:
        return
    for key, item in section.fields.items():
        if key in KEYS[name]:
            ledger.carry((name, key), item)
    later = dict.fromkeys(section.fields, _ADVICE["validation"]) if name == "validation_config" else {}
    rest_of(ledger, section, KEYS[name], later)


# ---- strategies and classifiers -------------------------------------------------------------------------------------


def _strategies(ledger: Ledger, old: Old, sections: Sequence[Old]) -> list[Entry]:
    """The strategies, wherever they stand, with what parameter spaces say of them."""
    backtest = old.first("backtest_config")
    places = [old.first("strategies"), old.first("strategy"), *(s.first("strategies") for s in sections)]
    listed = [place for place in places if place is not None]
    short = backtest.first("strategy") if backtest is not None else None
    if short is not None:
        listed.append(short)
    for further in listed[1:]:
        ledger.wrong(further, f"stands beside {listed[0].path}; keep one of them")
    entries = read_strategies(ledger, listed[0] if listed else None)
    if short is not None and len(listed) == 1 and len(entries) == 1 and backtest is not None:
        taken = (*KEYS["backtest_config"], *names.ACCOUNT)
        entries[0].beside = [i for k, i in backtest.fields.items() if k not in taken and entries[0].ours(k)]
    spaces = [space for space in [old.first("parameter_space"), *(s.first(*SPACES) for s in sections)] if space]
    others = _names_of(listed[0].listed()) - {entry.name for entry in entries} if listed else set()
    read_spaces(ledger, spaces, entries, others)
    write_strategies(ledger, entries, short=short is not None)
    todays = ("optimization_config.", "backtest_config.")
    older_form = bool(listed) and not listed[0].path.removeprefix("base_config.").startswith(todays)
    if older_form and any(entry.allocated for entry in entries):
        combined = ledger.get("backtest_config", "portfolio")
        if combined is None:
            reason = "An allocation is a share of one portfolio of all strategies and symbols"
            ledger.put(("backtest_config", "portfolio", "combine"), True, None, reason)
    return entries


def _names_of(given: Sequence[Old]) -> set[str]:
    """What entries are called, whether they can be read or not."""
    named = (item.text("name") or item.text("type") if item.fields else item.value for item in given)
    return {name for name in named if isinstance(name, str) and name}


def _classifiers(ledger: Ledger, places: Sequence[Old]) -> None:
    listed = [place["classifiers"] for place in places if "classifiers" in place]
    for further in listed[1:]:
        ledger.wrong(further, f"stands beside {listed[0].path}; keep one of them")
    read_classifiers(ledger, listed[0] if listed else None)
    profiles = [place["risk_profiles"] for place in places if "risk_profiles" in place]
    for further in profiles[1:]:
        ledger.wrong(further, f"stands beside {profiles[0].path}; keep one of them")
    if profiles:
        _profiles(ledger, profiles[0])


def _profiles(ledger: Ledger, listed: Old) -> None:
    """Risk profiles as they are; keys that they don't have are told."""
    target = ("optimization_config", "risk_profiles")
    if not listed.items:
        ledger.carry(target, listed)
        return
    for i, profile in enumerate(listed.items):
        ledger.home((*target, i), profile)
        if not profile.fields:
            ledger.put((*target, i), profile.value, profile)
            continue
        kind = RISK_PROFILES.find(profile.text("type") or "custom")
        known = (*PROFILE_KEYS, *(kind.parameters if kind is not None else ()))
        for key, item in profile.fields.items():
            if key == "parameters" and item.fields and kind is not None:
                ledger.home((*target, i, key), item)
                for name in [name for name in item.fields if name in kind.parameters]:
                    ledger.carry((*target, i, key, name), item[name])
                ledger.rest(item, kind.parameters)
            elif key in known:
                ledger.carry((*target, i, key), item)
        ledger.rest(profile, known)


# ---- the workflow as a whole ----------------------------------------------------------------------------------------

_ANALYSIS = {"output_path": "output_path", "output_dir": "output_path", "signals_path": "signals_path", "mode": "mode"}


def _analysis(ledger: Ledger, section: Old | None, kind: Old | None) -> None:
    """`analysis`: signals that are kept or replayed; reports and plots are the result's own."""
    called = kind.value if kind is not None and kind.value in ("signal_generation", "signal_replay") else None
    if called and (section is None or "mode" not in section):
        ledger.put(("analysis_config", "mode"), called, None, "What the type of the workflow says")
    if section is None:
        return
    signals = called or section.text("mode") in ("signal_generation", "signal_replay")
    for key, item in section.fields.items():
        if key == "mode" or (key in _ANALYSIS and signals):
            ours = _ANALYSIS[key]
            ledger.carry(("analysis_config", ours), item, "" if ours == key else f"Our name of `{key}`")
    reports = "Results show their metrics, trades and charts themselves: result.stats, result.trades, result.plot()."
    advice = dict.fromkeys(
        ("metrics", "plots", "export", "reports", "report", "attribution", "charts", "aggregate_metrics", "save_plots",
         "output_path", "output_dir"),
        reports,
    )  # fmt: skip
    rest_of(ledger, section, (*_ANALYSIS, *advice), advice)


def _parallel(ledger: Ledger, old: Old) -> None:
    given = old.first("parallel")
    if given is not None and given.fields:
        for key, item in given.fields.items():
            if key in ("enabled", "parallel"):
                ledger.put(("parallel_execution",), item.value, item, "Whether several threads may work")
            elif key in ("max_workers", "workers", "n_jobs", "n_workers"):
                ledger.put(("max_workers",), item.value, item, "Threads at most")
        ledger.rest(given, ("enabled", "max_workers"))
    elif given is not None and isinstance(given.value, int) and not isinstance(given.value, bool):
        ledger.put(("max_workers",), given.value, given, "Threads at most")
    elif given is not None and given.value is True:
        ledger.drop(given, "Several threads may work where nothing is said")
    elif given is not None:
        ledger.put(("parallel_execution",), given.value, given, "Whether several threads may work")
    for key in _LIMITS:
        if key in old:
            ledger.put((key,), old[key].value, old[key])


def _parameters(ledger: Ledger, old: Old, asked: str | None) -> str:
    """`parameters`, `coordinator` and `phases`; returns the name of the pattern, "" where the config has its own."""
    section, coordinator = old.first("parameters"), old.first("coordinator")
    named = [
        place["container_pattern"] for place in (section, coordinator, old) if place and "container_pattern" in place
    ]
    target = ("parameters", "container_pattern")
    if asked is not None:
        asked = PATTERNS.get(asked, "container_pattern").name
    for i, item in enumerate(named):
        if i:
            ledger.wrong(item, f"says the same as {named[0].path}; keep one of them")
        else:
            ledger.put(target, asked or item.value, item, "As asked for" if asked else "The pattern that it runs in")
    if section is not None:
        for key, item in section.fields.items():
            if key == "pattern" and asked is not None:
                ledger.drop(item, "Another pattern was asked for")
            elif key in KEYS["parameters"] and key != "container_pattern":
                ledger.carry(("parameters", key), item)
        rest_of(ledger, section, KEYS["parameters"], _ADVICE)
    _phases(ledger, old.first("phases"))
    if coordinator is not None:
        rest_of(ledger, coordinator, ("container_pattern", "execution_mode"), _ADVICE)
    if not named and ledger.get("parameters", "pattern") is None and ledger.get("parameters", "phases") is None:
        ledger.put(target, asked or _implied(ledger), None, "As asked for" if asked else "The pattern that it runs in")
    return str(ledger.get("parameters", "container_pattern") or "")


def _implied(ledger: Ledger) -> str:
    """The pattern that the sections imply."""
    mode = ledger.get("analysis_config", "mode")
    if mode in ("signal_generation", "signal_replay"):
        return str(mode)
    nested = any(ledger.get("optimization_config", key) for key in ("classifiers", "risk_profiles"))
    return "full_backtest" if nested else "simple_backtest"


_PHASE = ("name", "mode", "pattern", "config", "take")


def _phases(ledger: Ledger, given: Old | None) -> None:
    """Phases of today's form are taken; others would mean something else."""
    if given is None:
        return
    ours = bool(given.items) and all(
        item.fields
        and set(item.fields) <= set(_PHASE)
        and set(item["config"].fields if "config" in item else ()) <= set(SECTIONS)
        for item in given.items
    )
    if given.value in ([], {}, None):
        ledger.drop(given, "It was empty")
    elif ours:
        ledger.carry(("parameters", "phases"), given, "Phases of a hybrid workflow")
    else:
        ledger.leave(given, _ADVICE["phases"])


def _kind(ledger: Ledger, given: Old | None, pattern: str, sweeps: bool) -> None:
    """`workflow_type`: what runs in a pattern of containers is a backtest, with a sweep in it or without."""
    called = given.value.strip().lower().replace("-", "_") if given is not None and isinstance(given.value, str) else ""
    kind = names.WORKFLOW_TYPES.get(called, "")
    if given is None:
        kind = "analysis" if ledger.get("analysis_config", "mode") else "optimization" if sweeps else "backtest"
    elif not kind:
        near = misspelt(called, names.WORKFLOW_TYPES)
        listed = "backtest, optimization or analysis"
        if called in ("walk_forward", "multi_pass_regime", "hybrid", "multi_phase"):
            ledger.leave(given, f"Workflows here are {listed}; it runs as a backtest.")
            ledger.put(("workflow_type",), "backtest", None, "What it runs as")
        else:
            meant = f". Did you mean `{near}`?" if near else ""
            ledger.wrong(given, f"must be {listed}, but was {shown(given.value)}{meant}")
        return
    reason = "" if called == kind else f"Our name of {called}" if called else "What it runs as"
    if kind == "optimization" and pattern:
        kind, reason = "backtest", "What runs in containers is a backtest, with a sweep in it or without"
    ledger.put(("workflow_type",), kind, given, reason)
