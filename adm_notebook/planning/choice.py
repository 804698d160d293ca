"""Which pattern a workflow runs in: the one that it asks for, or the one that its sections imply."""

from __future__ import annotations

from collections.abc import Mapping

from adm_notebook.errors import ConfigError, Problem, RunError, did_you_mean, shown
from adm_notebook.patterns import PATTERNS, Pattern, pattern_from, unplaced
from adm_notebook.patterns.roles import ENSEMBLES
from adm_notebook.planning.sections import Reader

__all__ = ["choose_pattern", "implied_pattern", "replays"]

MODES = ("signal_generation", "signal_replay")
FALLBACK = "simple_backtest"


def implied_pattern(reader: Reader) -> str:
    """The name of the pattern that the sections imply."""
    config = reader.config
    mode = config.analysis_config.get("mode")
    if mode in MODES:
        return str(mode)
    nested = any(config.optimization_config.get(key) for key in ("classifiers", "risk_profiles"))
    return "full_backtest" if nested else FALLBACK


def choose_pattern(reader: Reader) -> Pattern:
    """The pattern; what is wrong with it, and config that it has no place for, are the reader's problems."""
    config = reader.config
    name, inline = config.parameters.get("container_pattern"), config.parameters.get("pattern")
    mode = config.analysis_config.get("mode")
    if mode is not None and mode not in MODES:
        near = did_you_mean(mode, MODES)
        message = f"must be signal_generation or signal_replay, but was {shown(mode)}.{near}"
        reader.wrong("analysis_config.mode", message.removesuffix("."))
        return PATTERNS.get(FALLBACK)
    if name is not None and inline is not None:
        reader.wrong("parameters.pattern", "stands beside parameters.container_pattern; keep one of them")
        return PATTERNS.get(FALLBACK)
    before = len(reader.problems)
    pattern = _asked(reader, name, inline)
    if len(reader.problems) == before:
        _check_places(reader, pattern, asked=name is not None or inline is not None)
    return pattern


def _asked(reader: Reader, name: object, inline: object) -> Pattern:
    try:
        if inline is not None:
            return pattern_from(inline, "parameters.pattern")
        if name is not None:
            return PATTERNS.get(name, "parameters.container_pattern")
    except ConfigError as error:
        reader.problems.extend(error.problems)
        return PATTERNS.get(FALLBACK)
    return PATTERNS.get(implied_pattern(reader))


def _check_places(reader: Reader, pattern: Pattern, asked: bool) -> None:
    config = reader.config
    optimization, analysis = config.optimization_config, config.analysis_config
    mode = analysis.get("mode")
    path = analysis.get("output_path")
    if mode is not None and pattern.name != mode and not asked:
        reader.wrong(
            "analysis_config.mode", f"asks for {mode}, but the pattern is {pattern.name}; leave one of them out"
        )
    if mode == "signal_generation" and not pattern.has("signal_log"):
        message = (
            f"asks for signals, but {pattern.name} keeps none; use parameters.container_pattern: signal_generation"
        )
        reader.wrong("analysis_config.mode", message)
    elif mode == "signal_replay" and not replays(pattern):
        message = f"asks for a replay, but {pattern.name} computes signals; use the pattern signal_replay"
        reader.wrong("analysis_config.mode", message)
    elif path is None and not pattern.has("execution"):
        reader.wrong("analysis_config.output_path", "is missing; name a folder for the signals, such as ./signals/")
    elif path is not None and not pattern.has("signal_log"):
        message = f"has no place in {pattern.name}, which keeps no signals; leave it out, or use signal_generation"
        reader.wrong("analysis_config.output_path", message)
    elif path is not None and (not isinstance(path, str) or not path.strip()):
        reader.wrong("analysis_config.output_path", f"must be the path of a folder, but was {shown(path)}")
    elif path is not None and (said := _occupied(path)):
        reader.wrong("analysis_config.output_path", said)
    if analysis.get("signals_path") is not None and not replays(pattern):
        message = f"has no place in {pattern.name}, which replays no signals; leave it out, or use signal_replay"
        reader.wrong("analysis_config.signals_path", message)
    given = {f"optimization_config.{key}": optimization.get(key) for key in ("classifiers", "risk_profiles")}
    given["optimization_config.strategies"] = optimization.get("strategies") or config.backtest_config.get("strategy")
    strategies = given["optimization_config.strategies"]
    listed = strategies if isinstance(strategies, (list, tuple)) else [strategies]
    given[ENSEMBLES] = [entry for entry in listed if _votes(entry)]
    counts = {
        key: len(value) if isinstance(value, (list, tuple)) else value is not None for key, value in given.items()
    }
    short = optimization.get("strategies") is None
    for problem in unplaced(pattern, counts):
        if problem.path == "optimization_config.strategies":
            path = "backtest_config.strategy" if short else problem.path
            message = problem.message.replace(problem.path, path)
            if replays(pattern):
                message = f"{pattern.name} takes the strategies of the store; leave {path} out"
            problem = Problem(path, message)
        reader.problems.append(problem)


def _occupied(path: str) -> str:
    """Why signals can't be kept in a folder: it holds something else; empty if they can."""
    from adm_notebook.signals.writer import check_folder

    try:
        check_folder(path)
    except RunError as error:
        return " ".join(str(error).split()).removesuffix(".")
    return ""


def _votes(entry: object) -> bool:
    """Whether an entry of `strategies` is an ensemble."""
    return isinstance(entry, Mapping) and str(entry.get("type")).strip().lower() == "ensemble"


def replays(pattern: Pattern) -> bool:
    """Whether its signals come from a store."""
    return any(node.container == "stored_signals" for _, node in pattern.walk())
