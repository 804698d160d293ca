"""Buy and hold over a row's bars, the line beside every equity (specification, section 11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adm_notebook.containers.portfolio import union_of
from adm_notebook.market.arrays import F64, I64
from adm_notebook.planning import Plan, Row
from adm_notebook.results import Benchmark

__all__ = ["buy_and_hold"]


def buy_and_hold(plan: Plan, row: Row) -> Benchmark:
    """C[t] / C[0] x capital of the row's symbol; of all its sleeves with their weights, in a combined portfolio."""
    capital = row.settings.initial_capital
    if len(row.sleeves) == 1 and row.sleeves[0].weight == 1.0:
        bars = plan.market[row.sleeves[0].symbol]
        close = bars.prices.close
        return Benchmark(lambda: close * (capital / close[0]), bars.index, bars.calendar, row.settings)
    index, calendar, past = union_of([plan.market[s.symbol] for s in row.sleeves])
    return Benchmark(lambda: _combined(plan, row, past), index, calendar, row.settings)


def _combined(plan: Plan, row: Row, past: Sequence[I64]) -> F64:
    capital = row.settings.initial_capital
    total = np.full(len(past[0]), capital * (1 - sum(s.weight for s in row.sleeves)))
    for sleeve, at in zip(row.sleeves, past, strict=True):
        close = plan.market[sleeve.symbol].prices.close
        held = capital * sleeve.weight * np.concatenate([[1.0], close / close[0]])
        total += held[at]
    return total
