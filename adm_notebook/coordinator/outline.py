"""What a live view has to know of a plan before its first row is finished; plain values, so that it can be recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from adm_notebook.market.arrays import I64
    from adm_notebook.patterns import Node
    from adm_notebook.planning import Plan
    from adm_notebook.planning.phases import HybridPlan

__all__ = ["Box", "Outline", "RowReader", "outline_of", "reader_of"]

ROWS_LOOKED_AT = 1_000_000
"""Rows of which it is found out which cells of a plane have one; of more rows every cell is taken to have one."""

AXIS_VALUES = 5_000
"""Values of an axis at most; beyond that a heatmap says nothing."""


class Box(NamedTuple):
    """One container of the tree: its path, its name, what fills it, and how deep it stands; the run itself without a
    path."""

    path: str
    name: str
    what: str
    depth: int


@dataclasses.dataclass(frozen=True)
class Outline:
    """A run before it begins.

    title      `ma_crossover on SP500`
    total      combinations, as far as they are known
    objective  the metric that rows are ranked by; empty where they are not
    maximise   whether more of it is better
    boxes      the containers, in the order in which they are drawn
    columns    of `stats` that tell rows apart
    axes       the two swept columns that span most cells, each with its values; empty where there are no two
    cells      which cells of that plane have a row: positions, row by row; None is all of them
    others     swept columns beside the two: a cell stands for several rows
    n_bars     bars of the longest symbol
    memory_mb  by how much memory may grow; None = as much as there is
    compiles   whether the compiled engine does the work
    """

    title: str
    total: int
    objective: str
    maximise: bool
    boxes: tuple[Box, ...]
    columns: tuple[str, ...]
    axes: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    cells: tuple[int, ...] | None = None
    others: tuple[str, ...] = ()
    n_bars: int = 0
    memory_mb: float | None = None
    compiles: bool = False

    @property
    def is_single(self) -> bool:
        """Whether there is one combination."""
        return self.total == 1

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return dataclasses.asdict(self) | {"boxes": [list(box) for box in self.boxes]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outline:
        """What `to_dict` gave, after JSON made lists of its tuples."""
        known = {field.name for field in dataclasses.fields(cls)}
        given = {name: value for name, value in values.items() if name in known}
        given["boxes"] = tuple(Box(*box) for box in given["boxes"])
        given["axes"] = tuple((name, tuple(each)) for name, each in given["axes"])
        for name in ("columns", "others", "cells"):
            given[name] = None if given[name] is None else tuple(given[name])
        return cls(**given)


def outline_of(plan: Plan | HybridPlan) -> Outline:
    """The outline of a plan; of a hybrid one that of its first phase, over the combinations of all.

    Its phases may sweep different things and rank them differently, so that it has no plane, and no best where their
    objectives differ.
    """
    from adm_notebook.planning.phases import HybridPlan

    if not isinstance(plan, HybridPlan):
        return _outline(plan, plan.n_planned)
    first = _outline(plan.plans[0], plan.n_planned)
    agree = len({(each.objective, each.maximise) for each in plan.plans}) == 1
    boxes = {box.path: box for each in plan.plans for box in _boxes(each)}
    columns = dict.fromkeys(name for each in plan.plans for name in _columns(each))
    return dataclasses.replace(
        first,
        objective=first.objective if agree else "",
        boxes=tuple(boxes.values()),
        columns=tuple(columns),
        axes=(),
        cells=None,
        others=(),
        compiles=any(each.mode == "composable" for each in plan.plans),
    )


def _outline(plan: Plan, total: int) -> Outline:
    strategies = " + ".join(strategy.label for strategy in plan.strategies)
    axes, others = _axes(plan)
    return Outline(
        title=f"{strategies} on {', '.join(plan.symbols)}",
        total=total,
        objective=plan.objective if plan.simulates else "",
        maximise=plan.maximise,
        boxes=_boxes(plan),
        columns=_columns(plan),
        axes=axes,
        cells=_cells(plan, axes),
        others=others,
        n_bars=max(bars.n_bars for bars in plan.market.values()),
        memory_mb=plan.limits.memory_mb,
        compiles=plan.mode == "composable",
    )


def _boxes(plan: Plan) -> tuple[Box, ...]:
    inside = (Box(path, node.name, _what(plan, node), path.count("/") + 1) for path, node in plan.tree.walk())
    return Box("", plan.workflow_type, plan.pattern, 0), *inside


def _what(plan: Plan, node: Node) -> str:
    """What fills a container; of one that the config does not fill its role, where its name does not say it."""
    if node.container is None:
        bars = max(bars.n_bars for bars in plan.market.values())
        filled = {
            "data": [", ".join(plan.symbols), f"{bars:,} bars"],
            "strategy": [strategy.label for strategy in plan.strategies],
            "classifier": [classifier.label for classifier in plan.classifiers],
            "risk": [profile.label for profile in plan.risk_profiles],
        }.get(node.role, [])
        if any(filled):
            return ", ".join(filled)
    return "" if node.name in (node.role, node.default_name) else node.role.replace("_", " ")


def _columns(plan: Plan) -> tuple[str, ...]:
    """Names that differ between rows, then what is swept."""
    several = {
        "symbol": len(plan.symbols) > 1 and not plan.combined,
        "strategy": len(plan.strategies) > 1 and not plan.combined,
        "classifier": len(plan.classifiers) > 1,
        "risk_profile": len(plan.risk_profiles) > 1,
    }
    return (*(name for name, has in several.items() if has), *plan.swept)


def _axes(plan: Plan) -> tuple[tuple[tuple[str, tuple[Any, ...]], ...], tuple[str, ...]]:
    """The two axes with most values, in the order of nesting, and the names of the others."""
    if not plan.simulates or len(plan.swept) < 2:
        return (), ()
    found: dict[str, tuple[Any, ...]] = {}
    for name, values in plan.swept_values.items():
        kinds = {isinstance(value, (int, float)) and not isinstance(value, bool) for value in values}
        if all(isinstance(value, (int, float, str, bool)) for value in values) and len(kinds) == 1:
            given = dict.fromkeys(value for value in values if value == value)
            found[name] = tuple(sorted(given)) if kinds == {True} else tuple(given)
    able = [name for name, values in found.items() if 1 < len(values) <= AXIS_VALUES]
    if len(able) < 2:
        return (), ()
    chosen = sorted(sorted(able, key=lambda name: -len(found[name]))[:2], key=able.index)
    several = [name for name in _columns(plan) if name not in chosen]
    return tuple((name, found[name]) for name in chosen), tuple(several)


def _cells(plan: Plan, axes: Sequence[tuple[str, Sequence[Any]]]) -> tuple[int, ...] | None:
    """Which cells of the plane have a row; None where all have, or it would take too long to find out."""
    if not axes or (plan.selection is None and not plan.left_out) or plan.n_rows > ROWS_LOOKED_AT:
        return None
    (first, ours), (second, theirs) = axes
    rows = plan.rows_with_all((first, second))
    row, column = plan.places(rows, {first: ours, second: theirs})
    inside = (row >= 0) & (column >= 0)
    there = np.zeros(len(ours) * len(theirs), np.bool_)
    there[row[inside] * len(theirs) + column[inside]] = True
    return tuple(np.flatnonzero(there).tolist())


class RowReader:
    """What a row's number says of it: its place in the plane of an outline, and its names and values."""

    def __init__(self, plan: Plan, outline: Outline) -> None:
        self._plan, self._outline = plan, outline

    def places(self, numbers: I64) -> tuple[I64, I64]:
        """Positions on the two axes, each (n,); -1 where a row has none."""
        row, column = self._plan.places(numbers, dict(self._outline.axes))
        return row, column

    def identity(self, number: int) -> dict[str, Any]:
        """The columns that tell rows apart, of one row."""
        found = self._plan.identity_of(number)
        return {name: found[name] for name in self._outline.columns}


def reader_of(plan: Plan | HybridPlan, outline: Outline) -> RowReader | None:
    """The reader of a plan; None for phases, whose rows have numbers of their own."""
    from adm_notebook.planning.phases import HybridPlan

    return None if isinstance(plan, HybridPlan) else RowReader(plan, outline)
