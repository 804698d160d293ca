"""What each metric is called on screen, how its number is written, and what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from adm_notebook.display.numbers import Number, count, money, money_headline, percent, ratio, share

__all__ = ["HEADLINE", "Measure", "measure"]

Kind = Literal["change", "level", "share", "ratio", "money", "gain", "count"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric as people read it.

    label, short  heading, and heading where room is short, if that differs
    kind          how the number is written: `change` percent with sign, `level` percent without, `share` whole percent,
                  `gain` money with sign
    means         definition, shown by a pointer resting on the heading
    many          several of it within a sentence, where that is not just the label with an s
    why_missing   what the dash says that stands for an undefined value
    """

    name: str
    label: str
    kind: Kind
    means: str = ""
    short: str = ""
    many: str = ""
    why_missing: str = ""

    @property
    def words(self) -> str:
        """The label within a sentence."""
        return self.plural.removesuffix("s") if self.label[0] == self.plural[0] else self.label.lower()

    @property
    def plural(self) -> str:
        """Several of it, within a sentence."""
        return self.many or f"{self.label.lower()}s"

    @property
    def heading(self) -> str:
        """The label where room is short."""
        return self.short or self.label

    def number(self, x: float, *, toned: bool = False, compete: bool = False, wide: bool = True) -> Number:
        """The metric written; `compete` gives ratios a third decimal, `wide=False` shortens large money."""
        why = self.why_missing
        writers: dict[Kind, Callable[[], Number]] = {
            "change": lambda: percent(x, toned=toned, why=why),
            "level": lambda: percent(x, signed=False, why=why),
            "share": lambda: share(x, why=why),
            "ratio": lambda: ratio(x, digits=3 if compete else 2, why=why),
            "money": lambda: money(x, why=why) if wide else money_headline(x, why=why),
            "gain": lambda: money(x, signed=True, toned=toned, why=why),
            "count": lambda: count(x, why=why),
        }
        return writers[self.kind]()


_NO_CLOSED = "no closed trades"
_FLAT = "equity does not move, or there are too few bars"

_ALL = (
    Measure("total_return", "Total return", "change", "Final equity over the initial capital, less 1"),
    Measure(
        "annual_return", "Annual return", "change", "Total return, compounded, of one year", short="Annual",
        why_missing="not defined for a negative equity",
    ),
    Measure(
        "volatility", "Volatility", "level",
        "Yearly standard deviation of bar returns", many="volatilities", why_missing=_FLAT
    ),
    Measure(
        "sharpe", "Sharpe ratio", "ratio",
        "Mean yearly return over its volatility, without a risk-free rate", short="Sharpe",
        many="Sharpe ratios", why_missing=_FLAT,
    ),
    Measure(
        "sortino", "Sortino ratio", "ratio", "Mean yearly return over its downside deviation", short="Sortino",
        many="Sortino ratios", why_missing=_FLAT,
    ),
    Measure(
        "calmar", "Calmar ratio", "ratio",
        "Annual return over the worst drawdown", short="Calmar", many="Calmar ratios",
        why_missing="no drawdown",
    ),
    Measure("max_drawdown", "Worst drawdown", "change", "Deepest fall from a peak of the equity, at closes"),
    Measure("n_trades", "Closed trades", "count", "Trades that were closed", short="Trades", many="closed trades"),
    Measure(
        "win_rate", "Won", "share",
        "Share of closed trades that made a profit after costs", many="shares of trades won",
        why_missing=_NO_CLOSED,
    ),
    Measure(
        "profit_factor", "Profit factor", "ratio",
        "Sum of gains over sum of losses, closed trades", why_missing=_NO_CLOSED
    ),
    Measure(
        "expectancy", "Average profit", "gain",
        "Mean profit of closed trades, after costs, in money", why_missing=_NO_CLOSED
    ),
    Measure(
        "avg_trade", "Average return", "change", "Mean return of closed trades, after costs", short="Average",
        why_missing=_NO_CLOSED,
    ),
    Measure(
        "sqn", "SQN", "ratio",
        "System quality number: root of the number of trades, times mean profit over its deviation",
        many="SQNs", why_missing="fewer than 2 closed trades",
    ),
    Measure(
        "exposure", "Time invested", "share", "Share of bars with an open position", short="Invested",
        many="shares of time invested",
    ),
    Measure("fees", "Fees paid", "money", "Commissions of all fills", short="Fees", many="fees paid"),
    Measure("final_equity", "Final equity", "money", "Equity at the last close", many="final equities"),
    Measure("n_unfilled", "Unfilled orders", "count", "Orders that gave no trade", short="Unfilled",
            many="unfilled orders"),
)  # fmt: skip
_MEASURES = {m.name: m for m in _ALL}

HEADLINE = ("total_return", "annual_return", "sharpe", "max_drawdown", "volatility", "exposure")
"""The metrics of a card's first table."""


def measure(name: str) -> Measure:
    """The metric of this name; a name that is unknown here is its own label."""
    return _MEASURES.get(name) or Measure(name, name, "ratio", many=name)
