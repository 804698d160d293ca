"""Differences on screen: every change has a glyph and a word, nothing is markup, and what is cut is said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from display_cases import HOSTILE, account, days, minutes, single, sweep, walk
from hypothesis import given
from hypothesis import strategies as st
from test_card import read

from adm_notebook.config import WorkflowConfig
from adm_notebook.display.config_rows import config_part, counted_out, joined_configs, unmapped_part, value_said
from adm_notebook.display.diff_parts import KINDS, Joined
from adm_notebook.display.differences import joined_results
from adm_notebook.display.joined import bundle, html, page
from adm_notebook.display.migration_view import joined_migration, joined_report, migration_report_page_of
from adm_notebook.display.overlay_chart import alt_of, overlay_chart
from adm_notebook.display.pattern_changes import joined_patterns
from adm_notebook.display.picture import PNG_MOST, png, theme_of
from adm_notebook.display.style import css, diff_css
from adm_notebook.migration.changes import ABSENT, Change, Unmapped
from adm_notebook.migration.configs.differences import config_changes
from adm_notebook.migration.configs.migration import Migration
from adm_notebook.migration.proof.report import MigrationReport
from adm_notebook.patterns import compare_patterns, get
from adm_notebook.results import WorkflowResult, compare_results

PLAIN_TAGS = {
    "style", "div", "h3", "h4", "p", "span", "table", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "code",
    "bdi", "del", "ins", "small", "br", "wbr", "details", "summary", "b", "ul", "li",
}  # fmt: skip
"""All that a difference consists of; each of them is kept by GitHub, but for `style`."""

changes = st.builds(
    Change,
    st.sampled_from(["+", "-", "~", ">", "="]),
    st.text(max_size=60),
    st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.none(), st.lists(st.booleans(), max_size=3)),
    st.one_of(st.text(max_size=40), st.just(ABSENT)),
    st.text(max_size=20),
    st.text(max_size=40),
)


@given(st.lists(changes, max_size=8), st.text(max_size=40))
def test_no_text_of_a_config_is_markup(rows: list[Change], name: str) -> None:
    joined = joined_configs(rows, (name, name))
    reader = read(html(joined))
    assert set(reader.tags) <= PLAIN_TAGS
    assert not [key for key, _ in reader.attributes if key.startswith("on") or key in ("src", "href")]
    assert html(joined) == html(joined_configs(rows, (name, name)))


@pytest.mark.parametrize("hostile", [*HOSTILE, "<b>" * 4000])
def test_hostile_names_stand_there_as_text(hostile: str) -> None:
    row = Change("~", f"backtest_config.{hostile}", hostile, f"{hostile}!", reason=hostile)
    parts = [config_part([row]), unmapped_part([Unmapped(hostile, hostile, hostile)])]
    joined = Joined(title=[hostile[:100]], identical=False, above=parts)
    reader = read(html(joined))
    assert set(reader.tags) <= PLAIN_TAGS
    shown = " ".join(hostile[:15].split("\x00")[0].split())
    assert shown in " ".join("".join(reader.texts).split())
    assert len(html(joined)) < 40_000
    assert all(len(line) <= 80 for line in joined.text().splitlines())


@pytest.mark.parametrize("kind", ["+", "-", "~", ">", "="])
def test_each_change_has_a_glyph_and_a_word_in_its_row(kind: Any) -> None:
    _, glyph, word = KINDS[kind]
    old, new = (ABSENT if kind == "+" else 1), (ABSENT if kind == "-" else 2)
    text = "".join(read(html(joined_configs([Change(kind, "a.b", old, new, reason="Because")], ("x", "y")))).texts)
    assert text.index(f"{glyph} {word}") < text.index("a.b") < text.index("Because")


def test_without_styles_the_same_words_stand_in_the_same_order() -> None:
    text = " ".join("".join(read(html(report_joined())).texts).split())
    order = [
        "≠ Different: commission was 0.1% and is now 0", "Traditional coordinator against composable containers",
        "To mend it:", "Trades equal", "0 of 10", "What changes in the configuration", "backtest_config.commission",
        "4 keys unchanged", "Not mapped", "? not mapped", "Metrics", "Total return", "Trades: 10 changed",
        "Continue with",
    ]  # fmt: skip
    at = 0
    for words in order:
        assert words in text[at:], words
        at = text.index(words, at) + len(words)


def test_more_than_a_hundred_rows_of_a_kind_are_cut_and_it_is_said() -> None:
    rows = [Change("~", f"a.k{i}", i, i + 1) for i in range(250)] + [Change("=", f"b.k{i}", i, i) for i in range(130)]
    text = "".join(read(html(joined_configs(rows, ("x", "y")))).texts)
    assert "a.k99" in text
    assert "a.k100" not in text
    assert "First 100 of 250" in text
    assert "130 keys unchanged" in text
    assert "First 100 of 130" in text


def test_no_output_grows_beyond_its_budget() -> None:
    rows = [Change("~", f"{'k' * 180}{i}", "<" * 5000, "&" * 5000, reason="'" * 5000) for i in range(500)]
    left = [Unmapped("k" * 500, "v" * 5000, "a" * 5000)] * 500
    old, new = single(account_=account(walk(2600), 400)), single(account_=account(walk(2600), 399))
    joined = report_joined(old, new, changes=rows, unmapped=left)
    assert len(json.dumps(bundle(joined))) < 300_000
    assert len(html(joined)) < 300_000
    assert len(page(joined)) < 400_000  # both pictures, and nothing else to load


def test_a_difference_of_runs_is_html_png_html_with_text_in_the_first_only() -> None:
    outputs = bundle(report_joined())
    assert [sorted(data) for data, _ in outputs] == [["text/html", "text/plain"], ["image/png"], ["text/html"]]
    assert outputs[1][1]["image/png"]["alt"].startswith("Equity old ")
    assert [data.get("text/html", "").count("<style>") for data, _ in outputs] == [1, 0, 0]
    text = outputs[0][0]["text/plain"]
    assert len(text.splitlines()) <= 20
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\u2212" not in text


def test_timings_and_memory_stand_where_they_can_be_left_out() -> None:
    shown = html(report_joined(timings={"old": 1.31, "new": 0.02}, memory={"old": 96.0, "new": None}))
    said = "Time and memory: traditional 1.3 s, 96 MB; composable 20 ms."
    assert f'<span class="adm-volatile">{said}</span>' in shown
    assert "1.3 s" not in report_joined(timings={"old": 1.31, "new": 0.02}).text()
    assert shown.replace(said, "") == html(report_joined(timings={"old": 2, "new": 1}, memory={})).replace(
        "Time and memory: traditional 2.0 s; composable 1.0 s.", ""
    )


def test_a_report_page_is_one_file_that_follows_the_readers_colours() -> None:
    written = migration_report_page_of(report())
    reader = read(written)
    assert reader.tags.count("img") == 1
    assert reader.tags.count("source") == 1
    assert "prefers-color-scheme:dark" in written
    assert "http" not in written
    assert "<title>≠ Different: commission was 0.1% and is now 0</title>" in written


def test_an_identical_report_folds_all_that_is_equal() -> None:
    shown = html(report_joined(same=True))
    text = " ".join("".join(read(shown).texts).split())
    assert text.startswith("= Identical: same trades, same equity, same metrics")
    assert "17 metrics unchanged total return −6.2%" in text
    assert "10 trades unchanged" in text
    assert "To mend it" not in text
    assert "df-verdict" in shown


def test_trades_that_came_or_went_say_their_side_and_profit() -> None:
    old, new = single(n_trades=12), single(n_trades=9)
    joined = joined_results(compare_results(old, new), old, new)
    text = "".join(read(html(joined)).texts)
    assert "+ added" in text or "− removed" in text
    assert "long" in text


def test_metrics_that_hardly_differ_have_the_digits_that_show_it() -> None:
    old = single()
    close = walk(2600)
    shifted = account(close, 10)
    shifted.equity[-1] *= 1 + 3e-7
    new = single(close=close, account_=shifted)
    rows = joined_results(compare_results(old, new), old, new).below[0].rows
    assert rows
    for row in rows:
        _, before, after, step = row.cells
        assert str(before) != str(after)
        assert str(step).strip("+−0., %p") or str(step) == "–"


def test_a_sweep_lists_the_combinations_that_differ() -> None:
    values = {"fast": (5, 10), "slow": (50, 100)}
    old, new = sweep(values), sweep(values, shift=0.1)
    text = "".join(read(html(joined_results(compare_results(old, new)))).texts)
    assert "Combinations" in text


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (days(2600), days(2600)),
        (days(300), days(310)),
        (days(300), days(300) + pd.Timedelta(days=40)),
        (minutes(900), minutes(900)),
        (pd.RangeIndex(50), pd.RangeIndex(60)),
        (days(40), pd.RangeIndex(40)),
        (days(1), days(1)),
    ],
    ids=["days", "longer", "elsewhere", "minutes", "numbers", "unlike", "one bar"],
)
def test_two_equities_can_be_drawn_whatever_their_bars(old: pd.Index, new: pd.Index, theme: str, same: bool) -> None:
    a, b = (pd.Series(walk(len(index), seed), index) for seed, index in ((1, old), (2, new)))
    chart = overlay_chart(a, a if same else b, theme_of(theme), same=same, parts_at=None if same else (0, a.index[0]))
    assert len(png(chart)) <= PNG_MOST
    assert alt_of(a, a if same else b, same=same).startswith("Equity old ")


def test_the_gap_is_named_at_the_end_of_its_line() -> None:
    a = pd.Series(walk(300), days(300))
    chart = overlay_chart(a, a + 17.5, theme_of("light"), same=False, parts_at=(7, a.index[7]))
    said = [text.get_text() for ax in chart.axes for text in ax.texts]
    assert "+17.50" in said
    assert f"they part at bar 7, {a.index[7]:%Y-%m-%d}" in said
    assert "Gap, new minus old" in said


@pytest.mark.parametrize("at", [0, 3, 150, 296, 299])
@pytest.mark.parametrize("growth", [0.2, 1.0, 40.0])  # the last on a log scale
def test_no_curve_crosses_the_words_that_say_where_they_part(at: int, growth: float) -> None:
    a = pd.Series(np.linspace(1e5, 1e5 * (1 + growth), 300), days(300))
    b = a.where(np.arange(300) < at, a * 1.1)
    chart = overlay_chart(a, b, theme_of("light"), same=False, parts_at=(at, a.index[at]))
    chart.draw_without_rendering()
    top = chart.axes[0]
    boxes = {text.get_text(): text.get_window_extent() for text in top.texts}
    (said,) = (box for text, box in boxes.items() if text.startswith("they part at bar"))
    (heading,) = (box for text, box in boxes.items() if text.startswith("Equity"))
    assert said.y0 >= top.bbox.y1 - 1
    assert said.x0 > heading.x1
    assert said.x1 <= top.bbox.x1 + 8  # letters are set in whole pixels


def test_a_difference_at_the_end_of_a_cell_has_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.publish_display_data", lambda data, metadata: shown.append(data))
    single().compare(single(n_trades=7))._ipython_display_()
    assert [sorted(data) for data in shown] == [["text/html", "text/plain"], ["image/png"], ["text/html"]]
    assert shown[0]["text/plain"].startswith("≠ Different")


def test_patterns_tell_what_was_added_and_moved() -> None:
    a = get("simple_backtest")
    moved = replace(a, name="turned", nodes=(*a.nodes[1:], a.nodes[0]))
    text = joined_patterns(compare_patterns(a, moved)).text()
    assert "1 container moved" in text
    assert "↕ data" in text
    assert joined_patterns(compare_patterns(a, a)).text().startswith("= The same containers")


def test_a_migration_alone_has_no_verdict_and_names_what_to_do() -> None:
    rows = (Change(">", "backtest_config.initial_capital", 1, 1, "portfolio.initial_capital"),)
    migration = Migration(WorkflowConfig(), rows, (Unmapped("risk.limits[0]", 3, "Leave it out."),))
    text = joined_migration(migration).text()
    assert not text.startswith(("=", "≠"))
    assert "? risk.limits[0] (Leave it out.): 3" in text
    assert "From portfolio.initial_capital" in text


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "null"), (True, "true"), (0.1, "0.1"), (float("nan"), ".nan"), ("", '""'), ({"a": [1, "x"]}, "{a: [1, x]}"),
     (pd.DataFrame({"a": [1, 2]}), "DataFrame of 2 rows"), (ABSENT, ""), (np.float64(0.5), "0.5")],
)  # fmt: skip
def test_values_are_said_as_a_config_spells_them(value: object, said: str) -> None:
    assert value_said(value) == said


def test_counts_are_told_once_with_their_noun() -> None:
    assert counted_out("key", [("added", 1), ("removed", 0), ("changed", 3)]) == "1 key added, 3 changed"


def test_the_style_sheet_of_a_difference_holds_that_of_cards() -> None:
    assert diff_css().startswith(css())
    assert len(diff_css()) <= 12_000


# ---- cases ----------------------------------------------------------------------------------------------------------


def report(
    old: WorkflowResult | None = None,
    new: WorkflowResult | None = None,
    *,
    same: bool = False,
    changes: Any = None,
    unmapped: Any = None,
    **figures: Any,
) -> MigrationReport:
    old = old or single(mode="traditional")
    new = new or (single() if same else single(close=walk(2600, seed=3)))
    rows = changes or (
        Change("~", "backtest_config.commission", 0.001, 0, "portfolio.commission.value"),
        *config_changes({"a": {"b": 1, "c": 2, "d": 3, "e": 4}}, {"a": {"b": 1, "c": 2, "d": 3, "e": 4}}),
    )
    left = unmapped or (() if same else (Unmapped("risk.limits[0]", {"type": "exposure"}, "Leave it out."),))
    return MigrationReport(
        verdict="identical" if same else "different because commission was 0.1% and is now 0",
        identical=same,
        result=compare_results(old, new),
        old=old,
        new=new,
        config_changes=tuple(rows),
        unmapped=tuple(left),
        to_mend="" if same else "set `backtest_config.commission: 0.001`.",
        **figures,
    )


def report_joined(*args: Any, **kwargs: Any) -> Joined:
    return joined_report(report(*args, **kwargs))


@pytest.mark.parametrize(("by", "said"), [(0.0, "0 on every bar"), (3e-10, "at most 3e-10")])
def test_a_gap_within_the_tolerance_is_not_called_zero(by: float, said: str) -> None:
    a = pd.Series(np.linspace(1.0, 2.0, 300), days(300))
    b = a + np.where(np.arange(300) == 100, by, 0.0)
    chart = overlay_chart(a, b, theme_of("light"), same=True)
    assert said in [text.get_text() for ax in chart.axes for text in ax.texts]
    assert alt_of(a, b, same=True).endswith(said)
