"""The one table of names: what the older project calls strategies, classifiers and their parameters, and what we do.

Both readers of the older form use it (`migrate_config`, and the one that `verify_migration` runs the old side with),
and nothing else of each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["CLASSIFIERS", "STRATEGIES", "Renamed", "renamed"]


@dataclass(frozen=True)
class Renamed:
    """What an older name stands for.

    type        our name of the component
    parameters  older parameter name -> ours; a name that is not here is taken as it is
    """

    type: str
    parameters: Mapping[str, str] = field(default_factory=dict)


_AVERAGES = {
    "fast_period": "fast",
    "slow_period": "slow",
    "fast_window": "fast",
    "slow_window": "slow",
    "short_window": "fast",
    "long_window": "slow",
    "short_period": "fast",
    "long_period": "slow",
}

STRATEGIES: Mapping[str, Renamed] = {
    "ma_crossover": Renamed("ma_crossover", _AVERAGES),
    "moving_average_crossover": Renamed("ma_crossover", _AVERAGES),
    "momentum": Renamed(
        "momentum", {"lookback_period": "lookback", "period": "lookback", "momentum_threshold": "threshold"}
    ),
    "mean_reversion": Renamed(
        "mean_reversion", {"lookback": "period", "lookback_period": "period", "entry_threshold": "entry"}
    ),
}
"""Older strategy types, lower case with `_` for `-` and space."""

CLASSIFIERS: Mapping[str, Renamed] = {}
"""Older classifier types, in the same way."""


def renamed(table: Mapping[str, Renamed], name: str) -> Renamed | None:
    """What `name` stands for, whatever its case; `-` and space count as `_`; None where the table doesn't have it."""
    return table.get(name.strip().lower().replace("-", "_").replace(" ", "_"))
