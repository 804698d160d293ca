"""What the second reader of the older form has found so far: values with where they came from, and what it left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.migration.changes import ABSENT, Unmapped

__all__ = ["SAYS_NOTHING", "WITHOUT_IT", "Older", "fraction", "is_number", "items", "listed", "plain_name"]

SAYS_NOTHING = "It changes no figure of a run."
WITHOUT_IT = "Both runs go without it."


@dataclass(slots=True)
class Older:
    """What a config of the older form says, in our sections.

    sections, outer  its values
    origins          path of a value here -> the older key that it came from
    left_out         keys that can't be run: the run goes without them
    whole            the config as it was given, laid over its `base_config`
    """

    sections: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in SECTIONS})
    outer: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    left_out: list[Unmapped] = field(default_factory=list)
    whole: dict[str, Any] = field(default_factory=dict)

    def written(self, path: str) -> Any:
        """What the user wrote at a path of the older form; ABSENT where that can't be told."""
        place: Any = self.whole
        for part in re.findall(r"[^.\[\]]+", path):
            try:
                place = place[int(part)] if isinstance(place, (list, tuple)) else place[part]
            except (KeyError, IndexError, TypeError, ValueError):
                return ABSENT
        return place

    @property
    def config(self) -> WorkflowConfig:
        """The workflow.

        Raises
        ------
        ConfigError
            where it says what no workflow can hold.
        """
        return WorkflowConfig.from_mapping({**self.outer, **{k: v for k, v in self.sections.items() if v}})

    def put(self, section: str, key: str, value: Any, origin: str) -> None:
        """Note a value, and where it came from."""
        self.sections[section][key] = value
        self.origins[f"{section}.{key}"] = origin

    def leave(self, path: str, value: Any, why: str) -> None:
        """Note a key that the run goes without."""
        self.left_out.append(Unmapped(path, value, why))


def items(found: Older, section: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The keys of a section; one that is none is left out as a whole."""
    if isinstance(section, Mapping):
        yield from ((str(key), value) for key, value in section.items())
    elif section is not None:
        found.leave(path, section, "It is no mapping of names to values.")


def listed(value: Any) -> list[Any]:
    """A list, whatever was given."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def is_number(value: Any) -> bool:
    """Whether it is a number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def fraction(key: str, value: Any) -> Any:
    """A share as a fraction: a key in per cent holds hundredths where it is above 1."""
    if is_number(value) and value > 1 and key.endswith(("_pct", "_percent")):
        return float(Decimal(str(value)) / 100)
    return value


def plain_name(value: Any) -> str:
    """A name in lower case, with `_` for `-` and blanks."""
    return str(value).strip().lower().replace("-", "_").replace(" ", "_")
