"""Which column is which: the names that vendors give to times and prices, and the error where one can't be found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from adm_notebook.errors import ConfigError, Problem, did_you_mean

__all__ = ["PRICES", "TIME_NAMES", "find_columns", "no_time_column", "tidy"]

PRICES = ("open", "high", "low", "close")

_PATH = "data_config.columns"
_MOMENT = ("datetime", "timestamp", "datetimeutc", "timestamputc", "gmttime", "localtime", "opentime", "bartime", "ts")
_DATE = ("date", "day", "tradedate", "tradingday")
_CLOCK = ("time",)
_EPOCH = ("unix", "unixtime", "unixtimestamp", "epoch", "t", "unnamed0")
TIME_NAMES = frozenset((*_MOMENT, *_DATE, *_CLOCK, *_EPOCH))
"""Tidied names that mean a time."""

_SYNONYMS = {
    "open": ("open", "o", "openprice"),
    "high": ("high", "h", "max", "highprice"),
    "low": ("low", "l", "min", "lowprice"),
    "close": ("close", "c", "closeprice", "closelast", "last", "price"),
    "volume": ("volume", "vol", "v", "tickvolume", "tickvol"),
    "symbol": ("symbol", "ticker", "instrument", "name"),
}


def tidy(name: object) -> str:
    """A column's name as it is compared: `1. Open`, `<OPEN>` and ` open ` are all `open`."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^\d+\.\s*", "", str(name).lower()))


def find_columns(
    names: Sequence[str], given: Mapping[str, str], label: str, *, needs_time: bool = False
) -> dict[str, str]:
    """Our names -> the source's, for all that is there; `time` and `date` together are one moment.

    Parameters
    ----------
    names
        the source's columns.
    given
        `data_config.columns`; it wins.
    label
        what the source is called in an error.
    needs_time
        whether there must be a column of times.

    Raises
    ------
    ConfigError
        if a given column does not exist, a price has no column, or two columns could be the same.
    """
    problems = [
        Problem(
            f"{_PATH}.{ours}",
            f"{label} has no column {theirs!r}.{did_you_mean(theirs, names)} It has: {_listed(names)}",
        )
        for ours, theirs in given.items()
        if theirs not in names
    ]
    if problems:
        raise ConfigError(problems)
    spelt: dict[str, list[str]] = {}
    for name in names:
        spelt.setdefault(tidy(name), []).append(name)
    found = dict(given)
    for ours, synonyms in _SYNONYMS.items():
        if ours not in found and (known := next((s for s in synonyms if s in spelt), None)):
            found[ours] = _only(spelt[known], ours, label)
    if not {"time", "date"} & given.keys():
        found |= _time_columns(spelt, label)
    for ours, theirs in found.items():
        if ours not in given and f"{theirs}.1" in names:  # a header that stood there twice
            _only([theirs, f"{theirs}.1"], ours, label)
    missing = [ours for ours in PRICES if ours not in found]
    unused = [name for name in names if name not in found.values()]
    if needs_time and not missing and not {"time", "date"} & found.keys():
        raise ConfigError(Problem(_PATH, no_time_column(label, names, unused)))
    if missing:
        example = ", ".join(f'{ours}: "{_likely(ours, unused)}"' for ours in missing)
        raise ConfigError(
            Problem(
                _PATH,
                f"{label} has no column for {', '.join(missing)}. It has: {_listed(names)}. "
                f"Say which it is, for example columns: {{{example}}}",
            )
        )
    return found


def no_time_column(label: str, names: Sequence[str], unused: Sequence[str]) -> str:
    """The sentence that says so, with a line to type."""
    example = unused[0] if unused else "NAME"
    return (
        f"{label} has no column that is known to hold times. It has: {_listed(names)}. "
        f'Say which it is, for example columns: {{time: "{example}"}}'
    )


def _time_columns(spelt: Mapping[str, list[str]], label: str) -> dict[str, str]:
    def first(names: Sequence[str]) -> str | None:
        known = next((n for n in names if n in spelt), None)
        return None if known is None else _only(spelt[known], "time", label)

    if moment := first(_MOMENT):
        return {"time": moment}
    if date := first(_DATE):
        clock = first(_CLOCK)
        return {"date": date} if clock is None else {"date": date, "time": clock}
    other = first((*_CLOCK, *_EPOCH))
    return {} if other is None else {"time": other}


def _only(names: Sequence[str], ours: str, label: str) -> str:
    if len(names) > 1:
        written = " and ".join(repr(name) for name in names)
        if len(set(names)) < len(names):
            raise ConfigError(Problem(_PATH, f"{label} has two columns called {names[0]!r}: rename one of them"))
        raise ConfigError(
            Problem(_PATH, f'{label} has {written}: say which is meant, columns: {{{ours}: "{names[0]}"}}')
        )
    return names[0]


def _likely(ours: str, unused: Sequence[str]) -> str:
    return next((name for name in unused if ours in tidy(name)), unused[0] if unused else "NAME")


def _listed(names: Sequence[str], limit: int = 20) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
