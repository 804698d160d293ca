"""The identity of planned work: one digest for the same work, in every process, however it was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from adm_notebook.components import InvalidParameters
from adm_notebook.config import WorkflowConfig
from adm_notebook.config.frozen import digest_of
from adm_notebook.config.settings import Settings
from adm_notebook.errors import ConfigError, Problem, shown
from adm_notebook.planning.plan import PlannedStrategy
from adm_notebook.planning.sections import Sections

__all__ = ["SPEC_VERSION", "identity_of"]

SPEC_VERSION = 1
"""Raised when the rules of simulation change in a way that changes results; part of every digest."""


def identity_of(
    config: WorkflowConfig,
    sections: Sections,
    settings: Sequence[Settings],
    strategies: Sequence[PlannedStrategy],
    symbols: tuple[str, ...],
) -> str:
    """Digest of what will be computed, apart from the bars: not of workers, timeouts, paths or the mode.

    Raises
    ------
    ConfigError
        for parameters that have no identity: NaN, and what is neither number, text nor boolean.
    """
    described = [
        [
            s.label,
            s.type,
            s.allocation if sections.combined else None,
            s.kind.identity,
            _indicators_of(s),
            [_parameters(s, combination) for combination in range(s.n_combinations)],
        ]
        for s in strategies
    ]
    return digest_of(
        [
            SPEC_VERSION,
            str(config.workflow_type),
            sections.pattern,
            symbols,
            sections.combined,
            [sections.objective, sections.maximise],
            [s.digest for s in settings],
            described,
        ]
    )


def _indicators_of(strategy: PlannedStrategy) -> list[str]:
    """Identities of the user's own indicators in use: their names say nothing of their code."""
    for combination in range(strategy.n_combinations):
        try:
            built = strategy.build(combination)
        except InvalidParameters:
            continue
        return [i.function.identity for i in built.indicators if i.function.identity]
    return []


def _parameters(strategy: PlannedStrategy, combination: int) -> list[list[Any]]:
    """Parameters of a combination, defaults filled in; numbers as floats, so that 10 and 10.0 are one."""
    defaults = {n: p.default for n, p in strategy.kind.parameters.items() if not p.required}
    values = {**defaults, **strategy.parameters(combination)}
    return sorted([name, _plain(value, f"{strategy.path}.{name}")] for name, value in values.items())


def _plain(value: Any, path: str) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        number = float(value) if abs(value) < 2**53 else value
        if isinstance(number, int) or math.isfinite(number):
            return number
    raise ConfigError(Problem(path, f"must be a finite number, text or a boolean, but was {shown(value)}"))
