"""A store of signals on screen: what was captured of which strategies, over which bars, by which config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from adm_notebook.display.grid import Cell, Column, Grid, Row, ascii_minus, wrapped
from adm_notebook.display.html import render
from adm_notebook.display.numbers import count
from adm_notebook.display.style import style_tag
from adm_notebook.display.words import Name, Words, clip, enumerated, marked, plain, plural
from adm_notebook.folders import nearby

if TYPE_CHECKING:
    from adm_notebook.signals import SignalStore

__all__ = ["SignalsView"]

_ROWS_MOST = 60
_SYMBOLS_MOST = 6
_YAML_MOST = 5_000
_NAME_MOST = 40


@dataclass(frozen=True, slots=True, repr=False)
class SignalsView:
    """A store that shows itself; `name` is what a user typed for it: a run's name, or a path."""

    store: SignalStore
    name: str

    def _repr_html_(self) -> str:
        grid, said = self._grid()
        body = render(
            "signals.html",
            title=self._title,
            sentences=self._bars,
            banner_lines=[marked(sentence) for sentence in self.store.warnings],
            grid=grid,
            said=said,
            yaml=self._yaml,
            path=nearby(self.store.path),
            next=f"%adm replay {self.name if self.name.isidentifier() else 'PATH'} --set stop_loss=[0.02, 0.05]",
        )
        return style_tag() + body

    def __repr__(self) -> str:
        grid, said = self._grid()
        lines = [plain(self._title), *map(plain, self._bars), *self.store.warnings, *wrapped(grid)]
        return "\n".join(ascii_minus(line) for line in [*lines, *([said] if said else [])])

    @property
    def _title(self) -> Words:
        counts = self.store.manifest.counts
        strategies, symbols = list(self.store.strategies), list(self.store.symbols)
        words: list[str] = [f"{plural(counts.signals, 'signal')} of ", *_few(strategies, "strategies")]
        words += [" on ", *_few(symbols, "symbols")]
        members = int(self.store.combinations["member"].notna().sum())
        said = f": {plural(counts.combinations - members, 'combination')}"
        said += f", and {plural(members, 'member')} of ensembles" if members else ""
        return [*words, said]

    @property
    def _bars(self) -> list[Words]:
        """A sentence for each symbol, up to a few."""
        found: list[Words] = []
        symbols = self.store.manifest.symbols
        for symbol, facts in list(symbols.items())[:_SYMBOLS_MOST]:
            times = "" if facts.times in ("naive", "integers", "labels") else f", {facts.times}"
            period = f"{_short(facts.first)} to {_short(facts.last)}{times}"
            found.append([Name(clip(symbol, _NAME_MOST)), f": {plural(facts.n_bars, 'bar')}, {period}."])
        rest = len(symbols) - len(found)
        return [*found, [f"{plural(rest, 'more symbol')}."]] if rest else found

    def _grid(self) -> tuple[Grid, str]:
        """What `describe` says, columns left out in which there is nothing."""
        described = self.store.describe()
        shown = described.head(_ROWS_MOST)
        words = ["strategy", "symbol", "classifier", "member"]
        words = [name for name in words if described[name].notna().any()]
        words = [name for name in words if name != "symbol" or described[name].nunique() > 1]
        numbers = {
            "combinations": ("Combinations", "Sets of parameters"),
            "signals": ("Signals", "Changes of the target, or bars with a flag"),
            "lookback_bars": ("Lookback", "Bars before the first decision, the most of all combinations"),
        }
        columns = [Column(name.capitalize(), left=True) for name in words]
        columns.append(Column("Yielded", "What the strategy returns", left=True))
        columns += [Column(label, title) for label, title in numbers.values()]
        rows = []
        for record in shown.to_dict("records"):
            cells: list[Cell] = [
                [Name(clip(str(record[name]), _NAME_MOST))] if not pd.isna(record[name]) else [""] for name in words
            ]
            cells.append(["votes" if record["form"] == "ensemble" else str(record["form"])])
            cells += [count(int(record[name])) for name in numbers]
            rows.append(Row(cells))
        rest = len(described) - len(shown)
        return Grid(columns, rows), f"{plural(rest, 'more row')} in SignalStore(path).describe()" if rest else ""

    @property
    def _yaml(self) -> str:
        text = self.store.manifest.config
        return text if len(text) <= _YAML_MOST else f"{text[:_YAML_MOST].rsplit(chr(10), 1)[0]}\n# shortened"


def _few(names: list[str], many: str) -> list[str]:
    return [f"{len(names):,} {many}"] if len(names) > 3 else enumerated([clip(n, _NAME_MOST) for n in names])


def _short(time: str) -> str:
    """A time without a clock that is midnight, and without its offset."""
    return time.removesuffix("+00:00").removesuffix(" 00:00:00")
