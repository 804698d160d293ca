"""The identity columns of `stats`: which combination a row is, and the values that were swept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.components.regimes import ONE_REGIME
from adm_notebook.engine.account import METRICS
from adm_notebook.market.arrays import I64
from adm_notebook.planning.layout import unravelled
from adm_notebook.planning.planned import Stack, picked, places
from adm_notebook.planning.sweeps import Axis

if TYPE_CHECKING:
    from adm_notebook.planning.plan import Plan

__all__ = ["NO_PROFILE", "Columns", "texts"]

NO_PROFILE = "default"
"""Label of the settings of `backtest_config` where there is no risk profile."""

_TAKEN = frozenset(("portfolio", "symbol", "strategy", "classifier", "risk_profile", "status", "error", *METRICS))


class _Coordinates:
    """Where some rows stand on each axis of a plan."""

    def __init__(self, plan: Plan, rows: I64) -> None:
        self.symbol, self.classifier, self.risk, self.setting, self.strategy = plan.coordinates(rows)


_Values = Callable[[_Coordinates], Any]
"""Values of a column in some rows, (n,): numbers or objects, as `picked` and `Stack.column` give them."""


def _of_stack(stack: Stack, name: str, axis: str, at: _Coordinates) -> Any:
    return stack.column(name, getattr(at, axis))


def _of_setting(axis: Axis, shape: tuple[int, ...], k: int, at: _Coordinates) -> Any:
    return picked(axis.values, unravelled(at.setting, shape)[k])


def _of_sleeve(plan: Plan, s: int, name: str, at: _Coordinates) -> Any:
    return plan.strategies[s].values(name, unravelled(at.strategy, plan.sizes)[s])


def _own(plan: Plan, role: str) -> str:
    """The user's own containers of a role, which stand where the config would name something; empty without one."""
    return "+".join(dict.fromkeys(node.name for _, node in plan.tree.of_role(role) if node.container is not None))


class Columns:
    """The columns of a plan's rows.

    swept  column -> values of some rows, in the order of nesting
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.swept: Mapping[str, _Values] = self._swept()

    def _swept(self) -> dict[str, _Values]:
        plan = self._plan
        found: dict[str, _Values] = {}
        for name in plan.classifier_stack.axes():
            found[f"classifier.{name}"] = partial(_of_stack, plan.classifier_stack, name, "classifier")
        for name in plan.risk_stack.axes():
            found[f"risk.{name}"] = partial(_of_stack, plan.risk_stack, name, "risk")
        shape = tuple(len(axis.values) for axis in plan.setting_axes)
        for k, axis in enumerate(plan.setting_axes):
            column = f"setting.{axis.name}" if axis.name in _TAKEN else axis.name
            found[column] = partial(_of_setting, axis, shape, k)
        if plan.combined:
            for s, strategy in enumerate(plan.strategies):
                for axis in strategy.axes:
                    found[f"{strategy.label}.{axis.name}"] = partial(_of_sleeve, plan, s, axis.name)
            return found
        for name in plan.strategy_stack.axes():
            column = f"param.{name}" if name in _TAKEN or name in found else name
            found[column] = partial(_of_stack, plan.strategy_stack, name, "strategy")
        return found

    def values(self) -> dict[str, list[Any]]:
        """Every value that a swept column can hold, in the config's order; those of several entries one after the
        other."""
        plan = self._plan
        values: dict[str, list[Any]] = {}
        for prefix, stack in (
            ("classifier.", plan.classifier_stack),
            ("risk.", plan.risk_stack),
            ("", plan.strategy_stack),
        ):
            for name in stack.axes():
                for entry in stack.entries:
                    axis = next((axis for axis in entry.axes if axis.name == name), None)
                    own = list(axis.values) if axis is not None else [entry.values(name, np.zeros(1, np.int64))]
                    for column in (f"{prefix}{name}", f"param.{name}", f"{entry.label}.{name}"):
                        values.setdefault(column, []).extend(own)
        for axis in plan.setting_axes:
            for column in (axis.name, f"setting.{axis.name}"):
                values[column] = list(axis.values)
        return {column: values[column] for column in self.swept}

    def kinds(self) -> dict[str, str]:
        """How a table on disk holds each swept column: whole numbers, numbers, or text where values are of any other
        type; the same for every part of the rows."""
        return {column: _kind(values) for column, values in self.values().items()}

    def places(self, rows: I64, values: Mapping[str, Sequence[Any]]) -> list[I64]:
        """For each column that is named, (n,) where its values in some rows stand in those given; -1 where they do not.

        The same as looking up each value, and quick: it only counts.
        """
        at = _Coordinates(self._plan, rows)
        return [self._places(column, given, at) for column, given in values.items()]

    def rows_with_all(self, columns: Sequence[str]) -> I64:
        """Numbers of rows that between them have all combinations of values that the plan's rows have in some columns.

        They are the first ones where these are parameters of strategies: the other axes go round outside of these.
        """
        plan = self._plan
        hows = [self.swept[column] for column in columns]
        inner = all(isinstance(how, partial) and plan.strategy_stack in how.args for how in hows)
        return np.arange(plan.shape[-1] if inner and plan.selection is None else plan.n_rows)

    def _places(self, column: str, values: Sequence[Any], at: _Coordinates) -> I64:
        plan, how = self._plan, self.swept[column]
        assert isinstance(how, partial)
        found: I64
        if how.func is _of_stack:
            stack, name, axis = how.args
            found = stack.places(name, values, getattr(at, axis))
        elif how.func is _of_setting:
            setting, shape, k = how.args
            found = places(picked(setting.values, np.arange(shape[k])), values)[unravelled(at.setting, shape)[k]]
        else:
            _, s, name = how.args
            found = plan.strategies[s].places(name, values, unravelled(at.strategy, plan.sizes)[s])
        return found

    def identity(self, rows: I64) -> dict[str, Any]:
        """Identity columns of the rows with these numbers: portfolio, symbol, strategy, ..., swept parameters."""
        import pandas as pd

        at = _Coordinates(self._plan, rows)
        columns: dict[str, Any] = {"portfolio": rows}
        columns |= {name: texts(*labels) for name, labels in self._labels(at).items()}
        for column, of in self.swept.items():
            values = of(at)
            columns[column] = pd.Series(values).infer_objects().array if values.dtype == object else values
        return columns

    def of_row(self, row: int) -> dict[str, Any]:
        """The same of one row, as plain values: quicker than a table of it."""
        at = _Coordinates(self._plan, np.array([row]))
        labels = {name: words[int(place[0])] for name, (words, place) in self._labels(at).items()}
        return {"portfolio": row, **labels, **{column: of(at).tolist()[0] for column, of in self.swept.items()}}

    def _labels(self, at: _Coordinates) -> dict[str, tuple[Sequence[str], I64]]:
        """What is called by a name -> its names in the plan, and (n,) which of them each row has."""
        plan = self._plan
        symbol: tuple[Sequence[str], I64] = plan.symbols, at.symbol
        strategy: tuple[Sequence[str], I64] = plan.strategy_stack.labels(at.strategy, "")
        if plan.combined:
            everywhere = np.zeros_like(at.symbol)
            symbol = ["+".join(plan.symbols)], everywhere
            strategy = ["+".join(s.label for s in plan.strategies)], everywhere
        return {
            "symbol": symbol,
            "strategy": strategy,
            "classifier": plan.classifier_stack.labels(at.classifier, _own(plan, "classifier") or ONE_REGIME),
            "risk_profile": plan.risk_stack.labels(at.risk, _own(plan, "risk") or NO_PROFILE),
        }


def texts(words: Sequence[str], at: I64) -> Any:
    """(n,) a column of text: the word at each place. Words are few, so that it costs little whatever n is."""
    import pandas as pd

    return pd.array(list(words), dtype="str").take(at)


def _kind(values: Sequence[Any]) -> str:
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
        return "str"
    return "int64" if all(isinstance(v, int) for v in values) else "float64"
