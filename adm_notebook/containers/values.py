"""What containers hand to each other, by kind; frozen, with arrays that can't be written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from adm_notebook.components import Decision, Indicator
from adm_notebook.components.regimes import Regimes
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import Account, Signals
from adm_notebook.engine.compiled import Book
from adm_notebook.engine.exposure import Exposure
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64

if TYPE_CHECKING:
    from adm_notebook.components import Strategy

__all__ = ["Features", "Fills", "Orders", "RiskSettings", "Targets", "protect", "size_of"]


@dataclass(frozen=True, slots=True)
class Features:
    """Indicators over the bars of one symbol: computed when they are asked for.

    of     hands over the outputs of an indicator, each (n_bars,); the run shares them, or computes them again
    named  (n_bars,) columns that a user's own indicator container gave
    """

    of: Callable[[Indicator], tuple[F64, ...]]
    named: Mapping[str, F64] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """Settings of an account on one symbol, and what they ask of its bars (sizes and stops that move with prices)."""

    settings: Settings
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Targets:
    """What a strategy wants on every bar; of an ensemble before its vote, what each of its members wants.

    strategy  the config's own; None where a user's container gave the decision
    members   of an ensemble after its vote: what each of its members wanted
    """

    decisions: tuple[Decision, ...]
    strategy: Strategy | None = None
    members: tuple[Decision, ...] = ()

    @property
    def decision(self) -> Decision:
        """The one decision; an ensemble's members have to be voted on first."""
        (found,) = self.decisions
        return found


@dataclass(frozen=True, slots=True)
class Kept:
    """Signals of one strategy, as they were kept; how many rows they are."""

    targets: Targets
    n_signals: int


@dataclass(frozen=True, slots=True)
class Orders:
    """Flags for the account, with sizes and stops of each bar, and the first bar that may decide."""

    signals: Signals
    warmup: int
    settings: Settings


@dataclass(frozen=True, slots=True)
class Fills:
    """One simulated account, and the settings that it traded under.

    made  the account, or what the compiled engine left of it, of which it is made on demand
    """

    made: Account | Book
    settings: Settings
    bars: Bars

    @property
    def account(self) -> Account:
        """The account, with a column for everything."""
        return self.made.account() if isinstance(self.made, Book) else self.made

    @property
    def n_trades(self) -> int:
        """Trades, an open one included."""
        return len(self.made.trades) if isinstance(self.made, Book) else len(self.made.direction)


def protect(value: object) -> None:
    """Make the arrays in a value that rows share read-only, in place: a write to one of them raises."""
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, Mapping):
        for inner in value.values():
            protect(inner)
    elif isinstance(value, (tuple, list)):
        for inner in value:
            protect(inner)
    elif isinstance(value, Targets):
        protect(value.decisions)
    elif isinstance(value, Decision):
        flags = value.flags
        four = () if flags is None else (flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit)
        protect((value.target, value.strength, *four))
    elif isinstance(value, Regimes):
        protect(value.codes)
    elif isinstance(value, RiskSettings):
        protect(value.exposure)
    elif isinstance(value, Features):
        protect(value.named)


def size_of(value: object) -> int:
    """Bytes of the arrays in a value that a container gave; what is small counts as nothing."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, (Bars, Settings)) or callable(value):
        return 0  # held by the run in any case
    if isinstance(value, Mapping):
        return sum(map(size_of, value.values()))
    if isinstance(value, (tuple, list)):
        return sum(map(size_of, value))
    if isinstance(value, Targets):
        return sum(map(size_of, value.decisions))
    if isinstance(value, Decision):
        flags = value.flags
        four = () if flags is None else (flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit)
        return sum(map(size_of, (value.target, value.strength, *four)))
    if isinstance(value, Regimes):
        return int(value.codes.nbytes)
    if isinstance(value, RiskSettings):
        return sum(map(size_of, value.exposure))
    if isinstance(value, Features):
        return size_of(value.named)
    return 0
