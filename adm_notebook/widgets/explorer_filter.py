"""A filter over the rows of a result: a condition over columns, read by the parser of a config's constraints."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.display.measures import measure
from adm_notebook.display.numbers import value_text
from adm_notebook.display.sweeps import is_numeric
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import ConfigError, Problem, did_you_mean
from adm_notebook.market.arrays import Bool
from adm_notebook.planning.constraints import Constraint, parse_constraint

__all__ = ["Filter", "number_of", "read_filter"]

_QUOTED = re.compile(r"`([^`]*)`")
"""A column whose name is no name in Python: `` `my strategy.fast` > 5 ``."""

_STANDS_FOR = "column_{}_in_backticks"


@dataclass(frozen=True)
class Filter:
    """A condition that rows meet or not; a row without a value that it speaks of does not meet it.

    text   as it was typed
    names  the parsed condition's name of a column -> the column
    """

    text: str
    constraint: Constraint
    names: dict[str, str]

    def where(self, table: pd.DataFrame) -> Bool:
        """(n_rows,) which rows meet it.

        Raises
        ------
        ConfigError
            where it can't be decided for any row that has values: text is compared with a number.
        """
        columns = {name: table[column] for name, column in self.names.items()}
        known = ~np.logical_or.reduce([column.isna().to_numpy() for column in columns.values()])
        met: Bool | None = None
        if all(is_numeric(column) for column in columns.values()):
            met = self.constraint.where({name: column.to_numpy(np.float64) for name, column in columns.items()})
        if met is not None:
            both: Bool = np.broadcast_to(met, known.shape) & known
            return both
        return self._one_by_one(columns, known)

    def _one_by_one(self, columns: dict[str, Any], known: Bool) -> Bool:
        """What numpy does not compare as Python does: text, truth values, divisions."""
        met = np.zeros(len(known), np.bool_)
        values = [column.to_numpy(object) for column in columns.values()]
        why: Exception | None = None
        decided = 0
        for i in np.flatnonzero(known):
            row = dict(zip(columns, (_plain(column[i]) for column in values), strict=True))
            try:
                met[i] = self.constraint.holds(row)
            except (TypeError, ZeroDivisionError) as error:
                why = why or error
            else:
                decided += 1
        if why is not None and not decided:
            said = "divides by zero" if isinstance(why, ZeroDivisionError) else "compares text with numbers"
            raise ConfigError(Problem("", f"{self.text} {said}; text stands in quotes: symbol == 'SP500'"), "Filter")
        return met

    def nearest(self, table: pd.DataFrame) -> str:
        """Why nothing may match, a sentence: `The highest sharpe is 0.590.` Empty where there is none to say."""
        for node in ast.walk(self.constraint.tree):
            match node:
                case ast.Compare(left=ast.Name() | ast.Attribute() as name, ops=[ast.Gt() | ast.GtE()]):
                    word, pick = "highest", np.nanmax
                case ast.Compare(left=ast.Name() | ast.Attribute() as name, ops=[ast.Lt() | ast.LtE()]):
                    word, pick = "lowest", np.nanmin
                case _:
                    continue
            column = self.names[ast.unparse(name)]
            if is_numeric(table[column]) and table[column].notna().any():
                return f"The {word} {column} is {number_of(column)(float(pick(table[column].to_numpy(np.float64))))}."
        return ""


def read_filter(text: str, columns: Sequence[str]) -> Filter:
    """The filter that a text says, over these columns.

    Raises
    ------
    ConfigError
        for text that is no condition, and columns that are not there.
    """
    quoted: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        quoted.append(match[1])
        return _STANDS_FOR.format(len(quoted) - 1)

    plain = _QUOTED.sub(stand_in, text)
    try:
        constraint = parse_constraint(plain, "")
    except ConfigError as error:
        message = error.problems[0].message
        for i, name in enumerate(quoted):
            message = message.replace(_STANDS_FOR.format(i), f"`{name}`")
        raise ConfigError(Problem("", message), "Filter") from None
    meant = {_STANDS_FOR.format(i): name for i, name in enumerate(quoted)}
    names = {name: meant.get(name, name) for name in sorted(constraint.names)}
    unknown = next((column for column in names.values() if column not in columns), None)
    if unknown is not None:
        near = did_you_mean(unknown, columns) or f" There are {', '.join(columns[:12])} and more."
        raise ConfigError(Problem("", f"No column `{unknown}`.{near}"), "Filter")
    return Filter(text.strip(), constraint, names)


def _plain(value: Any) -> Any:
    """A value as Python has it, not numpy."""
    return value.item() if hasattr(value, "item") else value


def number_of(column: str) -> Any:
    """What writes a value of this column, where rows compete: three decimals for ratios."""
    if column in METRICS:
        return partial(measure(column).number, compete=True)
    return value_text
