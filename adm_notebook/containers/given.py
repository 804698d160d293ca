"""What a user's container is handed: its own copies, in pandas' terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.components import Decision, Regimes
from adm_notebook.components.expressions import ExpressionError, Whole, bind, parse
from adm_notebook.components.regimes import NO_REGIME, ONE_REGIME
from adm_notebook.containers.values import Features, Fills, Orders, RiskSettings, Targets
from adm_notebook.engine.account import Signals
from adm_notebook.errors import StrategyError
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeatureTable", "GivenFills", "handed"]


class FeatureTable(Mapping[str, "pd.Series[float]"]):
    """Indicators by their text, `features["sma(20)"]`, and the columns that indicator containers gave, by name.

    Each is a Series over the bars, the reader's own. An indicator is computed when it is asked for, and shared.
    """

    def __init__(self, features: Features, bars: Bars) -> None:
        self._features, self._bars = features, bars

    def __getitem__(self, text: str) -> pd.Series[float]:
        import pandas as pd

        values: F64
        if text in self._features.named:
            values = self._features.named[text]
        else:
            try:
                expression = bind(parse(text), {})
                values = Whole(self._bars, self._features.of).array(expression)
            except ExpressionError as error:
                raise KeyError(f"{text}: {error.sentence}") from None
        return pd.Series(np.array(values), index=self._bars.own_index, name=text)

    def __iter__(self) -> Iterator[str]:
        return iter(self._features.named)

    def __len__(self) -> int:
        return len(self._features.named)

    def __contains__(self, text: object) -> bool:
        try:
            return isinstance(text, str) and self[text] is not None
        except KeyError:
            return False


class GivenFills:
    """What execution did: `trades`, `equity` and `unfilled` as `adm.simulate` gives them, and the settings in force.

    Each is the reader's own; the account itself, from which the row's metrics are made, is not handed out.
    """

    __slots__ = ("_bars", "_fills")

    def __init__(self, fills: Fills, bars: Bars) -> None:
        self._fills, self._bars = fills, bars

    @property
    def trades(self) -> pd.DataFrame:
        """One row a trade, in order of entry."""
        from adm_notebook.engine.simulate import trades_frame

        return trades_frame(self._fills.account, self._bars.own_index, self._bars.symbol, "")

    @property
    def equity(self) -> pd.Series[float]:
        """(n_bars,) money at each close."""
        import pandas as pd

        return pd.Series(np.array(self._fills.account.equity), index=self._bars.own_index, name="equity")

    @property
    def unfilled(self) -> pd.DataFrame:
        """One row an order that gave no trade."""
        from adm_notebook.engine.simulate import unfilled_frame

        return unfilled_frame(self._fills.account, self._bars.own_index)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the account."""
        return self._fills.settings.model_dump()


def handed(kind: str, value: Any, bars: Bars) -> Any:
    """A value of some kind as a user's container reads it: a copy, so that nothing it does reaches anybody else.

    bars      DataFrame open, high, low, close[, volume]
    features  FeatureTable
    regimes   Series of labels; `all` on every bar where there is no classifier
    targets   Series of -1, 0, +1; or a DataFrame of the four flags, where the strategy yields those (and `strength`)
    orders    DataFrame of the four flags (and `strength`), from the first bar that may decide
    settings  dict of all settings of the account
    signals   as targets
    fills     GivenFills
    report    whatever the container before it gave, copied
    """
    import copy

    if isinstance(value, Bars):
        return value.frame
    if isinstance(value, Features):
        return FeatureTable(value, bars)
    if kind == "regimes":
        return _labels(value, bars)
    if isinstance(value, Targets):
        if len(value.decisions) > 1:
            raise StrategyError("an ensemble's members have not voted yet; place this container after the ensemble")
        return _decision(value.decision, bars)
    if isinstance(value, RiskSettings):
        return value.settings.model_dump()
    if isinstance(value, Orders):
        return _flags(value.signals, bars)
    if isinstance(value, Fills):
        return GivenFills(value, bars)
    return copy.deepcopy(value)


def _labels(regimes: Regimes | None, bars: Bars) -> pd.Series[str]:
    import pandas as pd

    if regimes is None:
        return pd.Series(ONE_REGIME, index=bars.own_index, name="regime", dtype="str")
    words = np.array((*regimes.labels, NO_REGIME), dtype=object)
    return pd.Series(words[regimes.codes.astype(np.intp)], index=bars.own_index, name="regime", dtype="str")


def _decision(decision: Decision, bars: Bars) -> Any:
    import pandas as pd

    if decision.target is None:
        flags = decision.flags
        assert flags is not None  # a decision has a target or flags
        return _flags(
            Signals(flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit, decision.strength), bars
        )
    target = pd.Series(np.array(decision.target), index=bars.own_index, name="target")
    return target if decision.strength is None else target.to_frame().assign(strength=np.array(decision.strength))


def _flags(signals: Signals, bars: Bars) -> pd.DataFrame:
    import pandas as pd

    columns = {
        name: np.array(getattr(signals, name)) for name in ("long_entry", "long_exit", "short_entry", "short_exit")
    }
    if signals.strength is not None:
        columns["strength"] = np.array(signals.strength)
    return pd.DataFrame(columns, index=bars.own_index)
