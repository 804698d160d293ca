"""The engines that the same facts are tested on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from adm_notebook.engine import reference, reference_metrics
from adm_notebook.engine.account import Account


class Engine(NamedTuple):
    simulate: Callable[..., Account]  # (prices, signals, settings, *, warmup)
    metrics: Callable[..., dict[str, float]]  # (account, index, settings, *, capital=None)


ENGINES = {"reference": Engine(reference.simulate, reference_metrics.metrics)}
