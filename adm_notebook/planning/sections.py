"""Reading the sections of a WorkflowConfig: every key is understood or reported, all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adm_notebook.config import WorkflowConfig, WorkflowType
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["PATTERNS", "Sections", "StrategyEntry", "read_sections"]

PATTERNS = ("simple_backtest", "full_backtest", "signal_generation", "signal_replay")
RUNNABLE = ("simple_backtest",)

_LATER = "comes with a later version; this one runs simple_backtest"
_NOT_YET = "comes with a later version"

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "parameters": ("container_pattern", "max_indicators", "max_memory_mb", "phases", "pattern"),
    "backtest_config": ("strategy", "portfolio", *Settings.model_fields),
    "optimization_config": (
        "strategies", "classifiers", "risk_profiles", "constraints", "objective", "direction", "method", "n_trials",
        "seed",
    ),
    "analysis_config": ("mode", "output_path", "signals_path"),
    "validation_config": (),
    "infrastructure_config": ("results",),
}  # fmt: skip

_STRATEGY_KEYS = ("type", "name", "parameters", "allocation", "regimes", "enabled")


@dataclass(frozen=True, slots=True)
class StrategyEntry:
    """One entry of `strategies`, as it was given, with the path where it stands."""

    type: str
    name: str | None
    parameters: Mapping[str, Any]
    allocation: float | None
    path: str
    type_path: str
    parameter_path: str


@dataclass(slots=True)
class Sections:
    """What the sections say, names and types checked, values not yet."""

    pattern: str
    strategies: list[StrategyEntry]
    settings: dict[str, Any]
    combined: bool
    constraints: list[tuple[str, object]]
    objective: str
    maximise: bool
    max_indicators: int | None
    memory_mb: float | None
    defaults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class _Reader:
    """Collects problems while it reads."""

    def __init__(self, config: WorkflowConfig) -> None:
        self.config = config
        self.problems: list[Problem] = []
        self.defaults: list[str] = []
        self.warnings: list[str] = []

    def wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def unknown_keys(self, values: Iterable[Any], known: tuple[str, ...], path: str) -> None:
        for key in values:
            if key not in known and key.isdigit():
                self.wrong(f"{path}.{key}", "is no field: a comma ends a value. Write 100000 or 100_000, not 100,000")
            elif key not in known:
                near = did_you_mean(key, known)
                self.wrong(
                    f"{path}.{key}",
                    f"unknown field.{near}" if near else f"unknown field. Known here: {', '.join(known)}",
                )

    def positive(self, value: Any, path: str, whole: bool) -> Any:
        """A number above 0, or None if it is left out."""
        if value is None:
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int if whole else (int, float))
            or not 0 < value < float("inf")
        ):
            self.wrong(path, f"must be a {'whole ' if whole else ''}number above 0, but was {shown(value)}")
            return None
        return value


def read_sections(config: WorkflowConfig) -> tuple[Sections, list[Problem]]:
    """What the sections say, and everything that is wrong with their keys."""
    reader = _Reader(config)
    for section, known in _KNOWN.items():
        values = getattr(config, section)
        if section == "validation_config" and values:
            reader.wrong(
                section,
                "plays no part in this workflow; leave it out. Out-of-sample validation comes with a later version",
            )
            continue
        reader.unknown_keys(values, known, section)
    _workflow_type(reader)
    pattern = _pattern(reader)
    backtest, optimization, parameters = config.backtest_config, config.optimization_config, config.parameters
    memory = _memory(reader)
    strategies = _strategies(reader)
    objective, maximise = _objective(reader, optimization)
    method = optimization.get("method")
    if method not in (None, "grid"):
        reader.wrong(
            "optimization_config.method", f"must be grid, but was {shown(method)}; random and optuna {_NOT_YET}"
        )
    for key in ("n_trials", "seed"):
        if optimization.get(key) is not None:
            reader.wrong(
                f"optimization_config.{key}", "belongs to random search; a grid runs every combination. Leave it out"
            )
    if "results" in config.infrastructure_config:
        reader.wrong(
            "infrastructure_config.results",
            "streaming rows to Parquet comes with a later version; leave it out and use result.save",
        )
    sections = Sections(
        pattern=pattern,
        strategies=strategies,
        settings={k: v for k, v in backtest.items() if k in Settings.model_fields},
        combined=_combined(reader, backtest.get("portfolio")),
        constraints=_constraints(reader, optimization.get("constraints")),
        objective=objective,
        maximise=maximise,
        max_indicators=reader.positive(parameters.get("max_indicators"), "parameters.max_indicators", whole=True),
        memory_mb=memory,
        defaults=reader.defaults,
        warnings=reader.warnings,
    )
    return sections, reader.problems


def _workflow_type(reader: _Reader) -> None:
    kind = reader.config.workflow_type
    if kind == WorkflowType.LIVE_TRADING:
        reader.wrong(
            "workflow_type",
            "live_trading is refused: this toolkit does research on past prices and sends no orders. Use backtest",
        )
    elif kind == WorkflowType.VALIDATION:
        reader.wrong(
            "workflow_type",
            "validation (out-of-sample workflows) is planned, and not yet built. Use backtest on a later `start`",
        )
    elif kind == WorkflowType.ANALYSIS:
        mode = reader.config.analysis_config.get("mode")
        if mode is None:
            reader.wrong("analysis_config.mode", "is missing; an analysis is signal_generation or signal_replay")


def _pattern(reader: _Reader) -> str:
    """The pattern that is asked for, or that the sections imply."""
    config = reader.config
    asked = config.parameters.get("container_pattern")
    mode = config.analysis_config.get("mode")
    nested = [k for k in ("classifiers", "risk_profiles") if config.optimization_config.get(k)]
    if config.parameters.get("phases") is not None:
        reader.wrong(
            "parameters.phases",
            "several phases in one workflow come with a later version; run each phase as its own workflow",
        )
    if config.parameters.get("pattern") is not None:
        reader.wrong("parameters.pattern", f"a pattern of one's own {_LATER}")
    if mode is not None and mode not in ("signal_generation", "signal_replay"):
        near = did_you_mean(mode, ["signal_generation", "signal_replay"])
        reader.wrong(
            "analysis_config.mode",
            f"must be signal_generation or signal_replay, but was {shown(mode)}.{near}".removesuffix("."),
        )
        return "simple_backtest"
    implied = mode or ("full_backtest" if nested else "simple_backtest")
    pattern = implied if asked is None else asked
    if pattern not in PATTERNS:
        message = f"must be one of {', '.join(PATTERNS)}, but was {shown(pattern)}.{did_you_mean(pattern, PATTERNS)}"
        reader.wrong("parameters.container_pattern", message.removesuffix("."))
        return "simple_backtest"
    if pattern not in RUNNABLE:
        if asked is not None:
            reader.wrong("parameters.container_pattern", f"{pattern} {_LATER}")
        else:
            for where in ["analysis_config.mode"] if mode else [f"optimization_config.{key}" for key in nested]:
                reader.wrong(where, f"asks for the pattern {pattern}, which {_LATER}")
    elif nested:
        for key in nested:
            reader.wrong(
                f"optimization_config.{key}",
                f"has no place in simple_backtest, and full_backtest {_NOT_YET}; leave it out",
            )
    elif mode is not None:
        reader.wrong(
            "analysis_config.mode", f"asks for {mode}, but the pattern is simple_backtest; leave one of them out"
        )
    elif config.analysis_config:
        reader.wrong("analysis_config", "plays no part in simple_backtest; leave it out")
    return "simple_backtest" if pattern not in RUNNABLE else pattern


def _memory(reader: _Reader) -> float | None:
    """`memory_limit_mb`, of which `parameters.max_memory_mb` is an alias."""
    alias = reader.positive(reader.config.parameters.get("max_memory_mb"), "parameters.max_memory_mb", whole=False)
    direct = reader.config.memory_limit_mb
    if alias is not None and direct is not None and alias != direct:
        reader.wrong(
            "parameters.max_memory_mb",
            f"is {alias:g}, but memory_limit_mb, which means the same, is {direct:g}; keep one",
        )
    return direct if direct is not None else alias


def _strategies(reader: _Reader) -> list[StrategyEntry]:
    backtest, optimization = reader.config.backtest_config, reader.config.optimization_config
    listed, short = optimization.get("strategies"), backtest.get("strategy")
    if short is not None and listed is not None:
        reader.wrong("backtest_config.strategy", "stands beside optimization_config.strategies; keep one of them")
        return []
    if short is not None:
        items, path = [short], "backtest_config.strategy"
    elif listed is None:
        reader.defaults.append("No strategy given: momentum is used, with its defaults.")
        items, path = ["momentum"], ""
    elif not isinstance(listed, (list, tuple)):
        reader.wrong("optimization_config.strategies", f"must be a list of strategies, but was {shown(listed)}")
        return []
    else:
        items, path = list(listed), "optimization_config.strategies"
        if not items:
            reader.wrong(path, "is an empty list; name a strategy, e.g. [{type: momentum}], or leave it out")
    entries: list[StrategyEntry] = []
    off = 0
    for i, item in enumerate(items):
        entry = _strategy(reader, item, f"{path}[{i}]" if listed is not None else path)
        if entry is not None and isinstance(item, Mapping) and item.get("enabled", True) is False:
            reader.warnings.append(f"Strategy {entry.name or entry.type} is not enabled and was left out.")
            off += 1
        elif entry is not None:
            entries.append(entry)
    if off and off == len(items):
        reader.wrong(path, "has no strategy that is enabled; set `enabled: true` for one")
    return entries


def _strategy(reader: _Reader, item: Any, path: str) -> StrategyEntry | None:
    if isinstance(item, str):
        return StrategyEntry(item, None, {}, None, path, path, f"{path}.parameters")
    if not isinstance(item, Mapping):
        reader.wrong(path, f"must be a strategy's name or {{type, parameters}}, but was {shown(item)}")
        return None
    reader.unknown_keys(item, _STRATEGY_KEYS, path)
    kind, name, parameters = item.get("type"), item.get("name"), item.get("parameters")
    fine = True
    if not isinstance(kind, str):
        reader.wrong(
            f"{path}.type",
            "is missing; name a strategy, e.g. momentum" if kind is None else f"must be text, but was {shown(kind)}",
        )
        fine = False
    elif kind == "ensemble":
        reader.wrong(f"{path}.type", "ensembles come with a later version; list the members as strategies")
        fine = False
    if name is not None and (not isinstance(name, str) or not name.strip()):
        reader.wrong(f"{path}.name", f"must be text, but was {shown(name)}")
        fine = False
    if parameters is not None and not isinstance(parameters, Mapping):
        reader.wrong(f"{path}.parameters", f"must be a mapping (name: value), but was {shown(parameters)}")
        fine = False
    if item.get("regimes") is not None:
        reader.wrong(
            f"{path}.regimes", f"limiting a strategy to regimes needs a classifier, which {_NOT_YET}; leave it out"
        )
    if not isinstance(item.get("enabled", True), bool):
        reader.wrong(f"{path}.enabled", f"must be true or false, but was {shown(item['enabled'])}")
    allocation = item.get("allocation")
    if allocation is not None and (
        isinstance(allocation, bool) or not isinstance(allocation, (int, float)) or not 0 < allocation <= 1
    ):
        reader.wrong(
            f"{path}.allocation", f"must be a share of the capital, above 0 and at most 1, but was {shown(allocation)}"
        )
        fine = False
    if not fine:
        return None
    return StrategyEntry(
        type=str(kind),
        name=name,
        parameters=dict(parameters or {}),
        allocation=allocation,
        path=path,
        type_path=f"{path}.type",
        parameter_path=f"{path}.parameters",
    )


def _objective(reader: _Reader, optimization: Mapping[str, Any]) -> tuple[str, bool]:
    objective, direction = optimization.get("objective"), optimization.get("direction")
    if objective is None:
        objective = "sharpe"
    elif not isinstance(objective, str) or objective not in METRICS:
        near = did_you_mean(objective, METRICS)
        message = f"must be a metric ({', '.join(METRICS)}), but was {shown(objective)}.{near}"
        reader.wrong("optimization_config.objective", message.removesuffix("."))
        objective = "sharpe"
    if direction not in (None, "maximize", "minimize"):
        near = did_you_mean(direction, ["maximize", "minimize"])
        reader.wrong(
            "optimization_config.direction",
            f"must be maximize or minimize, but was {shown(direction)}.{near}".removesuffix("."),
        )
    return objective, direction != "minimize"


def _constraints(reader: _Reader, given: Any) -> list[tuple[str, object]]:
    if given is None:
        return []
    if isinstance(given, str):
        return [("optimization_config.constraints", given)]
    if not isinstance(given, (list, tuple)):
        reader.wrong(
            "optimization_config.constraints",
            f"must be a list of conditions such as `fast < slow`, but was {shown(given)}",
        )
        return []
    return [(f"optimization_config.constraints[{i}]", text) for i, text in enumerate(given)]


def _combined(reader: _Reader, portfolio: Any) -> bool:
    path = "backtest_config.portfolio"
    if portfolio is None:
        return False
    if not isinstance(portfolio, Mapping):
        reader.wrong(path, f"must be {{combine: true}}, but was {shown(portfolio)}")
        return False
    reader.unknown_keys(portfolio, ("combine",), path)
    combine = portfolio.get("combine", False)
    if not isinstance(combine, bool):
        reader.wrong(f"{path}.combine", f"must be true or false, but was {shown(combine)}")
        return False
    return combine


def raise_if(problems: list[Problem], config: WorkflowConfig) -> None:
    """Raise one ConfigError for all problems, in the order of the config, with line and column where they are known."""
    from adm_notebook.config.workflow import located

    if problems:
        placed = located(list(dict.fromkeys(problems)), config.positions)
        raise ConfigError(sorted(placed, key=lambda p: (p.line or 0, p.column or 0)))
