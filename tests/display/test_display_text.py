"""The text twin of a card: at most 20 lines of 80 columns that programs can read."""

import unicodedata

import pandas as pd
import pytest
from display_cases import HOSTILE, golden_sweep, single, sweep
from test_card import STATES, failed, partial

from adm_notebook.display import text_of


@pytest.mark.parametrize("state", STATES)
def test_text_fits_its_room_in_every_state(state: str) -> None:
    said = text_of(STATES[state]())
    lines = said.splitlines()
    assert 1 <= len(lines) <= 20
    assert all(len(line) <= 80 for line in lines)
    assert "−" not in said
    assert "–" not in said
    assert said == text_of(STATES[state]())


@pytest.mark.parametrize("name", HOSTILE)
def test_text_fits_its_room_with_any_name(name: str) -> None:
    facts = {"strategy": name, "symbols": (name,), "conditions": name * 3, "defaults": ()}
    for result in (
        single(name=name, symbol=name, facts=facts, warnings=[name]),
        sweep({name: [name, "b"], "fast": [1, 2, 3]}, strategies=[name, "x"], facts=facts),
    ):
        lines = text_of(result).splitlines()
        assert len(lines) <= 20
        for line in lines:
            wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
            assert len(line) + wide <= 80


def test_a_single_backtest_as_text() -> None:
    assert text_of(single()) == (
        "ma_crossover 50/200 on SP500\n"
        "2,600 daily bars, 1999-01-04 to 2008-12-19. Long only, all capital in each\n"
        "trade, 0.1% commission.\n"
        "               Total return   Annual   Sharpe   Worst drawdown   Volatility\n"
        "ma_crossover          -6.2%    -0.6%     0.02           -35.1%        12.9%\n"
        "Buy and hold         -20.5%    -2.2%    -0.06           -45.4%        15.8%\n"
        "10 long trades closed: 50% won, average +0.1%, profit factor 0.89"
    )


def test_how_a_run_ended_comes_first_if_it_did_not_end_well() -> None:
    assert text_of(partial()).startswith(
        "Stopped, partial: Interrupted. 263 of 6,698 combinations finished and are kept;"
    )
    assert text_of(failed()).startswith("Failed: Nothing was run. prices.csv, row 1,204 (2014-03-07)")


def test_numbers_in_text_can_be_read_again() -> None:
    row = next(line for line in text_of(golden_sweep()).splitlines() if line.startswith("Median"))
    total, annual, sharpe, drawdown, volatility = row.split()[3:]
    assert float(total.rstrip("%")) > 0 > float(drawdown.rstrip("%"))
    assert float(sharpe) < float(volatility.rstrip("%"))
    assert float(annual.rstrip("%")) > 0


def test_repr_of_a_result_is_its_text() -> None:
    result = single()
    assert repr(result) == text_of(result)
    assert str(pd.Series({"a": result})["a"]) == text_of(result)


def test_conditions_that_are_too_long_end_with_a_whole_word() -> None:
    said = " ".join(["trading ends at 35% drawdown, commission paid"] * 20)
    last = text_of(single(facts={"conditions": said})).split(" ...\n")[0].rsplit(" ", 1)[1]
    assert last in said.split()
