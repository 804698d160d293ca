"""The engines that the same facts are tested on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from adm_notebook.config.settings import Settings
from adm_notebook.engine import compiled, reference, reference_metrics
from adm_notebook.engine import metrics as compiled_metrics
from adm_notebook.engine.account import Account
from adm_notebook.market.calendar import Calendar


class Engine(NamedTuple):
    simulate: Callable[..., Account]  # (prices, signals, settings, *, warmup, days=None)
    metrics: Callable[..., dict[str, float]]  # (account, index, settings, *, capital=None)


def _compiled_metrics(
    account: Account, index: pd.Index, settings: Settings, *, capital: float | None = None
) -> dict[str, float]:
    return compiled_metrics.metrics(account, Calendar.of(index), settings, capital=capital)


ENGINES = {
    "reference": Engine(reference.simulate, reference_metrics.metrics),
    "compiled": Engine(compiled.simulate, _compiled_metrics),
}
