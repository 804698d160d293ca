"""The old way: one combination after the other, bar by bar, in plain Python; nothing is shared between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from adm_notebook.components import Decision
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.outcome import Outcome
from adm_notebook.coordinator.portfolio import combine_by_time, union_of
from adm_notebook.coordinator.rows import attempt, sleeve_settings, warmup_of
from adm_notebook.engine import reference
from adm_notebook.engine.account import Account, Signals
from adm_notebook.engine.reference_metrics import metrics
from adm_notebook.planning import Plan, Row, Sleeve
from adm_notebook.results import Detail

__all__ = ["TraditionalExecutor"]


class TraditionalExecutor:
    """Runs each row with the reference engine, which is written to be read beside the specification."""

    def outcomes(self, plan: Plan, numbers: Sequence[int], gate: Gate) -> Iterator[list[Outcome]]:
        """One row after the other."""
        for number in numbers:
            gate.check()
            yield [attempt(plan.row(number), partial(self._detail, plan, gate))]

    def detail(self, plan: Plan, row: Row, gate: Gate) -> Detail:
        """Run one row and keep its trades and equity."""
        return self._detail(plan, gate, row)

    def _detail(self, plan: Plan, gate: Gate, row: Row) -> Detail:
        accounts = [self._account(plan, row, sleeve, gate) for sleeve in row.sleeves]
        symbols = tuple(s.symbol for s in row.sleeves)
        strategies = tuple(plan.strategies[s.strategy].label for s in row.sleeves)
        bars = [plan.market[symbol] for symbol in symbols]
        capital = row.settings.initial_capital
        if len(accounts) == 1 and row.sleeves[0].weight == 1.0:
            account, index, sleeve_of = accounts[0], bars[0].index, None
        else:
            index, _, _ = union_of(bars)
            capitals = [capital * s.weight for s in row.sleeves]
            times = [list(b.index) for b in bars]
            account, sleeve_of = combine_by_time(accounts, capitals, capital, times, list(index))
        return Detail(row.number, metrics(account, index, row.settings), account, index, symbols, strategies, sleeve_of)

    def _account(self, plan: Plan, row: Row, sleeve: Sleeve, gate: Gate) -> Account:
        bars = plan.market[sleeve.symbol]
        strategy = plan.strategies[sleeve.strategy].build(sleeve.combination)
        decision = strategy.evaluate_by_bar(bars, lambda indicator: indicator.compute(bars), gate.check)
        settings = sleeve_settings(row.settings, sleeve.weight)
        warmup = warmup_of(settings, decision)
        return reference.simulate(bars.prices, _signals(decision, warmup), settings, warmup=warmup, check=gate.check)


def _signals(decision: Decision, warmup: int) -> Signals:
    if decision.target is not None:
        return reference.signals_from_targets(decision.target, warmup, decision.strength)
    flags = decision.flags
    assert flags is not None
    return Signals(flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit, decision.strength)
