"""Which way numbers are computed, chosen beforehand: many rows at once or one by one, compiled or in Python, and why.

The same numbers come out of each way; executors follow the choice, and the plan shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.ensembles import EnsembleType
from adm_notebook.components.user_strategies import UserStrategyType
from adm_notebook.config.settings import Settings
from adm_notebook.errors import ConfigError
from adm_notebook.market.arrays import Bool

if TYPE_CHECKING:
    from adm_notebook.planning.plan import Plan
    from adm_notebook.planning.planned import PlannedStrategy

__all__ = ["AccountsWay", "SignalsWay", "Ways", "is_enough", "ways_of"]

FEW, MANY, LARGE = 20, 100, 10_000_000
"""Fewer than 20 rows are done sooner one by one, whatever the bars; 100 are not. In between it takes 10 million bars
in all to win back the tenth of a second in which the kernels for many rows are loaded. Measured by processor time, on
500 to 1,000,000 bars, in new processes and warm ones."""

WORTH_COMPILING = 5_000_000
"""Bars x combinations from which a user's function is compiled: Python takes as long for them as numba for the code."""

SignalsHow = Literal["chunks", "machine code", "arrays", "python", "store"]
AccountsHow = Literal["segments", "bars", "mixed", "one by one", "python", "none"]

_SIGNALS = {
    "chunks": "in compiled chunks",
    "machine code": "your function, compiled",
    "arrays": "over whole arrays, one combination after the other",
    "python": "in Python, one combination after the other",
    "store": "read from the store",
}
_ACCOUNTS = {
    "segments": "from segments, many at once",
    "bars": "bar by bar, compiled, many at once",
    "mixed": "from segments or bar by bar, compiled, many at once",
    "one by one": "bar by bar, compiled, one after the other",
    "python": "bar by bar, in Python",
    "none": "none",
}


@dataclass(frozen=True, slots=True)
class SignalsWay:
    """How a strategy's signals are made.

    chunks        rules, evaluated for many combinations at once
    machine code  a user's function, compiled by numba; where that raises, Python runs it again, and has the last word
    arrays        one combination after the other, by numpy, TA-Lib and compiled kernels
    python        one combination after the other: a user's function as it stands, or all of the traditional mode
    store         they were kept by an earlier run
    """

    label: str
    how: SignalsHow
    why: str

    def __str__(self) -> str:
        return f"{self.label}: {_SIGNALS[self.how]}{f': {self.why}' if self.why else ''}"


@dataclass(frozen=True, slots=True)
class AccountsWay:
    """How accounts are traded and measured.

    segments    from event to event; what lies between comes from sums over the prices
    bars        bar by bar, nothing kept but sums
    mixed       some settings so, some so
    one by one  bar by bar, with trades and equity of each
    python      the same in plain Python
    none        nothing is simulated
    """

    how: AccountsHow
    why: str

    def __str__(self) -> str:
        return f"{_ACCOUNTS[self.how]}{f': {self.why}' if self.why else ''}"


@dataclass(frozen=True, eq=False)
class Ways:
    """The choices for a plan.

    at_once   whether rows are measured many at a time
    signals   for each entry of `strategies`
    segments  (n_risk * n_settings,) whether accounts with these settings go from event to event; None where they are
              measured one by one
    unknown   (n_risk * n_settings,) whether that hangs on what a user's risk profile gives, once it has seen the bars
    costly    sentences on what makes a large sweep wait for Python
    """

    at_once: bool
    signals: tuple[SignalsWay, ...]
    accounts: AccountsWay
    segments: Bool | None = None
    unknown: Bool | None = None
    costly: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The choices in words, as a result keeps them."""
        return {"signals": [str(way) for way in self.signals], "accounts": str(self.accounts)}


def is_enough(n_rows: int, n_bars: int) -> bool:
    """Whether so many rows of so many bars are done sooner many at a time."""
    return n_rows >= MANY or (n_rows >= FEW and n_rows * n_bars >= LARGE)


def ways_of(plan: Plan) -> Ways:
    """The choices for a plan in its mode."""
    if plan.mode == "traditional":
        why = "traditional mode"
        signals = tuple(SignalsWay(s.label, _stored(plan) or "python", why) for s in plan.strategies)
        return Ways(False, signals, AccountsWay("python" if plan.simulates else "none", why if plan.simulates else ""))
    alone = _why_alone(plan)
    if alone:
        signals = tuple(SignalsWay(s.label, *_one_by_one(plan, s)) for s in plan.strategies)
        how: AccountsHow = "one by one" if plan.simulates else "none"
        return Ways(False, signals, AccountsWay(how, alone))
    signals = tuple(SignalsWay(s.label, *_many(plan, s)) for s in plan.strategies)
    segments, unknown = _segments(plan)
    return Ways(True, signals, _accounts(plan, segments, unknown), segments, unknown, _costly(plan, signals))


def _costly(plan: Plan, signals: Iterable[SignalsWay]) -> tuple[str, ...]:
    n_bars = sum(bars.n_bars for bars in plan.market.values())
    return tuple(
        f"{way.label} was called {planned.n_combinations:,} times in Python: {way.why}."
        for planned, way in zip(plan.strategies, signals, strict=True)
        if way.how == "python" and planned.n_combinations * n_bars >= WORTH_COMPILING
    )


def _why_alone(plan: Plan) -> str:
    """Why rows go through the containers one by one; empty where many are measured at a time."""
    from adm_notebook.planning.memory import lane_bytes

    n_bars = max(bars.n_bars for bars in plan.market.values())
    if not plan.simulates:
        return "signals are kept, and nothing is simulated"
    if plan.output_path is not None:
        return "signals are kept"
    if plan.combined:
        return "portfolios are combined"
    for path, node in plan.tree.walk():
        if node.container not in (None, "stored_signals"):
            return f"{path} is a container of your own"
        if node.role == "analysis":
            return f"{path} looks at each account"
        if node.limits is not None:
            return f"{path} has limits of its own"
    if not is_enough(plan.n_planned, n_bars):
        rows = f"{plan.n_planned:,} combination{'' if plan.n_planned == 1 else 's'}"
        return f"{rows} {'is' if plan.n_planned == 1 else 'are'} soon done"
    if lane_bytes(plan) > 0:
        return ""
    held = plan.results_path is None and plan.n_planned > 1
    return f"memory is short{': infrastructure_config: {results: my_rows} takes rows out of it' if held else ''}"


def _stored(plan: Plan) -> SignalsHow | None:
    return None if plan.store is None else "store"


def _one_by_one(plan: Plan, planned: PlannedStrategy) -> tuple[SignalsHow, str]:
    if plan.store is not None:
        return "store", ""
    if isinstance(planned.kind, UserStrategyType):
        return "python", planned.kind.why_python or "that is done before numba has compiled it"
    return "arrays", ""


def _many(plan: Plan, planned: PlannedStrategy) -> tuple[SignalsHow, str]:
    from adm_notebook.components.programs import has_program

    if plan.store is not None:
        return "store", ""
    kind = planned.kind
    if isinstance(kind, UserStrategyType):
        why = _why_python(plan, planned, kind)
        return ("python", why) if why else ("machine code", "")
    if isinstance(kind, EnsembleType):
        return "arrays", "its members vote on each bar"
    if isinstance(kind, RegimeLimitedType):
        return "arrays", "it is limited to regimes"
    if has_program(kind, planned.fixed, planned.axes):
        return "chunks", ""
    return "arrays", "its parameters stand in one another"


def _why_python(plan: Plan, planned: PlannedStrategy, kind: UserStrategyType) -> str:
    """Why a user's function runs in Python, one combination after the other; empty where it is compiled."""
    if kind.why_python:
        return f"it can't be compiled, because {kind.why_python}"
    n_bars = sum(bars.n_bars for bars in plan.market.values())
    if min(planned.n_combinations, plan.n_planned) * n_bars < WORTH_COMPILING:
        return "that is done before numba has compiled it"
    for axis in planned.axes:
        info = kind.parameters.get(axis.name)
        if (info is None or info.type not in (int, float)) and len({type(value) for value in axis.values}) > 1:
            return f"it can't be compiled, because values of {axis.name} differ in type"
    try:
        parameters = kind.build(planned.parameters(0), planned.path).parameters
    except ConfigError:  # its rows will say so
        return "its parameters are refused"
    for volume in {bars.prices.volume is not None for bars in plan.market.values()}:
        made = kind.compiled(parameters, volume)
        if isinstance(made, str):
            return f"it can't be compiled, because {made}"
    return ""


def _segments(plan: Plan) -> tuple[Bool, Bool]:
    """(n_risk * n_settings,) each: which settings go by segments, and which are not known before the bars."""
    chosen, unknown = [], []
    for grid, fixed in zip(plan.settings, _fixed(plan), strict=True):
        n = len(grid)
        swept = {axis.name for axis in grid.given.axes}
        if not swept & _EQUITY_ON_EVERY_BAR:
            found = np.full(n, not _why_bars(grid[0]))
        elif grid.is_simple:
            found = np.full(n, grid[0].metrics_style != "backtesting.py") & (
                grid.varied(np.arange(n))["max_daily_loss"] == np.inf
            )
        else:
            found = np.array([not _why_bars(settings) for settings in grid], np.bool_)
        chosen.append(found)
        unknown.append(np.full(n, not fixed))
    return np.concatenate(chosen), np.concatenate(unknown)


def _fixed(plan: Plan) -> list[bool]:
    """For each combination of a risk profile whether it gives the same whatever the bars; [True] without any."""
    if not plan.risk_profiles:
        return [True]
    return [p.build(i).fixed for p in plan.risk_profiles for i in range(p.n_combinations)]


_EQUITY_ON_EVERY_BAR = {"preset", "metrics_style", "max_daily_loss"}
"""Settings that say whether equity is wanted on every bar."""


def _why_bars(settings: Settings) -> str:
    """Why equity is wanted on every bar; empty where it is not."""
    if settings.metrics_style == "backtesting.py":
        return "metrics as backtesting.py has them need equity on every bar"
    if settings.max_daily_loss is not None:
        return "max_daily_loss needs equity on every bar"
    return ""


def _accounts(plan: Plan, segments: Bool, unknown: Bool) -> AccountsWay:
    if unknown.any():
        return AccountsWay("mixed", "a risk profile of yours may set max_daily_loss, which needs equity on every bar")
    if segments.all():
        return AccountsWay("segments", "between trades equity follows the price")
    reasons = dict.fromkeys(why for grid in plan.settings for s in grid.shown() if (why := _why_bars(s)))
    return AccountsWay("mixed" if segments.any() else "bars", " and ".join(reasons))
