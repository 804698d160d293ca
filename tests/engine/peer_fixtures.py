"""The peers' recorded runs: bars, signals and settings as this package takes them, and what the peer made of them.

`tests/fixtures` holds real bars (`data_*.json`), whole runs of backtesting.py 0.6.6 and vectorbt 1.2.0 (`bt*.json`,
`vbt*.json`), and small scenarios (`corner_*.json`). Settings are stored under older names; `_settings` translates them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import Signals
from adm_notebook.market.arrays import Prices

FIXTURES = Path(__file__).parents[1] / "fixtures"
FLAGS = ("long_entry", "long_exit", "short_entry", "short_exit")


@dataclass(frozen=True)
class PeerRun:
    """One run of a peer; in `trades` and `metrics` None is what the peer can't give, sizes are signed."""

    name: str
    prices: Prices
    index: pd.Index
    signals: Signals
    settings: Settings
    warmup: int
    lists_open_trades: bool
    trades: Mapping[str, list[Any]]
    equity: list[float]
    metrics: Mapping[str, float | None]


def runs() -> Iterator[PeerRun]:
    """Every whole run, on real bars."""
    for path in sorted([*FIXTURES.glob("bt*.json"), *FIXTURES.glob("vbt*.json")]):
        yield run(path.stem)


@functools.cache
def run(name: str) -> PeerRun:
    """The whole run `name`, such as `bt01_GOOG_sma_long_10_50`."""
    stored = _read(name)
    prices, index = _bars(stored["data"])
    metrics = {"volatility" if k == "annual_vol" else k: v for k, v in stored["metrics"].items()}
    return PeerRun(
        name=name,
        prices=prices,
        index=index,
        signals=_signals(stored["signals"], stored["n"]),
        settings=_settings(stored["preset"], stored["config"]),
        warmup=stored["config"]["first_bar"],
        lists_open_trades=stored["preset"] == "vectorbt",
        trades=stored["trades"],
        equity=stored["equity"],
        metrics={k: v for k, v in metrics.items() if not k.startswith("incl_open_")},
    )


def corner_cases() -> Iterator[PeerRun]:
    """Every small scenario."""
    for stem in ("corner_bt", "corner_vbt"):
        stored = _read(stem)
        for case in stored["cases"]:
            bars = np.array(case["bars"], dtype=np.float64)  # null becomes NaN
            config = {**stored["base"], **case["overrides"]}
            yield PeerRun(
                name=f"{stem}: {case['name']}",
                prices=Prices(*(np.ascontiguousarray(column) for column in bars.T)),
                index=pd.RangeIndex(len(bars)),
                signals=_signals(case["signals"], len(bars)),
                settings=_settings(stored["preset"], config),
                warmup=config["first_bar"],
                lists_open_trades=stored["preset"] == "vectorbt",
                trades=case["trades"],
                equity=case["equity"],
                metrics={},
            )


def _read(stem: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((FIXTURES / f"{stem}.json").read_text(encoding="utf-8"))
    return stored


@functools.cache
def _bars(file_name: str) -> tuple[Prices, pd.DatetimeIndex]:
    stored = _read(file_name.removesuffix(".json"))
    seconds = stored["t0"] + np.concatenate([[0], np.cumsum(stored["dt"])]) * stored["time_unit_s"]
    prices = Prices(*(np.array(stored[name], dtype=np.float64) for name in ("open", "high", "low", "close")))
    return prices, pd.DatetimeIndex(pd.to_datetime(seconds, unit="s"))


def _signals(bars_of: Mapping[str, list[int]], n_bars: int) -> Signals:
    flags = []
    for name in FLAGS:
        flag = np.zeros(n_bars, dtype=np.bool_)
        flag[bars_of[name]] = True
        flags.append(flag)
    return Signals(*flags)


def _settings(preset: str, old: Mapping[str, Any]) -> Settings:
    names = {"cash": "initial_capital", "unit": "lot_size", "sl": "stop_loss", "tp": "take_profit", "trail": "trailing"}
    same = ("fill", "size_mode", "margin", "stop_base", "opposite", "shortfall", "after_stop", "finalize", "ruin")
    given: dict[str, Any] = {new: old[name] for name, new in names.items()} | {name: old[name] for name in same}
    given["size_rule"] = {"bt": "whole", "vbt": "fractional"}[old["size_rule"]]
    given["commission"] = {"rate": old["fee_rate"], "fixed": old["fee_fixed"], "fixed_per": old["fixed_per"]}
    given["slippage"] = {"entry": old["slip_entry"], "exit": old["slip_exit"]}
    given["warmup"] = old["first_bar"]
    if old["size"] != "all":  # the preset's own
        given["size"] = old["size"]
    return Settings.resolve({"preset": preset, **given})
