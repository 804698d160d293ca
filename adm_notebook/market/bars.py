"""What a run reads: the bars of each symbol, checked, immutable, with their calendar and fingerprint computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from adm_notebook.jit import readonly
from adm_notebook.market.arrays import Prices
from adm_notebook.market.calendar import Calendar

__all__ = ["Bars", "Market", "zone_name"]

_NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


@dataclass(frozen=True, eq=False)
class Bars:
    """The bars of one symbol, oldest first.

    symbol  its name
    index   (n_bars,)  times, strictly increasing, in the source's zone; any other index where there are none
    prices  the arrays, read-only, C-contiguous float64; without NaN in open, high, low, close
    owner   whatever must live as long as the arrays do: a view of a user's frame stays as it is, whatever is written to
            that frame, while a pandas object that shares the memory is alive (copy-on-write)
    """

    symbol: str
    index: pd.Index
    prices: Prices
    owner: object = field(default=None, repr=False)

    def __post_init__(self) -> None:
        views = (None if array is None else readonly(array) for array in self.prices)
        object.__setattr__(self, "prices", Prices(*views))  # type: ignore[arg-type]  # volume alone is optional

    def __repr__(self) -> str:
        return f"Bars({self.symbol!r}, {self.n_bars} bars, {self.index[0]} to {self.index[-1]})"

    @property
    def n_bars(self) -> int:
        """How many."""
        return len(self.index)

    @cached_property
    def calendar(self) -> Calendar:
        """Periods a year, whether intraday, and how the bar's length is called; computed at first use."""
        return Calendar.of(self.index)

    @cached_property
    def fingerprint(self) -> str:
        """sha256, in hex, of times, zone and prices; computed at first use.

        The same bars have the same fingerprint in every process, whatever source, dtype or datetime unit they came in;
        the symbol's name is not part of it.
        """
        digest = hashlib.sha256()
        prices = self.prices
        volume = "volume" if prices.volume is not None else "no volume"
        if isinstance(self.index, pd.DatetimeIndex):
            digest.update(f"bars 1;{self.n_bars};times {zone_name(self.index)};{volume};".encode())
            digest.update(_nanoseconds(self.index).data)
        elif self.index.dtype.kind in "iu":
            digest.update(f"bars 1;{self.n_bars};integers;{volume};".encode())
            digest.update(np.ascontiguousarray(self.index.to_numpy(dtype=np.int64)).data)
        else:
            digest.update(f"bars 1;{self.n_bars};labels;{volume};".encode())
            digest.update("\n".join(map(str, self.index)).encode())
        for array in (prices.open, prices.high, prices.low, prices.close):
            digest.update(array.data)
        if prices.volume is not None:
            holes = np.isnan(prices.volume)  # NaN has many bit patterns, and -0.0 equals 0.0
            digest.update((np.where(holes, np.nan, prices.volume) + 0.0 if holes.any() else prices.volume + 0.0).data)
        return digest.hexdigest()

    @property
    def frame(self) -> pd.DataFrame:
        """A fresh DataFrame open, high, low, close[, volume]; it is the caller's own, its index included."""
        columns = {name: array for name, array in self.prices._asdict().items() if array is not None}
        return pd.DataFrame(columns, index=self.own_index, copy=True)

    @property
    def own_index(self) -> pd.Index:
        """A copy of the index for the caller, who may rename it and, through `asi8`, write to it."""
        return self.index.copy(deep=True)

    def slice(self, start: int, stop: int) -> Bars:
        """The bars at positions `start` to `stop` - 1, sharing memory."""
        part = slice(start, stop)
        arrays = (None if array is None else array[part] for array in self.prices)
        return Bars(self.symbol, self.index[part], Prices(*arrays), self.owner)  # type: ignore[arg-type]  # volume alone is optional

    def warm(self) -> Self:
        """Compute calendar and fingerprint now; they are kept."""
        _ = self.calendar, self.fingerprint
        return self


class Market(Mapping[str, Bars]):
    """The bars of all symbols of a run, in the config's order.

    notes         sentences on what was chosen or left out: the default symbol, rows dropped
    source_label  what a user would call the source: `bundled sample`, `prices.csv`, `frame`
    """

    def __init__(self, bars: Iterable[Bars], notes: Iterable[str] = (), source_label: str = "frame") -> None:
        self._bars = {b.symbol: b for b in bars}
        self.notes = tuple(notes)
        self.source_label = source_label

    def __getitem__(self, symbol: str) -> Bars:
        return self._bars[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bars)

    def __len__(self) -> int:
        return len(self._bars)

    def __repr__(self) -> str:
        return f"Market({', '.join(f'{b.symbol}: {b.n_bars} bars' for b in self.values())}; {self.source_label})"

    @property
    def symbols(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._bars)

    @property
    def fingerprint(self) -> str:
        """sha256, in hex, of the names and fingerprints of all symbols."""
        lines = (f"{symbol!r} {bars.fingerprint}" for symbol, bars in self.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def with_notes(self, notes: Iterable[str]) -> Market:
        """The same bars; `notes` stand before the others."""
        return Market(self.values(), (*notes, *self.notes), self.source_label)

    def warm(self) -> Self:
        """Compute the calendars and fingerprints of all symbols now."""
        for bars in self.values():
            bars.warm()
        return self


def zone_name(index: pd.DatetimeIndex) -> str:
    """The zone of the times: `Europe/Paris`, `UTC`, `UTC-05:00`; `naive` if none; libraries spell them differently."""
    if index.tz is None:
        return "naive"
    offset = index.tz.utcoffset(None)
    if offset is None:
        return str(index.tz)
    minutes = int(offset.total_seconds() // 60)
    return "UTC" if not minutes else f"UTC{'+' if minutes > 0 else '-'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _nanoseconds(index: pd.DatetimeIndex) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    factor = _NANOSECONDS[index.unit]
    ticks: np.ndarray[tuple[int], np.dtype[np.int64]] = np.ascontiguousarray(index.asi8)
    return ticks if factor == 1 else ticks * factor
