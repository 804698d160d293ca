"""The pictures: any history and any sweep can be drawn, fast, small, and without losing what they state."""

import io
import threading
import time

import matplotlib
import numpy as np
import pandas as pd
import pytest
from display_cases import HOSTILE, account, days, golden_sweep, minutes, single, sweep, walk
from PIL import Image
from test_card import combined

from adm_notebook.display import figure_of, png_of
from adm_notebook.display.equity_chart import thin
from adm_notebook.display.picture import PNG_MOST, THEMES, drawable, text_width, thinned
from adm_notebook.display.publish import bundle_of
from adm_notebook.display.timeaxis import TimeAxis
from adm_notebook.errors import RunError
from adm_notebook.results import WorkflowResult


def texts(result: WorkflowResult) -> list[str]:
    """All that stands in the picture."""
    from matplotlib.text import Text

    found = [t.get_text() for t in figure_of(result).findobj(Text)]
    return [t for t in found if t]


def with_equity(values: np.ndarray, index: pd.Index | None = None) -> WorkflowResult:
    n = len(values)
    a = account(np.full(n, 100.0), 0)._replace(equity=np.asarray(values, float))
    return single(index=days(n) if index is None else index, account_=a, close=100.0 + np.arange(n))


HISTORIES = {
    "1 bar": lambda: single(1, 0),
    "2 bars": lambda: single(2, 1),
    "3 bars": lambda: single(3, 1),
    "flat": lambda: single(400, 0, close=np.full(400, 7.0)),
    "below zero": lambda: with_equity(np.linspace(1e5, -3e4, 300)),
    "to zero": lambda: with_equity(np.r_[np.linspace(1e5, 0, 300), np.zeros(50)]),
    "enormous": lambda: with_equity(np.exp(np.linspace(np.log(1e5), np.log(1e14), 500))),
    "with gaps": lambda: with_equity(np.where(np.arange(400) % 7 == 0, np.nan, walk(400, start=1e5))),
    "bar numbers": lambda: single(index=pd.RangeIndex(500), n_trades=20),
    "one day": lambda: single(index=minutes(390), n_trades=5),
    "many days": lambda: single(index=minutes(390 * 30, None), n_trades=300),
    "through a clock change": lambda: single(
        index=pd.date_range("2024-10-25", periods=200, freq="h", tz="Europe/Berlin"), n_trades=9
    ),
    "weeks": lambda: single(
        index=pd.date_range("1990-01-05", periods=1500, freq="W-FRI", tz="Europe/Berlin"), n_trades=200
    ),
    "both sides": lambda: single(n_trades=30, sides="both", open_last=True),
    "portfolio": combined,
}


@pytest.mark.parametrize("history", HISTORIES)
def test_any_history_is_drawn(history: str) -> None:
    image = Image.open(io.BytesIO(png_of(HISTORIES[history]())))
    assert image.size == (1600, 860)
    assert image.mode == "P"


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_drawn_without_a_warning(name: str) -> None:
    png_of(single(300, 3, name=name))
    png_of(sweep({name: [name, "b", "c"], "fast": [1, 2]}, n_bars=50))


def test_names_are_shortened_to_their_room_and_unknown_letters_replaced() -> None:
    assert drawable("ma_crossover", 200) == "ma_crossover"
    short = drawable("Gleitender-Durchschnitt-Überkreuzungsstrategie", 100, bold=True)
    assert short.endswith("…")
    assert text_width(short, bold=True) <= 100
    assert drawable("移動平均", 200, "Strategy") == "Strategy"
    assert drawable("a 🚀", 200) == "a □"


SWEEPS = {
    "pairs": golden_sweep,
    "two by two": lambda: sweep({"fast": [5, 10], "slow": [20, 50]}),
    "a hundred squared": lambda: sweep({"fast": range(1, 101), "slow": range(101, 201)}, n_bars=50),
    "more cells than pixels": lambda: sweep({"fast": range(1, 201), "slow": range(301, 651)}, n_bars=50),
    "fractions": lambda: sweep(
        {"stop": [0.005 * i for i in range(1, 41)], "take": [0.01 * i for i in range(1, 31)]}, n_bars=50
    ),
    "words": lambda: sweep({"ma_type": ["sma", "ema"], "side": ["long", "short", "both"]}, n_bars=50),
    "one word": lambda: sweep({"ma_type": ["sma", "ema", "wma"]}, n_bars=50),
    "one number": lambda: sweep({"fast": range(2, 2000)}, n_bars=50),
    "uneven": lambda: sweep(
        {"fast": [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233]}, objective="final_equity", n_bars=50
    ),
    "all lose": lambda: sweep({"fast": range(5, 60, 5), "slow": range(60, 120, 5)}, shift=-4, n_bars=50),
    "failed cells": lambda: golden_sweep(bad=dict.fromkeys(range(0, 250, 2), ("failed", "boom"))),
    "partial": lambda: golden_sweep(success=False, metadata={"partial": True}, facts={"n_planned": 288}),
}


@pytest.mark.parametrize("which", SWEEPS)
def test_any_sweep_is_drawn_within_its_budget(which: str) -> None:
    data = png_of(SWEEPS[which]())
    assert Image.open(io.BytesIO(data)).size in ((1600, 720), (1600, 968), (1600, 1400))  # more panels for more rows
    assert len(data) <= PNG_MOST


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.5])
def test_a_sweep_with_equal_infinite_or_undefined_scores_is_drawn(value: float) -> None:
    for result in (sweep({"a": [1, 2], "b": [1, 2, 3]}, n_bars=50), sweep({"a": [1, 2, 3]}, n_bars=50)):
        result._stats["sharpe"] = value
        png_of(result)
        result._stats.loc[1, "sharpe"] = 0.25
        png_of(result)


def test_a_picture_states_what_the_card_states() -> None:
    result = single()
    assert result.benchmark is not None
    said = texts(result)
    assert f"ma_crossover\n−{-result.metrics['total_return'] * 100:.1f}%" in said
    assert f"worst\n−{-result.metrics['max_drawdown'] * 100:.1f}%" in said
    assert f"worst\n−{-result.benchmark.metrics['max_drawdown'] * 100:.1f}%" in said


def test_the_scale_is_logarithmic_only_where_curves_span_much_and_stay_above_zero() -> None:
    assert "Equity, log scale" in texts(with_equity(np.linspace(1e5, 4e5, 100)))
    assert "Equity" in texts(single(300, 3))
    assert "Equity" in texts(with_equity(np.linspace(1e5, -1.0, 100)))


def test_colours_diverge_only_around_zero() -> None:
    ground = np.array(Image.open(io.BytesIO(png_of(golden_sweep(shift=2.0)))).convert("RGB")).reshape(-1, 3).astype(int)
    assert not (
        (ground[:, 1] - ground[:, 2] > 15) & (ground[:, 1] - ground[:, 0] > 60)
    ).any()  # no teal: nothing is gained or lost
    teal = np.array(Image.open(io.BytesIO(png_of(golden_sweep()))).convert("RGB")).reshape(-1, 3).astype(int)
    assert (np.abs(teal - [0, 105, 92]).max(axis=1) < 12).sum() > 500


def test_a_million_bars_and_fifty_thousand_trades_are_drawn_at_once_and_fit() -> None:
    n = 1_000_000
    index = pd.date_range("2010-01-01", periods=n, freq="min", tz="America/New_York")
    close = walk(n, size=0.0005, drift=1e-6)
    result = single(index=index, close=close, n_trades=50_000, sides="both", facts={"first": "2010-01-01 00:00"})
    bundle_of(result)  # imports, fonts
    begin = time.perf_counter()
    head, picture, tail = bundle_of(result)
    took = time.perf_counter() - begin
    assert took < 3  # a tenth of that on an idle machine
    html = len((head[0]["text/html"] + tail[0]["text/html"]).encode())
    assert html <= 70_000
    assert len(picture[0]["image/png"]) <= 120_000
    assert f"worst\n−{-result.metrics['max_drawdown'] * 100:.1f}%" in texts(result)


def test_no_spike_is_lost_when_bars_outnumber_pixels() -> None:
    values = walk(500_000, start=100.0)
    values[123_457], values[400_001] = 1e6, 1e-6
    kept = thin(values)
    assert len(kept) < 3_000
    assert {0, 123_457, 400_001, len(values) - 1} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()
    values[7] = np.nan
    assert 7 not in thin(values)


def test_themes_differ_and_auto_is_light() -> None:
    result = single(300, 3)
    light, dark = (Image.open(io.BytesIO(png_of(result, t))).convert("RGB").getpixel((2, 2)) for t in ("light", "dark"))
    assert light == (255, 255, 255)
    assert dark == (17, 17, 17)
    assert png_of(result, "auto") == png_of(result) == png_of(result, "light")
    assert set(THEMES) == {"light", "dark"}


def test_a_users_matplotlib_settings_change_nothing() -> None:
    result = golden_sweep()
    equity = single(300, 3)
    before = png_of(result), png_of(equity)
    theirs = {
        "text.usetex": True,
        "font.family": "monospace",
        "font.size": 20,
        "lines.linestyle": "--",
        "axes.grid": True,
        "axes.facecolor": "red",
        "savefig.dpi": 30,
        "figure.dpi": 33,
        "grid.linestyle": ":",
        "lines.marker": "o",
        "xtick.top": True,
        "axes.spines.top": True,
        "savefig.bbox": "tight",
        "image.interpolation": "bilinear",
        "axes.linewidth": 5,
        "grid.alpha": 0.1,
    }
    with matplotlib.rc_context(theirs):
        assert (png_of(result), png_of(equity)) == before


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    import sys

    before = dict(matplotlib.rcParams)
    png_of(single(300, 3))
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_pictures_may_be_asked_for_by_several_threads() -> None:
    result = single(500, 5)
    expected, found = png_of(result), []
    threads = [threading.Thread(target=lambda: found.append(png_of(result))) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [expected] * 3


def test_a_figure_shows_itself_without_pyplot() -> None:
    figure = single(300, 3).plot()
    data, metadata = figure._repr_png_()
    assert data.startswith(b"\x89PNG")
    assert metadata == {"width": 800}
    assert tuple(figure.get_size_inches() * figure.dpi) == (800, 430)


def test_plot_of_a_failed_result_says_why_there_is_nothing() -> None:
    from test_card import failed

    with pytest.raises(RunError, match=r"no row of this result is ok.*result\.errors"):
        failed().plot()


def test_plot_of_several_strategies_is_the_equity_of_the_best() -> None:
    assert any(t.startswith("Equity") for t in texts(sweep({}, strategies=["rsi", "momentum"])))


@pytest.mark.parametrize(
    ("index", "wanted"),
    [
        (days(5000), {"2000", "2010"}),
        (days(250), {"1999-04", "1999-10"}),
        (days(30), {"1999-01-11", "1999-02-08"}),
        (days(3), {"1999-01-04", "1999-01-05", "1999-01-06"}),
        (days(1), {"1999-01-04"}),
        (minutes(390), {"10:00", "15:00"}),
        (minutes(1170), {"2024-03-05", "12:00"}),
        (pd.RangeIndex(500), {"100", "400"}),
        (pd.RangeIndex(1), {"0"}),
    ],
)
def test_ticks_are_round_times_that_do_not_touch(index: pd.Index, wanted: set[str]) -> None:
    intraday = isinstance(index, pd.DatetimeIndex) and index[0].hour != 0
    axis = TimeAxis(index, side_by_side=intraday)
    at, names = axis.ticks(630.0)
    assert wanted <= set(names)
    low, high = axis.limits
    assert all(low <= x <= high for x in at)
    pixels = [(x - low) / (high - low) * 630 for x in at]
    for i in range(len(at) - 1):
        assert pixels[i] + text_width(names[i]) / 2 < pixels[i + 1] - text_width(names[i + 1]) / 2


def test_intraday_bars_stand_side_by_side_so_that_nights_take_no_room() -> None:
    axis = TimeAxis(minutes(780), side_by_side=True)
    assert list(axis.x([389, 390])) == [389.0, 390.0]
    dated = TimeAxis(days(10))
    assert list(np.diff(dated.x(range(10)))) == [1, 1, 1, 1, 3, 1, 1, 1, 1]


def test_labels_give_way_to_those_of_higher_rank() -> None:
    assert thinned([0, 5, 200], ["long label", "chosen one", "x"], [0, 1, 0]) == [1, 2]
