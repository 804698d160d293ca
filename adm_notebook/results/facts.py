"""What a result card says beside figures: what ran, on what, under which conditions, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["RunFacts"]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Plain facts of a run, each of them text or numbers, so that a saved result tells them again.

    symbols        of all rows, in the config's order
    source         where the bars came from: `bundled sample`, `prices.csv`, `frame`
    n_bars         bars of the best row's symbol (of the union of times, in a combined portfolio)
    timeframe      `daily`, `1-minute`, ...
    first, last    times of the first and the last bar, ISO; with the clock only where bars are intraday
    zone           name of the time zone, or nothing
    strategy       the best row's strategy as a title names it: `ma_crossover 50/200`
    conditions     a sentence: `Long only, all capital in each trade, 0.1% commission.`
    objective, maximise   what `best` is chosen by
    swept          names of the columns of `stats` that hold swept parameters, in the config's order
    n_planned      combinations that were to run
    left_out       constraint -> how many combinations it dropped
    defaults       sentences of `warnings` that only say which default was filled in
    notes          sentences of `warnings` that are for the record and ask for nothing
    resolved       the config as YAML, defaults filled in
    hint           what helps after a failure, a sentence
    no_trades      why there was no trade, a sentence, where that is known
    replayed       combinations of strategies whose stored signals were traded; 0 where strategies were computed
    """

    symbols: tuple[str, ...] = ()
    source: str = ""
    n_bars: int = 0
    timeframe: str = ""
    first: str = ""
    last: str = ""
    zone: str = ""
    strategy: str = ""
    conditions: str = ""
    objective: str = "sharpe"
    maximise: bool = True
    swept: tuple[str, ...] = ()
    n_planned: int = 1
    left_out: Mapping[str, int] = field(default_factory=dict)
    defaults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    resolved: str = ""
    hint: str = ""
    no_trades: str = ""
    replayed: int = 0

    def to_json(self) -> dict[str, Any]:
        """All facts as plain JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
