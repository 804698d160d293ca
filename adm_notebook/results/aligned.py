"""Trades of two results side by side: the same entry, or one that has plainly moved; what is left came or went."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from adm_notebook.results.moments import on_one_scale
from adm_notebook.results.tolerance import agree, tolerance_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRADE_CHANGES", "TradeCounts", "trade_differences"]

TRADE_CHANGES = ("change", "entry", "field", "old", "new", "old_trade", "new_trade")
"""Columns of `ResultDiff.trades`."""

_WORDS = ("direction", "exit_reason")
_FIGURES = ("size", "entry_price", "exit_price", "pnl", "return", "fees")


class TradeCounts(NamedTuple):
    """How many trades of the best rows are the same, changed, only in the new one, only in the old one."""

    same: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class _Trade:
    """One trade: its position in the frame, and its first and last moment on the common scale."""

    at: int
    entry: int
    exit: int
    direction: str


def trade_differences(a: pd.DataFrame, b: pd.DataFrame, rtol: float, scale: float) -> tuple[pd.DataFrame, TradeCounts]:
    """`ResultDiff.trades`, and how many trades it is about.

    Trades are matched by strategy, symbol and time of entry. One that entered at another time is the same trade where
    there is no doubt: the same direction, held at the same time, and no other that could be meant. Its `entry_time`
    is then among the fields that differ.

    Parameters
    ----------
    a, b
        trades of the old and the new result.
    scale
        money, the size of the account; a trade's own figures are measured by what it traded, where that is less.
    """
    import pandas as pd

    entries = on_one_scale(pd.Index(a["entry_time"]), pd.Index(b["entry_time"]))[:2]
    exits = on_one_scale(pd.Index(a["exit_time"]), pd.Index(b["exit_time"]))[:2]
    if len(a) and len(b) and isinstance(entries[0], pd.RangeIndex):  # no common times: by the position of the bars
        entries = pd.Index(a["entry_bar"]), pd.Index(b["entry_bar"])
        exits = pd.Index(a["exit_bar"]), pd.Index(b["exit_bar"])
    old, new = (_by_sleeve(frame, entries[k], exits[k]) for k, frame in enumerate((a, b)))
    pairs: list[tuple[int | None, int | None]] = []
    for sleeve in dict.fromkeys([*old, *new]):
        pairs += _paired(old.get(sleeve, []), new.get(sleeve, []))

    was, now = a.to_dict("records"), b.to_dict("records")
    moments = [np.asarray(index.view("int64") if hasattr(index, "as_unit") else index, object) for index in entries]
    pairs.sort(key=lambda pair: (moments[0][pair[0]] if pair[0] is not None else moments[1][pair[1]], pair[0] is None))
    same_exit = _equal_at(exits)
    same_entry = _equal_at(entries)
    found: list[tuple[Any, ...]] = []
    counts = [0, 0, 0, 0]
    for i, j in pairs:
        trade = now[j] if i is None and j is not None else was[i]  # type: ignore[index]  # one of them is there
        entry = f"{trade['strategy']} on {trade['symbol']}, {trade['entry_time']}"
        if i is None or j is None:
            change = "+" if i is None else "-"
            words = ("", trade["direction"]) if i is None else (trade["direction"], "")
            found.append((change, entry, "trade", *words, i, j))
            counts[2 if i is None else 3] += 1
            continue
        fields = [] if same_entry(i, j) else ["entry_time"]
        fields += _differing(was[i], now[j], rtol, scale)
        fields[len(fields) :] = [] if same_exit(i, j) else ["exit_time"]
        found += [("~", entry, name, was[i][name], now[j][name], i, j) for name in fields]
        counts[1 if fields else 0] += 1
    frame = pd.DataFrame(found, columns=list(TRADE_CHANGES))
    return frame.astype({"old_trade": "Int64", "new_trade": "Int64"}), TradeCounts(*counts)


def _differing(was: Mapping[Any, Any], now: Mapping[Any, Any], rtol: float, scale: float) -> list[str]:
    names = [name for name in _WORDS if was[name] != now[name]]
    traded = abs(float(was["size"])) * max(abs(float(was[price])) for price in ("entry_price", "exit_price"))
    scale = min(scale, max(1.0, traded)) if math.isfinite(traded) else scale
    return names + [n for n in _FIGURES if not agree(was[n], now[n], rtol, tolerance_of(n, rtol, scale))]


def _equal_at(indexes: Sequence[pd.Index]) -> Callable[[int, int], bool]:
    first, second = (index.to_numpy() for index in indexes)
    return lambda i, j: bool(first[i] == second[j])


def _by_sleeve(trades: pd.DataFrame, entries: pd.Index, exits: pd.Index) -> dict[tuple[str, str], list[_Trade]]:
    """The trades of each strategy on each symbol, in order of entry."""
    first, last = (index.to_numpy().astype("int64") for index in (entries, exits))
    found: dict[tuple[str, str], list[_Trade]] = defaultdict(list)
    columns = (trades["symbol"], trades["strategy"], trades["direction"])
    for at, (symbol, strategy, direction) in enumerate(zip(*columns, strict=True)):
        found[str(symbol), str(strategy)].append(_Trade(at, int(first[at]), int(last[at]), str(direction)))
    for listed in found.values():
        listed.sort(key=lambda trade: (trade.entry, trade.at))
    return found


def _paired(old: list[_Trade], new: list[_Trade]) -> Iterator[tuple[int | None, int | None]]:
    """Pairs of positions; None for a trade that only one has."""
    waiting: dict[int, list[_Trade]] = defaultdict(list)
    for trade in new:
        waiting[trade.entry].append(trade)
    left_old: list[_Trade] = []
    taken: set[int] = set()
    for trade in old:
        same = waiting[trade.entry]
        if not same:
            left_old.append(trade)
            continue
        match = next((t for t in same if t.direction == trade.direction), same[0])
        same.remove(match)
        taken.add(match.at)
        yield trade.at, match.at
    left_new = [trade for trade in new if trade.at not in taken]
    for strictly in (True, False):  # held together for a while; else at least one's end is the other's beginning
        moved = list(_moved(left_old, left_new, strictly=strictly))
        yield from ((was.at, now.at) for was, now in moved)
        gone, come = {was.at for was, _ in moved}, {now.at for _, now in moved}
        left_old = [t for t in left_old if t.at not in gone]
        left_new = [t for t in left_new if t.at not in come]
    yield from ((trade.at, None) for trade in left_old)
    yield from ((None, trade.at) for trade in left_new)


def _moved(old: list[_Trade], new: list[_Trade], *, strictly: bool) -> Iterator[tuple[_Trade, _Trade]]:
    """Trades that can only be each other: of one direction, held at the same time, and no third to be confused with."""
    candidates: dict[int, list[_Trade]] = defaultdict(list)
    asked: dict[int, list[_Trade]] = defaultdict(list)
    begin = 0
    for was in old:  # both are in order of entry, and one account's trades follow each other
        while begin < len(new) and new[begin].exit < was.entry:
            begin += 1
        for now in new[begin:]:
            if now.entry > was.exit:
                break
            together = min(was.exit, now.exit) - max(was.entry, now.entry)
            if was.direction == now.direction and (together > 0 or (together == 0 and not strictly)):
                candidates[was.at].append(now)
                asked[now.at].append(was)
    for was in old:
        if len(candidates[was.at]) == 1 and len(asked[candidates[was.at][0].at]) == 1:
            yield was, candidates[was.at][0]
