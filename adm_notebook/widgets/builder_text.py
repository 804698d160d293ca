"""A config as text in other words: as a `%%adm` cell, and as Python; and what is no text, by name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from adm_notebook.config.data import not_frames
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.errors import ConfigError, Problem, shown
from adm_notebook.patterns import Pattern

__all__ = ["cell_of", "check_named", "plain_values", "python_of", "with_frames"]

_WIDTH = 100


def cell_of(text: str, name: str, hybrid: bool) -> str:
    """A cell that runs the YAML and leaves its result in `name`."""
    mode = " --mode hybrid" if hybrid else ""
    return f"%%adm run {name}{mode}\n{text.strip() or 'workflow_type: backtest'}"


def python_of(values: Mapping[str, Any], name: str, hybrid: bool) -> str:
    """Python that runs the same and leaves its result in `name`; a frame stands in it by its variable's name."""
    values = {"workflow_type": "backtest", **values}
    lines = [f"    {key}={_python(value, 4, key)}," for key, value in values.items() if value is not None]
    mode = ', execution_mode="hybrid"' if hybrid else ""
    body = "\n".join(
        ["config = adm.WorkflowConfig(", *lines, ")", f"{name} = adm.EnhancedCoordinator().run(config{mode})", ""]
    )
    imports = "import datetime\n\n" if "datetime." in body else ""
    return f"{imports}import adm_notebook as adm\n\n{body}"


def _python(value: Any, indent: int, path: str) -> str:
    if path == "data_config.frame" and isinstance(value, str):
        return value
    line = _literal(value, path)
    if len(line) + indent <= _WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        items = [f"{_literal(k)}: {_python(v, indent + 4, f'{path}.{k}')}" for k, v in value.items()]
        opening, closing = "{", "}"
    else:
        items = [_python(v, indent + 4, path) for v in value]
        opening, closing = "[", "]"
    return "\n".join([opening, *(f"{inner}{item}," for item in items), " " * indent + closing])


def _literal(value: Any, path: str = "") -> str:
    if path == "data_config.frame" and isinstance(value, str):
        return value
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v, f'{path}.{k}')}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    return repr(value)


# ---- what is no text ------------------------------------------------------------------------------------------------


def plain_values(values: Mapping[str, Any], namespace: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a config as YAML can have them, and the frames that stand in it by name.

    A frame is called by the variable that holds it, else `frame`. A pattern becomes the mapping that describes it.
    """
    values = {key: dict(value) if key in SECTIONS else value for key, value in values.items()}
    frames: dict[str, Any] = {}
    data = values.get("data_config", {})
    frame = data.get("frame")
    if frame is not None and not isinstance(frame, str) and not not_frames(frame):
        held = (name for name, value in namespace.items() if value is frame and not name.startswith("_"))
        name = next(held, "frame")
        frames[name] = frame
        data["frame"] = name
    pattern = values.get("parameters", {}).get("pattern")
    if isinstance(pattern, Pattern):
        values["parameters"]["pattern"] = pattern.to_dict()
    return values, frames


def with_frames(values: Mapping[str, Any], frames: Mapping[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the frame that `data_config.frame` names.

    Raises
    ------
    ConfigError
        where nothing of that name is there.
    """
    data = values.get("data_config")
    name = data.get("frame") if isinstance(data, Mapping) else None
    if not isinstance(name, str) or not isinstance(data, Mapping):
        return dict(values)
    found = namespace.get(name, frames.get(name))
    if found is None:
        message = f"names a DataFrame of this notebook, but there is no variable {shown(name)}"
        raise ConfigError(Problem("data_config.frame", message))
    return {**values, "data_config": {**data, "frame": found}}


def check_named(values: Mapping[str, Any], namespace: Mapping[str, Any]) -> None:
    """ConfigError where a frame that a cell would name is in no variable."""
    data = values.get("data_config")
    name = data.get("frame") if isinstance(data, Mapping) else None
    if isinstance(name, str) and name not in namespace:
        message = f"is in no variable of this notebook; assign it first: {name} = ..."
        raise ConfigError(Problem("data_config.frame", message), "ConfigBuilder")
