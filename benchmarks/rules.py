"""Signals of swept strategies: all combinations of a part of the grid at once, beside building and evaluating each.

    python benchmarks/rules.py [--runs 5] [--part 1024] [--one-by-one 200]

For each sweep, over daily and one-minute bars, in one process and on one thread, the two ways in turn:

1. outside kernels: microseconds a combination to work out what it reads, beside building its strategy;
2. inside: nanoseconds a bar and combination, from indicators at hand to targets or flags, beside evaluating its
   strategy.

One by one takes so many combinations, spread over the grid; chunks take all of them (on one-minute bars four parts).
What both say is compared, bit for bit, for each combination that was evaluated one by one. Medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from common import machine, minutes

from adm_notebook.components import STRATEGIES, Indicator, Strategy
from adm_notebook.components.program_rows import ProgramRows, evaluate
from adm_notebook.components.programs import program_of
from adm_notebook.config.data import DataRequest
from adm_notebook.market import Bars, load
from adm_notebook.market.arrays import F64, I8


@dataclass(frozen=True)
class Axis:
    """One swept parameter."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Sweep:
    """A strategy with fixed and swept parameters; `keep` drops combinations, as constraints do."""

    name: str
    type: str
    fixed: Mapping[str, Any]
    axes: tuple[Axis, ...]
    keep: Callable[..., bool] = lambda *values: True

    def grid(self) -> np.ndarray:
        """Positions of all combinations, the last axis fastest."""
        every = product(*(range(len(axis.values)) for axis in self.axes))
        return np.array([at for at in every if self.keep(*(a.values[i] for a, i in zip(self.axes, at, strict=True)))])


WINDOWS = tuple(range(2, 143))
SWEEPS = (
    Sweep(
        "ma_crossover, fast x slow",
        "ma_crossover",
        {},
        (Axis("fast", WINDOWS), Axis("slow", WINDOWS)),
        lambda fast, slow: fast < slow,
    ),
    Sweep(
        "rsi, period x entry x exit",
        "rsi",
        {"direction": "both"},
        (Axis("period", tuple(range(5, 25))), Axis("entry", tuple(range(10, 40))), Axis("exit", tuple(range(60, 75)))),
    ),
    Sweep(
        "rule of two averages, RSI and two numbers",
        "rule",
        {"entry": "sma(a) > sma(b) * (1 + band) and rsi(14) < level", "exit": "sma(a) < sma(b)"},
        (
            Axis("a", tuple(range(2, 22))),
            Axis("b", tuple(range(30, 50))),
            Axis("band", (0.0, 0.001, 0.01, 0.02, 0.03)),
            Axis("level", (50, 60, 70, 80, 90)),
        ),
    ),
    Sweep(
        "momentum, lookback x threshold",
        "momentum",
        {"direction": "both"},
        (Axis("lookback", tuple(range(1, 251))), Axis("threshold", tuple(i / 400 for i in range(40)))),
    ),
    Sweep(
        "macd, every indicator another",
        "macd",
        {},
        (Axis("fast", tuple(range(2, 12))), Axis("slow", tuple(range(20, 40))), Axis("signal", tuple(range(2, 12)))),
    ),
)


class Features:
    """Indicators over the bars, each computed once; computing is not measured."""

    def __init__(self, bars: Bars) -> None:
        self._bars, self._found = bars, dict[Indicator, tuple[F64, ...]]()

    def __call__(self, indicator: Indicator) -> tuple[F64, ...]:
        if indicator not in self._found:
            self._found[indicator] = indicator.compute(self._bars)
        return self._found[indicator]


def took(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def packed(strategy: Strategy, bars: Bars, feature: Features) -> I8:
    """What one strategy wants, as chunks give it."""
    decision = strategy.evaluate(bars, feature)
    if decision.flags is None:
        assert decision.target is not None, "targets or flags"
        return decision.target
    names = ("long_entry", "long_exit", "short_entry", "short_exit")
    return sum((getattr(decision.flags, f).astype(np.int8) << bit for bit, f in enumerate(names)), np.int8(0))


def measure(sweep: Sweep, bars: Bars, parts: int | None, options: argparse.Namespace) -> None:
    """One sweep over some bars: print its line."""
    kind, grid = STRATEGIES.get(sweep.type), sweep.grid()
    n_bars, part = len(bars.prices.close), options.part
    used = grid if parts is None else grid[: parts * part]
    sample = used[:: max(1, len(used) // options.one_by_one)]

    def rows() -> list[ProgramRows]:
        program = program_of(kind, sweep.fixed, sweep.axes)
        assert program is not None, "each of these is a program"
        return [program.rows(used[at : at + part]) for at in range(0, len(used), part)]

    def built() -> list[Strategy]:
        given = ({a.name: a.values[i] for a, i in zip(sweep.axes, at, strict=True)} for at in sample.tolist())
        return [kind.build({**sweep.fixed, **parameters}, "parameters") for parameters in given]

    feature, room = Features(bars), np.empty((part, n_bars), np.int8)
    ready, strategies = rows(), built()
    columns = [r.columns(feature) for r in ready]

    def chunks() -> None:
        for r, found in zip(ready, columns, strict=True):
            evaluate(r, found, bars.prices, room[: r.n])

    def one_by_one() -> None:
        for strategy in strategies:
            strategy.evaluate(bars, feature)

    _compare(sweep, bars, feature, sample, strategies)
    calls: Sequence[Callable[[], Any]] = (rows, built, chunks, one_by_one)
    times = [[took(call) for call in calls] for _ in range(options.runs)]
    working, building, running, evaluating = (statistics.median(column) for column in zip(*times, strict=True))
    outside, outside_then = working / len(used) * 1e6, building / len(sample) * 1e6
    inside, inside_then = running / len(used) / n_bars * 1e9, evaluating / len(sample) / n_bars * 1e9
    print(
        f"{sweep.name:<42} {len(used):>6,} x {n_bars:>7,}  {outside:>6.2f} {outside_then:>7.1f} "
        f"{outside_then / outside:>6.0f}x  {inside:>6.2f} {inside_then:>6.2f} {inside_then / inside:>5.1f}x"
    )


def _compare(sweep: Sweep, bars: Bars, feature: Features, sample: np.ndarray, strategies: Sequence[Strategy]) -> None:
    program = program_of(STRATEGIES.get(sweep.type), sweep.fixed, sweep.axes)
    assert program is not None, "each of these is a program"
    for at, strategy in enumerate(strategies):
        rows = program.rows(sample[at : at + 1])
        found = evaluate(rows, rows.columns(feature), bars.prices).view(np.int8)
        if not np.array_equal(found[0], packed(strategy, bars, feature)):
            raise SystemExit(f"{sweep.name}: {strategy!r} differs")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--part", type=int, default=1024, help="combinations at once")
    parser.add_argument("--one-by-one", type=int, default=200, help="combinations built and evaluated one by one")
    options = parser.parse_args()
    year = minutes(102_236)
    prices = [np.ascontiguousarray(year[c], np.float64) for c in ("open", "high", "low", "close", "volume")]
    daily = load(DataRequest.resolve({"source": "sample", "symbols": ["SP500"]}))["SP500"]
    one_minute = Bars("SPY", year.index, type(daily.prices)(*prices))
    print(machine())
    print(f"{'':<42} {'combinations x bars':>16}  outside, us: chunks, one by one    inside, ns a bar: the same")
    for bars, parts in ((daily, None), (one_minute, 4)):
        for sweep in SWEEPS:
            measure(sweep, bars, parts, options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
