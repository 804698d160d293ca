"""What comes of signals: the accounts of many rows, measured side by side, nothing kept but figures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from adm_notebook.config.settings import Settings
from adm_notebook.containers import ContainerTree
from adm_notebook.containers.protocol import Place
from adm_notebook.containers.values import RiskSettings
from adm_notebook.engine.exposure import Exposure, indicators_of
from adm_notebook.engine.sweep import Accounts, Ground, accounts_of, sweep
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64, I8, I64, Bool
from adm_notebook.planning import Plan, Row
from adm_notebook.planning.grids import SettingsGrid
from adm_notebook.planning.memory import note_loaded

__all__ = ["LaneAccounts", "LaneBatch", "WantedSignals", "place_of"]

ACCOUNTS_KEPT = 20_000
"""Settings up to which the accounts of all are kept: a few MB. Of more they are made batch by batch."""


class WantedSignals(NamedTuple):
    """What strategies of a batch want on every bar.

    targets    (k, n_bars)  or None
    flags      (k, n_bars)  or None
    strength   (1, n_bars)  of the one strategy; None = 1
    lookbacks  (k,)
    """

    targets: I8 | None
    flags: Any
    strength: F64 | None
    lookbacks: I64


@dataclass(frozen=True, eq=False)
class LaneBatch:
    """Rows of one symbol and one entry of `strategies`, with where they stand on the axes of the plan, each (n,)."""

    numbers: I64
    symbol: int
    entry: int
    combination: I64
    classifier: I64
    risk: I64
    setting: I64


class LaneAccounts:
    """Measures the accounts of a plan's rows; what it has of settings and of bars is worked out once.

    Parameters
    ----------
    tree
        open; what it shares is used, and what is done is counted there.
    """

    def __init__(self, plan: Plan, tree: ContainerTree) -> None:
        self.plan, self.tree = plan, tree
        self._lock = threading.Lock()
        self._grounds: dict[str, Ground] = {}
        self._accounts: dict[str, Accounts] = {}

    def measure(self, batch: LaneBatch, here: I64, at: I64, wanted: WantedSignals, bars: Bars, values: F64) -> None:
        """The metrics of some rows, written to their places in `values`.

        at  which of the strategies in `wanted` each row has
        """
        if not len(here):
            return
        began = time.perf_counter()
        pair = batch.risk[here] * len(self.plan.given) + batch.setting[here]
        regimes = self._lookbacks(batch, here)
        for rows, accounts, risk in self._settled(batch, here, pair, bars):
            first = np.array(
                [
                    settings.warmup if isinstance(settings.warmup, int) else -1
                    for settings in ([risk.settings] if risk is not None else self._settings(pair[rows]))
                ],
                dtype=np.int64,
            )
            first = np.broadcast_to(first, (len(rows),)) if len(first) == 1 else first
            lookback = 0 if risk is None else risk.exposure.lookback
            auto = 1 + np.maximum(np.maximum(wanted.lookbacks[at[rows]], regimes[rows]), lookback)
            ways = self.plan.ways
            assert ways.segments is not None  # as rows are measured at once
            assert ways.unknown is not None
            by_segments = None if ways.unknown[pair[rows]].any() else ways.segments[pair[rows]]
            values[here[rows]] = self._swept(
                bars, accounts, np.where(first < 0, auto, first), wanted, at[rows], risk, by_segments
            )
        note_loaded()
        self.tree.count("portfolio", len(here), len(here), 0.0, bars.n_bars)
        self.tree.count("execution", len(here), len(here), time.perf_counter() - began, bars.n_bars)

    def _swept(
        self,
        bars: Bars,
        accounts: Accounts,
        first: I64,
        wanted: WantedSignals,
        at: I64,
        risk: RiskSettings | None,
        by_segments: Bool | None,
    ) -> F64:
        exposure = Exposure(None, None, None, 0) if risk is None else risk.exposure
        strength = wanted.strength
        if exposure.scale is not None:
            strength = exposure.scale if strength is None else exposure.scale * strength
        made = wanted.targets if wanted.targets is not None else wanted.flags
        name = "targets" if wanted.targets is not None else "flags"
        values = np.empty((len(at), len(self.plan.measures)))
        for rows, signals in _alike(made, at):
            values[rows] = sweep(
                self._ground(bars),
                accounts.taken(rows),
                first[rows],
                strength=strength,
                stop_loss=exposure.stop_loss,
                take_profit=exposure.take_profit,
                method="auto" if by_segments is None else by_segments[rows],
                **{name: signals},
            )
        return values

    def _settled(
        self, batch: LaneBatch, here: I64, pair: I64, bars: Bars
    ) -> Iterator[tuple[I64, Accounts, RiskSettings | None]]:
        """Rows with their accounts: those of plain numbers all at once, the others by what they ask of the bars."""
        moving = self._moving[pair]
        plain = np.flatnonzero(~moving)
        if len(plain):
            yield plain, self._accounts_of(bars, pair[plain]), None
        for one in np.unique(pair[moving]).tolist():
            rows = np.flatnonzero(pair == one)
            row = self.plan.row(int(batch.numbers[here[rows[0]]]))
            risk = self.tree.risk_of(place_of(self.plan, row))
            yield rows, accounts_of([risk.settings] * len(rows), bars.calendar), risk

    @cached_property
    def _moving(self) -> Any:
        """(n_risk * n_settings,) whether sizes or stops of these settings follow the market, or are known by then."""
        fixed = [True] if not self.plan.risk_profiles else self._fixed()
        found = []
        for is_fixed, grid in zip(fixed, self.plan.settings, strict=True):
            distinct = [grid[0]] if grid.is_simple else grid
            moving = [not is_fixed or bool(indicators_of(settings)) or settings.scaled for settings in distinct]
            found.append(np.broadcast_to(np.array(moving, np.bool_), (len(grid),)))
        return np.concatenate(found)

    def _fixed(self) -> list[bool]:
        return [
            planned.build(combination).fixed
            for planned in self.plan.risk_profiles
            for combination in range(planned.n_combinations)
        ]

    def _settings(self, pair: I64) -> list[Settings]:
        n = len(self.plan.given)
        first = self.plan.settings[int(pair[0]) // n][int(pair[0]) % n]
        if not self._varied_warmup:
            return [first]
        return [self.plan.settings[p // n][p % n] for p in pair.tolist()]

    @cached_property
    def _varied_warmup(self) -> bool:
        """Whether `warmup` is swept."""
        return any(axis.name == "warmup" for axis in self.plan.setting_axes)

    def _accounts_of(self, bars: Bars, pair: I64) -> Accounts:
        """The accounts of some settings of the plan, by risk profile and setting; of few settings all are kept."""
        n = len(self.plan.given)
        if n * len(self.plan.settings) > ACCOUNTS_KEPT:
            return _made(self.plan.settings, pair // n, pair % n, bars)
        with self._lock:
            if bars.symbol not in self._accounts:
                every = np.arange(n * len(self.plan.settings))
                self._accounts[bars.symbol] = _made(self.plan.settings, every // n, every % n, bars)
            return self._accounts[bars.symbol].taken(pair)

    def _ground(self, bars: Bars) -> Ground:
        with self._lock:
            if bars.symbol not in self._grounds:
                self._grounds[bars.symbol] = Ground.of(bars.prices, bars.calendar)
            return self._grounds[bars.symbol]

    def _lookbacks(self, batch: LaneBatch, here: I64) -> I64:
        """(n,) the lookback of each row's classifier, where its portfolio sees regimes."""
        found = np.zeros(len(here), np.int64)
        if not self.plan.classifiers:
            return found
        for classifier in np.unique(batch.classifier[here]).tolist():
            rows = np.flatnonzero(batch.classifier[here] == classifier)
            row = self.plan.row(int(batch.numbers[here[rows[0]]]))
            regimes = self.tree.regimes_of(place_of(self.plan, row))
            self.tree.count("classifier", len(rows) - 1, 0, 0.0, 0)
            found[rows] = 0 if regimes is None else regimes.lookback
        return found


def place_of(plan: Plan, row: Row) -> Place:
    """Where containers find a row: its one sleeve, and the bars."""
    (sleeve,) = row.sleeves
    return Place(row, sleeve, plan.market[sleeve.symbol])


def _made(grids: Sequence[SettingsGrid], risk: I64, setting: I64, bars: Bars) -> Accounts:
    """The account of each of these settings, which stand in the grid of a risk profile."""
    found, order = [], []
    for one in np.unique(risk).tolist():
        rows = np.flatnonzero(risk == one)
        found.append(_accounts(grids[one], setting[rows], bars))
        order.append(rows)
    made = Accounts(*(np.concatenate(column) for column in zip(*found, strict=True)))
    return made if len(found) == 1 else made.taken(np.argsort(np.concatenate(order)))


def _accounts(grid: SettingsGrid, at: I64, bars: Bars) -> Accounts:
    """The accounts at some places of a grid: of a simple one a single account, and what varies in it."""
    if not grid.is_simple:
        return accounts_of([grid[i] for i in at.tolist()], bars.calendar)
    return accounts_of([grid[0]], bars.calendar).taken(np.zeros(len(at), np.intp)).varied(**grid.varied(at))


def _alike(made: Any, at: I64) -> Iterator[tuple[Any, Any]]:
    """Rows in parts whose signals need no copying: each row its own in order, or one that all of a part share.

    made  (k, n_bars)  signals
    at    (n,)         which of them each row has
    """
    if len(made) == 1 or len(at) == len(made) == len(np.unique(at)):
        in_order = len(made) == 1 or bool((np.diff(at) == 1).all())
        yield slice(None), made if in_order else made[at]
        return
    distinct, counts = np.unique(at, return_counts=True)
    most = int(counts.max())
    if most >= len(distinct):
        for one in distinct.tolist():
            yield np.flatnonzero(at == one), made[one : one + 1]
        return
    order = np.argsort(at, kind="stable")  # the first row of each signal, then the second of each, ...
    turn = np.empty(len(at), np.int64)
    turn[order] = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    for i in range(most):
        rows = np.flatnonzero(turn == i)
        rows = rows[np.argsort(at[rows], kind="stable")]
        picked = at[rows]
        yield rows, made if len(picked) == len(made) else made[picked]
