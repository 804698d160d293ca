"""Templates to HTML: jinja2 with autoescape on, so that a name can never become markup."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from adm_notebook.display.grid import words_of
from adm_notebook.display.numbers import Number
from adm_notebook.display.words import Code, Key, Name, Note, Now, Was

__all__ = ["render"]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("adm_notebook.display"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests |= {
        "name": lambda x: isinstance(x, Name),
        "code": lambda x: isinstance(x, Code),
        "key": lambda x: isinstance(x, Key),
        "was": lambda x: isinstance(x, Was),
        "now": lambda x: isinstance(x, Now),
        "note": lambda x: isinstance(x, Note),
        "number": lambda x: isinstance(x, Number),
    }
    environment.filters |= {"fragments": words_of, "pieces": _pieces}
    return environment


def _pieces(code: str) -> list[str]:
    """Where long code may break: behind a dot or an underscore."""
    return [piece for piece in re.split(r"(?<=[._])(?=[^._])", code) if piece]


def render(template: str, **values: Any) -> str:
    """The template filled in."""
    return _environment().get_template(template).render(**values)
