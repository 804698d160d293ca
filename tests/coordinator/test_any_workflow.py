"""The first promise over everything that runs: any workflow gives the same rows, trades and metrics in both modes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from numpy.testing import assert_allclose, assert_array_equal
from workflow_cases import register_own, workflows

import adm_notebook as adm
from adm_notebook.containers import BarByBar, PatternBuilder, Shared, WholeArrays
from adm_notebook.coordinator.composable import ComposableExecutor
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.outcome import Executor, Outcome
from adm_notebook.coordinator.traditional import TraditionalExecutor
from adm_notebook.patterns import CONTAINERS
from adm_notebook.planning import Plan
from adm_notebook.results import Detail

EXAMPLES = int(os.environ.get("ADM_EXAMPLES", "500"))
"""Random workflows; `ADM_EXAMPLES=10000` is the long run."""

MONEY = ("equity", "pnl", "fees", "expectancy", "final_equity")
"""What is compared to a billionth of the capital."""

SLOW = HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large


@pytest.fixture(autouse=True, scope="module")
def _own_containers() -> Iterator[None]:
    """The user's containers that patterns here hold, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CONTAINERS, "_loaded", dict(CONTAINERS.snapshot()))
        register_own()
        yield


def planned(arguments: dict[str, Any], mode: str) -> Plan | adm.ConfigError:
    """The plan, or why there is none; a config that is refused is refused in both modes alike."""
    try:
        plan = adm.EnhancedCoordinator().plan(adm.WorkflowConfig(**arguments), mode)
    except adm.ConfigError as error:
        return error
    assert isinstance(plan, Plan)
    return plan


def rows_of(plan: Plan, executor: Executor) -> list[Outcome]:
    """Every row of a plan, run as a sweep runs it."""
    outcomes = [o for batch in executor.outcomes(plan, range(plan.n_rows), Gate()) for o in batch]
    return sorted(outcomes, key=lambda outcome: outcome.number)


def details_of(plan: Plan, outcomes: list[Outcome]) -> Iterator[Detail | None]:
    """Trades and equity of every row, through one tree; None where it is not ok. The metrics are those of the sweep."""
    is_plain = plan.mode == "traditional"
    tree = PatternBuilder(plan.tree).build(
        plan, BarByBar() if is_plain else WholeArrays(), None if is_plain else Shared()
    )
    tree.open()
    for outcome in outcomes:
        if outcome.metrics is None:
            yield None
            continue
        detail = tree.detail(plan.row(outcome.number))
        assert_allclose(list(detail.metrics.values()), list(outcome.metrics.values()), rtol=1e-12, atol=0)
        yield detail
    tree.close()


def assert_same_row(one: Detail, other: Detail, capital: float) -> None:
    """Trades, equity, unfilled orders, reports and metrics, to the tolerances of the specification."""
    assert one.index.equals(other.index)
    assert (one.symbols, one.strategies) == (other.symbols, other.strategies)
    assert one.sleeve == other.sleeve
    for name, expected in one.account._asdict().items():
        found = getattr(other.account, name)
        if np.asarray(expected).dtype.kind in "ib":
            assert_array_equal(found, expected, err_msg=name)
        else:
            assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * capital if name in MONEY else 1e-12, err_msg=name)
    assert list(one.metrics) == list(other.metrics)
    for name, value in one.metrics.items():
        atol = 1e-9 * capital if name in MONEY else 1e-12
        assert_allclose(other.metrics[name], value, rtol=1e-9, atol=atol, err_msg=name)
    assert len(one.reports) == len(other.reports)
    for ours, theirs in zip(one.reports, other.reports, strict=True):
        assert list(ours) == list(theirs)
        for path, report in ours.items():
            assert list(report) == list(theirs[path])
            assert_allclose(list(theirs[path].values()), list(report.values()), rtol=1e-9, atol=1e-9 * capital)


def assert_same_in_both_modes(arguments: dict[str, Any], most_rows: int = 40) -> None:
    old, new = planned(arguments, "traditional"), planned(arguments, "composable")
    if isinstance(old, adm.ConfigError) or isinstance(new, adm.ConfigError):
        assert isinstance(old, adm.ConfigError)
        assert isinstance(new, adm.ConfigError)
        assert str(old) == str(new)
        event("refused")
        return
    assert (old.mode, new.mode) == ("traditional", "composable")
    assert (old.digest, old.workflow_id, old.n_rows) == (new.digest, new.workflow_id, new.n_rows)
    assume(old.n_rows <= most_rows)
    plain, fast = rows_of(old, TraditionalExecutor()), rows_of(new, ComposableExecutor())
    assert [(o.number, o.status, o.error) for o in plain] == [(o.number, o.status, o.error) for o in fast]
    assert [o.number for o in plain] == list(range(old.n_rows))
    details = zip(details_of(old, plain), details_of(new, fast), strict=True)
    for outcome, (one, other) in zip(plain, details, strict=True):
        event(outcome.status if one is None or not len(one.account.direction) else "traded")
        assert outcome.status in ("ok", "invalid") or "hmm" in outcome.error, outcome.error  # too few bars to fit it
        if one is not None and other is not None:
            assert_same_row(one, other, old.row(outcome.number).settings.initial_capital)


@settings(max_examples=EXAMPLES, suppress_health_check=SLOW)
@given(workflows())
def test_any_workflow_is_the_same_in_both_modes(arguments: dict[str, Any]) -> None:
    assert_same_in_both_modes(arguments)


@settings(max_examples=max(4, EXAMPLES // 100), suppress_health_check=SLOW, phases=[Phase.reuse, Phase.generate])
@given(workflows(hmm=True))
def test_hidden_markov_regimes_are_the_same_in_both_modes(arguments: dict[str, Any]) -> None:
    assert_same_in_both_modes(arguments, most_rows=4)  # the plain mode fits one model for each row
