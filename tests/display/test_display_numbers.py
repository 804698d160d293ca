"""How numbers are written: signs, units, precision, and what stands for what is missing."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from adm_notebook.display import numbers as n
from adm_notebook.display.measures import HEADLINE, measure
from adm_notebook.display.picture import money_labels, percent_labels, tick_decimals
from adm_notebook.engine.account import METRICS

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (n.percent, 2.165, "+216.5%"),
        (n.percent, -0.204, "−20.4%"),
        (n.percent, 0.0, "0.0%"),
        (n.percent, -0.0, "0.0%"),
        (n.percent, -0.0004, "0.0%"),
        (n.percent, 0.0004, "0.0%"),
        (n.percent, -0.0006, "−0.1%"),
        (n.percent, 9.994, "+999.4%"),
        (n.percent, 9.9996, "+1,000%"),
        (n.percent, 123.4612, "+12,346%"),
        (n.percent, -123.4612, "−12,346%"),
        (n.percent, 1e9, "+100.0B%"),
        (n.percent, 1e300, "+1.0e302%"),
        (n.percent, NAN, "–"),
        (n.percent, INF, "+∞"),
        (n.percent, -INF, "−∞"),
        (n.share, 0.666, "67%"),
        (n.share, 0.004, "0%"),
        (n.share, 1.0, "100%"),
        (n.percent_points, -0.021, "−2.1 pp"),
        (n.percent_points, 0.0, "0.0 pp"),
        (n.ratio, 0.558, "0.56"),
        (n.ratio, -0.001, "0.00"),
        (n.ratio, -0.558, "−0.56"),
        (n.ratio, 16.2333, "16.23"),
        (n.ratio, INF, "∞"),
        (n.ratio, -INF, "−∞"),
        (n.ratio, NAN, "–"),
        (n.ratio, 123456789.0, "123.5M"),
        (n.count, 5031, "5,031"),
        (n.count, 0, "0"),
        (n.count, NAN, "–"),
        (n.money, 316507.3, "316,507"),
        (n.money, 99.994, "99.99"),
        (n.money, -12.5, "−12.50"),
        (n.money, 0.0, "0"),
        (n.money, -0.001, "0.00"),
        (n.money, 1234567890, "1,234,567,890"),
        (n.money, 1e20, "1.0e20"),
        (n.money_headline, 9_999_999, "9,999,999"),
        (n.money_headline, 12_345_678, "12.3M"),
        (n.money_headline, -1_234_567_890, "−1.2B"),
        (n.money_headline, 3.2e13, "32.0T"),
        (n.axis_money, 100_000, "100k"),
        (n.axis_money, 150_500, "150.5k"),
        (n.axis_money, 2_000_000, "2M"),
        (n.axis_money, -20_000, "−20k"),
        (n.axis_money, 0, "0"),
        (n.axis_money, 12.5, "12.5"),
        (n.duration, 0.006, "6 ms"),
        (n.duration, 0.0, "0 ms"),
        (n.duration, 0.9996, "1.0 s"),
        (n.duration, 1.26, "1.3 s"),
        (n.duration, 59.97, "1 min 0 s"),
        (n.duration, 125, "2 min 5 s"),
        (n.duration, 3599.7, "1 h 0 min"),
        (n.duration, 4320, "1 h 12 min"),
        (n.value_text, 55.0, "55"),
        (n.value_text, 5000, "5000"),
        (n.value_text, 0.1 + 0.2, "0.3"),
        (n.value_text, 1e-9, "1e−09"),
        (n.value_text, True, "true"),
        (n.value_text, None, "–"),
        (n.value_text, NAN, "–"),
        (n.value_text, -INF, "−∞"),
        (n.value_text, "a-b", "a-b"),
    ],
)
def test_a_number_is_written_as_people_expect(write: Callable[[Any], Any], value: Any, text: str) -> None:
    assert str(write(value)) == text


def test_a_shortened_number_has_the_full_one_in_its_title() -> None:
    assert n.money_headline(1_234_567_890).title == "1,234,567,890"
    assert n.percent(1e9).title == "+100,000,000,000%"


def test_what_is_missing_says_why() -> None:
    assert n.percent(NAN, why="no closed trades").title == "no closed trades"
    assert n.ratio(NAN).title


@pytest.mark.parametrize(("x", "tone"), [(0.1, "gain"), (-0.1, "loss"), (0.0, ""), (-0.0001, ""), (NAN, "")])
def test_only_what_is_won_or_lost_after_rounding_has_a_tone(x: float, tone: str) -> None:
    assert n.percent(x, toned=True).tone == tone
    assert n.money(x * 1000, signed=True, toned=True, digits=0).tone == tone


def test_text_has_a_minus_that_programs_read() -> None:
    assert n.percent(-0.204).plain == "-20.4%"
    assert n.ratio(INF).plain == "inf"


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ([1261.32, 939.5], 2),
        ([1.08455, 1.1], 5),
        ([0.000123, 0.5], 6),
        ([100.0], 2),
        ([1261.3212345678, 900.0], 2),  # slippage: as its size deserves
        ([12.3212345678], 4),
        ([0.12345678901], 6),
        ([998.879580123], 2),
        ([], 2),
    ],
)
def test_prices_have_the_decimals_of_their_source(values: list[float], digits: int) -> None:
    assert n.price_decimals(values or [1.0]) == digits


def test_a_column_of_money_has_cents_only_where_amounts_are_small() -> None:
    assert n.money_decimals([5.0, -12.0, 250.0]) == 2
    assert n.money_decimals([5.0, -1200.0, 2500.0]) == 0
    assert n.money_decimals([]) == n.money_decimals([0.0, NAN, INF]) == 0


def test_every_metric_has_a_name_a_meaning_and_a_way_to_be_written() -> None:
    for name in METRICS:
        m = measure(name)
        assert m.label != name
        assert m.means
        assert m.plural
        for value in (0.0, 1.5, -1.5, 1e12, NAN, INF):
            assert "nan" not in str(m.number(value)).lower()
    assert set(HEADLINE) <= set(METRICS)


def test_labels_within_a_sentence_keep_proper_names() -> None:
    assert (measure("sharpe").words, measure("total_return").words) == ("Sharpe ratio", "total return")
    assert (measure("win_rate").words, measure("sqn").words, measure("profit_factor").words) == (
        "won",
        "SQN",
        "profit factor",
    )


def test_labels_beside_an_axis_have_one_precision() -> None:
    assert percent_labels([0.0, -0.025, -0.05]) == ["0.0%", "−2.5%", "−5.0%"]
    assert percent_labels([0.0, -0.2, -0.4]) == ["0%", "−20%", "−40%"]
    assert money_labels([0.0, 50_000, 100_000]) == ["0", "50k", "100k"]
    assert money_labels([-99_900, 99_925, 99_950]) == ["−99,900", "99,925", "99,950"]
    assert money_labels([0.5, 0.75]) == ["0.50", "0.75"]
    assert tick_decimals([0.25, 0.5]) == 2
