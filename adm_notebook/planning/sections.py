"""Reading the sections of a WorkflowConfig: every key is understood or reported, all problems at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from adm_notebook.config import WorkflowConfig, WorkflowType
from adm_notebook.config.homes import KEYS, stands_elsewhere
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import ConfigError, Problem, RunError, did_you_mean, shown
from adm_notebook.planning.plan import Objective
from adm_notebook.planning.slips import beside_parameters, in_yaml

__all__ = ["Reader", "Sections", "raise_if", "read_sections"]

_NOT_YET = "comes with a later version"


@dataclass(slots=True)
class Sections:
    """What the sections say of a run as a whole, names and types checked, values not yet."""

    settings: dict[str, Any]
    combined: bool
    constraints: list[tuple[str, object]]
    objectives: tuple[Objective, ...]
    method: str
    n_trials: int
    seed: int
    storage: str | None
    max_indicators: int | None
    memory_mb: float | None


@dataclass(slots=True)
class Reader:
    """Collects what is wrong with a config, and what is to be said of it, while it is read."""

    config: WorkflowConfig
    problems: list[Problem] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, path: str, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path, message))

    def unknown_keys(self, values: Iterable[Any], known: tuple[str, ...], path: str) -> None:
        """Note each key that is none of the known ones."""
        for key in values:
            if key not in known and str(key).isdigit():
                self.wrong(f"{path}.{key}", "is no field: a comma ends a value. Write 100000 or 100_000, not 100,000")
            elif key not in known and (elsewhere := stands_elsewhere(key, path) if path in KEYS else ""):
                self.wrong(f"{path}.{key}", elsewhere)
            elif key not in known:
                near = did_you_mean(key, known)
                self.wrong(
                    f"{path}.{key}", f"unknown field.{near}" if near else f"unknown field. {_listed(path, known)}"
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

    def listed(self, value: Any, path: str, what: str, example: str) -> list[Any]:
        """A list, or nothing; anything else, and an empty one, is a problem."""
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            instead = f"write [{value}]" if isinstance(value, str) else f"write it in brackets, e.g. {example}"
            self.wrong(path, f"must be a list of {what}, but was {shown(value)}; {instead}")
            return []
        if not value:
            self.wrong(path, f"is an empty list; name one, e.g. {example}, or leave it out")
        return list(value)


_LISTED_MOST = 12

_USUAL = (
    "strategy",
    "initial_capital",
    "commission",
    "slippage",
    "fill",
    "size_mode",
    "size",
    "stop_loss",
    "take_profit",
)
"""Of the many keys of `backtest_config`, those that most users want."""


def _listed(path: str, known: tuple[str, ...]) -> str:
    """The keys that a section has; of many the usual ones, and where all are."""
    if len(known) <= _LISTED_MOST:
        return f"Known here: {', '.join(known)}"
    usual = [key for key in _USUAL if key in known] or list(known[: len(_USUAL)])
    return f"Known here: {', '.join(usual)} and {len(known) - len(usual)} more, which Tab lists after --set in a cell"


def read_sections(reader: Reader) -> Sections:
    """What the sections say, apart from the pattern and the entries that fill it; what is wrong is the reader's."""
    config = reader.config
    for section, known in KEYS.items():
        if section == "data_config":  # which checks its own
            continue
        values = getattr(config, section)
        if section == "validation_config" and values:
            reader.wrong(
                section,
                "plays no part in this workflow; leave it out. Out-of-sample validation comes with a later version",
            )
            continue
        keys = _without_parameters(reader, values) if section == "backtest_config" else values
        reader.unknown_keys(keys, known, section)
    _workflow_type(reader)
    backtest, optimization, parameters = config.backtest_config, config.optimization_config, config.parameters
    method, n_trials, seed, storage = _search(reader, optimization)
    _results_path(reader)
    return Sections(
        settings={k: v for k, v in backtest.items() if k in Settings.model_fields},
        combined=_combined(reader, backtest.get("portfolio")),
        constraints=_constraints(reader, optimization.get("constraints")),
        objectives=_objectives(reader, optimization),
        method=method,
        n_trials=n_trials,
        seed=seed,
        storage=storage,
        max_indicators=reader.positive(parameters.get("max_indicators"), "parameters.max_indicators", whole=True),
        memory_mb=_memory(reader),
    )


def _without_parameters(reader: Reader, backtest: Mapping[str, Any]) -> list[Any]:
    """The keys of `backtest_config`; parameters of its strategy that stand beside it are told to go inside."""
    strategy, kept = backtest.get("strategy"), []
    for key in backtest:
        if key == "parameters":
            reader.wrong("backtest_config.parameters", _inside(strategy, backtest[key]))
            continue
        entry = f"strategy: {{{{type: {strategy}, {{}}}}}}" if isinstance(strategy, str) else ""
        kind = strategy.get("type") if isinstance(strategy, Mapping) else strategy
        known = key in KEYS["backtest_config"] or kind is None
        said = "" if known else beside_parameters(kind, key, backtest[key], entry)
        if said:
            reader.wrong(f"backtest_config.{key}", said if entry else f"{said} in strategy")
        else:
            kept.append(key)
    return kept


def _inside(strategy: Any, parameters: Any) -> str:
    """What to write in place of `parameters` beside a strategy."""
    kind = strategy.get("type") if isinstance(strategy, Mapping) else strategy
    entry = f"{{type: {kind if isinstance(kind, str) else 'momentum'}, parameters: {in_yaml(parameters)}}}"
    return f"belong inside the strategy: write strategy: {entry}"


def _results_path(reader: Reader) -> None:
    """The folder that rows are written to while they are made; checked before anything runs."""
    from adm_notebook.results.rows import check_rows_folder

    path = reader.config.infrastructure_config.get("results")
    if path is None:
        return
    where = "infrastructure_config.results"
    if not isinstance(path, str) or not path.strip():
        reader.wrong(where, f"must be the path of a folder, but was {shown(path)}")
        return
    try:
        check_rows_folder(path)
    except RunError as error:
        reader.wrong(where, str(error))


def _workflow_type(reader: Reader) -> None:
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


def _memory(reader: Reader) -> float | None:
    """`memory_limit_mb`, of which `parameters.max_memory_mb` is an alias."""
    alias = reader.positive(reader.config.parameters.get("max_memory_mb"), "parameters.max_memory_mb", whole=False)
    direct = reader.config.memory_limit_mb
    if alias is not None and direct is not None and alias != direct:
        reader.wrong(
            "parameters.max_memory_mb",
            f"is {alias:g}, but memory_limit_mb, which means the same, is {direct:g}; keep one",
        )
    return direct if direct is not None else alias


def _objectives(reader: Reader, optimization: Mapping[str, Any]) -> tuple[Objective, ...]:
    """One metric or several, each with its direction; the first ranks the rows."""
    path = "optimization_config.objective"
    given, directions = optimization.get("objective"), optimization.get("direction")
    if isinstance(given, (list, tuple)):
        metrics = list(given)
        if not metrics or len(set(map(str, metrics))) < len(metrics):
            reader.wrong(path, f"must be a metric, or a list of different ones, but was {shown(given)}")
            metrics = []
    else:
        metrics = ["sharpe" if given is None else given]
    several = isinstance(directions, (list, tuple))
    ways = list(directions) if isinstance(directions, (list, tuple)) else [directions] * len(metrics)
    if several and len(ways) != len(metrics):
        message = f"must name a direction for each of the {len(metrics)} objectives, but was {shown(directions)}"
        reader.wrong("optimization_config.direction", message)
        ways = [None] * len(metrics)
    found = []
    for i, (metric, way) in enumerate(zip(metrics, ways, strict=True)):
        if not isinstance(metric, str) or metric not in METRICS:
            near = did_you_mean(metric, METRICS)
            message = f"must be a metric ({', '.join(METRICS)}), but was {shown(metric)}.{near}"
            reader.wrong(f"{path}[{i}]" if len(metrics) > 1 else path, message.removesuffix("."))
        elif way not in (None, "maximize", "minimize"):
            words = ["maximize", "minimize"]
            short = [word for word in words if len(str(way)) > 2 and word.startswith(str(way).lower())]
            near = f" Did you mean `{short[0]}`?" if len(short) == 1 else did_you_mean(way, words)
            where = f"optimization_config.direction[{i}]" if several else "optimization_config.direction"
            reader.wrong(where, f"must be maximize or minimize, but was {shown(way)}.{near}".removesuffix("."))
        else:
            found.append(Objective(metric, way != "minimize"))
            if (metric, way) == ("max_drawdown", "minimize"):
                message = "max_drawdown is a negative number: `direction: minimize` ranks the deepest drawdown first"
                reader.warnings.append(f"{message}, `maximize` the smallest.")
    return tuple(found) or (Objective("sharpe", True),)


METHODS = ("grid", "random", "optuna")


def _search(reader: Reader, optimization: Mapping[str, Any]) -> tuple[str, int, int, str | None]:
    """How rows are chosen: method, number of trials, seed, and where a search is kept."""
    section = "optimization_config"
    method = optimization.get("method", "grid")
    if method not in METHODS:
        near = did_you_mean(method, METHODS)
        message = f"must be one of {', '.join(METHODS)}, but was {shown(method)}.{near}".removesuffix(".")
        reader.wrong(f"{section}.method", message)
        method = "grid"
    if method == "grid":
        for key in ("n_trials", "seed", "storage"):
            if optimization.get(key) is not None:
                reader.wrong(f"{section}.{key}", "belongs to method random or optuna; a grid runs every combination")
    if method == "optuna" and find_spec("optuna") is None:
        message = 'needs Optuna, which is not installed: pip install "adm-notebook[optuna]", or use method random'
        reader.wrong(f"{section}.method", message)
    trials = reader.positive(optimization.get("n_trials"), f"{section}.n_trials", whole=True) or 100
    if method != "grid" and optimization.get("n_trials") is None:
        reader.defaults.append("No n_trials given: 100 combinations are tried.")
    seed = optimization.get("seed")
    if seed is None:
        seed = 0
    elif isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        reader.wrong(f"{section}.seed", f"must be a whole number, 0 or more, but was {shown(seed)}")
        seed = 0
    storage = optimization.get("storage")
    if storage is not None and (not isinstance(storage, str) or not storage.strip() or "://" in storage):
        message = f"must be the path of an SQLite file, e.g. study.db, but was {shown(storage)}"
        reader.wrong(f"{section}.storage", message)
        storage = None
    elif storage is not None and method == "random":
        reader.wrong(f"{section}.storage", "belongs to method optuna; a random choice has nothing to keep but its seed")
    elif storage is not None and (wrong := _no_study(storage)):
        reader.wrong(f"{section}.storage", wrong)
    return method, trials, seed, storage


SQLITE = b"SQLite format 3\x00"


def _no_study(storage: str) -> str:
    """Why no search can be kept there, before anything runs; nothing where it can, or that can't be told yet."""
    path = Path(storage).expanduser()
    try:
        if path.is_dir():
            return f"is a folder; name a file in it, e.g. {storage.rstrip('/')}/study.db"
        if not path.exists():
            return ""
        with path.open("rb") as opened:
            head = opened.read(len(SQLITE))
        if not head:
            return ""
        if head != SQLITE:
            return f"must be an SQLite file, but {storage} is there and is none; name a new one"
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            tables = sorted(name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
    except (OSError, sqlite3.Error):  # the run says what is wrong with it, if anything still is
        return ""
    if tables and "studies" not in tables:
        return f"must be an SQLite file of searches, but {storage} holds {', '.join(tables[:3])}; name a new one"
    return ""


def _constraints(reader: Reader, given: Any) -> list[tuple[str, object]]:
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


def _combined(reader: Reader, portfolio: Any) -> bool:
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
