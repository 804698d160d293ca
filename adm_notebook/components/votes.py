"""How members of an ensemble vote: their positions, and five ways to count; each in arrays and bar by bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from adm_notebook.components.by_regime import code_of, labels_by_bar
from adm_notebook.components.decision import Decision, Flags
from adm_notebook.components.regimes import Regimes
from adm_notebook.jit import jit, on_warmup, readonly
from adm_notebook.market.arrays import F64, I8, Bool

__all__ = ["METHODS", "Method", "Poll", "positions", "positions_by_bar"]

Method = Literal["majority", "weighted", "unanimous", "by_regime", "threshold"]

METHODS: tuple[Method, ...] = ("majority", "weighted", "unanimous", "by_regime", "threshold")

ROUNDING = 1e-12
"""A score this little below the threshold has reached it: sums of weights are rounded."""


# ---- positions ------------------------------------------------------------------------------------------------------


def positions(decision: Decision) -> I8:
    """The position that a member votes for, (n_bars,): its target, or the one it would hold by its flags."""
    if decision.target is not None:
        return decision.target
    assert decision.flags is not None
    f = decision.flags
    return held_nb(readonly(f.long_entry), readonly(f.long_exit), readonly(f.short_entry), readonly(f.short_exit))


@jit
def held_nb(long_entry: Bool, long_exit: Bool, short_entry: Bool, short_exit: Bool) -> I8:
    """The position after each bar of an account without stops that reverses (specification, section 4).

    long_entry, ...  (n_bars,)  flags, from bar 0
    returns          (n_bars,)  -1, 0 or +1
    """
    n = long_entry.shape[0]
    held = np.zeros(n, np.int8)
    position = np.int8(0)
    for t in range(n):
        enters_long = long_entry[t] and not long_exit[t]
        enters_short = short_entry[t] and not short_exit[t]
        leaves_long = long_exit[t] and not long_entry[t]
        leaves_short = short_exit[t] and not short_entry[t]
        if enters_long != enters_short:
            position = np.int8(1) if enters_long else np.int8(-1)
            held[t] = position
            continue
        if (position > 0 and leaves_long) or (position < 0 and leaves_short):
            position = np.int8(0)
        held[t] = position
    return held


@on_warmup
def _kernels() -> None:
    """The kernel on three bars."""
    flag = readonly(np.zeros(3, np.bool_))
    held_nb(flag, flag, flag, flag)


def positions_by_bar(decision: Decision) -> list[int]:
    """The same in plain Python; written apart from `positions`."""
    if decision.target is not None:
        return [int(target) for target in decision.target]
    assert decision.flags is not None
    return _held(decision.flags)


def _held(flags: Flags) -> list[int]:
    held: list[int] = []
    position = 0
    columns = (flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit)
    for long_entry, long_exit, short_entry, short_exit in zip(*(c.tolist() for c in columns), strict=True):
        if long_entry and long_exit:
            long_entry = long_exit = False
        if short_entry and short_exit:
            short_entry = short_exit = False
        if long_entry and short_entry:
            long_entry = short_entry = False
        if position == 0:
            position = 1 if long_entry else -1 if short_entry else 0
        elif position == 1:
            position = -1 if short_entry else 0 if long_exit else 1
        else:
            position = 1 if long_entry else 0 if short_exit else -1
        held.append(position)
    return held


# ---- votes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Poll:
    """How votes are counted.

    method     one of METHODS
    weights    of the members, for `weighted`
    threshold  `weighted`: the score that decides, above 0; `threshold`: members that decide, or their share if below 1
    regimes    for `by_regime`: labels that each member names; () fits every label
    """

    method: Method
    weights: tuple[float, ...]
    threshold: float
    regimes: tuple[tuple[str, ...], ...]

    @property
    def needed(self) -> float:
        """Members that decide under `threshold`."""
        return self.threshold if self.threshold >= 1 else self.threshold * len(self.weights)

    def target(self, votes: Sequence[I8], regimes: Regimes | None) -> I8:
        """What the members want together, in whole arrays.

        votes    (n_members, n_bars)  -1, 0 or +1
        returns  (n_bars,)  -1, 0 or +1
        """
        ballot = np.stack(list(votes))
        if self.method == "by_regime":
            return self._by_regime(ballot, regimes)
        if self.method == "weighted":
            weights: F64 = np.array(self.weights)
            score: F64 = weights @ ballot / weights.sum()
            return _signs(score >= self.threshold - ROUNDING, score <= ROUNDING - self.threshold)
        n_long, n_short = (ballot == 1).sum(axis=0), (ballot == -1).sum(axis=0)
        if self.method == "majority":
            return _signs(2 * n_long > len(ballot), 2 * n_short > len(ballot))
        if self.method == "unanimous":
            return _signs(n_long == len(ballot), n_short == len(ballot))
        enough = self.needed - ROUNDING
        return _signs((n_long >= enough) & (n_long > n_short), (n_short >= enough) & (n_short > n_long))

    def _by_regime(self, ballot: I8, regimes: Regimes | None) -> I8:
        n_bars = ballot.shape[1]
        codes = np.zeros(n_bars, np.int64) if regimes is None else regimes.codes.astype(np.int64)
        target = np.zeros(n_bars, np.int8)
        for member in reversed(range(len(ballot))):  # the first that fits is written last
            named = self.regimes[member]
            here = np.isin(codes, [code_of(label, regimes) for label in named]) if named else np.full(n_bars, True)
            target[here] = ballot[member, here]
        return target

    def target_by_bar(self, votes: Sequence[Sequence[int]], regimes: Regimes | None) -> list[int]:
        """The same bar by bar in plain Python; written apart from `target`."""
        n_bars = len(votes[0])
        labels = labels_by_bar(n_bars, regimes)
        return [self._counted([vote[t] for vote in votes], labels[t]) for t in range(n_bars)]

    def _counted(self, votes: list[int], label: str) -> int:
        if self.method == "by_regime":
            fitting = [vote for vote, named in zip(votes, self.regimes, strict=True) if not named or label in named]
            return fitting[0] if fitting else 0
        if self.method == "weighted":
            score = sum(weight * vote for weight, vote in zip(self.weights, votes, strict=True)) / sum(self.weights)
            return 1 if score >= self.threshold - ROUNDING else -1 if score <= ROUNDING - self.threshold else 0
        n_long, n_short = votes.count(1), votes.count(-1)
        if self.method == "unanimous":
            return 1 if n_long == len(votes) else -1 if n_short == len(votes) else 0
        if self.method == "majority":
            return 1 if n_long > len(votes) / 2 else -1 if n_short > len(votes) / 2 else 0
        if n_long == n_short or max(n_long, n_short) < self.needed - ROUNDING:
            return 0
        return 1 if n_long > n_short else -1


def _signs(long: Bool, short: Bool) -> I8:
    return long.astype(np.int8) - short.astype(np.int8)
