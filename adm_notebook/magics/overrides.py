"""What a magic line and `%config Adm.*` put over the YAML of a cell: `--set`, `--data`, `--pattern`, and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adm_notebook.config.data import DataConfig
from adm_notebook.config.settings import Settings
from adm_notebook.config.workflow import SECTIONS, located
from adm_notebook.config.yaml_text import Positions, load_mapping
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown
from adm_notebook.magics.insert import Undefined, inserted, look_up
from adm_notebook.magics.line import CellLine, Setting, usage_error

__all__ = ["frames_of", "overridden", "short_names", "strategy_parameters", "with_limits"]

KeyPath = tuple[str | int, ...]

_TOP = ("workflow_type", *SECTIONS, "parallel_execution", "max_workers", "timeout_seconds", "memory_limit_mb")
_KEY = re.compile(r"\w+(\[\d+\])*(\.\w+(\[\d+\])*)*")
_SOURCES = ("source", "path", "frame")
_FILES = (".csv", ".tsv", ".txt", ".gz", ".bz2", ".zst", ".parquet", ".pq", ".parq")


def overridden(
    values: Mapping[str, Any],
    positions: Positions,
    line: CellLine,
    namespace: Mapping[str, Any],
    ensembles: Sequence[str] = (),
) -> tuple[dict[str, Any], Positions]:
    """The cell's values with what its magic line says, and where each key stands; the line is line 1 of the cell.

    Parameters
    ----------
    ensembles
        of the signals that are replayed: labels of those whose votes may be changed.

    Raises
    ------
    ConfigError
        for keys of `--set` that mean nothing or several things, values that are no YAML, and data that isn't there.
    """
    changed, places = dict(values), dict(positions)
    problems: list[Problem] = []
    if line.data is not None:
        try:
            changed["data_config"] = _with_data(changed.get("data_config"), line.data.value, namespace)
        except ConfigError as error:
            problems += error.problems
        places |= {("data_config", key): (1, line.data.column) for key in _SOURCES}
    if line.pattern is not None:
        changed = _replaced(changed, ("parameters", "container_pattern"), line.pattern.value)
        places["parameters", "container_pattern"] = (1, line.pattern.column)
    said = _said_by_options(line, changed)
    for setting in line.settings:
        try:
            path = _path_of(setting.key, changed, ensembles)
            _check_once(path, f"--set {setting.key}={setting.value}", said)
            changed = _replaced(_room_for(changed, path), path, _yaml_value(setting, namespace))
            places[path] = (1, setting.column)
        except (LookupError, TypeError) as error:
            problems.append(Problem(f"--set {setting.key}", str(error), 1, setting.column))
    if problems:
        raise usage_error("%%adm", problems)
    try:
        return _named_frames(changed, namespace), places
    except ConfigError as error:
        raise ConfigError(located(list(error.problems), places)) from None


def with_limits(values: Mapping[str, Any], limits: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the session's limits, where the cell has none of its own."""
    own = {name for name in limits if values.get(name) is not None}
    if "max_memory_mb" in _section(values, "parameters"):  # an alias
        own.add("memory_limit_mb")
    return {**values, **{name: value for name, value in limits.items() if name not in own}}


# ---- data -----------------------------------------------------------------------------------------------------------


def frames_of(namespace: Mapping[str, Any]) -> list[str]:
    """Names of the notebook's DataFrames, those of IPython's history left out."""
    return [n for n, v in list(namespace.items()) if not n.startswith("_") and _is_frame(v)]


def _is_frame(value: object) -> bool:
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.split(".")[0] == "pandas"


def _named_frames(values: dict[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """`data_config.frame: df`: the variable in the place of its name, also in a mapping symbol -> name."""
    data = _section(values, "data_config")
    frame = data.get("frame")
    if isinstance(frame, str):
        frame = _frame(frame, namespace, "data_config.frame")
    elif isinstance(frame, Mapping):
        frame = {
            symbol: _frame(name, namespace, f"data_config.frame.{symbol}") if isinstance(name, str) else name
            for symbol, name in frame.items()
        }
    else:
        return values
    return {**values, "data_config": {**data, "frame": frame}}


def _frame(name: str, namespace: Mapping[str, Any], path: str) -> Any:
    try:
        return look_up(name, namespace)
    except Undefined:
        guess = did_you_mean(name, frames_of(namespace))
        known = f" DataFrames here: {', '.join(frames_of(namespace)[:12]) or 'none yet'}."
        message = f"there is no variable {shown(name)} in this notebook.{guess or known}".removesuffix(".")
        raise ConfigError(Problem(path, message)) from None


def _with_data(section: Any, data: str, namespace: Mapping[str, Any]) -> Any:
    """`data_config` with another source of prices; its period, symbols and timeframe stay."""
    if section is not None and not isinstance(section, Mapping):
        return section  # no section at all: the config says so
    rest = {key: value for key, value in (section or {}).items() if key not in _SOURCES}
    return {**_source(data, namespace), **rest}


def _source(data: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    try:
        value = inserted(data, namespace)
    except Undefined as error:
        raise ConfigError(Problem("--data", str(error))) from None
    if isinstance(value, (str, Path)) and value != data:
        return {"path": str(value)}
    if not isinstance(value, str):
        return {"frame": value}
    if data in namespace and (_is_frame(namespace[data]) or isinstance(namespace[data], Mapping)):
        return {"frame": namespace[data]}
    if data == "sample":
        return {"source": "sample"}
    if data.lower().endswith(_FILES) or "/" in data or "\\" in data or Path(data).expanduser().exists():
        return {"path": data}
    from adm_notebook.market import describe_sources

    registered = [row.source for row in describe_sources() if row.source not in ("csv", "parquet", "frame")]
    if data in registered:
        return {"source": data}
    if data in namespace:
        message = f"the variable {data} is a {type(namespace[data]).__name__}, not a DataFrame"
    else:
        message = f"{shown(data)} is no file, no DataFrame of this notebook and no source."
        message += did_you_mean(data, [*frames_of(namespace), *registered])
    raise ConfigError(Problem("--data", message.removesuffix(".")))


# ---- --set ----------------------------------------------------------------------------------------------------------


def short_names(values: Mapping[str, Any], ensembles: Sequence[str] = ()) -> dict[str, list[KeyPath]]:
    """What `--set` takes without a section in front: the name, and the paths it may mean.

    In a replay these are no parameters of strategies, but how ensembles vote: `weights`, `LABEL.weights`.
    """
    from adm_notebook.planning.votes import CHANGES

    names: dict[str, list[KeyPath]] = {}
    for section, keys in (
        ("parameters", ("container_pattern", "max_indicators", "max_memory_mb")),
        ("data_config", (*DataConfig.model_fields, "frame")),
        ("backtest_config", ("strategy", "portfolio", *Settings.model_fields)),
        (
            "optimization_config",
            ("strategies", "classifiers", "risk_profiles", "constraints", "objective", "ensembles"),
        ),
    ):
        for key in keys:
            names.setdefault(key, []).append((section, key))
    for label in ensembles:
        for key in CHANGES:
            path: KeyPath = ("optimization_config", "ensembles", label, key)
            names.setdefault(f"{label}.{key}", []).append(path)
            if key != "method":  # which is that of a search, too
                names.setdefault(key, []).append(path)
    if _section(values, "analysis_config").get("mode") == "signal_replay":
        return names
    for label, where, parameters in strategy_parameters(values):
        for name in parameters:
            names.setdefault(name, []).append((*where, "parameters", name))
            names.setdefault(f"{label}.{name}", []).append((*where, "parameters", name))
    return names


def strategy_parameters(values: Mapping[str, Any]) -> Iterator[tuple[str, KeyPath, list[str]]]:
    """Each strategy of a config: its name, where it stands, and its parameters; momentum, where none is named."""
    from adm_notebook.components import canonical_type, parameters_of

    entries: list[tuple[KeyPath, Any]] = []
    listed = _section(values, "optimization_config").get("strategies")
    if isinstance(listed, (list, tuple)):
        entries = [(("optimization_config", "strategies", i), item) for i, item in enumerate(listed)]
    elif listed is None:
        entries = [(("backtest_config", "strategy"), _section(values, "backtest_config").get("strategy", "momentum"))]
    for path, item in entries:
        entry = item if isinstance(item, Mapping) else {"type": item}
        given = entry.get("parameters")
        own = list(given) if isinstance(given, Mapping) else []
        try:
            known = list(parameters_of(canonical_type(entry.get("type"), "type")))
        except ConfigError:  # an unknown strategy is reported when the workflow is planned
            known = []
        yield str(entry.get("name") or entry.get("type")), path, list(dict.fromkeys([*known, *map(str, own)]))


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = values.get(name)
    return section if isinstance(section, Mapping) else {}


def _path_of(key: str, values: Mapping[str, Any], ensembles: Sequence[str] = ()) -> KeyPath:
    """The place that a key of `--set` means.

    Raises
    ------
    LookupError
        for keys that mean nothing, or several things.
    """
    if not _KEY.fullmatch(key):
        raise LookupError("is no key: names joined by points, e.g. backtest_config.commission, or strategies[0].type")
    parts: list[str | int] = [int(p[1:-1]) if p.startswith("[") else p for p in re.findall(r"\w+|\[\d+\]", key)]
    if parts[0] in _TOP:
        return tuple(parts)
    names = short_names(values, ensembles)
    for taken in (2, 1):  # `ma_crossover.fast` before `commission.rate`
        paths = names.get(".".join(map(str, parts[:taken])), []) if len(parts) >= taken else []
        if len(paths) == 1:
            return (*paths[0], *parts[taken:])
        if paths:
            meant = " or ".join(_written(path) for path in paths[:4])
            raise LookupError(f"may mean {meant}; write one of them")
    words = " Write the whole path, e.g. backtest_config.commission"
    if _section(values, "analysis_config").get("mode") == "signal_replay":
        words += ". A parameter of a strategy is in the signals: keep them anew to change it"
    raise LookupError(f"unknown key.{did_you_mean(key, [*names, *_TOP]) or words}".removesuffix("."))


def _said_by_options(line: CellLine, values: Mapping[str, Any]) -> dict[KeyPath, str]:
    """The places that `--data` and `--pattern` have set, and the option as typed."""
    said: dict[KeyPath, str] = {}
    if line.data is not None:
        section = _section(values, "data_config")
        said |= {("data_config", key): f"--data {line.data.value}" for key in _SOURCES if key in section}
    if line.pattern is not None:
        said["parameters", "container_pattern"] = f"--pattern {line.pattern.value}"
    return said


def _check_once(path: KeyPath, option: str, said: dict[KeyPath, str]) -> None:
    """Note that `option` sets `path`; a part of what was set as a whole may be set after it, but nothing twice.

    Raises
    ------
    LookupError
        where the place, or a part of it, was set before.
    """
    earlier = next((text for place, text in said.items() if place[: len(path)] == path), None)
    if earlier is not None:
        raise LookupError(f"sets again what `{earlier}` has set; keep one of them")
    said[path] = option


def _written(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _yaml_value(setting: Setting, namespace: Mapping[str, Any]) -> Any:
    """The value of `--set`, read as YAML.

    Raises
    ------
    LookupError, TypeError
        where a variable is missing, or the text is no YAML.
    """
    if (value := inserted(setting.value, namespace)) is not setting.value:
        return value
    try:
        return load_mapping(f"value: {setting.value}")[0]["value"]
    except ConfigError as error:
        raise TypeError(f"{shown(setting.value)} can't be read: {error.problems[0].message}") from None


def _room_for(values: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    """A strategy that is only named becomes `{type: name}`, so that its parameters have a place."""
    at = path.index("parameters") if "parameters" in path[1:] else 0
    entry = _at(values, path[:at])
    if path[:at] == ("backtest_config", "strategy") and entry is None:
        entry = "momentum"
    room: dict[str, Any] = _replaced(values, path[:at], {"type": entry}) if isinstance(entry, str) else values
    return room


def _at(node: Any, path: KeyPath) -> Any:
    """What stands at `path`, or None."""
    for part in path:
        if isinstance(node, Mapping):
            node = node.get(part)
        else:
            node = node[part] if isinstance(node, list) and isinstance(part, int) and part < len(node) else None
    return node


def _replaced(node: Any, path: KeyPath, value: Any, passed: KeyPath = ()) -> Any:
    """`node` with `value` at `path`; everything beside the path is shared, nothing is written to.

    Raises
    ------
    LookupError, TypeError
        where the path leads through a value that has no such place.
    """
    if not path:
        return value
    head, rest = path[0], path[1:]
    here = _written(passed) or "the config"
    if isinstance(head, int):
        if not isinstance(node, (list, tuple)):
            raise TypeError(f"{here} is no list, but {shown(node)}")
        if head >= len(node):
            count = f"{len(node)} entries" if len(node) > 1 else "one entry" if node else "no entries"
            raise LookupError(f"{here} has {count}" + (f", the last one [{len(node) - 1}]" if node else ""))
        return [*node[:head], _replaced(node[head], rest, value, (*passed, head)), *node[head + 1 :]]
    if node is not None and not isinstance(node, Mapping):
        if isinstance(node, (list, tuple)) and head.isdigit():
            raise TypeError(f"{here} is a list; write {here}[{head}]")
        raise TypeError(f"{here} is {shown(node)}, which has no {head}; set {here} itself")
    own = dict(node or {})
    return {**own, head: _replaced(own.get(head), rest, value, (*passed, head))}
