"""Settings of an account: presets, short forms, and what excludes what."""

import json

import pytest

from adm_notebook.config.frozen import parse
from adm_notebook.config.settings import PRESETS, Settings
from adm_notebook.errors import ConfigError


def test_the_default_preset_is_the_specification_s_column() -> None:
    settings = Settings.resolve({})
    assert (settings.initial_capital, settings.fill, settings.size_rule, settings.margin) == (
        100_000,
        "next_open",
        "fractional",
        1,
    )
    assert (settings.stop_base, settings.opposite, settings.shortfall, settings.after_stop) == (
        "fill",
        "reverse",
        "partial",
        "keep",
    )
    assert settings.ruin
    assert settings.warmup == settings.periods_per_year == "auto"


def test_the_peers_presets_are_the_specification_s_columns() -> None:
    bt, vbt = Settings.resolve({"preset": "backtesting.py"}), Settings.resolve({"preset": "vectorbt"})
    assert (bt.initial_capital, bt.size, bt.size_rule, bt.lot, bt.shortfall) == (
        10_000,
        1 - 2**-52,
        "whole",
        1,
        "cancel",
    )
    assert bt.metrics_style == "backtesting.py"
    assert (vbt.initial_capital, vbt.fill, vbt.after_stop, vbt.ruin, vbt.warmup) == (100, "close", "drop", False, 0)
    assert vbt.commission.fixed_per == "order"


@pytest.mark.parametrize(
    ("given", "rate", "fixed"),
    [
        (0.001, 0.001, 0),
        (0, 0, 0),
        ({"rate": 0.001}, 0.001, 0),
        ({"fixed": 2}, 0, 2),
        ({"type": "percentage", "value": 0.002}, 0.002, 0),
        ({"type": "fixed", "value": 5}, 0, 5),
    ],
)
def test_commission_is_a_rate_or_its_parts_or_the_older_form(given: object, rate: float, fixed: float) -> None:
    commission = Settings.resolve({"commission": given}).commission
    assert (commission.rate, commission.fixed) == (rate, fixed)


def test_one_slippage_means_both_sides_and_only_the_entry_under_backtesting_py() -> None:
    assert Settings.resolve({"slippage": 0.01}).slippage.exit == 0.01
    assert Settings.resolve({"slippage": 0.01, "preset": "vectorbt"}).slippage.exit == 0.01
    assert Settings.resolve({"slippage": 0.01, "preset": "backtesting.py"}).slippage.exit == 0
    assert Settings.resolve({"commission": 0.001, "preset": "vectorbt"}).commission.fixed_per == "order"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"initial_capital": 0}, "initial_capital  must be above 0, but was 0"),
        ({"initial_capital": -5}, "initial_capital  must be above 0, but was -5"),
        ({"initial_capital": True}, "must be a number, but was True"),
        ({"initial_capital": "1000"}, "must be a number, but was '1000'"),
        ({"initial_capital": float("nan")}, "must be a finite number, but was NaN"),
        ({"initial_capital": float("inf")}, "must be a finite number"),
        ({"commision": 0.1}, "Did you mean `commission`?"),
        ({"commission": {"rat": 1}}, "backtest_config.commission.rat  unknown field. Did you mean `rate`?"),
        ({"commission": {"type": "percent", "value": 1}}, "backtest_config.commission.type"),
        ({"commission": -0.1}, "must be 0 or more, but was -0.1"),
        ({"fill": "next_opn"}, "Did you mean `next_open`?"),
        ({"size": 0}, "must be above 0"),
        ({"size_rule": "whole", "size_mode": "value"}, "size_mode value goes with size_rule fractional"),
        ({"size_rule": "whole", "lot_size": 0.5}, "has lots of 1, but lot_size was 0.5"),
        ({"size_rule": "whole", "size_mode": "units", "size": 1.5}, "needs a whole number of units"),
        ({"margin": 0.5}, "needs size_rule whole"),
        ({"margin": 1.5, "size_rule": "whole"}, "must be 1 or less"),
        ({"trailing": True}, "trailing needs a stop_loss"),
        ({"finalize": "last_open", "fill": "close"}, "use last_close"),
        ({"warmup": -1}, "warmup  must be `auto` or a whole number, 0 or more, but was -1"),
        ({"warmup": 1.5}, "must be `auto` or a whole number"),
        ({"warmup": True}, "must be `auto` or a whole number"),
        ({"periods_per_year": 0}, "periods_per_year  must be `auto` or a number above 0, but was 0"),
        ({"commission": {"type": "percentage"}}, "commission.value  is missing"),
        ({"preset": "vectorbtt"}, "Did you mean `vectorbt`?"),
        ({"stop_loss": 0}, "must be above 0"),
        ({"max_drawdown": 1.2}, "must be 1 or less"),
        ({"max_daily_loss": 0}, "max_daily_loss  must be above 0, but was 0"),
        ({"max_daily_loss": 5}, "max_daily_loss  must be 1 or less, but was 5"),
        ({"stop_loss": "2 atr"}, "backtest_config.stop_loss  must be a number, but was '2 atr'"),
        ({"stop_loss": {"atr": 0}}, "backtest_config.stop_loss.atr  must be above 0, but was 0"),
        ({"stop_loss": {"art": 2}}, "backtest_config.stop_loss.art  unknown field. Did you mean `atr`?"),
        ({"stop_loss": {"atr": 2, "std": 2}}, "must be a multiple of atr or of std, but both are given"),
        (
            {"take_profit": {"period": 5}},
            "backtest_config.take_profit  must be a multiple of atr or of std, but neither",
        ),
        ({"take_profit": {"std": 1, "period": 1}}, "backtest_config.take_profit.period  must be 2 or more, but was 1"),
        ({"take_profit": {"std": 1, "period": 5.5}}, "must be a whole number, but was 5.5"),
        ({"size_mode": "riks"}, "Did you mean `risk`?"),
        ({"size_mode": "risk", "size": 0.01}, "size_mode risk needs a stop_loss"),
        ({"size_mode": "risk", "stop_loss": 0.05}, "size_mode risk needs a size: the share of the cash"),
        ({"size_mode": "volatility"}, "size_mode volatility needs a size: the volatility a year"),
        ({"size_mode": "volatility", "preset": "backtesting.py"}, "size_mode volatility needs a size"),
        ({"size_mode": "volatility", "size": 0.1, "size_rule": "whole", "margin": 0.5}, "which knows no leverage"),
        ({"volatility": {"method": "sdt"}}, "backtest_config.volatility.method  must be 'std' or 'atr', but was 'sdt'"),
        ({"volatility": {"perod": 5}}, "backtest_config.volatility.perod  unknown field. Did you mean `period`?"),
        ({"volatility": 0.15}, "backtest_config.volatility  must be a mapping (name: value), but was 0.15"),
    ],
)
def test_what_makes_no_account_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.resolve(given)
    assert said in str(caught.value)


def test_equal_settings_have_one_digest_whatever_the_spelling() -> None:
    assert Settings.resolve({"commission": 0, "initial_capital": 100_000}).digest == Settings.resolve({}).digest
    assert Settings.resolve({"size": 1}).digest == Settings.resolve({"size": 1.0}).digest
    assert len({Settings.resolve({"preset": p}).digest for p in PRESETS}) == 3
    distances: list[object] = [{"atr": 2}, {"atr": 2.0, "period": 14}, {"period": 14, "atr": 2, "std": None}]
    assert len({Settings.resolve({"stop_loss": d}).digest for d in distances}) == 1
    assert Settings.resolve({"stop_loss": "none"}).digest == Settings.resolve({}).digest
    assert Settings.resolve({"volatility": {"period": 20}}).digest == Settings.resolve({}).digest
    assert len({Settings.resolve({"stop_loss": d}).digest for d in ({"atr": 2}, {"std": 2}, 2)}) == 3


@pytest.mark.parametrize("given", [{}, {"preset": "backtesting.py"}, {"stop_loss": {"std": 3}, "max_daily_loss": 0.02}])
def test_settings_read_back_from_their_own_json(given: dict[str, object]) -> None:
    settings = Settings.resolve(given)
    assert parse(Settings, json.loads(json.dumps(settings.model_dump(mode="json")))) == settings


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.resolve({"stop_loss": {"atr": -1}, "take_profit": {"art": 1}, "fil": "close", "trailing": "ys"})
    assert [p.path.removeprefix("backtest_config.") for p in caught.value.problems] == [
        "stop_loss.atr", "take_profit.art", "trailing", "fil"
    ]  # fmt: skip


def test_what_is_hardly_meant_is_pointed_out() -> None:
    assert Settings.resolve({"stop_loss": {"atr": 2}, "size": 3, "size_mode": "units"}).slips == []
    assert Settings.resolve({"stop_loss": 2}).slips == ["`stop_loss` is a fraction: 2 means 200%. For 2% write 0.02."]
    assert Settings.resolve({"size_mode": "risk", "size": 2, "stop_loss": 0.05}).slips == [
        "`size` is a fraction: 2 means 200%. For 2% write 0.02."
    ]
    assert Settings.resolve({"size_mode": "volatility", "size": 15}).slips == [
        "`size` is a fraction: 15 means 1,500%. For 15% write 0.15."
    ]
    assert Settings.resolve({"volatility": {"method": "atr"}}).slips == [
        "`volatility` is not used: size_mode is fraction."
    ]


def test_repr_shows_only_what_was_changed() -> None:
    assert repr(Settings.resolve({"commission": 0.001})) == "Settings(commission=Commission(rate=0.001))"


def test_each_clash_between_settings_is_a_problem_of_its_own() -> None:
    clashing = {"trailing": True, "finalize": "last_open", "fill": "close", "margin": 0.5}
    with pytest.raises(ConfigError) as raised:
        Settings.resolve(clashing)
    assert [problem.message for problem in raised.value.problems] == [
        "margin 0.5 needs size_rule whole; with fractional sizes it must be 1",
        "trailing needs a stop_loss to trail",
        "finalize last_open does not go with fill close; use last_close",
    ]
