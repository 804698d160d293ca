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

    label, short  heading, and heading where room is short
    many          the label in the plural, within a sentence
    means         definition, shown by a pointer resting on the heading
    kind          how the number is written: `change` percent with sign, `level` percent without, `share` whole percent,
                  `gain` money with sign
    """

    name: str
    label: str
    short: str
    many: str
    means: str
    kind: Kind
    why_missing: str = ""

    @property
    def words(self) -> str:
        """The label within a sentence."""
        return self.label if self.kind == "ratio" and self.label != "Profit factor" else self.label.lower()

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

_MEASURES = {
    m.name: m
    for m in (
        Measure("total_return", "Total return", "Total return", "total returns", "Final equity over the initial capital", "change"),
        Measure("annual_return", "Annual return", "Annual", "annual returns", "Total return, compounded, of one year", "change", "not defined for a negative equity"),
        Measure("volatility", "Volatility", "Volatility", "volatilities", "Yearly standard deviation of bar returns", "level", _FLAT),
        Measure("sharpe", "Sharpe ratio", "Sharpe", "Sharpe ratios", "Mean yearly return over its volatility, without a risk-free rate", "ratio", _FLAT),
        Measure("sortino", "Sortino ratio", "Sortino", "Sortino ratios", "Mean yearly return over its downside deviation", "ratio", _FLAT),
        Measure("calmar", "Calmar ratio", "Calmar", "Calmar ratios", "Annual return over the worst drawdown", "ratio", "no drawdown"),
        Measure("max_drawdown", "Worst drawdown", "Worst drawdown", "worst drawdowns", "Deepest fall from a peak of the equity, at closes", "change"),
        Measure("n_trades", "Closed trades", "Trades", "closed trades", "Trades that were closed", "count"),
        Measure("win_rate", "Won", "Won", "shares of trades won", "Share of closed trades that made a profit after costs", "share", _NO_CLOSED),
        Measure("profit_factor", "Profit factor", "Profit factor", "profit factors", "Sum of gains over sum of losses, closed trades", "ratio", _NO_CLOSED),
        Measure("expectancy", "Average profit", "Average profit", "average profits", "Mean profit of closed trades, after costs, in money", "gain", _NO_CLOSED),
        Measure("avg_trade", "Average return", "Average", "average returns", "Mean return of closed trades, after costs", "change", _NO_CLOSED),
        Measure("sqn", "SQN", "SQN", "SQNs", "System quality number: root of the number of trades, times their mean profit over its deviation", "ratio", "fewer than 2 closed trades"),
        Measure("exposure", "Time invested", "Invested", "shares of time invested", "Share of bars with an open position", "share"),
        Measure("fees", "Fees paid", "Fees", "fees paid", "Commissions of all fills", "money"),
        Measure("final_equity", "Final equity", "Final equity", "final equities", "Equity at the last close", "money"),
        Measure("n_unfilled", "Unfilled orders", "Unfilled", "unfilled orders", "Orders that gave no trade", "count"),
    )
}  # fmt: skip

HEADLINE = ("total_return", "annual_return", "sharpe", "max_drawdown", "volatility", "exposure")
"""The metrics of a card's first table."""


def measure(name: str) -> Measure:
    """The metric of this name; a name that is unknown here is its own label."""
    return _MEASURES.get(name) or Measure(name, name, name, name, "", "ratio")
