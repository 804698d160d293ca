"""What is said of a sweep: median, neighbours, who lost, which parameters matter most."""

import numpy as np
import pandas as pd
import pytest
from display_cases import golden_sweep, row_of, sweep
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.display.lede import caption, lede
from adm_notebook.display.subject import Subject
from adm_notebook.display.sweeps import axes_of, medians, neighbours, plane_of, ranked
from adm_notebook.display.words import plain


def grid(scores: list[list[float]], status: dict[int, str] | None = None, **more: object) -> pd.DataFrame:
    """A table with `fast` down and `slow` across, scored as given."""
    rows = []
    for i, line in enumerate(scores):
        for j, score in enumerate(line):
            rows.append(
                {
                    **row_of({}),
                    "fast": 5 * (i + 1),
                    "slow": 20 * (j + 1),
                    "sharpe": score,
                    "total_return": score,
                    **more,
                }
            )
    stats = pd.DataFrame(rows)
    for row, word in (status or {}).items():
        stats.loc[row, "status"] = word
    return stats


SQUARE = [[0.1, 0.2, 0.3], [0.4, 0.9, 0.5], [0.6, 0.7, 0.8]]


def test_neighbours_are_one_step_away_in_any_parameter() -> None:
    assert sorted(neighbours(grid(SQUARE), 4, ["fast", "slow"], "sharpe")) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert sorted(neighbours(grid(SQUARE), 0, ["fast", "slow"], "sharpe")) == [0.2, 0.4, 0.9]


def test_neighbours_are_ok_rows_with_a_score() -> None:
    scores = [line.copy() for line in SQUARE]
    scores[0][0] = np.nan
    assert len(neighbours(grid(scores, {1: "failed", 2: "invalid"}), 4, ["fast", "slow"], "sharpe")) == 5


def test_a_step_leads_to_the_next_value_of_the_sweep_even_if_its_row_failed() -> None:
    line = grid([[0.1, 0.2, 0.3, 0.4]], {1: "failed"})
    assert list(neighbours(line, 0, ["slow"], "sharpe")) == []


def test_neighbours_share_everything_else() -> None:
    both = pd.concat([grid(SQUARE), grid(SQUARE, symbol="NASDAQ"), grid(SQUARE, strategy="rsi")], ignore_index=True)
    assert len(neighbours(both, 4, ["fast", "slow"], "sharpe")) == 8
    typed = pd.concat([grid(SQUARE, ma_type="sma"), grid(SQUARE, ma_type="ema")], ignore_index=True)
    assert len(neighbours(typed, 4, ["fast", "slow", "ma_type"], "sharpe")) == 8


def test_parameters_that_a_strategy_lacks_do_not_separate_its_rows() -> None:
    stats = pd.concat(
        [grid([[0.1, 0.5, 0.2]], period=np.nan), grid([[0.3]], period=14.0, strategy="rsi")], ignore_index=True
    )
    assert sorted(neighbours(stats, 1, ["fast", "slow", "period"], "sharpe")) == [0.1, 0.2]


def test_infinities_rank_as_numbers_and_nan_last() -> None:
    stats = grid([[0.1, np.inf, np.nan, -np.inf, 0.5]])
    assert list(ranked(stats, "sharpe", maximise=True).index) == [1, 4, 0, 3, 2]
    assert list(ranked(stats, "sharpe", maximise=False).index) == [3, 0, 4, 1, 2]


def test_equals_keep_their_order() -> None:
    assert list(ranked(grid([[0.5, 0.5, 0.7, 0.5]]), "sharpe", maximise=True).index) == [2, 0, 1, 3]


def test_the_median_leaves_out_rows_that_failed_and_what_is_undefined() -> None:
    stats = grid([[1.0, 2.0, 9.0, np.nan, 100.0]], {4: "failed"})
    assert medians(stats, ["sharpe"]) == {"sharpe": 2.0}


def test_the_axes_are_the_two_parameters_with_the_largest_spread_of_means() -> None:
    rows = [
        {**row_of({}), "a": a, "b": b, "c": c, "sharpe": a * 1.0 + b * 0.1 + c * 5.0}
        for a in (1, 2)
        for b in (1, 2)
        for c in (1, 2)
    ]
    stats = pd.DataFrame(rows)
    assert axes_of(stats, 0, ["a", "b", "c"], "sharpe") == ["a", "c"]
    assert axes_of(stats, 0, ["a"], "sharpe") == ["a"]
    assert len(plane_of(stats, 0, ["a", "b", "c"], ["a", "c"])) == 4


def test_a_parameter_with_one_value_is_no_axis() -> None:
    assert axes_of(grid([[0.1, 0.2]]), 0, ["fast", "slow"], "sharpe") == ["slow"]


@given(st.lists(st.floats(0.01, 2.0), min_size=3, max_size=12))
def test_a_plateau_is_told_from_a_peak_by_three_quarters_of_the_best(scores: list[float]) -> None:
    result = sweep({"fast": range(len(scores))})
    result._stats["sharpe"] = scores
    best = int(np.argmax(scores))
    result._best_label = best
    said = lede(Subject(result))
    near = [scores[i] for i in (best - 1, best + 1) if 0 <= i < len(scores)]
    assert ("one alone doesn't tell" in said) == (len(near) == 1)
    assert ("a broad plateau, not" in said) == (len(near) > 1 and min(near) > 0.75 * scores[best])
    assert ("a lone peak, not" in said) == (len(near) > 1 and min(near) <= 0.75 * scores[best])


def test_a_sweep_says_what_its_best_row_is_worth() -> None:
    assert lede(Subject(golden_sweep())) == (
        "Its 8 neighbours have Sharpe ratios from 0.54 to 0.62: a broad plateau, not a lone peak. "
        "13 of 263 pairs lost money. "
        "The best of many tries on one history flatters itself; test it on years it has not seen."
    )


@pytest.mark.parametrize("change", [{"shift": -5.0}, {"objective": "volatility", "maximise": False}])
def test_nothing_is_said_of_neighbours_if_the_best_is_not_above_0_or_the_objective_is_minimised(
    change: dict[str, object],
) -> None:
    assert "neighbour" not in lede(Subject(golden_sweep(**change)))


def test_few_tries_are_not_called_many() -> None:
    said = lede(Subject(sweep({}, strategies=["rsi", "momentum", "breakout"])))
    assert said == "None of the 3 strategies lost money."


def test_a_caption_says_what_the_picture_holds_fixed() -> None:
    values = {"fast": [5, 10, 20], "slow": [50, 100, 200], "ma_type": ["sma", "ema"]}
    result = sweep(values, symbols=["SP500", "NASDAQ"])
    said = plain(caption(Subject(result)))
    assert said.startswith("The heatmap shows fast and slow, which matter most, for ")
    assert "the others as chosen: ma_type " in said
    assert said.endswith("(9 of 36 rows).")
    assert caption(Subject(golden_sweep())) == ()
