"""Indicators: TA-Lib's figures under our names, equal where they mean the same, and none that looks ahead."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import talib
from component_cases import bars_of, bars_with_closes, random_prices
from numpy.testing import assert_array_equal

from adm_notebook.components import INDICATORS, Indicator, make_indicator
from adm_notebook.components.expressions import bind, features, parse
from adm_notebook.errors import ConfigError, DataError

ALL = talib.get_functions()
BARS = bars_of(random_prices(400, seed=7))


def parsed(text: str) -> Indicator:
    return features(bind(parse(f"{text} > 0"), {}))[0]


def of_each(name: str) -> Indicator:
    """Every function with its defaults; MAVP alone needs to be told its periods."""
    return parsed("mavp(close, 10 + 5 * cos(close))") if name == "MAVP" else make_indicator(name)


@pytest.mark.parametrize("name", ALL)
def test_every_function_of_ta_lib_computes_and_knows_its_warm_up(name: str) -> None:
    indicator = of_each(name)
    outputs = indicator.compute(BARS)
    assert len(outputs) == len(indicator.outputs) >= 1
    for values in outputs:
        assert values.dtype == np.float64
        assert values.shape == (400,)
        assert np.isnan(values[: indicator.lookback]).all()
    if name not in ("ACOS", "ASIN"):  # these know nothing of prices above 1
        assert any(not np.isnan(values[indicator.lookback :]).all() for values in outputs)


@pytest.mark.parametrize("name", ALL)
def test_no_function_of_ta_lib_reads_a_bar_after_its_own(name: str) -> None:
    indicator = of_each(name)
    full = indicator.compute(BARS)
    for cut in (130, 251):
        for whole, part in zip(full, indicator.compute(BARS.slice(0, cut)), strict=True):
            assert_array_equal(part, whole[:cut])


def test_the_figures_are_ta_libs_own() -> None:
    o, h, l, c, v = BARS.prices  # noqa: E741
    assert_array_equal(make_indicator("sma", 10).compute(BARS)[0], talib.SMA(c, 10))
    assert_array_equal(make_indicator("ATR", 14).compute(BARS)[0], talib.ATR(h, l, c, 14))
    assert_array_equal(make_indicator("mfi").compute(BARS)[0], talib.MFI(h, l, c, v, 14))
    assert_array_equal(make_indicator("sma", 10, inputs=("volume",)).compute(BARS)[0], talib.SMA(v, 10))
    for ours, theirs in zip(make_indicator("macd", 5, 9, 4).compute(BARS), talib.MACD(c, 5, 9, 4), strict=True):
        assert_array_equal(ours, theirs)
    doji = make_indicator("cdldoji").compute(BARS)[0]
    assert_array_equal(doji[10:], talib.CDLDOJI(o, h, l, c)[10:].astype(float))


def test_the_key_is_the_same_however_an_indicator_was_asked_for() -> None:
    assert make_indicator("sma", 10).key == "SMA(10)"
    assert make_indicator("bbands", 20, 2, 2.0).key == "BBANDS(20, 2, 2)"
    assert make_indicator("bbands", nbdevup=2, matype="ema").key == "BBANDS(20, 2, 2, EMA)"
    assert make_indicator("ema", 20, inputs=("volume",)).key == "EMA(volume, 20)"
    assert make_indicator("obv").key == "OBV()"
    assert parsed("sma(high - low, 14)").key == "SMA(high - low, 14)"
    same = [make_indicator("sma", 10), make_indicator("SMA", timeperiod=10.0), parsed("Sma(close, 10)")]
    assert len(set(same)) == 1


def test_keys_hold_in_every_process() -> None:
    code = "from adm_notebook.components import make_indicator as m; print(m('bbands', 20).key, m('stoch').key)"
    told = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert told == {"BBANDS(20, 2, 2) STOCH(5, 3, SMA, 3)\n"}


def test_outputs_go_by_ta_libs_names_and_by_short_ones() -> None:
    def output(text: str) -> int:
        node = bind(parse(text), {})
        return node.output  # type: ignore[union-attr]  # a Feature

    assert [output(f"bbands(20).{n}") for n in ("upper", "middle", "lower")] == [0, 1, 2]
    assert [output(f"bbands(20).{n}") for n in ("upperband", "middleband", "lowerband")] == [0, 1, 2]
    assert [output(f"macd().{n}") for n in ("macd", "signal", "hist")] == [0, 1, 2]
    assert [output(f"stoch().{n}") for n in ("k", "slowd")] == [0, 1]
    assert [output(f"aroon().{n}") for n in ("down", "up")] == [0, 1]
    assert output("mama().fama") == 1


def test_bars_without_a_close_are_left_out_of_the_computation() -> None:
    closes = [1.0, 2.0, float("nan"), 3.0, 4.0]
    assert_array_equal(make_indicator("sma", 2).compute(bars_with_closes(closes))[0], [np.nan, 1.5, np.nan, 2.5, 3.5])
    nothing = make_indicator("sma", 2).compute(bars_with_closes([float("nan")] * 3))[0]
    assert_array_equal(nothing, [np.nan] * 3)


def test_fewer_bars_than_the_window_give_no_value_and_no_error() -> None:
    for n in (0, 1, 5):
        for name in ("sma", "rsi", "macd", "cdldoji", "obv", "maxindex"):
            for values in make_indicator(name).compute(BARS.slice(0, n)):
                assert len(values) == n


def test_threads_do_not_disturb_each_other() -> None:
    indicators = [make_indicator("ema", n) for n in range(2, 42)]
    alone = [i.compute(BARS)[0] for i in indicators]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda i: i.compute(BARS)[0], indicators * 5))
    for at, values in enumerate(together):
        assert_array_equal(values, alone[at % len(alone)])


def test_volume_that_is_missing_is_asked_for_by_name() -> None:
    without = bars_of(random_prices(50)._replace(volume=None))
    with pytest.raises(DataError, match=r"obv reads volume, but these prices have none"):
        make_indicator("obv").compute(without)
    assert make_indicator("obv").columns == {"close", "volume"}


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("smaa", {}, "Did you mean `sma`?"),
        ("sma", {"timeperiod": 0}, "timeperiod must be 1 to 100000, but was 0"),
        ("sma", {"timeperiod": 2.5}, "must be a whole number"),
        ("sma", {"timeperiod": True}, "must be a number, but was True"),
        ("sma", {"period": 2}, "no parameter `period`"),
        ("bbands", {"matype": "zzz"}, "must be one of sma, ema"),
        ("macd", {"matype": "sma"}, "no parameter `matype`"),
    ],
)
def test_wrong_parameters_are_refused(name: str, parameters: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("?", r"\?")):
        make_indicator(name, **parameters)


def test_the_registry_knows_ta_lib_whole() -> None:
    assert set(INDICATORS.names()) >= {name.lower() for name in ALL}
    function = INDICATORS.get("BBANDS")
    assert (function.sentence, function.group) == ("Bollinger Bands", "Overlap Studies")
    assert dict(function.defaults) == {"timeperiod": 20, "nbdevup": 2.0, "nbdevdn": 2.0, "matype": 0}
