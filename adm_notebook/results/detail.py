"""One row of a result in detail: its trades and equity, and buy and hold beside it; tables are made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adm_notebook.engine.account import Account
from adm_notebook.market.arrays import F64

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.config.settings import Settings
    from adm_notebook.market.calendar import Calendar

__all__ = ["Benchmark", "Detail"]


@dataclass(frozen=True, eq=False, repr=False)
class Detail:
    """Trades and equity of one row.

    row      the label of the row in `stats`
    metrics  the metrics of the specification, by name
    """

    row: int
    metrics: Mapping[str, float]
    account: Account
    index: pd.Index
    symbols: tuple[str, ...]
    strategies: tuple[str, ...]
    sleeve: tuple[int, ...] | None = None  # of each trade, in a combined portfolio: which of the sleeves made it
    reports: tuple[Mapping[str, Any], ...] = ()  # of each sleeve: what containers for analysis gave, by path

    @property
    def trades(self) -> pd.DataFrame:
        """Trades in order of entry, with the columns of `WorkflowResult.trades`."""
        return self._trades.copy(deep=False)  # the caller's own: under copy-on-write a write copies what it changes

    @cached_property
    def _trades(self) -> pd.DataFrame:
        from adm_notebook.engine.simulate import trades_frame

        if self.sleeve is None:
            return trades_frame(self.account, self.index, self.symbols[0], self.strategies[0])
        frame = trades_frame(self.account, self.index, "", "")
        return frame.assign(
            symbol=[self.symbols[s] for s in self.sleeve], strategy=[self.strategies[s] for s in self.sleeve]
        )

    @property
    def equity(self) -> pd.Series[float]:
        """(n_bars,) money at each close, indexed by time."""
        return self._equity.copy(deep=False)

    @cached_property
    def _equity(self) -> pd.Series[float]:
        import pandas as pd

        return pd.Series(self.account.equity, index=self.index, name="equity", copy=False)

    @property
    def unfilled(self) -> pd.DataFrame:
        """Orders that gave no trade: bar of the decision, time, side, reason."""
        return self._unfilled.copy(deep=False)

    @cached_property
    def _unfilled(self) -> pd.DataFrame:
        from adm_notebook.engine.simulate import unfilled_frame

        return unfilled_frame(self.account, self.index)

    def __repr__(self) -> str:
        metrics = self.metrics
        n = metrics["n_trades"]
        return (
            f"Detail of row {self.row}: {' + '.join(dict.fromkeys(self.strategies))} on "
            f"{' + '.join(dict.fromkeys(self.symbols))}, {n:,} closed trade{'' if n == 1 else 's'}, "
            f"total return {metrics['total_return']:+.1%} (.trades, .equity, .metrics, .unfilled)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Benchmark:
    """Buy and hold over the same bars, without costs: close / first close x capital; computed when first asked for.

    compute  gives (n_bars,) money, at each close
    """

    compute: Callable[[], F64]
    index: pd.Index
    calendar: Calendar
    settings: Settings

    @cached_property
    def values(self) -> F64:
        """(n_bars,) money, at each close."""
        return self.compute()

    @property
    def equity(self) -> pd.Series[float]:
        """(n_bars,) money at each close, indexed by time."""
        return self._equity.copy(deep=False)

    @cached_property
    def _equity(self) -> pd.Series[float]:
        import pandas as pd

        return pd.Series(self.values, index=self.index, name="buy and hold", copy=False)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Metrics of the held position, by name; those of trades are NaN. Invested all the time: exposure is 1."""
        import numpy as np

        from adm_notebook.engine.metrics import metrics

        empty_f, empty_i, empty_b = np.empty(0), np.empty(0, np.int64), np.empty(0, np.int8)
        held = Account(
            self.values, empty_b, empty_f, empty_i, empty_f, empty_i, empty_f, empty_f, empty_f, empty_f, empty_b,
            empty_i, empty_b, empty_b,
        )  # fmt: skip
        return {**metrics(held, self.calendar, self.settings), "exposure": 1.0}
