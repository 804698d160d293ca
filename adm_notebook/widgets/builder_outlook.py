"""What lies ahead of a config: whether it can be planned, how many combinations, how long, how much memory, which bars.

How long is what the plan's work comes to, by the same reckoning that chooses the mode, times how fast this machine has
turned out to be: runs of the builder tell, and before the first of them a small one on the bundled sample.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tsdownsample import MinMaxDownsampler

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.data import DataRequest
from adm_notebook.config.workflow import located
from adm_notebook.coordinator import EnhancedCoordinator
from adm_notebook.display.numbers import price
from adm_notebook.errors import AdmError, ConfigError, Problem
from adm_notebook.market import Bars, load
from adm_notebook.planning import Plan
from adm_notebook.planning.memory import LANE_BYTES, MB, lane_bytes, loaded_bytes, need_of
from adm_notebook.planning.modes import estimate
from adm_notebook.planning.phases import HybridPlan
from adm_notebook.planning.planner import work_of

__all__ = ["Outlook", "measure", "mode_of", "note_speed", "outlook_of", "preview_of"]

_POINTS = 120
"""Of the small picture of prices."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What planning said of a config.

    problems   everything that is wrong; the rest holds nothing then
    rows       combinations
    bars       of the longest symbol
    seconds    about how long; None where this machine's speed at such work is not known yet
    megabytes  about how much the process grows
    """

    problems: tuple[Problem, ...] = ()
    rows: int = 0
    bars: int = 0
    seconds: float | None = None
    megabytes: float = 0.0
    mode: str = ""
    pattern: str = ""
    left_out: int = 0
    warnings: tuple[str, ...] = ()
    plan: Plan | HybridPlan | None = None

    def timed(self) -> Outlook:
        """The same, with the seconds that it takes as far as is known by now."""
        plan = self.plan
        if plan is None:
            return self
        return replace(self, seconds=_seconds(plan.plans if isinstance(plan, HybridPlan) else (plan,)))

    @property
    def state(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "state": "refused" if self.problems else "ready",
            "rows": self.rows, "bars": self.bars, "seconds": self.seconds, "megabytes": self.megabytes,
            "mode": self.mode, "pattern": self.pattern, "left_out": self.left_out, "warnings": list(self.warnings),
        }  # fmt: skip


def mode_of(config: WorkflowConfig) -> str:
    """The mode that a config is planned in: hybrid where it has phases, else what suits it."""
    return "hybrid" if config.parameters.get("phases") is not None else "auto"


def outlook_of(config: WorkflowConfig) -> Outlook:
    """Plan a config, and say what comes of it."""
    try:
        plan = EnhancedCoordinator().plan(config, mode_of(config))
    except ConfigError as error:
        return Outlook(tuple(error.problems))
    except AdmError as error:  # prices that can't be used, a user's code that raised
        message = " ".join(str(error).split())
        return Outlook(tuple(located([Problem("data_config", message)], config.positions)))
    parts = plan.plans if isinstance(plan, HybridPlan) else (plan,)
    return Outlook(
        rows=plan.n_planned,
        bars=max(bars.n_bars for part in parts for bars in part.market.values()),
        seconds=_seconds(parts),
        megabytes=max(map(_megabytes, parts)),
        mode=plan.mode,
        pattern=plan.pattern,
        left_out=sum(sum(part.left_out.values()) for part in parts),
        warnings=tuple(plan.warnings),
        plan=plan,
    )


def _megabytes(plan: Plan) -> float:
    """What a run holds at most: rows, and of each thread the bars and indicators that it works on."""
    need = need_of(plan)
    threads = max(1, min(plan.limits.workers, plan.n_planned))
    held = need.rows + threads * (need.worker + need.indicators)
    if plan.mode == "composable" and plan.ways.at_once:
        columns = plan.n_planned * need.indicators
        held += loaded_bytes() + min(threads * min(lane_bytes(plan), LANE_BYTES), columns)
    return held / MB


# ---- how long -------------------------------------------------------------------------------------------------------

_slowness: dict[tuple[str, bool], float] = {}
"""(mode, many at once) -> seconds that a run took here, for each second of the reckoning."""

_measuring = threading.Lock()

_SMALL: dict[tuple[str, bool], tuple[int | None, dict[str, Any]]] = {
    ("composable", True): (None, {"fast": {"min": 5, "max": 20}, "slow": {"min": 50, "max": 60}}),
    ("composable", False): (None, {"fast": [5, 10, 20]}),
    ("traditional", False): (500, {}),
}
"""Bars and parameters of the run that tells a machine's speed, before any other has."""


def _kind(plan: Plan) -> tuple[str, bool]:
    return plan.mode, plan.mode == "composable" and plan.ways.at_once


def _reckoned(plan: Plan) -> float:
    return estimate(plan.mode, work_of(plan), plan.limits.workers)


def _seconds(plans: Sequence[Plan]) -> float | None:
    if any(_kind(plan) not in _slowness for plan in plans):
        return None
    return sum(_reckoned(plan) * _slowness[_kind(plan)] for plan in plans)


def note_speed(plan: Plan | HybridPlan, done: int, seconds: float) -> None:
    """Remember how long so many rows of a plan took, for the estimates that follow."""
    if isinstance(plan, HybridPlan) or not done or not plan.n_planned:
        return
    _slowness[_kind(plan)] = seconds / (_reckoned(plan) * done / plan.n_planned)


def measure(plan: Plan | HybridPlan) -> bool:
    """Tell this machine's speed at such work by a small run on the bundled sample; False where it was known.

    What the plan itself would run is left alone: a user's code and the folders that it writes are for a run to touch.
    """
    parts = plan.plans if isinstance(plan, HybridPlan) else (plan,)
    with _measuring:
        missing = [kind for kind in dict.fromkeys(map(_kind, parts)) if kind not in _slowness]
        for kind in missing:
            n_bars, parameters = _SMALL[kind]
            config = WorkflowConfig(
                data_config={"source": "sample", "symbols": ["SP500"], **({"max_bars": n_bars} if n_bars else {})},
                optimization_config={"strategies": [{"type": "ma_crossover", "parameters": parameters}]},
            )
            small = EnhancedCoordinator().plan(config, kind[0])
            EnhancedCoordinator().run(config, kind[0])  # loads what is compiled
            began = time.perf_counter()
            EnhancedCoordinator().run(config, kind[0])
            note_speed(small, small.n_planned, time.perf_counter() - began)
            _slowness.setdefault(kind, 1.0)
    return bool(missing)


# ---- prices ---------------------------------------------------------------------------------------------------------


def preview_of(config: WorkflowConfig) -> dict[str, Any]:
    """Closes of the first symbol in a few points, and a line on what they are; nothing where there are no prices."""
    try:
        market = load(DataRequest.resolve(config.data_config or None))
    except AdmError:
        return {}
    symbol, bars = next(iter(market.items()))
    return {"symbol": symbol, "others": len(market) - 1, **_drawn(bars)}


def _drawn(bars: Bars) -> dict[str, Any]:
    close = np.ascontiguousarray(bars.prices.close)
    picked = np.arange(len(close))
    if len(close) > _POINTS:
        picked = MinMaxDownsampler().downsample(close, n_out=_POINTS).astype(np.int64)  # type: ignore[no-untyped-call]
    low, high = float(close.min()), float(close.max())
    span = high - low or 1.0
    digits = 2 if low >= 10 else 4 if low >= 0.01 else 6
    times = bars.index[[0, -1]]
    form = "%Y-%m-%d %H:%M" if bars.calendar.intraday else "%Y-%m-%d"
    first, last = ((t.strftime(form) if hasattr(t, "strftime") else str(t)) for t in times)
    return {
        "points": [
            [round(int(at) / max(1, len(close) - 1), 4), round((float(close[at]) - low) / span, 4)] for at in picked
        ],
        "bars": bars.n_bars,
        "timeframe": bars.calendar.label,
        "low": str(price(low, digits)),
        "high": str(price(high, digits)),
        "first": first,
        "last": last,
    }
