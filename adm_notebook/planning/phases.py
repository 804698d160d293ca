"""Phases of a hybrid workflow: one workflow after the other, a later one taking an earlier one's best rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.frozen import digest_of
from adm_notebook.config.workflow import SECTIONS, located
from adm_notebook.config.yaml_text import Positions
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown
from adm_notebook.market.arrays import I64
from adm_notebook.planning.modes import MODES
from adm_notebook.planning.phase_signals import is_replay, signals_from, with_signals
from adm_notebook.planning.plan import Plan
from adm_notebook.planning.planner import make_plan
from adm_notebook.planning.promised import PromisedStore

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HybridPlan", "Phase", "Take", "bound", "plan_of", "plan_phases", "ranked", "read_phases", "selected"]

EXAMPLE = (
    "parameters: {phases: [{name: screen, mode: composable}, "
    "{name: confirm, mode: traditional, take: {from: screen, top: 3}}]}"
)


@dataclass(frozen=True, slots=True)
class Take:
    """The best `top` rows of an earlier phase, whose parameters a phase runs; of a phase without trades, its signals.

    stated  whether the phase says how many
    """

    phase: str
    top: int
    stated: bool = False


@dataclass(frozen=True)
class Phase:
    """One phase: a workflow of its own.

    config  the workflow's sections with those of the phase laid over them
    path    where the phase stands in the config, for errors
    own     what the phase itself says: `backtest_config.commission`; the rest is the workflow's
    signals  the earlier phase whose signals it replays; None where they are none of this workflow
    """

    name: str
    mode: str
    config: WorkflowConfig
    take: Take | None
    path: str
    own: frozenset[str] = frozenset()
    signals: str | None = None

    def plan(self, composable: bool, promised: PromisedStore | None = None) -> Plan:
        """What it does, without regard to the rows it takes.

        Parameters
        ----------
        promised
            what stands for the signals that it replays, until an earlier phase has kept them.

        Raises
        ------
        ConfigError
            naming the phase.
        """
        try:
            return make_plan(self.config, self.mode, composable, promised=promised)
        except ConfigError as error:
            raise ConfigError([self._placed(p) for p in error.problems], error.title) from None

    def _placed(self, problem: Problem) -> Problem:
        """The problem where it stands: in the phase, or in the workflow's own sections, which every phase reads."""
        key = ".".join(problem.path.split("[")[0].split(".")[:2])
        if key in ("parameters.container_pattern", "parameters.pattern") and "pattern" in self.own:
            return replace(problem, path=f"{self.path}.pattern{problem.path.removeprefix(key)}")
        if key in self.own or any(stated.startswith(f"{key}.") for stated in self.own):
            return problem.under(f"{self.path}.config")
        return problem if key.split(".")[0] in SECTIONS else problem.under(self.path)


@dataclass(frozen=True, eq=False)
class HybridPlan:
    """What a hybrid workflow will do: the plan of each phase, before any rows are taken."""

    config: WorkflowConfig
    phases: tuple[Phase, ...]
    plans: tuple[Plan, ...]

    @property
    def mode(self) -> str:
        """`hybrid`."""
        return "hybrid"

    @property
    def mode_reason(self) -> str:
        """Why, in a sentence."""
        each = ", ".join(f"{phase.name} {plan.mode}" for phase, plan in zip(self.phases, self.plans, strict=True))
        return f"Hybrid, as asked for: {each}."

    @property
    def last(self) -> Plan:
        """The plan of the last phase, whose result is the workflow's."""
        return self.plans[-1]

    @property
    def n_rows(self) -> int:
        """Combinations of all phases, as far as they are known before any rows are taken: the most there can be."""
        return sum(plan.n_rows for plan in self.plans)

    @property
    def n_planned(self) -> int:
        """Combinations that run, as far as they are known."""
        return sum(plan.n_planned for plan in self.plans)

    @property
    def workflow_id(self) -> str:
        """Digest of the work of all phases, and of what each takes."""
        described = [
            [phase.name, plan.workflow_id, None if phase.take is None else [phase.take.phase, phase.take.top]]
            for phase, plan in zip(self.phases, self.plans, strict=True)
        ]
        return digest_of(described)

    def __getattr__(self, name: str) -> Any:
        """Symbols, strategies, limits and the rest are those of the last phase."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.last, name)

    def __repr__(self) -> str:
        lines = [f"Plan: hybrid, {len(self.phases)} phases"]
        for phase, plan in zip(self.phases, self.plans, strict=True):
            take = phase.take
            rows = ""
            if take is not None:
                best = "best row" if take.top == 1 else f"{take.top:,} best rows"
                rows = f", with the parameters of the {best} of {take.phase}"
            if phase.signals is not None:
                signals = f", on the signals of {phase.signals}"
                rows = (
                    f"{signals}{rows.replace(', with', ' with')}" if plan_of(self, phase.signals).simulates else signals
                )
            lines.append(f"Phase {phase.name}{rows}")
            lines += [f"  {line}" for line in repr(plan).splitlines()]
        return "\n".join(lines)


def plan_of(hybrid: HybridPlan, name: str) -> Plan:
    """The plan of the phase of that name."""
    return next(plan for phase, plan in zip(hybrid.phases, hybrid.plans, strict=True) if phase.name == name)


def bound(phase: Phase, composable: bool) -> Plan:
    """The plan of a phase whose signals are there by now.

    Raises
    ------
    ConfigError
        where they are not what they should have become.
    """
    return phase.plan(composable)


def plan_phases(config: WorkflowConfig, composable: bool) -> HybridPlan:
    """The plans of all phases; runs nothing.

    Raises
    ------
    ConfigError
        for phases that can't be read, and for everything that is wrong with one of them.
    """
    if not composable:
        message = "hybrid needs containers switched on: EnhancedCoordinator(enable_composable_containers=True)"
        raise ConfigError(Problem("execution_mode", message))
    phases = read_phases(config)
    found: dict[Problem, list[str]] = {}
    plans: list[Plan] = []
    planned: dict[str, tuple[Phase, Plan]] = {}
    for phase in phases:
        try:
            source = signals_from(phase, phases)
            if isinstance(source, Problem):
                raise ConfigError([phase._placed(source)])
            if any(name not in planned for name in _needed(phase, source)):
                continue  # what is wrong with the phase that it takes from is said there
            if source is not None:
                planned[phase.name] = _replayed(phase, composable, planned[source.name])
            else:
                rows_of = None if phase.take is None else planned[phase.take.phase]
                planned[phase.name] = _planned(phase, composable, rows_of)
            plans.append(planned[phase.name][1])
        except ConfigError as error:
            for problem in error.problems:
                found.setdefault(problem, []).append(phase.name)
    if found:
        raise ConfigError([_told(problem, names, len(phases)) for problem, names in found.items()])
    phases = tuple(phase for phase, _ in planned.values())
    for phase, plan in zip(phases, plans, strict=True):
        if phase.take is not None:
            earlier = plans[[p.name for p in phases].index(phase.take.phase)]
            try:
                _check_take(phase, plan, earlier)
            except ConfigError as error:
                raise ConfigError(located(list(error.problems), config.positions)) from None
    return HybridPlan(config.copy(), phases, tuple(plans))


def _needed(phase: Phase, source: Phase | None) -> list[str]:
    """Phases that must have been planned before this one."""
    needed = [] if source is None else [source.name]
    return needed if phase.take is None else [*needed, phase.take.phase]


def _replayed(phase: Phase, composable: bool, source: tuple[Phase, Plan]) -> tuple[Phase, Plan]:
    """A phase on the signals that another one is going to keep, and its plan as far as it can be known."""
    before, earlier = source
    phase = replace(phase, config=with_signals(phase, before), signals=before.name)
    return phase, phase.plan(composable, PromisedStore(before.name, earlier))


def _planned(phase: Phase, composable: bool, source: tuple[Phase, Plan] | None) -> tuple[Phase, Plan]:
    """A phase and its plan; what it leaves open of its strategies is as in the phase that it takes rows from."""
    if source is None:
        return phase, phase.plan(composable)
    before, earlier = source
    if is_replay(phase.config):  # on a store that was there before
        return phase, phase.plan(composable)
    if not _names_strategies(phase.config):
        config = phase.config.copy()
        for section, key in _STRATEGIES:
            if key in getattr(before.config, section):
                getattr(config, section)[key] = getattr(before.config.copy(), section)[key]
        phase = replace(phase, config=config)
    plan = phase.plan(composable)
    left_open = _left_open(plan, earlier)
    if left_open:
        config = phase.config.copy()
        for path, values in left_open.items():
            _fill_in(config, path, values)
        phase = replace(phase, config=config)
        plan = phase.plan(composable)
    return phase, plan


_STRATEGIES = (("optimization_config", "strategies"), ("backtest_config", "strategy"))


def _names_strategies(config: WorkflowConfig) -> bool:
    return any((getattr(config, section) or {}).get(key) is not None for section, key in _STRATEGIES)


def _left_open(plan: Plan, earlier: Plan) -> dict[str, dict[str, Any]]:
    """By the path of their parameters: what the earlier plan sweeps of a strategy, and this one says nothing of."""
    swept = {(s.label, s.type): s.axes for s in earlier.strategies}
    found = {}
    for strategy in plan.strategies:
        stated = {*strategy.fixed, *(axis.name for axis in strategy.axes)}
        axes = [axis for axis in swept.get((strategy.label, strategy.type), ()) if axis.name not in stated]
        if axes:
            found[strategy.path] = {axis.name: list(axis.values) for axis in axes}
    return found


def _fill_in(config: WorkflowConfig, path: str, values: Mapping[str, Any]) -> None:
    """Add parameters to the strategy whose parameters stand at `path`."""
    section, key = next((section, key) for section, key in _STRATEGIES if path.startswith(f"{section}.{key}"))
    holder: Any = getattr(config, section)
    at: Any = key
    if key == "strategies":
        holder, at = holder[key], int(path.partition("[")[2].partition("]")[0])
    entry = {"type": holder[at]} if isinstance(holder[at], str) else dict(holder[at])
    holder[at] = {**entry, "parameters": {**(entry.get("parameters") or {}), **values}}


def _told(problem: Problem, names: Sequence[str], n_phases: int) -> Problem:
    """A problem of the workflow's own sections, with the phases in which it is one, if it is none in others."""
    if problem.path.startswith("parameters.phases") or len(names) == n_phases:
        return problem
    return replace(problem, message=f"{problem.message} (in phase {', '.join(names)})")


# ---- reading --------------------------------------------------------------------------------------------------------

_KEYS = ("name", "mode", "pattern", "config", "take")


def read_phases(config: WorkflowConfig) -> tuple[Phase, ...]:
    """The phases in `parameters.phases`.

    Raises
    ------
    ConfigError
        for all that is wrong with them, with an example where there are none.
    """
    given = config.parameters.get("phases")
    if given is None:
        raise ConfigError(Problem("parameters.phases", f"is missing; hybrid mode runs phases. For example {EXAMPLE}"))
    if not isinstance(given, (list, tuple)) or not given:
        raise ConfigError(Problem("parameters.phases", f"must be a list of phases, but was {shown(given)}. {EXAMPLE}"))
    problems: list[Problem] = []
    phases: list[Phase] = []
    for i, item in enumerate(given):
        path = f"parameters.phases[{i}]"
        if not isinstance(item, Mapping):
            problems.append(Problem(path, f"must be a mapping with {', '.join(_KEYS)}, but was {shown(item)}"))
            continue
        names = [other["name"] for other in given[:i] if isinstance(other, Mapping) and "name" in other]
        phase = _phase(config, item, path, names, problems)
        if phase is not None:
            phases.append(phase)
    if problems:
        raise ConfigError(located(problems, config.positions))
    return tuple(phases)


def _phase(
    config: WorkflowConfig, item: Mapping[str, Any], path: str, earlier: Sequence[Any], problems: list[Problem]
) -> Phase | None:
    before = len(problems)
    for key in item:
        if key in SECTIONS:
            problems.append(Problem(f"{path}.{key}", f"stands under `config` in a phase: config: {{{key}: ...}}"))
        elif key not in _KEYS:
            near = did_you_mean(key, _KEYS) or f" Known here: {', '.join(_KEYS)}"
            problems.append(Problem(f"{path}.{key}", f"unknown field of a phase.{near}"))
    name, mode = item.get("name"), item.get("mode", "auto")
    if not isinstance(name, str) or not name.strip():
        said = "is missing; name the phase" if name is None else f"must be text, but was {shown(name)}"
        problems.append(Problem(f"{path}.name", said))
    elif name in earlier:
        problems.append(Problem(f"{path}.name", f"{shown(name)} is the name of an earlier phase, too; choose another"))
    if mode not in MODES:
        near = did_you_mean(mode, MODES)
        message = f"must be one of {', '.join(MODES)}, but was {shown(mode)}.{near}".removesuffix(".")
        problems.append(Problem(f"{path}.mode", message))
    own = item.get("config")
    if own is not None and not isinstance(own, Mapping):
        problems.append(Problem(f"{path}.config", f"must hold sections such as backtest_config, but was {shown(own)}"))
        own = None
    for key in own or {}:
        if key not in (*SECTIONS, "workflow_type"):
            near = did_you_mean(key, SECTIONS) or f" Known: {', '.join(SECTIONS)}"
            problems.append(Problem(f"{path}.config.{key}", f"unknown section.{near}"))
    inner = (own or {}).get("parameters")
    if isinstance(inner, Mapping) and inner.get("phases") is not None:
        message = "a phase has no phases of its own; list them all in parameters.phases of the workflow"
        problems.append(Problem(f"{path}.config.parameters.phases", message))
    take = _take(item.get("take"), f"{path}.take", earlier, problems)
    if len(problems) > before:
        return None
    try:
        merged = _merged(config, own or {}, item.get("pattern"))
        merged._positions = _positions(config.positions, path, own or {}, item.get("pattern"))
        merged.check()
    except ConfigError as error:
        problems += [p.under(f"{path}.config") for p in error.problems]
        return None
    stated = {f"{section}.{key}" for section, values in (own or {}).items() for key in _keys_of(values)}
    stated |= {"pattern"} if item.get("pattern") is not None else set()
    stated |= {"workflow_type"} & set(own or {})
    return Phase(str(name), mode, merged, take, path, frozenset(stated))


def _keys_of(values: Any) -> list[str]:
    return [str(key) for key in values] if isinstance(values, Mapping) else []


def _positions(workflow: Positions, path: str, own: Mapping[str, Any], pattern: Any) -> Positions:
    """Where the keys of a phase's config stand: its own inside the phase, the others in the workflow."""
    number = int(path.rpartition("[")[2].rstrip("]"))
    phase: tuple[str | int, ...] = ("parameters", "phases", number)
    inside = {at[3:]: place for at, place in workflow.items() if at[:3] == phase and len(at) > 3}
    stated = {(section, key) for section, values in own.items() for key in _keys_of(values)}
    if pattern is not None:
        stated |= {("parameters", "container_pattern"), ("parameters", "pattern")}
    found = {at: place for at, place in workflow.items() if at[:2] not in stated and at[:2] != phase[:2]}
    for at, place in inside.items():
        if at[0] == "pattern":
            found["parameters", "container_pattern" if isinstance(pattern, str) else "pattern", *at[1:]] = place
        elif at[0] == "config" and len(at) > 1:
            found[at[1:]] = place
    return found


def _take(given: Any, path: str, earlier: Sequence[Any], problems: list[Problem]) -> Take | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        example = f", e.g. {{from: {earlier[-1]}, top: 3}}" if earlier else ""
        problems.append(Problem(path, f"must be {{from: NAME, top: K}}{example}, but was {shown(given)}"))
        return None
    for key in given:
        if key not in ("from", "top"):
            near = did_you_mean(key, ("from", "top")) or " Known here: from, top"
            problems.append(Problem(f"{path}.{key}", f"unknown field.{near}"))
    source, top = given.get("from"), given.get("top", 1)
    if source is None:
        example = f", e.g. {earlier[-1]}" if earlier else ""
        problems.append(Problem(f"{path}.from", f"is missing; name an earlier phase{example}"))
    elif source not in earlier:
        known = f"Earlier phases: {', '.join(map(str, earlier))}" if earlier else "There is none before this one"
        problems.append(Problem(f"{path}.from", f"must name an earlier phase, but was {shown(source)}. {known}"))
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        problems.append(Problem(f"{path}.top", f"must be a whole number above 0, but was {shown(top)}"))
        return None
    return Take(str(source), top, "top" in given)


def _merged(config: WorkflowConfig, own: Mapping[str, Any], pattern: Any) -> WorkflowConfig:
    """The workflow's sections with the keys of the phase in place of theirs."""
    merged = config.copy()
    merged.parameters.pop("phases", None)
    for name, section in own.items():
        if name == "workflow_type":
            merged.workflow_type = section
        elif not isinstance(section, Mapping):
            raise ConfigError(Problem(name, f"must be a section (`name: value`), but was {shown(section)}"))
        else:
            setattr(merged, name, {**(getattr(merged, name) or {}), **section})
    strategies = (own.get("optimization_config") or {}).get("strategies")
    short = (own.get("backtest_config") or {}).get("strategy")
    if strategies is not None and short is None:
        merged.backtest_config.pop("strategy", None)
    elif short is not None and strategies is None:
        merged.optimization_config.pop("strategies", None)
    if pattern is not None:
        for key in ("container_pattern", "pattern"):
            merged.parameters.pop(key, None)
        merged.parameters["container_pattern" if isinstance(pattern, str) else "pattern"] = pattern
    return merged


# ---- taking rows ----------------------------------------------------------------------------------------------------


def _check_take(phase: Phase, plan: Plan, earlier: Plan) -> None:
    """A phase that takes rows must have a strategy of the phase that it takes them from."""
    assert phase.take is not None
    where = f"{phase.path}.take"
    if not earlier.simulates and phase.signals is None:
        message = (
            f"takes rows of {phase.take.phase}, which simulates nothing, so that none is best; "
            "its signals are taken by a phase of the pattern signal_replay"
        )
        raise ConfigError(Problem(where, message))
    if not earlier.simulates:
        if phase.take.stated:
            message = (
                f"plays no part: {phase.take.phase} simulates nothing, so that none of its rows is best; leave it out"
            )
            raise ConfigError(Problem(f"{where}.top", message))
        return
    common = {s.label for s in plan.strategies} & {s.label for s in earlier.strategies}
    if plan.combined != earlier.combined or not common:
        message = f"takes rows of {phase.take.phase}, but shares no strategy with it; list the same strategies in both"
        raise ConfigError(Problem(where, message))


def ranked(stats: pd.DataFrame, objective: str, maximise: bool, top: int) -> pd.DataFrame:
    """The best rows of a result, the best first: rows that are ok, NaN last, of equals the first."""
    ok = stats[stats["status"] == "ok"]
    order = ok[objective].astype(float).sort_values(ascending=not maximise, kind="stable", na_position="last").index
    return ok.loc[order].head(top)


def selected(plan: Plan, taken: pd.DataFrame, earlier: Plan, path: str) -> Plan:
    """The plan with those of its rows alone that have the strategy and parameters of rows that an earlier phase found.

    Rows are matched by strategy and its parameters that the earlier phase sweeps, and by every swept column that both
    phases have; by symbol, classifier and risk profile, where both phases have the same ones.

    Raises
    ------
    ConfigError
        where none of the rows that were taken is among those of the plan.
    """
    import pandas as pd

    numbers = np.arange(plan.n_rows, dtype=np.int64)
    identity = pd.DataFrame(plan.identity(numbers))
    swept = [column for column in plan.swept if column in earlier.swept]
    for column, (label, name) in _swept_parameters(earlier).items():
        if column not in swept:
            identity[column] = _values_of(plan, label, name, numbers)
            swept.append(column)
    same = [
        column
        for column, ours, theirs in (
            ("symbol", plan.symbols, earlier.symbols),
            ("classifier", _labels(plan.classifiers), _labels(earlier.classifiers)),
            ("risk_profile", _labels(plan.risk_profiles), _labels(earlier.risk_profiles)),
        )
        if set(ours) == set(theirs)
    ]
    keys = ["strategy", *same, *swept]
    wanted = list(map(_key, taken[keys].itertuples(index=False)))
    ours = list(map(_key, identity[keys].itertuples(index=False)))
    among = set(wanted)
    kept: I64 = np.array([i for i, row in enumerate(ours) if row in among], dtype=np.int64)
    if not len(kept):
        message = "takes rows whose parameters are not among those of this phase; let both phases sweep the same values"
        raise ConfigError(Problem(f"{path}.take", message))
    among = set(ours)
    missing = sum(row not in among for row in wanted)
    said = (f"{missing:,} of {len(wanted):,} rows taken have parameters that this phase has not, and don't run.",)
    return replace(  # these rows, however the others would have been chosen
        plan, selection=kept, search=None, warnings=(*plan.warnings, *(said if missing else ()))
    )


def _swept_parameters(plan: Plan) -> dict[str, tuple[str | None, str]]:
    """Columns of parameters that strategies sweep: the strategy, in a combined portfolio, and the parameter."""
    if plan.combined:
        return {f"{s.label}.{axis.name}": (s.label, axis.name) for s in plan.strategies for axis in s.axes}
    names = plan.strategy_stack.axes()
    return {f"param.{name}" if f"param.{name}" in plan.swept else name: (None, name) for name in names}


def _values_of(plan: Plan, label: str | None, name: str, numbers: I64) -> Any:
    """(n,) values of a strategy's parameter in some rows, also where it has one alone; NaN where there is none."""
    strategy = plan.coordinates(numbers)[-1]
    if label is None:
        return plan.strategy_stack.column(name, strategy)
    at = next((k for k, s in enumerate(plan.strategies) if s.label == label), None)
    if at is None:
        return np.full(len(numbers), np.nan, dtype=object)
    return plan.strategies[at].values(name, np.unravel_index(strategy, plan.sizes)[at])


def _labels(planned: Sequence[Any]) -> list[str]:
    return [p.label for p in planned]


def _key(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row's values as they compare: NaN equals itself."""
    return tuple(None if isinstance(v, float) and v != v else v for v in row)
