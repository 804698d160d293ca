"""What a run reads is frozen, closed, and explains itself; and how a user's mapping becomes it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["Clashes", "FrozenConfig", "canonical_json", "digest_of", "parse", "problems_of"]


class FrozenConfig(BaseModel):
    """A value that planning made and a run reads: immutable, without unknown fields; `repr` shows what was changed."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        strict=True,
        validate_default=False,
    )

    def __repr_args__(self) -> Any:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if field.is_required() or value != field.get_default(call_default_factory=True, validated_data={}):
                yield name, value

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON, defaults filled in: equal configs have one digest, in every process."""
        return digest_of(self.model_dump(mode="json"))


class Clashes(ValueError):
    """Several things that a model's own check found wrong with how its fields go together; each becomes a Problem."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = tuple(sentences)


Model = TypeVar("Model", bound=BaseModel)


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces; NaN is refused, because no two of them are equal."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def digest_of(value: object) -> str:
    """sha256, in hex, of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def parse(model: type[Model], values: Mapping[str, Any], path: str = "") -> Model:
    """`values` as a `model`.

    Raises
    ------
    ConfigError
        with one Problem for each thing that is wrong, its path below `path`.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(problems_of(error, model, path)) from None


def problems_of(error: ValidationError, model: type[BaseModel], path: str = "") -> list[Problem]:
    """What pydantic found, said in the words of the user who has to mend it."""
    seen: dict[tuple[str, str], Problem] = {}
    for detail in error.errors(include_url=False):
        error_raised = detail.get("ctx", {}).get("error")
        several = error_raised.sentences if isinstance(error_raised, Clashes) else (_sentence(detail, model),)
        for sentence in several:
            problem = Problem(_location(detail), sentence).under(path)
            seen.setdefault((problem.path, problem.message), problem)
    return list(seen.values())


def _location(detail: ErrorDetails) -> str:
    text = ""
    for part in detail["loc"]:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "[" in part or "(" in part:  # the name pydantic gives to a branch of a union: no place of the user's
            continue
        else:
            text += f".{part}" if text else part
    return text


_WORDS = {
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be {le} or less",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping (name: value)",
    "model_type": "must be a mapping (name: value)",
    "model_attributes_type": "must be a mapping (name: value)",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, seen, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        names = _fields_at(model, detail["loc"][:-1])
        known = did_you_mean(detail["loc"][-1], names)
        return f"unknown field.{known}" if known else f"unknown field. Known here: {', '.join(names)}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context.get("error", detail["msg"])).removeprefix("Value error, ")
    if kind in _WORDS:
        numbers = {k: _plain(v) if isinstance(v, (int, float)) else v for k, v in context.items()}
        sentence = f"{_WORDS[kind].format(**numbers)}, but was {_seen(seen)}{_instead(kind, seen, context)}"
        if kind in ("literal_error", "enum") and isinstance(seen, str):
            sentence += "." + did_you_mean(
                seen, [w.strip("'") for w in str(context["expected"]).replace(" or ", ", ").split(", ")]
            )
            sentence = sentence.removesuffix(".")
        return sentence
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, but was {_seen(seen)}"


def _instead(kind: str, value: object, context: Mapping[str, Any]) -> str:
    """What to write, where a slip is a common one: `5%`, `1,000`, 20 for 20%, another form of a range."""
    if kind == "less_than_equal" and context.get("le") == 1 and isinstance(value, (int, float)) and 1 < value <= 100:
        return f"; {value:g}% is {value / 100:g}"
    if kind not in ("float_type", "float_parsing", "int_type", "int_parsing"):
        return ""
    if isinstance(value, Mapping) and _RANGE & set(map(str, value)):
        return "; a range is written {min: 5, max: 10, step: 1}"
    if not isinstance(value, str):
        return ""
    if value.strip().startswith(("range(", "np.arange(", "linspace(", "np.linspace(")):
        return "; a range is written {min: 5, max: 10, step: 1}"
    text = value.strip()
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):  # no decimal comma
        text = text.replace(",", "")
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return ""
    fits = math.isfinite(number) and (kind.startswith("float") or number.is_integer())
    return f"; write {number:.12g}" if fits else ""


_RANGE = frozenset(("start", "stop", "end", "from", "to", "low", "high", "step", "range"))
"""Names by which ranges are given elsewhere."""


def _seen(value: object) -> str:
    if value is Ellipsis:
        return "`...` (fill it in)"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return shown(value)


def _plain(number: float) -> str:
    return f"{number:g}"


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The names that are known at `loc`, following nested models where there are any."""
    for part in loc:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        nested = field.annotation if field else None
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            model = nested
    return list(model.model_fields)
