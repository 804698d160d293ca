"""How much memory a plan needs at least, and whether it fits into what the user set."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adm_notebook.components import InvalidParameters
from adm_notebook.errors import Problem

if TYPE_CHECKING:
    from adm_notebook.planning.plan import Plan

__all__ = [
    "GROUND_BYTES",
    "Need",
    "check_memory",
    "columns_of",
    "lane_bytes",
    "loaded_bytes",
    "need_of",
    "note_loaded",
    "part_rows",
]

MB = 2**20

ROW_BYTES = 850
"""Of a finished row: its metrics while the run goes on, and its line of the table at the end. Measured on 20,000 to
240,000 rows: 870 to 680."""

BAR_BYTES = 80
"""Of a bar while a row is simulated, in arrays: targets and flags, strength, stops, equity, and what an expression
holds while it is evaluated. Measured on one to three million bars, besides indicators: 40 to 70."""

BAR_BYTES_PLAIN = 450
"""The same in plain Python, where every number is an object. Measured on 100,000 bars, with indicators: 400."""

COLUMN_BYTES = 8
COLUMN_BYTES_PLAIN = 40


@dataclass(frozen=True, slots=True)
class Need:
    """The least memory that a plan runs in, in bytes, over what the process holds when it starts.

    rows        finished rows, all together
    worker      one thread at work: the bars of a row, several times over
    indicators  the columns that one row reads at once
    """

    rows: int
    worker: int
    indicators: int

    @property
    def least(self) -> int:
        """With one thread."""
        return self.rows + self.worker + self.indicators


def need_of(plan: Plan) -> Need:
    """What a plan needs at least, from its rows, bars and indicators."""
    n_bars = max(bars.n_bars for bars in plan.market.values())
    plain = plan.mode == "traditional"
    sleeves = len(plan.strategies) * len(plan.symbols) if plan.combined else 1
    columns = max((columns_of(s) for s in plan.strategies), default=0)
    columns += max((columns_of(c) for c in plan.classifiers), default=0)
    return Need(
        rows=rows_of(plan),
        worker=n_bars * (BAR_BYTES_PLAIN if plain else BAR_BYTES) * sleeves,
        indicators=n_bars * columns * (COLUMN_BYTES_PLAIN if plain else COLUMN_BYTES),
    )


GROUND_BYTES = 300
"""Of a bar, for what accounts on the same bars share when many are measured at once (`engine.sweep.Ground`)."""

LOADED_BYTES = 12 * MB
"""Of what a process loads besides compiled code when many accounts are first measured at once. Measured, after the
warm-up: 10 to 13 MB."""

_loaded = threading.Event()


def note_loaded() -> None:
    """Note that this process has measured many accounts at once: what that loads is there from now on."""
    _loaded.set()


def loaded_bytes() -> int:
    """LOADED_BYTES, where they are still to come."""
    return 0 if _loaded.is_set() else LOADED_BYTES


LANE_BYTES = 64 * MB
"""What one thread may hold of signals and indicators of a part of a sweep, where nobody sets a limit."""


def lane_bytes(plan: Plan) -> int:
    """What one thread may hold of signals and indicators when many rows are measured at once; 0 where that can't be."""
    limit = plan.limits.memory_mb
    if limit is None:
        return LANE_BYTES
    need, n_bars = need_of(plan), max(bars.n_bars for bars in plan.market.values())
    free = int(limit * MB) - need.least - loaded_bytes() - GROUND_BYTES * n_bars
    part = min(LANE_BYTES, free // (2 * max(1, min(plan.limits.workers, plan.n_planned))))
    return part if part >= 2 * need.indicators + 4 * n_bars else 0


PART_ROWS, FEWEST_PART_ROWS = 10_000, 1_000
"""How many finished rows are written to a folder together: without a limit on memory, and at least under one. Fewer
take longer to write."""

PART_ROW_BYTES = 3_000
"""Of each of them: about 2,000 while they are written, measured on 5,000 to 20,000 rows, and the figures of as many
others in the batches that are on the way."""

PART_SHARE = 6
"""The rows of a part take this part of a limit on memory at most, where they are more than the fewest."""

CHOSEN_BYTES = 60
"""Of a row that was chosen out of more: its number, in the order in which rows run and in the facts of the result. Of
rows that all run nothing is held, however many there are."""


def part_rows(plan: Plan) -> int:
    """How many finished rows are written to a folder together, and how many a batch has at most, then."""
    if plan.limits.memory_mb is None:
        return PART_ROWS
    return min(PART_ROWS, max(FEWEST_PART_ROWS, int(plan.limits.memory_mb * MB) // PART_SHARE // PART_ROW_BYTES))


def rows_of(plan: Plan) -> int:
    """Bytes that the finished rows take."""
    if plan.results_path is None:
        return plan.n_planned * ROW_BYTES
    chosen = 0 if plan.selection is None else plan.n_planned * CHOSEN_BYTES
    return min(plan.n_planned, part_rows(plan)) * PART_ROW_BYTES + chosen


def check_memory(plan: Plan) -> list[Problem]:
    """Why a plan can't fit into its limits on memory and on indicators, with the figures; [] where it can."""
    problems = []
    limit = plan.limits.memory_mb
    if limit is not None:
        need = need_of(plan)
        if need.least > limit * MB:
            n_bars = max(bars.n_bars for bars in plan.market.values())
            rows = "one row takes" if plan.n_planned == 1 else f"{plan.n_planned:,} rows take"
            rows += f" about {_mb(need.rows)}"
            work = f"one of them on {n_bars:,} bars takes {_mb(need.worker + need.indicators)} while it runs"
            message = f"is {limit:g} MB, but this needs about {_mb(need.least)}: {rows}, and {work}"
            mend = "Raise it, or use fewer bars"
            if need.rows > need.worker:
                mend = "Raise it, or sweep fewer values"
                if plan.results_path is None and plan.output_path is None:
                    mend = f"{mend}, or write the rows to a folder: infrastructure_config: {{results: my_rows}}"
            problems.append(Problem(_limit_path(plan), f"{message}. {mend}"))
    columns = max((columns_of(s) for s in plan.strategies), default=0)
    most = plan.limits.indicators
    if most is not None and columns > most:
        widest = max(plan.strategies, key=columns_of)
        message = f"is {most:,}, but {widest.label} alone reads {columns:,} indicator columns. Raise it to {columns:,}"
        problems.append(Problem("parameters.max_indicators", message))
    for path, node in plan.tree.of_role("indicator"):
        least = None if node.limits is None else node.limits.max_indicators
        if least is not None and columns > least:
            widest = max(plan.strategies, key=columns_of)
            message = f"lets {path} hold {least:,} indicator column{'' if least == 1 else 's'} (limits.max_indicators)"
            message += f", but {widest.label} alone reads {columns:,}. Raise it to {columns:,}"
            inline = plan.config.parameters.get("pattern") is not None
            problems.append(Problem(f"parameters.{'pattern' if inline else 'container_pattern'}", message))
    return problems


def _limit_path(plan: Plan) -> str:
    return "memory_limit_mb" if plan.config.memory_limit_mb is not None else "parameters.max_memory_mb"


def columns_of(planned: Any) -> int:
    """Indicator columns that a strategy or classifier reads at once."""
    for combination in range(planned.n_combinations):
        try:
            built = planned.build(combination)
        except InvalidParameters:
            continue
        return sum(len(indicator.outputs) for indicator in built.indicators)
    return 0


def _mb(amount: int) -> str:
    return f"{amount / MB:,.0f} MB" if amount >= 10 * MB else f"{amount / MB:.1f} MB"
