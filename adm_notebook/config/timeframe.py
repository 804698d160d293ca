"""How long a bar is: what a user may type for `timeframe`, and what it means."""

from __future__ import annotations

import re
from typing import NamedTuple

from adm_notebook.errors import shown

__all__ = ["Timeframe"]

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "mo": 31 * 86_400}
_SPELLINGS = {
    "s": "s sec secs second seconds",
    "min": "m min mins minute minutes t",
    "h": "h hr hrs hour hours hourly",
    "d": "d day days daily",
    "w": "w wk week weeks weekly",
    "mo": "mo mon month months monthly",
    "q": "q quarter quarters quarterly",
    "y": "y year years yearly a annual",
}
_UNITS = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
_LONGEST = 100 * 365 * 86_400  # seconds
_COARSER = {"s": (60, "min"), "min": (60, "h"), "h": (24, "d")}


class Timeframe(NamedTuple):
    """`n` times `unit`; units are s, min, h, d, w (from Monday) and mo (calendar months).

    Equal lengths have one form: 60min is 1h, 24h is 1d, a quarter is 3mo and a year 12mo.
    """

    n: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """`5min`, `15m`, `1h`, `1D`, `daily`, `1w`, `1mo`, `1M` (a capital M alone is a month), `quarterly`, ...

        Raises
        ------
        ValueError
            with a sentence that says what can be written.
        """
        match = re.fullmatch(r"\s*([0-9]*)\s*([A-Za-z]+)\s*", text)
        unit = None if match is None else "mo" if match[2] == "M" else _UNITS.get(match[2].lower())
        if match is None or unit is None or match[1].strip("0") == "" != match[1]:
            raise ValueError(f"must be a length of time such as 5min, 1h, 1d, 1w or 1mo, but was {shown(text)}")
        if len(match[1]) > 12:
            raise ValueError(f"must be at most 100 years, but was {shown(text)}")
        count = int(match[1] or 1)
        if unit in ("q", "y"):
            count, unit = count * (3 if unit == "q" else 12), "mo"
        while unit in _COARSER and count % _COARSER[unit][0] == 0:
            count, unit = count // _COARSER[unit][0], _COARSER[unit][1]
        if unit in _COARSER and count * _SECONDS[unit] > _SECONDS["d"]:
            raise ValueError(
                f"must be at most a day or a whole number of days, because bins start at midnight; was {text!r}"
            )
        if count * _SECONDS[unit] > _LONGEST * 31 * 12 / 365:
            raise ValueError(f"must be at most 100 years, but was {shown(text)}")
        return cls(count, unit)

    @property
    def seconds(self) -> int:
        """The longest that such a bar can last; a month counts 31 days."""
        return self.n * _SECONDS[self.unit]

    @property
    def intraday(self) -> bool:
        """Shorter than a day."""
        return self.unit in _COARSER

    def __str__(self) -> str:
        return f"{self.n}{self.unit}"
