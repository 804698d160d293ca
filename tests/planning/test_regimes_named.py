"""Strategies name regimes: what no classifier gives is said in words that help, and a user's own labels count."""

from __future__ import annotations

import pandas as pd
import pytest

import adm_notebook as adm


def workflow(classifiers: list[str], regimes: list[str], **parameters: object) -> adm.WorkflowConfig:
    optimization: dict[str, object] = {"strategies": [{"type": "ma_crossover", "regimes": regimes}]}
    if classifiers:
        optimization["classifiers"] = classifiers
    return adm.WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"], "max_bars": 400},
        optimization_config=optimization,
        parameters=parameters,
    )


@pytest.mark.parametrize(
    ("classifiers", "regimes", "said"),
    [
        (["trend"], ["upp"], "names the regime upp, which no classifier here gives. Did you mean `up`?"),
        (["trend", "volatility"], ["up", "hihg"], "hihg, which no classifier here gives. Did you mean `high`?"),
        (["trend", "volatility"], ["up", "low"], "gives together: trend lacks low; volatility lacks up"),
        ([], ["up"], "names the regime up, but there is no classifier; add optimization_config.classifiers: [trend]"),
    ],
)  # fmt: skip
def test_a_regime_that_is_never_given_is_refused(classifiers: list[str], regimes: list[str], said: str) -> None:
    with pytest.raises(adm.ConfigError) as raised:
        adm.EnhancedCoordinator().plan(workflow(classifiers, regimes, container_pattern="full_backtest"))
    assert said in str(raised.value)


@pytest.mark.parametrize("mode", ["traditional", "composable"])
def test_beside_strategies_that_run_one_with_a_regime_that_is_never_given_has_invalid_rows(mode: str) -> None:
    config = workflow(["trend"], ["upp"])
    config.optimization_config["strategies"].append("momentum")
    result = adm.EnhancedCoordinator().run(config, mode)
    assert result.success
    assert list(result.stats["status"]) == ["invalid", "ok"]
    assert result.stats["error"][0].endswith("upp, but this classifier gives up, sideways, down. Did you mean `up`?")


def test_in_a_combined_portfolio_one_strategy_with_such_a_regime_is_enough_to_refuse_it() -> None:
    config = workflow(["trend"], ["upp"])
    config.optimization_config["strategies"].append("momentum")
    config.backtest_config["portfolio"] = {"combine": True}
    with pytest.raises(adm.ConfigError, match="upp, which no classifier here gives"):
        adm.EnhancedCoordinator().plan(config)


def sides(bars: pd.DataFrame, window: int = 20) -> pd.Series:
    """Above or below its mean."""
    mean = bars["close"].rolling(window).mean()
    return (bars["close"] > mean).map({True: "above", False: "below"}).where(mean.notna())


@pytest.mark.parametrize("mode", ["traditional", "composable"])
def test_a_users_container_gives_regimes_as_the_same_code_does_as_a_classifier(mode: str) -> None:
    adm.classifier(sides)
    adm.container("classifier", "sides_container")(sides)
    coordinator = adm.EnhancedCoordinator()
    listed = coordinator.run(workflow(["sides"], ["above"]), mode)
    node = {"role": "classifier", "container": "sides_container"}
    own = {"extends": "full_backtest", "replace": [{"path": "classifier", "node": node}]}
    placed = coordinator.run(workflow([], ["above"], pattern=own), mode)
    everywhere = coordinator.run(workflow([], ["above", "below"], pattern=own), mode)
    assert placed.success
    assert len(placed.trades)
    pd.testing.assert_frame_equal(placed.trades, listed.trades)
    assert len(everywhere.trades) != len(placed.trades)
    assert not any("one regime" in sentence for sentence in placed.warnings)


@pytest.mark.parametrize("mode", ["traditional", "composable"])
@pytest.mark.parametrize("own", [False, True])
def test_a_regime_that_a_users_own_code_never_gave_is_named_in_the_warnings(own: bool, mode: str) -> None:
    adm.classifier(sides)
    adm.container("classifier", "sides_container")(sides)
    node = {"role": "classifier", "container": "sides_container"}
    pattern = {"extends": "full_backtest", "replace": [{"path": "classifier", "node": node}]}
    where: dict[str, object] = {"pattern": pattern} if own else {}
    config = workflow([] if own else ["sides"], ["above", "blow"], **where)
    config.optimization_config["strategies"][0]["parameters"] = {"fast": [5, 10]}
    said = [sentence for sentence in adm.EnhancedCoordinator().run(config, mode).warnings if "blow" in sentence]
    gave = "its classifier" if own else "sides"
    end = "never gave; it gave above, below. Did you mean `below`?"
    assert said == [f"ma_crossover names the regime blow, which {gave} {end}"]
