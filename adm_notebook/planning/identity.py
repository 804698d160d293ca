"""The identity of planned work: one digest for the same work, in every process, however it was written."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from adm_notebook.components import InvalidParameters
from adm_notebook.components.weights import Weights
from adm_notebook.config import WorkflowConfig
from adm_notebook.config.frozen import digest_of
from adm_notebook.errors import ConfigError, Problem, shown
from adm_notebook.patterns import CONTAINERS, Pattern
from adm_notebook.planning.grids import SettingsGrid
from adm_notebook.planning.layout import Layout
from adm_notebook.planning.planned import Planned, PlannedStrategy
from adm_notebook.planning.sections import Sections

__all__ = ["SPEC_VERSION", "identity_of"]

SPEC_VERSION = 2
"""Raised when the rules of simulation change in a way that changes results; part of every digest."""


def identity_of(
    config: WorkflowConfig,
    sections: Sections,
    tree: Pattern,
    settings: Iterable[SettingsGrid],
    strategies: Sequence[PlannedStrategy],
    others: Sequence[Planned[Any]],
    symbols: tuple[str, ...],
    origin: str | None = None,
) -> str:
    """Digest of what will be computed, apart from the bars: not of workers, timeouts, paths or the mode.

    Parameters
    ----------
    others
        classifiers and risk profiles
    origin
        digest of the workflow that kept the signals, where they are replayed

    Raises
    ------
    ConfigError
        for parameters that have no identity: NaN, and what is neither number, text nor boolean.
    """
    containers = {node.container_name for _, node in tree.walk() if node.container is not None}
    return digest_of(
        [
            SPEC_VERSION,
            str(config.workflow_type),
            tree.name,
            tree.digest,
            sorted([name, CONTAINERS.get(name).identity] for name in containers),
            symbols,
            sections.combined,
            [[objective.metric, objective.maximise] for objective in sections.objectives],
            [] if sections.method == "grid" else [sections.method, sections.n_trials, sections.seed],
            [grid.identity() for grid in settings],
            [[*_described(s), s.allocation if sections.combined else None, _indicators_of(s)] for s in strategies],
            [_described(planned) for planned in others],
            origin,
        ]
    )


def _described(planned: Planned[Any]) -> list[Any]:
    """An entry: its label, what it is, its parameters with their values, and which combinations of them there are."""
    path = planned.path
    defaults = {n: _default(p.default, f"{path}.{n}") for n, p in planned.kind.parameters.items() if not p.required}
    fixed = {**defaults, **{name: _plain(value, f"{path}.{name}") for name, value in planned.fixed.items()}}
    for axis in planned.axes:
        fixed.pop(axis.name, None)
    return [
        planned.label,
        planned.type,
        planned.kind.identity,
        sorted([name, value] for name, value in fixed.items()),
        [[axis.name, [_plain(value, f"{path}.{axis.name}") for value in axis.values]] for axis in planned.axes],
        _digest_of(planned.grid),
    ]


def _digest_of(grid: Layout) -> str:
    """Digest of the places of a grid, as the bytes of one array would give it."""
    digest = hashlib.sha256()
    for places in grid.windows():
        digest.update(np.ascontiguousarray(places, np.int64).tobytes())
    return digest.hexdigest()


def _indicators_of(strategy: PlannedStrategy) -> list[str]:
    """Identities of the user's own indicators in use: their names say nothing of their code."""
    for combination in range(strategy.n_combinations):
        try:
            built = strategy.build(combination)
        except InvalidParameters:
            continue
        return [i.function.identity for i in built.indicators if i.function.identity]
    return []


def _default(value: Any, path: str) -> Any:
    """A default; in a user's function it may be a list, which in a config would stand for several values."""
    if isinstance(value, (list, tuple)):
        return [_default(item, f"{path}[{i}]") for i, item in enumerate(value)]
    return _plain(value, path)


def _plain(value: Any, path: str) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Weights):
        return [_plain(item, path) for item in value]
    if isinstance(value, Mapping):
        return sorted([str(key), _plain(item, f"{path}.{key}")] for key, item in value.items())
    if isinstance(value, (int, float)):
        number = float(value) if abs(value) < 2**53 else value
        if isinstance(number, int) or math.isfinite(number):
            return number
    raise ConfigError(Problem(path, f"must be a finite number, text or a boolean, but was {shown(value)}"))
