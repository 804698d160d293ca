"""Suites for strategies, classifiers, indicators and risk profiles: a user's function, or anything in a registry."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adm_notebook.components import CLASSIFIERS, INDICATORS, RISK_PROFILES, STRATEGIES, Decision, make_indicator
from adm_notebook.components.classifiers.user import UserClassifierType
from adm_notebook.components.regimes import NO_REGIME
from adm_notebook.components.risk.user import UserProfileType
from adm_notebook.components.user_code import takes_bars
from adm_notebook.components.user_indicators import UserIndicator
from adm_notebook.components.user_strategies import UserStrategyType
from adm_notebook.errors import AdmError, ConfigError
from adm_notebook.market import Bars
from adm_notebook.testing.checks import Columns, agree, changed_input, looks_ahead, refuse, same
from adm_notebook.testing.samples import bars_from, cuts, sample_bars, with_holes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ClassifierSuite", "IndicatorSuite", "RiskProfileSuite", "StrategySuite"]


@dataclass(frozen=True)
class Tested:
    """A component under test.

    what    what a failing test calls it
    given   (bars, by_bar) -> columns, in the composable or in the traditional mode
    code    the user's own function; None of what this package brings
    """

    what: str
    given: Callable[[Bars, bool], Columns]
    code: Callable[..., Any] | None
    parameters: Mapping[str, Any]

    def over(self, frame: pd.DataFrame, where: str = "", by_bar: bool = False) -> Columns:
        """What it gives over some bars; the test fails with a sentence where it raises.

        where  which bars they are, for that sentence: `one bar`
        """
        __tracebackhide__ = True
        try:
            return self.given(bars_from(frame), by_bar)
        except (AdmError, ValueError) as error:
            refuse(f"{self.what} fails{f' on {where}' if where else ''}: {error}")


class _Suite:
    """What all suites of components ask."""

    @pytest.fixture
    def parameters(self) -> Mapping[str, Any]:
        """Parameters that it is tested with; its defaults, unless this is overridden."""
        return {}

    @pytest.fixture
    def bars(self) -> pd.DataFrame:
        """Bars that it is tested on; enough for it to leave its warm-up."""
        return sample_bars()

    def test_it_leaves_its_bars_alone(self, tested: Tested, bars: pd.DataFrame) -> None:
        """The frame that the function gets is the same afterwards."""
        if tested.code is None:
            pytest.skip("what this package brings is handed arrays that can't be written to")
        before = bars.copy(deep=True)
        tested.code(bars, **tested.parameters)
        changed_input(tested.what, "bars", before, bars)

    def test_it_keeps_nothing_between_calls(self, tested: Tested, bars: pd.DataFrame) -> None:
        """The same bars give the same, whatever was asked in between."""
        first = tested.over(bars)
        tested.over(sample_bars(len(bars), seed=99))
        wrong = "keeps something between calls: {bar} was {one} ({name}), and {other} when asked again"
        agree(first, tested.over(bars), f"{tested.what} {wrong}")

    def test_it_knows_no_later_bar(self, tested: Tested, bars: pd.DataFrame) -> None:
        """What it says of a bar does not change when bars are added behind it."""
        whole = tested.over(bars)
        for n in cuts(len(bars)):
            part = tested.over(bars.iloc[:n], f"the first {n} bars")
            looks_ahead(tested.what, part, whole, bars.index, n)

    def test_both_modes_give_the_same(self, tested: Tested, bars: pd.DataFrame) -> None:
        """Bar by bar and in whole arrays."""
        wrong = "gives other values in the two modes: {bar} is {one} traditional, {other} composable ({name})"
        agree(tested.over(bars, by_bar=True), tested.over(bars), f"{tested.what} {wrong}")

    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_few_bars_are_enough(self, tested: Tested, bars: pd.DataFrame, n: int) -> None:
        """It gives a value for each of few bars, if only that it knows nothing yet."""
        found = tested.over(bars.iloc[:n], "one bar" if n == 1 else f"{n} bars")
        odd = [name for name, column in found.items() if len(np.atleast_1d(column)) not in (n, 1)]
        if odd:
            refuse(f"{tested.what} gives {len(found[odd[0]])} values ({odd[0]}) for {n} bars")

    def test_bars_without_a_close_do_no_harm(self, tested: Tested, bars: pd.DataFrame) -> None:
        """Missing prices don't make it fail, and both modes agree on them."""
        holed = with_holes(bars)
        plain = tested.over(holed, "bars without a close", by_bar=True)
        wrong = "gives other values in the two modes where closes are missing: {bar}, {one} and {other} ({name})"
        agree(plain, tested.over(holed, "bars without a close"), f"{tested.what} {wrong}")

    @pytest.fixture
    @abstractmethod
    def tested(self) -> Tested:
        """What is under test, made of the suite's own fixture."""
        raise NotImplementedError


def _missing(suite: object, fixture: str, example: str) -> Any:
    """Fail a suite that does not say what it tests."""
    __tracebackhide__ = True
    refuse(f"{type(suite).__name__} needs a fixture `{fixture}`: {example}, or the function itself")


def _kind(given: Any, registry: Any, own: Callable[[str, Any], Any]) -> tuple[Any, Callable[..., Any] | None]:
    """The kind in the registry, and the user's function behind it; one that is not registered will do, too."""
    if callable(given):
        return own(getattr(given, "__name__", type(given).__name__), given), given
    kind = registry.get(given, "name")
    code = getattr(kind, "code", None)
    return kind, code if callable(code) else None


def _features(bars: Bars) -> Callable[[Any], Any]:
    return lambda indicator: indicator.compute(bars)


class StrategySuite(_Suite):
    """What every strategy promises.

    Examples
    --------
    >>> import pytest
    >>> class TestMomentum(StrategySuite):
    ...     @pytest.fixture
    ...     def strategy(self):
    ...         return "momentum"       # a registered name, or a function f(bars, **params)
    ...     @pytest.fixture
    ...     def parameters(self):
    ...         return {"lookback": 5}
    """

    @pytest.fixture
    def strategy(self) -> Any:
        """Its registered name, or the function."""
        return _missing(self, "strategy", "its registered name")

    @pytest.fixture
    def tested(self, strategy: Any, parameters: Mapping[str, Any]) -> Tested:
        """The strategy, built."""
        kind, code = _kind(strategy, STRATEGIES, UserStrategyType)
        built = kind.build(kind.canonical(parameters, "parameters"), "parameters")

        def given(bars: Bars, by_bar: bool) -> Columns:
            feature = _features(bars)
            return _decided(built.evaluate_by_bar(bars, feature) if by_bar else built.evaluate(bars, feature))

        return Tested(f"strategy {kind.name}", given, code, built.parameters)


def _decided(decision: Decision) -> Columns:
    columns: dict[str, Any] = {}
    if decision.target is not None:
        columns["target"] = decision.target
    if decision.flags is not None:
        names = ("long_entry", "long_exit", "short_entry", "short_exit")
        columns |= {name: getattr(decision.flags, name) for name in names}
    if decision.strength is not None:
        columns["strength"] = decision.strength
    return columns


class ClassifierSuite(_Suite):
    """What every classifier promises; the fixture is `classifier`, otherwise as for `StrategySuite`."""

    @pytest.fixture
    def classifier(self) -> Any:
        """Its registered name, or the function."""
        return _missing(self, "classifier", "its registered name")

    @pytest.fixture
    def tested(self, classifier: Any, parameters: Mapping[str, Any]) -> Tested:
        """The classifier, built."""
        kind, code = _kind(classifier, CLASSIFIERS, UserClassifierType)
        built = kind.build(kind.canonical(parameters, "parameters"), "parameters")

        def given(bars: Bars, by_bar: bool) -> Columns:
            feature = _features(bars)
            found = built.classify_by_bar(bars, feature) if by_bar else built.classify(bars, feature)
            words = np.array((*found.labels, NO_REGIME), dtype=object)
            return {"regime": words[found.codes.astype(np.intp)]}

        return Tested(f"classifier {kind.name}", given, code, built.parameters)


class IndicatorSuite(_Suite):
    """What every indicator promises; the fixture is `indicator`, and `parameters` go by name."""

    @pytest.fixture
    def indicator(self) -> Any:
        """Its registered name, or the function."""
        return _missing(self, "indicator", "its registered name")

    @pytest.fixture
    def tested(self, indicator: Any, parameters: Mapping[str, Any]) -> Tested:
        """The indicator, with its parameters."""
        kind, code = _kind(indicator, INDICATORS, UserIndicator)

        def given(bars: Bars, by_bar: bool) -> Columns:
            if code is None:
                built = make_indicator(kind.name, **parameters)
                return dict(zip(built.outputs, built.compute(bars), strict=True))
            return _own_columns(kind, parameters, bars)

        return Tested(f"indicator {kind.name.lower()}", given, code, parameters)


def _own_columns(kind: UserIndicator, parameters: Mapping[str, Any], bars: Bars) -> Columns:
    """What a user's function gives, each of its columns read as a run reads it."""
    import pandas as pd

    from adm_notebook.components.bars import expand, valid_bars
    from adm_notebook.components.user_code import aligned, called, numbers_of

    what = f"indicator {kind.name}"
    selected, valid = valid_bars(bars)
    frame = selected.frame
    index = frame.index
    found = aligned(what, called(what, kind.code, frame, **parameters), pd.DataFrame(index=index))
    columns = {kind.name: found} if isinstance(found, pd.Series) else {str(name): found[name] for name in found.columns}
    read = {name: numbers_of(what, column) for name, column in columns.items()}
    return read if valid is None else {name: expand(values, valid) for name, values in read.items()}


class RiskProfileSuite(_Suite):
    """What every risk profile promises; the fixture is `risk_profile`.

    A profile gives settings once for a backtest: they may depend on what kind of bars there are, and on no price. What
    is to follow the market is written as a setting that does, such as `{"atr": 2}`.
    """

    @pytest.fixture
    def risk_profile(self) -> Any:
        """Its registered name, or the function."""
        return _missing(self, "risk_profile", "its registered name")

    @pytest.fixture
    def tested(self, risk_profile: Any, parameters: Mapping[str, Any]) -> Tested:
        """The profile, built."""
        kind, code = _kind(risk_profile, RISK_PROFILES, UserProfileType)
        built = kind.build(kind.canonical(parameters, "parameters"), "parameters")

        def given(bars: Bars, by_bar: bool) -> Columns:
            return {name: [value] for name, value in built.settings(bars).items()}

        called = None if code is None else code if takes_bars(code) else lambda bars, **parameters: code(**parameters)
        return Tested(f"risk profile {kind.name}", given, called, built.parameters if code is not None else {})

    def test_it_knows_no_later_bar(self, tested: Tested, bars: pd.DataFrame) -> None:
        """Its settings are the same however many bars there are."""
        whole = tested.over(bars)
        for n in cuts(len(bars)):
            part = tested.over(bars.iloc[:n], f"the first {n} bars")
            for name in dict.fromkeys([*part, *whole]):
                if not same(part.get(name), whole.get(name)):
                    then, now = (_first(columns, name) for columns in (part, whole))
                    mend = "write what follows the market as a setting that does, such as {'atr': 2}"
                    refuse(
                        f"{tested.what} looks ahead: with {n} bars {name} was {then}, with all bars it is {now}; {mend}"
                    )

    @pytest.fixture
    def account(self) -> Mapping[str, Any]:
        """What `backtest_config` has, over which the profile is laid."""
        return {}

    def test_its_settings_fit_an_account(self, tested: Tested, bars: pd.DataFrame, account: Mapping[str, Any]) -> None:
        """Laid over those of the account they fit together."""
        from adm_notebook.components.risk import overlay
        from adm_notebook.config.settings import Settings

        found = {name: column[0] for name, column in tested.over(bars).items()}
        try:
            Settings.resolve(overlay(dict(account), found, "settings")[0], "settings")
        except ConfigError as error:
            said = "; ".join(problem.message for problem in error.problems)
            refuse(f"{tested.what} gives settings that don't fit together: {said}")

    def test_bars_without_a_close_do_no_harm(self, tested: Tested, bars: pd.DataFrame) -> None:
        """Missing prices don't make it fail."""
        tested.over(with_holes(bars), "bars without a close")


def _first(columns: Columns, name: str) -> Any:
    return columns[name][0] if name in columns else "missing"
