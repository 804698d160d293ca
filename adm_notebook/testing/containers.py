"""The suite for containers: one is put into a pattern at the place of its role, and run in both modes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adm_notebook.config import WorkflowConfig
from adm_notebook.containers import BarByBar, ContainerTree, PatternBuilder, Shared, WholeArrays
from adm_notebook.containers.given import FeatureTable, GivenFills, handed
from adm_notebook.containers.user import UserContainerType
from adm_notebook.errors import AdmError, ConfigError
from adm_notebook.market.bars import Market
from adm_notebook.patterns import CONTAINERS, Node, Pattern, get
from adm_notebook.planning import Plan
from adm_notebook.testing.checks import Columns, agree, changed_input, looks_ahead, refuse, same
from adm_notebook.testing.samples import bars_from, cuts, sample_bars, with_holes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ContainerSuite"]

BY_BAR = ("bars", "features", "regimes", "targets", "orders", "fills")
"""Kinds that say something of each bar; the others are one value for the whole run."""


@dataclass(frozen=True)
class Placed:
    """A container under test, at its place in a pattern.

    path  of its node
    """

    kind: UserContainerType
    pattern: Pattern
    path: str
    strategy: Mapping[str, Any]

    @property
    def what(self) -> str:
        """What a failing test calls it."""
        return f"container {self.kind.name}"

    def plan(self, frame: pd.DataFrame, mode: str) -> Plan:
        """A workflow of one row over these bars; the market may have bars without a close, which a config may not."""
        __tracebackhide__ = True
        roles = {node.role for _, node in self.pattern.walk() if node.container is None}
        optimization: dict[str, Any] = {"strategies": [dict(self.strategy)]} if "strategy" in roles else {}
        if "classifier" in roles:
            optimization["classifiers"] = [{"type": "trend", "parameters": {"fast": 3, "slow": 8}}]
        config = WorkflowConfig(
            parameters={"pattern": self.pattern},
            data_config={"frame": {"TEST": frame.ffill().bfill()}},
            optimization_config=optimization,
        )
        try:
            plan = PatternBuilder(self.pattern).plan(config, mode)
        except ConfigError as error:
            refuse(f"{self.what} can't stand in the pattern {self.pattern.name}; give the suite another one. {error}")
        return replace(plan, market=Market([bars_from(frame)]))

    def gives(self, frame: pd.DataFrame, where: str = "", mode: str = "composable") -> dict[str, Any]:
        """What it gives over some bars, by kind, as a user's container would read it.

        where  which bars they are, for the sentence of a test that fails: `one bar`
        """
        __tracebackhide__ = True
        plan = self.plan(frame, mode)
        tree = self._tree(plan, mode)
        try:
            tree.open()
            row = plan.row(0)
            made = tree.products(row, row.sleeves[0])[self.path]
        except (AdmError, ValueError) as error:
            refuse(f"{self.what} fails{f' on {where}' if where else ''}: {error}")
        finally:
            tree.close()
        bars = plan.market["TEST"]
        return {kind: handed(kind, value, bars) for kind, value in made.items()}

    def inputs(self, frame: pd.DataFrame) -> dict[str, Any]:
        """What it is handed over some bars, by kind."""
        plan = self.plan(frame, "composable")
        tree = self._tree(plan, "composable")
        tree.open()
        try:
            row = plan.row(0)
            products = tree.products(row, row.sleeves[0])
        finally:
            tree.close()
        node = next(node for node in tree.nodes if node.path == self.path)
        given = {kind: products[tree.nodes[source].path][kind] for kind, source in node.sources.items()}
        return {kind: handed(kind, value, plan.market["TEST"]) for kind, value in given.items()}

    def _tree(self, plan: Plan, mode: str) -> ContainerTree:
        if mode == "composable":
            return PatternBuilder(self.pattern).build(plan, WholeArrays(), Shared())
        return PatternBuilder(self.pattern).build(plan, BarByBar())


def columns_of(given: Mapping[str, Any]) -> Columns:
    """What a container gave of each bar, as columns."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for kind, value in given.items():
        if isinstance(value, GivenFills):
            columns["equity"] = value.equity.to_numpy()
        elif isinstance(value, FeatureTable):
            columns |= {name: value[name].to_numpy() for name in value}
        elif isinstance(value, pd.DataFrame):
            columns |= {str(name): value[name].to_numpy() for name in value}
        elif isinstance(value, pd.Series) and kind in BY_BAR:
            columns["target" if kind == "targets" else kind] = value.to_numpy()
    return columns


def other_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """What it gave for the whole run: settings, trades, a report."""
    found: dict[str, Any] = {}
    for kind, value in given.items():
        if isinstance(value, GivenFills):
            found["trades"] = value.trades.to_dict("list")
        elif kind not in BY_BAR:
            found[kind] = value
    return found


class ContainerSuite:
    """What every container promises.

    It is put into `full_backtest` at the place of its role, with the classifier `trend`, and run over one row; a
    fixture `pattern` may give another tree in which it stands.

    Examples
    --------
    >>> import pytest
    >>> class TestCalmOrNot(ContainerSuite):
    ...     @pytest.fixture
    ...     def container(self):
    ...         return "calm_or_not"    # its registered name, or the function, class or object that was registered
    ...     @pytest.fixture
    ...     def parameters(self):
    ...         return {"window": 10}
    """

    @pytest.fixture
    def container(self) -> Any:
        """Its registered name, or what was registered."""
        refuse(f"{type(self).__name__} needs a fixture `container`: its registered name, or what was registered")

    @pytest.fixture
    def parameters(self) -> Mapping[str, Any]:
        """Parameters that it is tested with; its defaults, unless this is overridden."""
        return {}

    @pytest.fixture
    def bars(self) -> pd.DataFrame:
        """Bars that it is tested on."""
        return sample_bars(200)

    @pytest.fixture
    def strategy(self) -> Mapping[str, Any]:
        """The strategy around it, as a config has it."""
        return {"type": "momentum", "parameters": {"lookback": 5, "direction": "both"}}

    @pytest.fixture
    def pattern(self) -> Pattern | None:
        """A pattern in which it stands; None makes one."""
        return None

    @pytest.fixture
    def placed(
        self, container: Any, parameters: Mapping[str, Any], strategy: Mapping[str, Any], pattern: Pattern | None
    ) -> Placed:
        """The container at its place."""
        kind = _registered(container)
        tree = _around(kind, parameters) if pattern is None else pattern
        paths = [path for path, node in tree.walk() if node.container == kind.name]
        if not paths:
            refuse(f"the pattern {tree.name} has no container {kind.name}")
        return Placed(kind, tree, paths[0], strategy)

    def test_it_leaves_its_inputs_alone(
        self, placed: Placed, bars: pd.DataFrame, parameters: Mapping[str, Any]
    ) -> None:
        """Frames, Series and dicts that it is handed are the same afterwards."""
        inputs, untouched = placed.inputs(bars), placed.inputs(bars)
        kind = placed.kind
        code = kind.code(**kind.checked(parameters, "parameters")).process if kind.is_class else kind.process
        code(**inputs, **({} if kind.is_class else kind.checked(parameters, "parameters")))
        for name, before in untouched.items():
            if not isinstance(before, (FeatureTable, GivenFills)):
                changed_input(placed.what, name, before, inputs[name])

    def test_it_keeps_nothing_between_calls(self, placed: Placed, bars: pd.DataFrame) -> None:
        """The same bars give the same, whatever was asked in between."""
        first = placed.gives(bars)
        placed.gives(sample_bars(len(bars), seed=99))
        again = placed.gives(bars)
        wrong = "keeps something between calls: {bar} was {one} ({name}), and {other} when asked again"
        agree(columns_of(first), columns_of(again), f"{placed.what} {wrong}")
        _same_values(placed.what, "keeps something between calls", first, again)

    def test_it_knows_no_later_bar(self, placed: Placed, bars: pd.DataFrame) -> None:
        """What it says of a bar does not change when bars are added behind it."""
        columns = columns_of(placed.gives(bars))
        for n in cuts(len(bars)) if columns else ():
            part = columns_of(placed.gives(bars.iloc[:n], f"the first {n} bars"))
            looks_ahead(placed.what, part, columns, bars.index, n)

    def test_both_modes_give_the_same(self, placed: Placed, bars: pd.DataFrame) -> None:
        """Alone and shared between rows, with the numbers of either engine around it."""
        plain, fast = placed.gives(bars, mode="traditional"), placed.gives(bars)
        wrong = "gives other values in the two modes: {bar} is {one} traditional, {other} composable ({name})"
        agree(columns_of(plain), columns_of(fast), f"{placed.what} {wrong}")
        _same_values(placed.what, "gives other values in the two modes", plain, fast)

    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_few_bars_are_enough(self, placed: Placed, bars: pd.DataFrame, n: int) -> None:
        """It does not fail on few bars, on which everything before it is warming up."""
        placed.gives(bars.iloc[:n], "one bar" if n == 1 else f"{n} bars")

    def test_bars_without_a_close_do_no_harm(self, placed: Placed, bars: pd.DataFrame) -> None:
        """Missing prices don't make it fail."""
        if placed.kind.role == "data":
            pytest.skip("bars that are read are checked, and those without a close refused")
        placed.gives(with_holes(bars), "bars without a close")


def _same_values(what: str, wrong: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    first, second = other_values(one), other_values(other)
    for name, value in first.items():
        if not _close(value, second[name]):
            refuse(f"{what} {wrong}: {name} was {value!r:.200} and is {second[name]!r:.200}")


def _close(one: Any, other: Any) -> bool:
    """Whether values are the same; numbers to 1e-9, as metrics of the two modes are."""
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and list(one) == list(other) and all(_close(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, (float, np.floating)) and isinstance(other, (float, np.floating)):
        return bool(np.isclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True))
    return same(one, other)


def _registered(given: Any) -> UserContainerType:
    __tracebackhide__ = True
    kinds = {name: kind for name, kind in CONTAINERS.snapshot().items() if isinstance(kind, UserContainerType)}
    if isinstance(given, str):
        kind = CONTAINERS.get(given, "container")
        if not isinstance(kind, UserContainerType):
            refuse(f"{given} is built in; the suite is for containers of your own")
        return kind
    found = next((kind for kind in kinds.values() if kind.code is given), None)
    if found is None:
        name = getattr(given, "__name__", type(given).__name__)
        refuse(f"{name} is not registered; put @adm.container(ROLE) before it, or give its registered name")
    return found


def _around(kind: UserContainerType, parameters: Mapping[str, Any]) -> Pattern:
    """`full_backtest` with the container at the place of its role."""
    tree = get("full_backtest").named(f"around_{kind.name}")
    node = Node(kind.role, container=kind.name, parameters=dict(parameters))
    if kind.role == "analysis":
        return tree.add(node, inside="classifier/risk", after="execution")
    if kind.role == "data" and "bars" in kind.consumes:
        return tree.add(node, after="data")
    if kind.role == "indicator" and "features" in (*kind.consumes, *kind.may_consume):
        return tree.add(node, after="indicators")
    if kind.role == "ensemble":
        return tree.add(node, inside="classifier/risk/portfolio", after="ensemble")
    (path, _), *_ = tree.of_role(kind.role)
    return tree.replace(path, node)
