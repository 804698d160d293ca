"""The panels beneath a sweep's picture: all outcomes with the chosen row marked, all parameters where they are many."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import LineCollection

import adm_notebook as adm
from adm_notebook.display import bundle_of, figure_of, png_of
from adm_notebook.display.outcomes import outcomes_of
from adm_notebook.display.parallel import paths_of
from adm_notebook.display.picture import PNG_MOST
from adm_notebook.display.subject import Subject

FAST, SLOW = {"min": 5, "max": 20, "step": 5}, {"min": 30, "max": 60, "step": 10}


def swept(parameters: dict[str, object], **backtest: object) -> adm.WorkflowResult:
    config = adm.WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"], "max_bars": 600},
        backtest_config={"strategy": {"type": "ma_crossover", "parameters": parameters}, **backtest},
    )
    return adm.EnhancedCoordinator().run(config)


@pytest.fixture(scope="module")
def many() -> adm.WorkflowResult:
    return swept({"fast": FAST, "slow": SLOW, "ma_type": ["sma", "ema"]}, stop_loss=[0.02, 0.05])


def texts(result: adm.WorkflowResult) -> list[str]:
    return [text.get_text() for ax in figure_of(result).axes for text in ax.texts]


def test_two_parameters_have_a_distribution_and_more_have_lines_too(many: adm.WorkflowResult) -> None:
    two = swept({"fast": FAST, "slow": SLOW})
    assert paths_of(Subject(two)) == []
    assert paths_of(Subject(many)) == ["stop_loss", "fast", "slow", "ma_type"]
    assert "Distribution of all 16 Sharpe ratios" in texts(two)
    assert "Distribution of all 64 Sharpe ratios" in texts(many)
    heights = [figure_of(result).get_figheight() for result in (swept({"fast": FAST}), two, many)]
    assert all(low < high for low, high in pairwise(heights))


def test_every_outcome_is_counted_and_the_best_is_marked(many: adm.WorkflowResult) -> None:
    outcomes = outcomes_of(Subject(many))
    assert outcomes is not None
    assert sorted(outcomes) == sorted(many.stats["sharpe"])
    panel = figure_of(many).axes[-1]
    assert sum(bar.get_height() for bar in panel.patches) == 64
    best = f"best {many.metrics['sharpe']:.2f}".replace("-", "−")
    assert best in [text.get_text() for text in panel.texts]
    (chosen,) = (line for line in panel.lines if line.get_linewidth() > 1)
    assert np.asarray(chosen.get_xdata()).tolist() == [many.metrics["sharpe"]] * 2


def test_each_row_is_a_line_through_its_parameters(many: adm.WorkflowResult) -> None:
    panel = figure_of(many).axes[-2]
    lines = [path for c in panel.collections if isinstance(c, LineCollection) for path in c.get_paths()]
    assert len(lines) == 64
    assert {len(path.vertices) for path in lines} == {5}
    ends = sorted(float(np.asarray(path.vertices)[-1, 1]) for path in lines)
    sharpe = np.sort(many.stats["sharpe"].to_numpy())
    assert np.allclose(ends, (sharpe - sharpe[0]) / (sharpe[-1] - sharpe[0]))


def test_a_line_of_all_rows_and_few_outcomes_have_none() -> None:
    assert outcomes_of(Subject(swept({"fast": {"min": 5, "max": 20}}))) is None  # the line shows each of them
    assert outcomes_of(Subject(swept({"fast": [5, 10], "slow": [30, 40]}))) is None


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_keeps_its_budget_with_thousands_of_rows(theme: str) -> None:
    result = swept(
        {"fast": {"min": 2, "max": 20}, "slow": {"min": 25, "max": 60}, "ma_type": ["sma", "ema"]},
        commission=[0.0, 0.001],
    )
    assert len(result.stats) == 2_736
    assert len(png_of(result, theme)) <= PNG_MOST
    alt = bundle_of(result)[1][1]["image/png"]["alt"]
    assert "lines through all of commission, fast, slow, ma_type" in alt
    assert "how all outcomes are distributed" in alt
