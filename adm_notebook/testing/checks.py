"""What suites compare, and the sentences in which they say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from adm_notebook.market.checks import moment

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "agree", "changed_input", "differs", "looks_ahead", "refuse", "same"]

Columns = Mapping[str, Any]
"""What a component gave, by name; each with one value for each bar."""


def refuse(sentence: str) -> NoReturn:
    """Fail the test with a sentence, without a traceback through this package."""
    import pytest

    __tracebackhide__ = True
    raise pytest.fail.Exception(sentence, pytrace=False) from None


def differs(one: Columns, other: Columns) -> tuple[int, str, str, str] | None:
    """The first bar on which two sets of columns differ, the column and both values; None where they agree.

    Columns are compared over the bars that both have; numbers to 1e-9, since sums over more bars may round otherwise.
    """
    first: tuple[int, str, str, str] | None = None
    for name in dict.fromkeys([*one, *other]):
        if name not in one or name not in other:
            return 0, name, *("given" if name in columns else "missing" for columns in (one, other))  # type: ignore[return-value]  # two of them
        a, b = np.asarray(one[name]), np.asarray(other[name])
        n = min(len(a), len(b))
        if a.dtype.kind == b.dtype.kind == "f":
            odd = ~np.isclose(a[:n], b[:n], rtol=1e-9, atol=1e-12, equal_nan=True)
        else:
            odd = np.array([not same(x, y) for x, y in zip(a[:n].tolist(), b[:n].tolist(), strict=True)], np.bool_)
        if odd.any() and (first is None or int(np.argmax(odd)) < first[0]):
            at = int(np.argmax(odd))
            first = at, name, _shown(a[at], name), _shown(b[at], name)
    return first


def agree(one: Columns, other: Columns, wrong: str) -> None:
    """Fail where two sets of columns differ.

    wrong  the sentence, in which {bar}, {name}, {one} and {other} stand for the bar, its column and both values
    """
    __tracebackhide__ = True
    found = differs(one, other)
    if found is not None:
        bar, name, ours, theirs = found
        refuse(wrong.format(bar=f"bar {bar}", name=name, one=ours, other=theirs))


def looks_ahead(what: str, part: Columns, whole: Columns, index: pd.Index, n: int) -> None:
    """Fail where what was given over the first `n` bars is not what is given for them over all bars."""
    __tracebackhide__ = True
    found = differs(part, whole)
    if found is not None:
        bar, name, then, now = found
        column = f" ({name})" if len(part) > 1 else ""
        with_part = f"with bars up to {moment(index[n - 1])} bar {bar} was {then}{column}"
        refuse(f"{what} looks ahead: {with_part}, with all bars it is {now}")


def changed_input(what: str, name: str, before: Any, after: Any) -> None:
    """Fail where what a component was handed is no longer what it was."""
    __tracebackhide__ = True
    if not same(before, after):
        refuse(f"{what} changes what it is handed: its {name} were others after the call; work on a copy")


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; NaN equals itself."""
    import pandas as pd

    if isinstance(one, pd.Series):
        return isinstance(other, pd.Series) and bool(one.equals(other))
    if isinstance(one, pd.DataFrame):
        return isinstance(other, pd.DataFrame) and bool(one.equals(other))
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and one != one:
        return other != other
    return bool(one == other)


def _shown(value: Any, name: str) -> str:
    """A value of one bar: `+1`, `0`, `up`; `nothing` for NaN."""
    if value is None or (isinstance(value, float) and value != value):
        return "nothing"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and not (name == "target" and value == int(value)):
        return f"{float(value):.6g}"
    if isinstance(value, (int, float, np.number)):
        return f"{int(value):+d}" if value else "0"
    return str(value)
