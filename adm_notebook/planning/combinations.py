"""The combinations of a workflow: entries and settings with their swept values as grids, constraints applied."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from adm_notebook.components import (
    CLASSIFIERS,
    RISK_PROFILES,
    STRATEGIES,
    InvalidParameters,
    StrategyType,
)
from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.ensembles import ensemble_type
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import ConfigError, Problem, did_you_mean
from adm_notebook.market.arrays import I64, Bool
from adm_notebook.planning.constraints import Constraint
from adm_notebook.planning.entries import Entry
from adm_notebook.planning.grids import Given
from adm_notebook.planning.layout import Layout
from adm_notebook.planning.planned import (
    Kind,
    Planned,
    PlannedClassifier,
    PlannedRisk,
    PlannedStrategy,
    nested,
)
from adm_notebook.planning.sections import Sections
from adm_notebook.planning.sweeps import Axis, is_swept, plain, values_of

if TYPE_CHECKING:
    from adm_notebook.components.programs import Program

__all__ = [
    "classifiers_of",
    "collect",
    "plan_entry",
    "planned_entries",
    "risk_profiles_of",
    "settings_of",
    "strategies_of",
    "swept_of",
]

Found = TypeVar("Found")
Arguments = ParamSpec("Arguments")
AnyPlanned = TypeVar("AnyPlanned", bound=Planned[Any])

MAX_COMBINATIONS = 10_000_000
"""Parameter sets of one entry that are laid out at most, also where a search tries a few of them."""

WORTH_A_PROGRAM = 20
"""Swept values from which on a strategy's rules are looked at for all of them at once, rather than built for each."""

_PLAIN = (int, float, str, bool, type(None))

PROBLEMS_MOST = 20
"""After so many problems of one entry the others of it are not looked for."""


def collect(
    problems: list[Problem], step: Callable[Arguments, Found], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Found | None:
    """What `step` returns; what it finds wrong joins the others, so that a user sees everything at once."""
    try:
        return step(*args, **kwargs)
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def swept_of(given: Mapping[str, Any], path: str) -> tuple[dict[str, Any], tuple[Axis, ...]]:
    """What has one value, and an axis for each value that is swept, also one level down (`commission.rate`).

    Raises
    ------
    ConfigError
        for sweeps that can't be walked.
    """
    problems: list[Problem] = []
    fixed: dict[str, Any] = {}
    axes: list[Axis] = []
    for name, value in given.items():
        inner = isinstance(value, Mapping) and not is_swept(value)
        parts = {f"{name}.{key}": part for key, part in value.items()} if inner else {name: value}
        swept = {part: several for part, several in parts.items() if is_swept(several)}
        axes += [Axis(p, collect(problems, values_of, v, f"{path}.{p}") or (None,)) for p, v in swept.items()]
        if inner:
            fixed[name] = {key: plain(part) for key, part in value.items() if f"{name}.{key}" not in swept}
        elif not swept:
            fixed[name] = plain(value)
    if problems:
        raise ConfigError(problems)
    return fixed, tuple(axes)


def settings_of(given: Mapping[str, Any]) -> Given:
    """The settings of each combination of swept ones, as they were given; its axes are in the config's order.

    Raises
    ------
    ConfigError
        for sweeps that can't be walked.
    """
    return Given(*swept_of(given, "backtest_config"))


# ---- entries --------------------------------------------------------------------------------------------------------


def strategies_of(
    entries: Sequence[Entry],
    sections: Sections,
    constraints: list[Constraint],
    problems: list[Problem],
    kind_of: Callable[[Entry], tuple[StrategyType, Mapping[str, Any]]] | None = None,
) -> tuple[list[PlannedStrategy], dict[str, int]]:
    """The strategies with their grids, and how many combinations each constraint dropped.

    kind_of
        the kind of strategy that an entry names, and the parameters it is given; by default as they are registered
    """
    left_out = dict.fromkeys((c.text for c in constraints), 0)
    known: set[str] = set()

    def plan(entry: Entry) -> PlannedStrategy:
        kind, given = (kind_of or registered_kind)(entry)
        planned = plan_entry(entry, kind, given, constraints, left_out, known)
        return PlannedStrategy(
            planned.label,
            planned.kind,
            planned.fixed,
            planned.axes,
            planned.grid,
            planned.path,
            planned.program,
            entry.allocation,
            entry.whole,
        )

    planned = planned_entries(entries, plan, problems)
    for (path, _), constraint in zip(sections.constraints, constraints, strict=False):
        missing = sorted(constraint.names - known)
        if missing and not problems:
            guess = did_you_mean(missing[0], sorted(known)) or f" Parameters: {', '.join(sorted(known))}"
            if missing[0] in METRICS or missing[0] in Settings.model_fields:
                guess = f" Constraints are about parameters of strategies: {', '.join(sorted(known))}"
            problems.append(Problem(path, f"speaks of {', '.join(missing)}, which no strategy here has.{guess}"))
    sizes = [s.n_combinations for s in planned]
    if not problems and planned and (min(sizes) == 0 if sections.combined else sum(sizes) == 0):
        texts = " and ".join(c.text for c in constraints)
        problems.append(Problem("optimization_config.constraints", f"leave no combination: none meets {texts}"))
    if not problems:
        problems += refused(planned, all_of_them=not sections.combined)
    return [s for s in planned if s.n_combinations or sections.combined], left_out


def classifiers_of(entries: Sequence[Entry], problems: list[Problem]) -> list[PlannedClassifier]:
    """The classifiers with their grids."""

    def plan(entry: Entry) -> PlannedClassifier:
        kind = CLASSIFIERS.get(entry.type, entry.type_path)
        return plan_entry(entry, kind, kind.canonical(entry.parameters, entry.parameter_path))

    planned = planned_entries(entries, plan, problems)
    return planned if problems or not refused(planned, True) else _report(refused(planned, True), problems)


def risk_profiles_of(entries: Sequence[Entry], problems: list[Problem]) -> list[PlannedRisk]:
    """The risk profiles with their grids."""

    def plan(entry: Entry) -> PlannedRisk:
        kind = RISK_PROFILES.get(entry.type, entry.type_path)
        return plan_entry(entry, kind, kind.canonical(entry.parameters, entry.parameter_path))

    return planned_entries(entries, plan, problems)


def _report(found: list[Problem], problems: list[Problem]) -> list[Any]:
    problems += found
    return []


def registered_kind(entry: Entry) -> tuple[StrategyType, Mapping[str, Any]]:
    """The kind of strategy that an entry names, limited to its regimes, and the parameters that it is given."""
    kind: StrategyType
    if entry.ensemble is not None:
        kind = ensemble = ensemble_type(entry.ensemble, entry.path)
        given = kind.canonical({**ensemble.given, **entry.parameters}, entry.parameter_path)
    else:
        kind = STRATEGIES.get(entry.type, entry.type_path)
        given = kind.canonical(entry.parameters, entry.parameter_path)
    if entry.regimes is not None:
        kind = RegimeLimitedType(kind, entry.regimes, f"{entry.path}.regimes")
    return kind, given


def planned_entries(
    entries: Sequence[Entry], plan: Callable[[Entry], AnyPlanned], problems: list[Problem]
) -> list[AnyPlanned]:
    """Each entry planned, under a label of its own."""
    taken = {e.name for e in entries if e.name}
    used: set[str] = set()
    found: list[AnyPlanned] = []
    for entry in entries:
        before = len(problems)
        planned = collect(problems, plan, entry)
        if planned is not None and len(problems) == before:
            found.append(_labelled(planned, entry, used, taken))
    return found


def refused(planned: Iterable[Planned[Any]], all_of_them: bool) -> list[Problem]:
    """Why nothing could run, where each combination is refused by its component's own check; empty if one is not.

    all_of_them
        whether one entry that has a combination is enough; else each entry needs one.
    """
    planned = list(planned)
    first: InvalidParameters | None = None
    for entry in planned:
        refusal = _first_refusal(entry)
        if refusal is None and all_of_them:
            return []
        if refusal is not None and not all_of_them:
            first = refusal
            break
        first = first or refusal
    if first is None:
        return []
    many = sum(s.n_combinations for s in planned) > 1
    head = "every combination is refused; the first because " if many else ""
    return [Problem(p.path, f"{head}{p.message}") for p in first.problems]


def _first_refusal(planned: Planned[Any]) -> InvalidParameters | None:
    """Why the first combination of an entry is refused, if all of them are."""
    first: InvalidParameters | None = None
    for combination in range(planned.n_combinations):
        try:
            planned.build(combination)
        except InvalidParameters as error:
            first = first or error
        else:
            return None
    return first


def _labelled(planned: AnyPlanned, entry: Entry, used: set[str], taken: set[str]) -> AnyPlanned:
    """The entry under a label of its own: `name`, else `type`, then `type_2`; a given name is never moved."""
    base = entry.name or planned.type
    candidates = itertools.chain([base], (f"{base}_{i}" for i in itertools.count(2)))
    label = next(c for c in candidates if c not in used and (c == entry.name or c not in taken))
    used.add(label)
    return replace(planned, label=label)


def plan_entry(
    entry: Entry,
    kind: Kind[Any],
    given: Mapping[str, Any],
    constraints: Sequence[Constraint] = (),
    left_out: dict[str, int] | None = None,
    known: set[str] | None = None,
) -> Planned[Any]:
    """An entry with the grid of its swept parameters.

    left_out, known
        written: combinations that each constraint dropped; names that constraints may speak of
    """
    fixed, axes = swept_of(given, entry.parameter_path)
    if (size := math.prod(len(axis.values) for axis in axes)) > MAX_COMBINATIONS:
        shown_size = f"{size:,}" if size < 10**15 else f"more than 10^{len(str(size)) - 1}"
        message = f"makes {shown_size} combinations of its parameters; at most {MAX_COMBINATIONS:,} are laid out"
        raise ConfigError(Problem(entry.parameter_path, f"{message}. Use larger steps or fewer values"))
    program = _program(kind, fixed, axes, entry)
    _check_values(kind, fixed, axes, entry, program)
    defaults = {name: p.default for name, p in kind.parameters.items()}
    names = {*defaults, *fixed, *(axis.name for axis in axes)}
    if known is not None:
        known |= names
    shape = tuple(len(axis.values) for axis in axes)
    grid = Layout(shape)
    applicable = [c for c in constraints if c.names <= names]
    if applicable and left_out is not None:
        grid = _constrained(grid, axes, {**defaults, **fixed}, applicable, left_out)
    return Planned(kind.name, kind, fixed, axes, grid, entry.parameter_path, program)


def _constrained(
    grid: Layout,
    axes: Sequence[Axis],
    others: Mapping[str, Any],
    constraints: Sequence[Constraint],
    left_out: dict[str, int],
) -> Layout:
    """The combinations that meet all constraints: those over plain numbers many at once, others one by one."""
    kept, first = [np.zeros(0, np.int64)], 0
    for places in grid.windows():
        met = _met(places, axes, others, constraints, left_out)
        kept.append(first + np.flatnonzero(met))
        first += len(places)
    return Layout(grid.axes, np.concatenate(kept))


def _met(
    places: I64,
    axes: Sequence[Axis],
    others: Mapping[str, Any],
    constraints: Sequence[Constraint],
    left_out: dict[str, int],
) -> Bool:
    """Which of these combinations meet all constraints."""
    columns = {name: value for name, value in others.items() if _is_plain(value)}
    for k, axis in enumerate(axes):
        columns.pop(axis.name, None)
        if all(map(_is_plain, axis.values)):
            columns[axis.name] = np.array(axis.values, np.float64)[places[:, k]]
    masks = [c.where(columns) if c.names <= columns.keys() else None for c in constraints]
    if any(mask is None for mask in masks):
        return np.array([_kept(at, axes, others, constraints, left_out) for at in places], np.bool_)
    left = np.ones(len(places), np.bool_)
    for constraint, mask in zip(constraints, masks, strict=True):
        met = np.broadcast_to(np.asarray(mask, np.bool_), left.shape)
        left_out[constraint.text] += int((left & ~met).sum())
        left &= met
    return left


def _is_plain(value: object) -> bool:
    """A number that floats hold exactly enough to compare and compute with."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15


def _kept(
    at: I64,
    axes: Sequence[Axis],
    others: Mapping[str, Any],
    constraints: Sequence[Constraint],
    left_out: dict[str, int],
) -> bool:
    """Whether a combination meets all constraints; the first that it doesn't meet is charged with it."""
    values = {**others, **{a.name: a.values[k] for a, k in zip(axes, at, strict=True)}}
    for constraint in constraints:
        try:
            holds = constraint.holds(values)
        except (TypeError, ZeroDivisionError) as error:
            why = "it divides by zero" if isinstance(error, ZeroDivisionError) else _compared(error)
            message = f"{constraint.text} can't be decided for {_listed(values, constraint)}: {why}"
            raise ConfigError(Problem(constraint.path, message)) from None
        if not holds:
            left_out[constraint.text] += 1
            return False
    return True


def _compared(error: TypeError) -> str:
    """Why two values can't be compared or computed with, without Python's words for it."""
    return "a text and a number can't be compared" if "not supported between" in str(error) else str(error)


def _listed(values: Mapping[str, Any], constraint: Constraint) -> str:
    return ", ".join(f"{name} {values[name]}" for name in sorted(constraint.names))


def _program(kind: Kind[Any], fixed: Mapping[str, Any], axes: Sequence[Axis], entry: Entry) -> Program | None:
    """The rules of a strategy over the grid of its parameters, where so many are swept that they are worth it.

    None where a value is of a type that no config has: building says best what is wrong with it.
    """
    values = [*fixed.values(), *(value for axis in axes for value in axis.values)]
    if len(values) - len(fixed) < WORTH_A_PROGRAM or any(type(value) not in _PLAIN for value in values):
        return None
    from adm_notebook.components.programs import program_of  # it loads numba

    return program_of(kind, fixed, axes, entry.parameter_path)


def _check_values(
    kind: Kind[Any], fixed: Mapping[str, Any], axes: Sequence[Axis], entry: Entry, program: Program | None
) -> None:
    """Refuse wrong values with the path of the value in its list; parameters that only clash become invalid rows.

    program  of these axes, which says of all values at once what building says of each
    """
    problems: list[Problem] = []
    base = {**fixed, **{axis.name: axis.values[0] for axis in axes}}
    for axis, at, error in _wrong_values(kind, base, axes, entry, program):
        swept = f"{entry.parameter_path}.{axis}" if axis else None
        problems += [Problem(f"{swept}[{at}]", p.message) if p.path == swept else p for p in error.problems]
        if len(problems) > PROBLEMS_MOST:
            break
    if problems:
        raise ConfigError(dict.fromkeys(problems))


def _wrong_values(
    kind: Kind[Any], base: Mapping[str, Any], axes: Sequence[Axis], entry: Entry, program: Program | None
) -> Iterator[tuple[str, int, ConfigError]]:
    """The values that can't be built, one after the other, beside the first ones of the other axes: the name of the
    axis, the value's place, and why; the first of all in the name of the first axis."""
    tried = [(k, at) for k, axis in enumerate(axes) for at in range(1, len(axis.values))]
    first = (axes[0].name if axes else "", 0)
    places = [first, *((axes[k].name, at) for k, at in tried)]
    if program is not None:
        grid = np.zeros((len(places), len(axes)), np.int64)
        for row, (k, at) in enumerate(tried, 1):
            grid[row, k] = at
        for row, error in program.errors(grid):
            yield *places[row], error
        return
    for row, (axis, at) in enumerate(places):
        value = {axes[tried[row - 1][0]].name: axes[tried[row - 1][0]].values[at]} if row else {}
        try:
            kind.build(nested({**base, **value}), entry.parameter_path)
        except InvalidParameters:
            continue
        except ConfigError as error:
            yield axis, at, error
