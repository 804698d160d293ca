"""How a number is written for people: one function a kind, the same on cards, in tables, text and pictures.

A minus is U+2212. What rounds to zero is written as zero, without a sign. What is missing is an en dash that says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

__all__ = [
    "DASH",
    "INFINITY",
    "MINUS",
    "Number",
    "axis_money",
    "count",
    "duration",
    "missing",
    "money",
    "money_decimals",
    "money_headline",
    "percent",
    "percent_points",
    "price",
    "price_decimals",
    "ratio",
    "share",
    "value_text",
]

MINUS, DASH, INFINITY = "\u2212", "\u2013", "\u221e"

_SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"))
_LONG = 1e7  # from here on a headline figure is shortened, the full number in its title


class Number(NamedTuple):
    """A written number.

    text   digits with sign
    unit   `%` or `pp`, set small on cards
    title  what a pointer resting on it reads: the full number, or why it is missing
    tone   `gain`, `loss` or nothing
    """

    text: str
    unit: str = ""
    title: str = ""
    tone: str = ""

    @property
    def plain(self) -> str:
        """In ASCII, for text that programs may read again."""
        text = self.text.replace(MINUS, "-").replace(DASH, "-").replace(INFINITY, "inf")
        return f"{text}{self.unit}"

    def __str__(self) -> str:
        return f"{self.text}{self.unit}"


def missing(why: str = "") -> Number:
    """What stands where there is no number."""
    return Number(DASH, title=why or "not defined here")


def percent(x: float, *, signed: bool = True, digits: int = 1, toned: bool = False, why: str = "") -> Number:
    """A fraction as percent; from 1,000% on without decimals.

    >>> str(percent(2.165)), str(percent(-0.0004)), str(percent(12.3456, signed=False))
    ('+216.5%', '0.0%', '1,235%')
    """
    return _with_unit(x * 100, "%", signed, digits, toned, why)


def percent_points(x: float, *, digits: int = 1, why: str = "") -> Number:
    """A difference of two fractions, in percent points.

    >>> str(percent_points(-0.021))
    '−2.1 pp'
    """
    return _with_unit(x * 100, " pp", True, digits, False, why)


def share(x: float, *, why: str = "") -> Number:
    """A part of a whole, in whole percent, without a sign.

    >>> str(share(0.666))
    '67%'
    """
    return percent(x, signed=False, digits=0, why=why)


def ratio(x: float, *, digits: int = 2, signed: bool = False, why: str = "") -> Number:
    """A plain ratio.

    >>> str(ratio(-0.5)), str(ratio(float("inf")))
    ('−0.50', '∞')
    """
    return _number(x, digits, signed, why) or _shortened(x, digits, signed)


def count(n: float, *, why: str = "") -> Number:
    """A whole number with thousands.

    >>> str(count(5031))
    '5,031'
    """
    return _number(n, 0, False, why) or Number(_fixed(n, 0, False))


def money(x: float, *, digits: int | None = None, signed: bool = False, toned: bool = False, why: str = "") -> Number:
    """Money in whole units, two decimals below 100; no currency sign.

    >>> str(money(316507.3)), str(money(-12.5)), str(money(7817, signed=True))
    ('316,507', '−12.50', '+7,817')
    """
    digits = money_decimals([x]) if digits is None else digits
    number = _number(x, digits, signed, why) or (
        Number(_fixed(x, digits, signed)) if abs(x) < 1e15 else _shortened(x, digits, signed)
    )
    return number._replace(tone=_tone(number.text)) if toned else number


def money_headline(x: float, *, why: str = "") -> Number:
    """Money where room is short: from ten million on `12.3M`, with the full number in its title.

    >>> money_headline(1234567890)
    Number(text='1.2B', unit='', title='1,234,567,890', tone='')
    """
    digits = money_decimals([x])
    return _number(x, digits, False, why) or _shortened(x, digits, False)


def money_decimals(values: Iterable[float]) -> int:
    """Decimals of a column of money: 2 where its typical amount is below 100, else none."""
    sizes = sorted(abs(v) for v in values if math.isfinite(v) and v)
    return 2 if sizes and sizes[len(sizes) // 2] < 100 else 0


def axis_money(x: float) -> str:
    """Money beside an axis.

    >>> axis_money(150000), axis_money(-2e6), axis_money(0)
    ('150k', '−2M', '0')
    """
    size = abs(x)
    scale, letter = next(((s, u) for s, u in (*_SCALES, (1e3, "k")) if size >= s * (1 - 1e-12)), (1.0, ""))
    text = f"{size / scale:g}{letter}"
    return f"{MINUS}{text}" if x < 0 and text != "0" else text


def price(x: float, decimals: int) -> Number:
    """A price with the decimals of its column."""
    return _number(x, decimals, False, "no price") or Number(_fixed(x, decimals, False))


def price_decimals(values: Sequence[float]) -> int:
    """Decimals of a column of prices: as few as show every value whole, between 2 and 6.

    Prices that no such number shows whole (slippage makes them) get what their size deserves.

    >>> price_decimals([1261.32, 939.5]), price_decimals([1.08455, 1.1]), price_decimals([1261.3212345678])
    (2, 5, 2)
    """
    finite = [v for v in values if math.isfinite(v)]
    for digits in range(2, 7):
        if all(abs(round(v, digits) - v) <= 1e-12 * abs(v) for v in finite):
            return digits
    typical = sorted(abs(v) for v in finite)[len(finite) // 2]
    return 2 if typical >= 100 else 4 if typical >= 1 else 6


def duration(seconds: float) -> str:
    """Wall time.

    >>> [duration(s) for s in (0.006, 1.26, 125, 4320)]
    ['6 ms', '1.3 s', '2 min 5 s', '1 h 12 min']
    """
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60} min"


def value_text(value: Any) -> str:
    """A parameter's value as its config spells it: no thousands, `55` for 55.0, `true` for True.

    >>> [value_text(v) for v in (55.0, 0.05, True, "ema", -3)]
    ['55', '0.05', 'true', 'ema', '−3']
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, float):
        if math.isinf(value):
            return f"{MINUS if value < 0 else ''}{INFINITY}"
        value = int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.12g}")
    return str(value).replace("-", MINUS) if isinstance(value, (int, float)) else str(value)


def _fixed(x: float, digits: int, signed: bool) -> str:
    text = f"{abs(x):,.{digits}f}"
    if not text.strip("0.,"):
        return text
    return f"{MINUS if x < 0 else '+' if signed else ''}{text}"


def _number(x: float, digits: int, signed: bool, why: str) -> Number | None:
    """What stands for a number that has no digits; None for one that has."""
    if math.isnan(x):
        return missing(why)
    if math.isinf(x):
        return Number(f"{MINUS if x < 0 else '+' if signed else ''}{INFINITY}", title="infinite")
    return None


def _shortened(x: float, digits: int, signed: bool) -> Number:
    """As it is below ten million, above that `12.3M`."""
    if abs(x) < _LONG:
        return Number(_fixed(x, digits, signed))
    if abs(x) >= 1e15:
        mantissa, _, exponent = f"{abs(x):.1e}".partition("e+")
        sign = MINUS if x < 0 else "+" if signed else ""
        return Number(f"{sign}{mantissa}e{exponent}", title=f"{x:.12g}".replace("-", MINUS))
    scale, letter = next((s, u) for s, u in _SCALES if abs(x) >= s)
    return Number(_fixed(x / scale, 1, signed) + letter, title=_fixed(x, 0, signed))


def _with_unit(x: float, unit: str, signed: bool, digits: int, toned: bool, why: str) -> Number:
    special = _number(x, digits, signed, why)
    if special is not None:
        return special
    number = _shortened(x, 0 if round(abs(x), digits) >= 1000 else digits, signed)
    title = f"{number.title}{unit}" if number.title else ""
    return Number(number.text, unit, title, _tone(number.text) if toned else "")


def _tone(text: str) -> str:
    if not text.strip(f"0.,{DASH}"):
        return ""
    return "loss" if text.startswith(MINUS) else "gain"
