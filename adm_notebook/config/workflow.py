"""WorkflowConfig: what a user types, in Python or YAML; plain and changeable until a run starts."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from adm_notebook.config.yaml_text import Positions, dump, load_mapping
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["SECTIONS", "WorkflowConfig", "WorkflowType", "located", "read_text", "same", "unfilled"]


class WorkflowType(StrEnum):
    """What a workflow is for."""

    BACKTEST = "backtest"
    OPTIMIZATION = "optimization"
    ANALYSIS = "analysis"
    VALIDATION = "validation"
    LIVE_TRADING = "live_trading"


SECTIONS = (
    "parameters",
    "data_config",
    "backtest_config",
    "optimization_config",
    "analysis_config",
    "validation_config",
    "infrastructure_config",
)
"""The sections, each a mapping."""

_LIMITS = ("parallel_execution", "max_workers", "timeout_seconds", "memory_limit_mb")
_KEYS = ("workflow_type", *SECTIONS, *_LIMITS)

_OLDER_FORM = {
    "data": "data_config",
    "portfolio": "backtest_config",
    "strategies": "optimization_config: {strategies: ...}",
    "risk": "optimization_config: {risk_profiles: ...}",
    "optimization": "optimization_config",
    "parameter_space": "optimization_config: {strategies: [{type: ..., parameters: {fast: [5, 10]}}]}",
    "analysis": "analysis_config",
    "base_config": "these sections without base_config",
    "coordinator": "parameters: {container_pattern: ...}",
    "phases": "parameters: {phases: ...}",
    "type": "workflow_type",
    "parallel": "parallel_execution",
}
"""Keys of the older form, and what stands for them here."""


class WorkflowConfig:
    """A workflow as a user describes it.

    Parameters
    ----------
    workflow_type
        `WorkflowType.BACKTEST`, or its name as text.
    parameters
        `container_pattern`, `max_indicators`, `max_memory_mb`, `phases`.
    data_config, backtest_config, optimization_config, analysis_config, validation_config, infrastructure_config
        sections; mappings that stay plain and mutable until a run starts. Their names and values are checked when
        the workflow is planned.
    parallel_execution
        whether several threads may work.
    max_workers
        threads at most; None means as many as there are processors.
    timeout_seconds
        wall time after which the run is stopped and what it has is kept.
    memory_limit_mb
        growth of the process's memory that a run may cause, in MB.

    Raises
    ------
    ConfigError
        for unknown names, where a section is no mapping or a limit no positive number; lists all problems.

    Examples
    --------
    >>> config = WorkflowConfig(workflow_type="backtest", backtest_config={"strategy": "momentum"})
    >>> config.parameters["container_pattern"] = "simple_backtest"
    >>> WorkflowConfig.from_yaml(config.to_yaml()) == config
    True
    """

    def __init__(
        self,
        workflow_type: WorkflowType | str = WorkflowType.BACKTEST,
        parameters: Mapping[str, Any] | None = None,
        data_config: Mapping[str, Any] | None = None,
        backtest_config: Mapping[str, Any] | None = None,
        optimization_config: Mapping[str, Any] | None = None,
        analysis_config: Mapping[str, Any] | None = None,
        validation_config: Mapping[str, Any] | None = None,
        infrastructure_config: Mapping[str, Any] | None = None,
        parallel_execution: bool = True,
        max_workers: int | None = None,
        timeout_seconds: float | None = None,
        memory_limit_mb: float | None = None,
        **unknown: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in _KEYS}
        problems = [*(Problem(name, _unknown(name)) for name in unknown), *_problems(given)]
        if problems:
            raise ConfigError(problems)
        self.workflow_type = WorkflowType(str(workflow_type))
        self.parameters = _section(parameters)
        self.data_config = _section(data_config)
        self.backtest_config = _section(backtest_config)
        self.optimization_config = _section(optimization_config)
        self.analysis_config = _section(analysis_config)
        self.validation_config = _section(validation_config)
        self.infrastructure_config = _section(infrastructure_config)
        self.parallel_execution = parallel_execution
        self.max_workers = max_workers
        self.timeout_seconds = timeout_seconds
        self.memory_limit_mb = memory_limit_mb
        self._positions: Positions = {}

    # ---- in and out ---------------------------------------------------------------------------------------------

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], positions: Positions | None = None) -> WorkflowConfig:
        """A config from a mapping of its keys, as a YAML text holds it.

        Raises
        ------
        ConfigError
            for unknown keys, and for what the constructor refuses; all at once.
        """
        positions = positions or {}
        known = {key: value for key, value in values.items() if key in _KEYS}
        older = any(key in _OLDER_FORM for key in values)
        problems = [Problem(str(key), _unknown(key, older)) for key in values if key not in _KEYS]
        problems += _problems(known)
        if problems:
            raise ConfigError(located(problems, positions))
        config = cls(**known)
        config._positions = positions
        return config

    @classmethod
    def from_yaml(cls, source: str | os.PathLike[str]) -> WorkflowConfig:
        """A config from YAML text, or from the file at a path.

        Raises
        ------
        ConfigError
            with line and column, where the text can't be read or says what a config can't hold.
        """
        values, positions = load_mapping(read_text(source))
        return cls.from_mapping(values, positions)

    def to_dict(self) -> dict[str, Any]:
        """What was set, as a plain mapping: empty sections and defaults are left out; `workflow_type` always stands."""
        values: dict[str, Any] = {"workflow_type": str(self.workflow_type)}
        values |= {name: getattr(self, name) for name in SECTIONS if getattr(self, name)}
        defaults = {"parallel_execution": True}
        values |= {name: getattr(self, name) for name in _LIMITS if getattr(self, name) != defaults.get(name)}
        return values

    def to_yaml(self) -> str:
        """YAML text that `from_yaml` reads back equal.

        Raises
        ------
        ConfigError
            where the config holds what text can't: a DataFrame, a function.
        """
        return dump(self.to_dict())

    def copy(self) -> WorkflowConfig:
        """An independent copy; data frames in it are shared, not copied."""
        frame = (self.data_config or {}).get("frame")
        memo = {} if frame is None else {id(frame): frame}
        try:
            return copy.deepcopy(self, memo)
        except (TypeError, RecursionError) as error:
            message = f"holds something that can't be copied ({error}); use numbers, text, lists and mappings"
            raise ConfigError(Problem("", message)) from None

    # ---- checking -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check sections and limits again, since they may have been changed.

        Raises
        ------
        ConfigError
        """
        problems = list(_problems({key: getattr(self, key) for key in _KEYS}))
        if problems:
            raise ConfigError(located(problems, self._positions))

    @property
    def positions(self) -> Positions:
        """Where each key stands in the YAML text this config was read from; empty for others."""
        return self._positions

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WorkflowConfig):
            return NotImplemented
        return same(self.to_dict(), other.to_dict())

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={shown(value, 200)}" for name, value in self.to_dict().items())
        return f"WorkflowConfig({fields})"


def read_text(source: object, what: str = "WorkflowConfig") -> str:
    """YAML text as it is, or what stands in the file at a path; `what` is the title of an error.

    Raises
    ------
    ConfigError
        where the file can't be read.
    """
    if not isinstance(source, (str, os.PathLike)):
        message = f"must be YAML text or the path of a file, but was {shown(source)}"
        raise ConfigError(Problem("", message), what)
    if isinstance(source, str) and ("\n" in source or not source.strip().endswith((".yaml", ".yml"))):
        return source
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or text that is not UTF-8
        if isinstance(error, UnicodeDecodeError):
            raise ConfigError(Problem("", f"{path} is not UTF-8 text; save it as UTF-8"), what) from None
        why = getattr(error, "strerror", None) or error
        raise ConfigError(Problem("", f"{shown(str(path), 200)} can't be read: {why}"), what) from None


def located(problems: list[Problem], positions: Positions) -> list[Problem]:
    """The problems with the line and column of what they are about; of its nearest parent where it has none itself."""
    by_name = {_joined(path): place for path, place in positions.items()}
    placed = []
    for problem in problems:
        name = problem.path
        while name and name not in by_name:
            name = name[: max(name.rfind("."), name.rfind("["), 0)]
        here: tuple[int | None, int | None] = by_name.get(name, (None, None)) if name else (None, None)
        line, column = here if problem.line is None else (problem.line, problem.column)
        placed.append(Problem(problem.path, problem.message, line, column))
    return placed


def _joined(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _section(value: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if value is None else dict(value)


def same(a: Any, b: Any) -> bool:
    """Equality that takes data frames by identity, since `==` on them is no answer; NaN, as typed, is itself."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "columns") or hasattr(b, "columns"):
        return a is b
    if hasattr(a, "dtype") or hasattr(b, "dtype"):
        a, b = (v.tolist() if hasattr(v, "tolist") else v for v in (a, b))
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


_MIGRATE = "which adm.migrate_config(...) reads (in a cell: %%adm migrate)"


def _unknown(key: object, older: bool = False) -> str:
    """What is wrong with a key; `older`: whether it stands beside keys of the older form."""
    from adm_notebook.config.homes import stands_elsewhere  # its modules import pandas

    if key in _OLDER_FORM:
        return f"belongs to the older form, {_MIGRATE}. Here it is `{_OLDER_FORM[str(key)]}`"
    if older and key in ("name", "description"):
        return f"belongs to the older form, {_MIGRATE}. Here nothing reads it"
    if elsewhere := stands_elsewhere(key, ""):
        return elsewhere
    suggestion = did_you_mean(key, _KEYS)
    return f"unknown section.{suggestion}" if suggestion else f"unknown section. Known: {', '.join(_KEYS)}"


def _problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    kinds = [str(kind) for kind in WorkflowType]
    kind = values.get("workflow_type", "backtest")
    if kind is Ellipsis:
        yield Problem("workflow_type", "was left as `...`; fill it in")
    elif not isinstance(kind, str) or str(kind) not in kinds:
        runs = ", ".join(k for k in kinds if k not in ("validation", "live_trading"))  # those are refused anyway
        message = f"must be one of {runs}, but was {shown(kind)}.{did_you_mean(kind, kinds)}"
        yield Problem("workflow_type", message.removesuffix("."))
    for name in SECTIONS:
        section = values.get(name)
        if section is Ellipsis:
            yield Problem(name, "was left as `...`; fill it in")
        elif section is not None and not isinstance(section, Mapping):
            yield Problem(name, f"must be a section (`name: value`), but was {shown(section)}")
        elif section:
            yield from unfilled(section, name)
    if not isinstance(values.get("parallel_execution", True), bool):
        yield Problem("parallel_execution", f"must be true or false, but was {shown(values['parallel_execution'])}")
    for name, whole in (("max_workers", True), ("timeout_seconds", False), ("memory_limit_mb", False)):
        value = values.get(name)
        if value is None:
            continue
        number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not number or not value > 0 or value == float("inf"):
            yield Problem(
                name, f"must be a {'whole ' if whole else ''}number above 0, or left out, but was {shown(value)}"
            )


def unfilled(value: Any, path: str, depth: int = 0) -> Iterator[Problem]:
    """An `...` copied from a guide and never filled in, wherever it stands."""
    if depth > 50:
        yield Problem(path[:60], "is nested more than 50 levels deep, or holds itself")
    elif value is Ellipsis or (isinstance(value, str) and value == "..."):
        yield Problem(path, "was left as `...`; fill it in")
    elif isinstance(value, (set, frozenset)) and Ellipsis in value:  # `{...}` in Python is a set
        yield Problem(path, "was left as `{...}`; fill it in")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                yield Problem(path, f"has the key {shown(key)}; keys must be text")
            else:
                yield from unfilled(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from unfilled(item, f"{path}[{i}]", depth + 1)
