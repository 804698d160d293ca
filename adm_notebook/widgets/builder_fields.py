"""A field of the config builder: what a value of a config looks like in a form, and what is meant by what is typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, Literal

from adm_notebook.config.yaml_text import dump, load_mapping
from adm_notebook.errors import ConfigError
from adm_notebook.planning.sweeps import is_swept, values_of

__all__ = ["PERCENT", "Field", "Kind", "Mode", "as_mode", "field_of", "listed", "meant", "shown_value"]

Kind = Literal["number", "text", "names", "choice", "yaml"]
Mode = Literal["one", "list", "range", "yaml"]

PERCENT = frozenset(("commission", "slippage", "stop_loss", "take_profit", "max_drawdown", "max_daily_loss"))
"""Settings that are fractions, and are shown as per cent."""

_GROUPED = re.compile(r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$")
_LONG = 10_000
"""Whole numbers from here on are written with thousands, where they stand alone."""
_MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a config in the form.

    path     where it stands: `backtest_config.commission`
    name     its key; shown as code where `label` is empty
    kind     what is typed: a number, text, names with commas between them, one of `options`, or YAML
    mode     `one` value, a `list` of them, a `range` {min, max, step}, or `yaml` where it is neither of these
    sweeps   whether it may be a list or a range
    value    what is shown: text; of a range its three
    usual    what it is where nothing is typed
    options  what is offered, each with the words for it: all that a choice may be
    unit     `%` where a fraction is shown as per cent
    """

    path: str
    name: str
    label: str
    kind: Kind
    mode: Mode
    sweeps: bool
    value: str | tuple[str, str, str]
    usual: str
    help: str
    options: tuple[tuple[str, str], ...] = ()
    unit: str = ""

    @property
    def state(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def field_of(
    path: str,
    value: Any,
    *,
    kind: Kind = "text",
    label: str = "",
    sweeps: bool = False,
    usual: Any = None,
    said: str = "",
    options: Sequence[tuple[str, str]] = (),
    unit: str = "",
) -> Field:
    """The field of the value at `path`; None means that nothing is there."""
    name = path.rsplit(".", 1)[-1]
    mode = _mode_of(value, kind, sweeps)
    shown: str | tuple[str, str, str]
    if mode == "range":
        shown = tuple(shown_value(value.get(part), unit) for part in ("min", "max", "step"))  # type: ignore[assignment]
    elif mode == "yaml":
        shown = _flow(value)
    elif mode == "list":
        shown = listed(value, unit)
    else:
        shown = listed(value) if kind == "names" and not isinstance(value, str) else shown_value(value, unit)
    if options and isinstance(shown, str) and mode == "one" and shown not in [option for option, _ in options]:
        options = [*options, (shown, shown)]
    if isinstance(usual, float) and not unit:
        usual = int(usual) if usual.is_integer() else usual
    return Field(path, name, label, kind, mode, sweeps, shown, shown_value(usual, unit), said, tuple(options), unit)


def _mode_of(value: Any, kind: Kind, sweeps: bool) -> Mode:
    if kind == "names":
        return "one" if value is None or isinstance(value, str) or _are_scalars(value) else "yaml"
    if sweeps and isinstance(value, (list, tuple)) and _are_scalars(value):
        return "list"
    if sweeps and is_swept(value) and isinstance(value, Mapping) and value.keys() <= {"min", "max", "step"}:
        return "range"
    return "yaml" if kind == "yaml" or isinstance(value, (Mapping, list, tuple)) else "one"


def _are_scalars(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and not any(isinstance(v, (Mapping, list, tuple)) for v in value)


def shown_value(value: Any, unit: str = "") -> str:
    """A value as a field has it; nothing for None.

    Examples
    --------
    >>> shown_value(0.001, "%"), shown_value(True), shown_value(100_000)
    ('0.1', 'true', '100,000')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        try:
            number = Decimal(str(value)) * (100 if unit == "%" else 1)
            return f"{number.normalize():f}" if unit else _plain(value)
        except (InvalidOperation, ValueError):
            return str(value)
    return value if isinstance(value, str) else _flow(value)


def _plain(value: float) -> str:
    return _flow(value) if isinstance(value, float) else f"{value:,}" if abs(value) >= _LONG else str(value)


def listed(values: Any, unit: str = "") -> str:
    """Values with commas between them; one that has a comma of its own stands in quotes."""
    if values is None:
        return ""
    shown = (shown_value(v, unit) for v in values)
    numbers = (text.replace(",", "") if isinstance(v, int) else text for v, text in zip(values, shown, strict=True))
    return ", ".join(f'"{text}"' if "," in text else text for text in numbers)


def _flow(value: Any) -> str:
    """YAML on one line, as far as it goes."""
    if value is None:
        return ""
    text = dump({"x": value}).removeprefix("x:").strip()
    if "\n" not in text:
        return text
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(k))}: {_flow(v) or 'null'}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(v) or "null" for v in value) + "]"
    return text


def meant(field: Field, mode: Mode, typed: str | Sequence[str]) -> Any:
    """The value that is meant by what was typed into a field; None where nothing was, so that its key goes.

    What can't be read as a number stays text: planning then says what is wrong with it.
    """
    if mode == "range":
        parts = {name: _scalar(text, field) for name, text in zip(("min", "max", "step"), typed, strict=True)}
        if parts["step"] is None:
            del parts["step"]
        return parts
    text = typed if isinstance(typed, str) else ", ".join(typed)
    if not text.strip():
        return None
    if mode == "yaml":
        return _yaml(text)
    several = len(_parts(text)) > 1 and not _GROUPED.match(text.strip())
    if mode == "list" or (several and (field.kind == "names" or (field.kind == "number" and field.sweeps))):
        return [_scalar(part, field) for part in _parts(text)]
    return _scalar(text, field)


def _parts(text: str) -> list[str]:
    found = re.findall(r'\s*(?:"([^"]*)"|([^,]*))\s*(?:,|$)', text)
    return [part for part in ((quoted or plain).strip() for quoted, plain in found) if part]


def _scalar(text: str, field: Field) -> Any:
    text = text.strip()
    if not text:
        return None
    if field.kind == "names":
        return text
    if field.kind == "number":
        if _GROUPED.match(text):
            text = text.replace(",", "")
        if text.endswith("%") and field.unit:
            text = text[:-1].strip()
        value = _yaml(text)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value
        return _number(text, field.unit) if field.unit else value
    if field.kind == "choice":
        return {"true": True, "false": False}.get(text, text)
    return _yaml(text)


def _number(text: str, unit: str) -> Any:
    try:
        number = Decimal(text.replace("_", "")) / (100 if unit == "%" else 1)
    except InvalidOperation:  # .inf and its kin
        return _yaml(text)
    return int(number) if number == number.to_integral_value() and abs(number) < 10**15 else float(number)


def _yaml(text: str) -> Any:
    """What a text says in YAML; itself, where it says nothing there."""
    try:
        return load_mapping("x: " + text)[0]["x"]
    except ConfigError:
        return text


def as_mode(field: Field, value: Any, mode: Mode) -> Any:
    """A value as one, a list or a range: of one the usual value where there is none, of a range all it stands for."""
    if mode == "one":
        return (
            value[0] if isinstance(value, (list, tuple)) and value else value.get("min") if _is_range(value) else value
        )
    if value is None:
        value = meant(field, "one", field.usual)
    if mode == "list":
        if not _is_range(value):
            return value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        try:
            values = list(values_of(value, field.path))
        except ConfigError:
            return [v for v in (value.get("min"), value.get("max")) if v is not None]
        return values if len(values) <= _MOST_LISTED else [values[0], values[-1]]
    if isinstance(value, (list, tuple)):
        numbers = [v for v in value if isinstance(v, (int, float)) and not isinstance(v, bool)]
        if len(numbers) > 1:
            steps = [abs(b - a) for a, b in pairwise(numbers)]
            return {"min": min(numbers), "max": max(numbers), "step": min(s for s in steps if s) if any(steps) else 1}
        value = numbers[0] if numbers else None
    if _is_range(value):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        return {"min": 0, "max": 10, "step": 1}
    if isinstance(value, int):
        return {"min": value, "max": 5 * value, "step": value}
    quarter = float(Decimal(str(value)) / 4)
    return {"min": value, "max": float(Decimal(str(value)) * 2), "step": quarter}


def _is_range(value: Any) -> bool:
    return isinstance(value, Mapping) and {"min", "max"} <= value.keys()
