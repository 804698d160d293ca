"""YAML as users write it: read safely, with the line and column of every key; written back without loss.

Safe means: plain values only (a tag that would build an object is refused), a bounded size once aliases are expanded
(an alias bomb is refused before it is built), a bounded depth, no key twice. Numbers follow YAML 1.2 where YAML 1.1
surprises: `1e-3` is a number, `yes`, `no`, `on`, `off` are text, `012` is twelve and `1:30` is text. Dates stay dates.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from adm_notebook.errors import ConfigError, Problem, shown

__all__ = ["Positions", "dump", "load_mapping"]

Positions = dict[tuple[str | int, ...], tuple[int, int]]
"""Path of keys and list positions -> 1-based line and column in the text."""

MAX_CHARACTERS = 1_000_000
MAX_NODES = 200_000
MAX_DEPTH = 50


class _Loader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's ideas of booleans and numbers."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), [*"~nN", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9][0-9_]*$"), "-+0123456789")
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"""^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
            |[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
            |[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
            |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$""",
        re.VERBOSE,
    ),
    "-+0123456789.",
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:timestamp",
    re.compile(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
        r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?$"
    ),
    "0123456789",
)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value.replace("_", "")))


def load_mapping(text: str, what: str = "WorkflowConfig") -> tuple[dict[str, Any], Positions]:
    """The mapping that `text` holds, and where each of its keys and items stands.

    Raises
    ------
    ConfigError
        with line and column, where the text is not YAML, is not a mapping, or is not safe to read.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(
            Problem("", f"the text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read"), what
        )
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            message = "the text is empty. Write at least one section, e.g. `backtest_config: {strategy: momentum}`"
            raise ConfigError(Problem("", message), what)
        if not isinstance(root, MappingNode):
            kind = "a list" if isinstance(root, SequenceNode) else f"the value {shown(root.value)}"
            message = f"must be sections (`name: value` lines), but is {kind}"
            raise ConfigError(_at(root, "", message), what)
        positions: Positions = {}
        _Survey(positions, what).visit(root, (), 0)
        value: dict[str, Any] = loader.construct_document(root)
        return value, positions
    except ConfigError:
        raise
    except RecursionError:
        raise ConfigError(Problem("", f"is nested more than {MAX_DEPTH} levels deep"), what) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_syntax_problem(error), what) from None
    except yaml.YAMLError as error:  # unreadable characters carry no mark of their own
        raise ConfigError(Problem("", f"not YAML: {' '.join(str(error).split())}"), what) from None


class _Survey:
    """Walk the nodes before anything is built: note positions, refuse what is unsafe or ambiguous."""

    def __init__(self, positions: Positions, what: str) -> None:
        self.positions, self.what, self.count = positions, what, 0

    def visit(self, node: Node, path: tuple[str | int, ...], depth: int) -> None:
        self.count += 1
        name = _name(path)
        if self.count > MAX_NODES:
            message = f"holds more than {MAX_NODES:,} values once its aliases (`*name`) are expanded; write them out"
            raise ConfigError(_at(node, name, message), self.what)
        if depth > MAX_DEPTH:
            raise ConfigError(_at(node, _name(path[:3]), f"is nested more than {MAX_DEPTH} levels deep"), self.what)
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.startswith("tag:yaml.org,2002:python"):
            message = f"has the tag {shown(node.tag)}; tags build objects and are not read. Write the value without it"
            raise ConfigError(_at(node, name, message), self.what)
        self.positions.setdefault(path, _mark(node))
        if isinstance(node, ScalarNode) and node.tag.endswith((":timestamp", ":int", ":float")):
            try:
                _Loader("").construct_object(node)
            except (ValueError, OverflowError) as error:  # 2024-13-45, or a whole number of thousands of digits
                raise ConfigError(_at(node, name, f"{shown(node.value)} can't be read: {error}"), self.what) from None
        if isinstance(node, MappingNode):
            self._mapping(node, path, depth)
        elif isinstance(node, SequenceNode):
            for i, item in enumerate(node.value):
                self.visit(item, (*path, i), depth + 1)

    def _mapping(self, node: MappingNode, path: tuple[str | int, ...], depth: int) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise ConfigError(_at(key, _name(path), "a key must be a plain word"), self.what)
            if key.value == "<<" and key.style is None:
                key.tag = "tag:yaml.org,2002:merge"
                self.visit(value, path, depth + 1)
                continue
            if key.value in seen:
                raise ConfigError(_at(key, _name((*path, key.value)), "stands here twice; keep one of them"), self.what)
            seen.add(key.value)
            key.tag = "tag:yaml.org,2002:str"  # `1:` or `on:` as a key is a name like any other
            self.positions[(*path, key.value)] = _mark(key)
            self.visit(value, (*path, key.value), depth + 1)


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _at(node: Node, path: str, message: str) -> Problem:
    return Problem(path, message, *_mark(node))


def _name(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = " ".join(part for part in (error.problem, error.context) if part)
    hint = ""
    if "found character '\\t'" in said:
        hint = ". Indent with spaces, not with a tab"
    elif "mapping values are not allowed" in said:
        hint = ". A text with `: ` in it needs quotes, and nested keys need one more level of indentation"
    elif "could not determine a constructor" in said:
        hint = ". Tags build objects and are not read; write the value without it"
    elif "expected <block end>" in said:
        said = "this line is indented otherwise than the lines that it belongs to" if mark else said
        hint = (
            ". Keys of one section begin in one column; a list is indented below its key, and nothing stands beside it"
        )
    elif "quoted scalar" in said:
        hint = ". Is a closing quote missing?"
    elif "flow mapping" in said or "flow sequence" in said:
        hint = ". Is a closing bracket missing?"
    place = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return Problem("", f"not YAML: {said}{hint}", *place)


# ---- writing --------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Block style outside, one line for small inner values, keys in the user's order."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


_Dumper.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


def _plain(value: Any, path: str = "") -> Any:
    """`value` made of the types that YAML has; numpy scalars and enums become their plain values."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        plain = {str(k): _plain(v, f"{path}.{k}" if path else str(k)) for k, v in value.items()}
        return _Inline(plain) if path and plain and _is_small(plain) else plain
    if isinstance(value, (list, tuple)):
        return [_plain(v, f"{path}[{i}]") for i, v in enumerate(value)]
    if hasattr(value, "to_pydatetime"):  # pandas' Timestamp, which is a datetime that YAML does not know
        return value.to_pydatetime()
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # numpy's scalars and arrays
        return _plain(value.tolist(), path)
    if isinstance(value, (Decimal, Fraction)):
        return float(value)
    if isinstance(value, PurePath):
        return str(value)
    if value is None or type(value) in (str, bool, int, float, dt.date, dt.datetime):
        return value
    if isinstance(value, str):
        return str(value)
    instead = "Use a file and `path:`" if hasattr(value, "columns") else "Write a number, text, a list or a mapping"
    raise ConfigError(Problem(path, f"can't be written as YAML: it is a {type(value).__name__}. {instead}"))


def _is_small(value: Any) -> bool:
    """Whether a value reads better on one line."""
    if isinstance(value, dict):
        scalars = all(not isinstance(v, (dict, list)) or (isinstance(v, list) and _is_small(v)) for v in value.values())
        return scalars and len(value) <= 4 and len(str(value)) <= 80
    if isinstance(value, list):
        return all(not isinstance(v, (dict, list)) for v in value) and len(str(value)) <= 80
    return False


class _Inline(dict[str, Any]):
    """A mapping that is written on one line."""


def _represent_inline(dumper: yaml.SafeDumper, value: _Inline) -> Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _represent_list(dumper: yaml.SafeDumper, value: list[Any]) -> Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_is_small(value))


def _represent_float(dumper: yaml.SafeDumper, value: float) -> Node:
    if math.isnan(value):
        text = ".nan"
    elif math.isinf(value):
        text = ".inf" if value > 0 else "-.inf"
    else:
        text = repr(value)  # the shortest text that reads back as the same number
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _represent_text(dumper: yaml.SafeDumper, value: str) -> Node:
    odd = value == "<<" or any(not c.isprintable() and c not in "\n\t" for c in value)  # \x85 would be read as a blank
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if odd else None)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(_Inline, _represent_inline)
_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(float, _represent_float)


def dump(value: Mapping[str, Any]) -> str:
    """`value` as YAML text that `load_mapping` reads back equal."""
    text: str = yaml.dump(
        _plain(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110
    )
    return text
