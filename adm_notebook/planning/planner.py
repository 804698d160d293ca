"""From a WorkflowConfig to a Plan: read the sections, load the bars, lay out the combinations, choose the mode."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.components import InvalidParameters
from adm_notebook.config import WorkflowConfig
from adm_notebook.config.data import DataRequest
from adm_notebook.config.settings import Settings
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.errors import AdmError, ConfigError, Problem
from adm_notebook.market import Market, load
from adm_notebook.market.arrays import I64
from adm_notebook.patterns import Pattern
from adm_notebook.planning.choice import choose_pattern, implied_pattern, replays
from adm_notebook.planning.combinations import (
    classifiers_of,
    collect,
    risk_profiles_of,
    settings_of,
    strategies_of,
)
from adm_notebook.planning.constraints import parse_constraint
from adm_notebook.planning.entries import Entry, read_classifiers, read_risk_profiles, read_strategies
from adm_notebook.planning.grids import Given
from adm_notebook.planning.identity import identity_of
from adm_notebook.planning.memory import check_memory, columns_of
from adm_notebook.planning.modes import Work, choose_mode
from adm_notebook.planning.placed import placed_strategies
from adm_notebook.planning.plan import Limits, Plan, Search
from adm_notebook.planning.planned import Planned, PlannedClassifier
from adm_notebook.planning.promised import PromisedStore
from adm_notebook.planning.regimes import check_regimes
from adm_notebook.planning.resolved import resolve_settings
from adm_notebook.planning.sections import Reader, Sections, raise_if, read_sections
from adm_notebook.planning.stored import open_store
from adm_notebook.planning.sweeps import is_swept
from adm_notebook.planning.votes import read_changes

if TYPE_CHECKING:
    from adm_notebook.signals import SignalStore

__all__ = ["is_simple_backtest", "make_plan"]

MAX_ROWS = 10_000_000


def make_plan(
    config: WorkflowConfig,
    execution_mode: str = "auto",
    composable: bool = True,
    pattern: Pattern | None = None,
    promised: PromisedStore | None = None,
) -> Plan:
    """What a workflow will do; reads prices (to know symbols and bars), runs nothing.

    Parameters
    ----------
    config
        left as it is; the plan keeps a copy.
    execution_mode
        `traditional`, `composable` or `auto`.
    composable
        whether the coordinator has composable containers switched on.
    pattern
        to run in, in place of the one that the config asks for or implies.
    promised
        of a replay: what stands for its store, where an earlier phase is going to write it. The plan can't run.

    Raises
    ------
    ConfigError
        listing everything that is wrong with the config.
    DataError
        where prices can't be used.
    """
    config.check()
    config = _normalised(config.copy())
    if pattern is not None:
        config.parameters.pop("container_pattern", None)
        config.parameters["pattern"] = pattern
    reader = Reader(config)
    problems = reader.problems
    sections = read_sections(reader)
    if config.parameters.get("phases") is not None:
        reader.wrong("parameters.phases", "belongs to hybrid mode; run it with execution_mode='hybrid' (--mode hybrid)")
    tree = choose_pattern(reader)
    stored = open_store(reader, promised) if replays(tree) and not problems else None
    if not replays(tree):
        read_changes(reader, replays=False)
    placed = list(stored.strategies) if stored is not None else placed_strategies(tree)
    entries = [] if placed or replays(tree) else read_strategies(reader)
    classifier_entries = [] if replays(tree) else read_classifiers(reader, tree)
    risk_entries = read_risk_profiles(reader, tree) if tree.has("execution") else []
    if (placed or replays(tree)) and sections.constraints:
        why = "the combinations of a replay are those of its store" if replays(tree) else "the pattern's own strategies"
        verb = "" if replays(tree) else " have no parameters that are swept"
        reader.wrong("optimization_config.constraints", f"plays no part: {why}{verb}; leave it out")
    if not tree.has("execution"):
        _simulates_nothing(reader, sections)
    request = collect(problems, DataRequest.resolve, config.data_config)
    given = collect(problems, settings_of, sections.settings) or Given({}, ())
    constraints = [c for p, t in sections.constraints if (c := collect(problems, parse_constraint, t, p))]
    strategies, left_out = (placed, {}) if placed else strategies_of(entries, sections, constraints, problems)
    classifiers = classifiers_of(classifier_entries, problems) if stored is None else list(stored.classifiers)
    risk_profiles = risk_profiles_of(risk_entries, problems)
    resolved = collect(problems, resolve_settings, given, risk_profiles)
    if execution_mode not in ("auto", "traditional") or not composable:  # words that are wrong whatever the bars
        collect(problems, choose_mode, execution_mode, composable, Work(1, 1), 1)
    if not problems and stored is None:
        problems += check_regimes(strategies, classifiers, tree, sections.combined)
    raise_if(problems, config)
    assert request is not None
    assert resolved is not None
    settings, shown_settings, overridden = resolved
    defaults, warnings = list(reader.defaults), list(reader.warnings)
    defaults[:0] = request.notes
    warnings += overridden
    warnings += dict.fromkeys(sentence for s in shown_settings for sentence in s.slips)
    warnings += _unused_allocations(sections, entries)
    _check_weights(sections, entries, problems)
    raise_if(problems, config)
    try:
        market = load(request)
    except ConfigError as error:
        raise_if(list(error.problems), config)
        raise
    if stored is not None:
        warnings += stored.warnings
        raise_if(_other_bars(stored.store, market), config)
    if sections.combined:
        raise_if(_clashing_times(market), config)
    raise_if(_without_times(market, shown_settings), config)
    warnings += _untrained(classifiers, market)
    warnings += market.notes
    warnings += dict.fromkeys(note for bars in market.values() for note in bars.calendar.notes)
    limits = Limits(
        workers=_workers(config),
        timeout_seconds=config.timeout_seconds,
        memory_mb=sections.memory_mb,
        indicators=sections.max_indicators,
    )
    others: list[Planned[Any]] = [*classifiers, *risk_profiles]
    origin = None if stored is None else stored.store.manifest.digest
    digest = collect(problems, identity_of, config, sections, tree, settings, strategies, others, tuple(market), origin)
    raise_if(problems, config)
    assert digest is not None
    search = None
    if sections.method == "optuna":
        whole = replace(sections, method="grid")
        grid = identity_of(config, whole, tree, settings, strategies, others, tuple(market), origin)
        search = Search(sections.n_trials, sections.seed, sections.storage, grid)
    plan = Plan(
        config=config,
        workflow_type=str(config.workflow_type),
        mode="",
        mode_reason="",
        tree=tree,
        data=request.config,
        market=market,
        strategies=tuple(strategies),
        classifiers=tuple(classifiers),
        risk_profiles=tuple(risk_profiles),
        given=given,
        settings=settings,
        combined=sections.combined,
        objectives=sections.objectives,
        store=None if stored is None or isinstance(stored.store, PromisedStore) else stored.store,
        promised=promised,
        search=search,
        limits=limits,
        digest=digest,
        left_out=left_out,
        defaults=tuple(defaults),
        warnings=tuple(warnings),
        constraints=tuple(c.text for c in constraints),
    )
    if sections.method == "random" and sections.n_trials < plan.n_rows:
        plan = replace(plan, selection=drawn(plan.n_rows, sections.n_trials, sections.seed))
    if plan.n_planned > MAX_ROWS:
        rows = f"{plan.n_rows:,}" if plan.n_rows < 10**15 else f"more than 10^{int(math.log10(plan.n_rows))}"
        message = f"makes {rows} combinations; at most {MAX_ROWS:,} run at once. Use larger steps or fewer values"
        raise_if([Problem("optimization_config", message)], config)
    return with_mode(plan, execution_mode, composable)


def _simulates_nothing(reader: Reader, sections: Sections) -> None:
    """A pattern without execution has no use for settings of an account: they are said to be left aside."""
    unused = [f"backtest_config.{name}" for name in (*sections.settings, *(["portfolio"] if sections.combined else []))]
    chosen = reader.config.optimization_config
    unused += [f"optimization_config.{name}" for name in ("objective", "direction") if chosen.get(name) is not None]
    if unused:
        verb = "plays" if len(unused) == 1 else "play"
        reader.warnings.append(f"{', '.join(unused)} {verb} no part: signals are kept, and nothing is simulated.")
    if sections.method == "optuna":
        message = "has nothing to learn from where nothing is simulated; use grid or random"
        reader.wrong("optimization_config.method", message)
    sections.settings, sections.combined = {}, False


def _other_bars(store: SignalStore | PromisedStore, market: Market) -> list[Problem]:
    """Why these are not the bars that the signals of a store were made from; empty if they are."""
    try:
        store.check(market)
    except AdmError as error:
        return [Problem("analysis_config.signals_path", " ".join(str(error).split()))]
    return []


def drawn(n_rows: int, n_trials: int, seed: int) -> I64:
    """Numbers of rows drawn at random, each once, in order; the same for the same seed."""
    rng = np.random.default_rng(seed)
    if n_rows <= 4 * n_trials or n_rows < 10**6:
        return np.sort(rng.choice(n_rows, n_trials, replace=False)).astype(np.int64)
    found: set[int] = set()
    while len(found) < n_trials:  # of many rows hardly any is drawn twice
        found |= set(rng.integers(0, n_rows, n_trials - len(found)).tolist())
    return np.array(sorted(found), dtype=np.int64)


def with_mode(plan: Plan, execution_mode: str, composable: bool) -> Plan:
    """The plan in a mode: the one asked for, or the one that suits it; refused where it can't fit into its memory.

    Raises
    ------
    ConfigError
        for an unknown mode, composable without containers, and work that can't fit.
    """
    mode, reason = choose_mode(execution_mode, composable, work_of(plan), plan.limits.workers)
    plan = replace(plan, mode=mode, mode_reason=reason)
    raise_if(check_memory(plan), plan.config)
    return plan


def work_of(plan: Plan) -> Work:
    """How much a plan has to do; of large grids the number of distinct indicators is estimated."""
    per_row = distinct = 0
    entries: list[Planned[Any]] = [*plan.strategies, *plan.classifiers]
    for planned in entries:
        columns = columns_of(planned)
        per_row = max(per_row, columns)
        distinct += columns * min(planned.n_combinations, sum(len(axis.values) for axis in planned.axes) or 1)
    regimes = sum(planned.n_combinations for planned in plan.classifiers)
    n_bars = max(bars.n_bars for bars in plan.market.values())
    symbols = len(plan.symbols)
    return Work(plan.n_planned, n_bars, per_row, distinct * symbols, regimes * symbols)


def is_simple_backtest(config: WorkflowConfig) -> bool:
    """Whether the pattern, explicit or default, is simple_backtest and nothing is swept.

    Examples
    --------
    >>> is_simple_backtest(WorkflowConfig(backtest_config={"strategy": "momentum"}))
    True
    """
    if config.parameters.get("pattern") is not None or config.parameters.get("phases") is not None:
        return False
    if (config.parameters.get("container_pattern") or implied_pattern(Reader(config))) != "simple_backtest":
        return False
    entries = config.optimization_config.get("strategies") or [config.backtest_config.get("strategy")]
    settings = {name: value for name, value in config.backtest_config.items() if name != "strategy"}
    return not _is_swept_in(settings) and not any(map(_sweeps, _each(entries)))


def _sweeps(entry: object) -> bool:
    """Whether a strategy, or one that votes in it, has several values where one could stand."""
    if not isinstance(entry, Mapping) or entry.get("enabled", True) is False:
        return False
    own = {name: entry.get(name) for name in ("threshold", "weight")}
    weights = entry.get("weights")  # a list is one vector, a list of lists several; a mapping has one for each member
    own |= dict(weights) if isinstance(weights, Mapping) else {"weights": (_each(weights) or [None])[0]}
    return _is_swept_in(own) or _is_swept_in(entry.get("parameters")) or any(map(_sweeps, _each(entry.get("members"))))


def _is_swept_in(values: object) -> bool:
    """Whether a value of a mapping is swept, or a part of one: `commission.rate`."""
    if not isinstance(values, Mapping):
        return False
    parts = [part for value in values.values() if isinstance(value, Mapping) for part in value.values()]
    return any(map(is_swept, [*values.values(), *parts]))


def _each(entries: object) -> list[Any]:
    """The items of a list, or the values of a mapping."""
    if isinstance(entries, Mapping):
        return list(entries.values())
    return list(entries) if isinstance(entries, (list, tuple)) else []


def _workers(config: WorkflowConfig) -> int:
    if not config.parallel_execution:
        return 1
    if config.max_workers is not None:
        return config.max_workers
    if hasattr(os, "sched_getaffinity"):  # the processors that this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _unused_allocations(sections: Sections, entries: Sequence[Entry]) -> list[str]:
    if sections.combined:
        return []
    return [
        f"The allocation of {e.name or e.type} ({e.allocation:g}) is not used: each combination has the whole capital. "
        "With backtest_config.portfolio: {combine: true} it would be."
        for e in entries
        if e.allocation is not None
    ]


def _check_weights(sections: Sections, entries: Sequence[Entry], problems: list[Problem]) -> None:
    if not sections.combined:
        return
    given = [e.allocation for e in entries if e.allocation is not None]
    total = sum(given)
    if total > 1 + 1e-9:
        problems.append(
            Problem("optimization_config.strategies", f"allocations add up to {total:g}; together they are at most 1")
        )
    elif len(given) < len(entries) and total >= 1 - 1e-12:
        without = next(e for e in entries if e.allocation is None)
        message = f"has no allocation, and the others leave nothing of the capital (they add up to {total:g})"
        problems.append(Problem(without.path, message))


def _clashing_times(market: Market) -> list[Problem]:
    """Why the symbols of a combined portfolio have no common axis of time; empty if they have one."""
    kinds: dict[str, str] = {}
    for symbol, bars in market.items():
        zone = getattr(bars.index, "tz", None) is not None
        kinds.setdefault(
            "times with a zone" if zone else "times without a zone" if bars.calendar.has_time else "no times", symbol
        )
    if len(kinds) < 2:
        return []
    seen = " and ".join(f"{symbol} has {kind}" for kind, symbol in kinds.items())
    return [
        Problem(
            "backtest_config.portfolio", f"combines symbols that have no common axis of time: {seen}. Give all the same"
        )
    ]


def _without_times(market: Market, settings: Sequence[Settings]) -> list[Problem]:
    """A limit on a day's loss needs days."""
    untimed = [symbol for symbol, bars in market.items() if not bars.calendar.has_time]
    if not untimed or not any(s.max_daily_loss is not None for s in settings):
        return []
    message = f"needs bars with times, but {untimed[0]} has none; give it a DatetimeIndex, or leave the limit out"
    return [Problem("max_daily_loss", message)]


def _untrained(classifiers: Sequence[PlannedClassifier], market: Market) -> list[str]:
    """That a classifier names no regime on any bar, as it wants more bars than there are."""
    found = []
    for planned in classifiers:
        for combination in range(planned.n_combinations):
            try:
                needed = planned.build(combination).lookback
            except InvalidParameters:  # its rows say so
                continue
            short = [symbol for symbol, bars in market.items() if bars.n_bars <= needed]
            if short:
                bars = market[short[0]].n_bars
                message = (
                    f"{planned.label} needs more than {needed:,} bars before it names a regime, and {short[0]} has"
                )
                found.append(f"{message} {bars:,}: with the default `warmup` nothing is traded there.")
    return list(dict.fromkeys(found))[:3]


def _normalised(config: WorkflowConfig) -> WorkflowConfig:
    """The config with numpy's numbers and arrays as Python's, and sections that were set to None as empty ones."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value

    for name in SECTIONS:
        section = getattr(config, name) or {}
        setattr(config, name, {key: item if key == "frame" else plain(item) for key, item in section.items()})
    return config
