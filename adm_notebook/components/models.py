"""Kinds of components whose parameters are a frozen model: what strategies and classifiers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import ValidationError

from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.strategy import InvalidParameters
from adm_notebook.config.frozen import FrozenConfig, problems_of
from adm_notebook.errors import ConfigError, Problem, did_you_mean

__all__ = ["ModelKind"]


Model = TypeVar("Model", bound=FrozenConfig)


class ModelKind(Generic[Model]):
    """What a registry knows of a parameter model, and how a user's mapping becomes one.

    A model names itself in class variables: `name` (its type in a config), `older_names` (of its parameters) and
    `source` (where it comes from); the first line of its docstring is the sentence that tables show.

    last  parameters that tables show last
    """

    identity = ""
    last: ClassVar[tuple[str, ...]] = ()

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        said: Any = model
        self.name: str = said.name
        self.source: str = said.source
        self.older_names: Mapping[str, str] = said.older_names
        self.sentence = (model.__doc__ or "").strip().splitlines()[0]

    @cached_property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """Its parameters by name."""
        found = {}
        for name, field in self.model.model_fields.items():
            default = field.get_default(call_default_factory=True, validated_data={})
            found[name] = ParameterInfo(type(default), default, field.description or "", field.is_required())
        for name in self.last:
            found[name] = found.pop(name)
        return found

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The parameters by their names, older ones replaced; ConfigError for names that it doesn't have."""
        known = self.parameters
        if all(name in known for name in given):
            return dict(given)
        found: dict[str, Any] = {}
        problems = []
        for name, value in given.items():
            plain = self.older_names.get(name, name)
            if plain not in known:
                guess = did_you_mean(name, [*known, *self.older_names]) or f" Known here: {', '.join(known)}"
                problems.append(Problem(f"{path}.{name}", f"{self.name} has no such parameter.{guess}"))
            elif plain in found or (plain != name and plain in given):
                problems.append(
                    Problem(f"{path}.{name}", f"is another name for `{plain}`, which is given too; keep one")
                )
            found[plain] = value
        if problems:
            raise ConfigError(problems)
        return found

    def read(self, given: Mapping[str, Any], path: str) -> Model:
        """The model; InvalidParameters where its own check refuses values that are well-formed one by one."""
        values = {name: self.typed(name, value) for name, value in given.items()}
        try:
            return self.model.model_validate(values)
        except ValidationError as error:
            problems = problems_of(error, self.model, path)
            own_check = all(
                detail["type"] == "value_error" and not detail["loc"] for detail in error.errors(include_url=False)
            )
            raise (InvalidParameters if own_check else ConfigError)(problems) from None

    def typed(self, name: str, value: Any) -> Any:
        """Numbers in the type of their field: 10.0 is a whole number, and numpy's numbers are numbers."""
        if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0:
            value = value.item()
        if type(value) is float and self.parameters[name].type is int and value.is_integer():
            return int(value)
        return value
