"""Patterns, containers, phases and traces on screen: trees that read well with and without their styles."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from display_cases import HOSTILE, single
from hypothesis import given
from hypothesis import strategies as st
from test_card import Reader

import adm_notebook as adm
from adm_notebook.coordinator.tracing import trace
from adm_notebook.display import PatternView, TraceView, html_of, outline, text_of
from adm_notebook.display.card import HTML_MOST
from adm_notebook.display.grid import branches
from adm_notebook.display.ran import containers_grid, phases_grid
from adm_notebook.display.subject import Subject
from adm_notebook.display.tables import ranked_grid
from adm_notebook.display.words import plain
from adm_notebook.patterns import Node, Pattern, get
from adm_notebook.patterns.drawing import drawn

FULL = """
data_config: {max_bars: 400, symbols: [SP500]}
optimization_config:
  strategies: [{type: ma_crossover, parameters: {fast: [5, 10], slow: 50}}]
  classifiers: [trend, volatility]
  risk_profiles: [conservative, {type: custom, name: stops, parameters: {stop_loss: [0.05, {atr: 2}]}}]
"""
HYBRID = """
data_config: {max_bars: 400, symbols: [SP500]}
backtest_config: {strategy: {type: ma_crossover, parameters: {fast: [5, 10, 20], slow: 50}}}
parameters:
  phases:
    - {name: screen, mode: composable}
    - {name: confirm, mode: traditional, pattern: full_backtest, take: {from: screen, top: 2},
       config: {optimization_config: {risk_profiles: [moderate]}}}
"""


def run(text: str, mode: str = "composable") -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(adm.WorkflowConfig.from_yaml(text), mode)


@pytest.fixture(scope="module")
def full() -> adm.WorkflowResult:
    return run(FULL)


@pytest.fixture(scope="module")
def hybrid() -> adm.WorkflowResult:
    return run(HYBRID, "hybrid")


def read(html: str) -> str:
    """The words of some HTML, which must be in balance."""
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    return " ".join("".join(reader.texts).split())


# ---- trees ----------------------------------------------------------------------------------------------------------


@st.composite
def trees(draw: st.DrawFn) -> Pattern:
    """Patterns of any shape; whether they could run is of no concern here."""
    roles = st.sampled_from(["risk", "classifier", "portfolio", "analysis"])
    nodes = draw(
        st.recursive(
            st.builds(Node, roles),
            lambda inner: st.builds(
                lambda role, children: Node(role, children=_apart(children)), roles, st.lists(inner, max_size=4)
            ),
            max_leaves=12,
        )
    )
    return Pattern("any", nodes=(nodes,))


def _apart(nodes: list[Node]) -> tuple[Node, ...]:
    return tuple(Node(n.role, f"{n.role} {i}", children=n.children) for i, n in enumerate(nodes))


@given(trees())
def test_a_tree_in_a_table_has_the_lines_of_the_one_in_text(pattern: Pattern) -> None:
    nodes = list(pattern.by_path.values())
    found = branches(pattern.paths(), [n.name for n in nodes], ["" for _ in nodes])
    for branch, line in zip(found, drawn(pattern).splitlines()[1:], strict=True):
        assert line.startswith(f"{branch.lines}{branch.name}"[:79])
        assert branch.depth == len(branch.lines) // 4 - 1


@given(trees())
def test_any_pattern_is_drawn_even_one_that_could_not_run(pattern: Pattern) -> None:
    view = PatternView(pattern)
    words, text = read(view._repr_html_()), repr(view)
    assert words.count("missing") == text.count("missing")
    assert max(map(len, text.splitlines())) <= 80


def test_a_pattern_names_what_each_container_takes_gives_and_is_filled_from() -> None:
    words = read(get("full_backtest")._repr_html_())
    assert "risk bars, features, regimes settings Sets size, stops and limits. From" in words
    assert "optimization_config.risk_profiles" in words
    assert "9 containers on 4 levels." in words


def test_a_pattern_says_what_it_changes_in_the_one_that_it_extends() -> None:
    base = get("full_backtest")
    mine = base.named("mine").remove("classifier/risk/portfolio/signal_log")
    mine = mine.add(Node("analysis", "report"), "classifier/risk")
    words = read(PatternView(mine)._repr_html_())
    assert "Extends full_backtest, without classifier/risk/portfolio/signal_log." in words
    assert re.search(r"report analysis \+ added", words)
    assert "+ added" in repr(PatternView(mine))
    assert "parameters: {pattern: ...}" in words  # it is not registered, so that no name stands for it


@pytest.mark.parametrize("description", HOSTILE)
def test_descriptions_are_text_and_never_markup(description: str) -> None:
    html = PatternView(Pattern("any", description, (Node("data"),)))._repr_html_()
    read(html)
    assert "<img" not in html
    assert "<script" not in html


def test_an_outline_nests_as_the_tree_does() -> None:
    assert outline(get("full_backtest")) == (
        "data, indicators, classifier (risk (portfolio (strategies, ensemble, signal_log), execution))"
    )


def test_a_large_pattern_is_shortened_in_the_open() -> None:
    large = Pattern("large", nodes=tuple(Node("analysis", f"report {i}") for i in range(300)))
    html = PatternView(large)._repr_html_()
    assert "The first 100 containers; 200 more in the YAML." in read(html)
    assert len(html.encode()) < HTML_MOST + 10_000  # the style sheet is not counted


# ---- what ran -------------------------------------------------------------------------------------------------------


def test_the_containers_that_ran_stand_in_the_configuration_folded(full: adm.WorkflowResult) -> None:
    ran, words = full.containers, read(html_of(full))
    assert f"9 containers ran: computed {ran['computed'].sum()} of {ran['requested'].sum()} requested." in words
    grid, said = containers_grid(Subject(full))
    assert grid is not None
    assert said == ""
    assert [r.branch.name for r in grid.rows if r.branch] == list(ran["name"])
    counts = [int(str(r.cells[1]).replace(",", "")) for r in grid.rows]
    assert counts == ran["computed"].tolist()
    fold = html_of(full).partition("<b>Configuration</b>")[2]
    assert "Computed" in fold.partition("</details>")[0]


def test_containers_on_a_card_tell_no_times_and_no_bytes(full: adm.WorkflowResult) -> None:
    again = run(FULL)
    assert full.containers["wall_time"].tolist() != again.containers["wall_time"].tolist()
    assert html_of(full) == html_of(again)


def test_a_state_is_said_where_not_all_have_finished(full: adm.WorkflowResult) -> None:
    def columns(result: adm.WorkflowResult) -> list[str]:
        grid, _ = containers_grid(Subject(result))
        assert grid is not None
        return [c.label for c in grid.columns]

    ran = full.containers
    broken = ran.assign(state=["failed", *ran["state"][1:]], failed=[2, *ran["failed"][1:]])
    assert "State" not in columns(full)
    shown = single()
    shown._containers = broken
    assert columns(shown)[-2:] == ["Failed", "State"]


def test_many_containers_keep_to_the_budget_and_say_so() -> None:
    result = single()
    name = "Gleitender-Durchschnitt-Überkreuzungsstrategie"
    rows = [{"path": f"{name} {i}", "role": "analysis", "name": f"{name} {i}", "state": "finished"} for i in range(500)]
    columns = dict.fromkeys(("requested", "computed", "cache_hits", "rows_in", "rows_out", "bytes_held", "failed"), 1)
    result._containers = pd.DataFrame([{**row, **columns} for row in rows]).set_index("path")
    html = html_of(result)
    assert "440 more containers in" in read(html)
    assert len(html.encode()) < HTML_MOST + 10_000


def test_classifier_and_risk_profile_are_named_where_they_matter(full: adm.WorkflowResult) -> None:
    assert "best of 12 is classifier" in read(html_of(full))
    assert "The best: long only" in read(html_of(full))  # the profiles set different sizes and stops
    one = run(
        "data_config: {max_bars: 400}\noptimization_config: {classifiers: [trend], risk_profiles: [conservative]}\n"
        "backtest_config: {strategy: momentum}"
    )
    assert plain(Subject(one).conditions).endswith("Classifier trend and risk profile conservative.")
    bare = run("data_config: {max_bars: 400}\nbacktest_config: {strategy: momentum}")
    assert "lassifier" not in plain(Subject(bare).conditions)
    assert "isk profile" not in plain(Subject(bare).conditions)


def test_a_swept_distance_reads_as_one(full: adm.WorkflowResult) -> None:
    assert set(full.stats["risk.stop_loss"]) == {0.05, "2 ATR(14)"}
    shown = {plain(cell) for row in ranked_grid(Subject(full)).rows for cell in row.cells if isinstance(cell, list)}
    assert {"0.05", "2 ATR(14)"} <= shown
    assert "stop_loss 0.05, 2 ATR(14)" in repr(adm.EnhancedCoordinator().plan(full.config))


# ---- phases ---------------------------------------------------------------------------------------------------------


def test_a_hybrid_card_has_its_phases(hybrid: adm.WorkflowResult) -> None:
    words = read(html_of(hybrid))
    assert "Phase confirm (2 of 2)." in words
    best = hybrid.phases["screen"].best
    assert best is not None
    assert f"screen composable simple_backtest – 3 {best.name} Sharpe ratio {best['sharpe']:.3f}" in words.replace(
        "\u2212", "-"
    )
    assert "confirm traditional full_backtest 2 best of screen 2" in words
    assert "Phases: screen (3 rows), confirm (2 rows, shown here)." in " ".join(text_of(hybrid).split())
    assert "take: {from: screen, top: 2}" in words  # the configuration is the whole workflow's


def test_a_hybrid_card_is_the_same_after_saving(hybrid: adm.WorkflowResult, tmp_path: object) -> None:
    loaded = adm.WorkflowResult.load(hybrid.save(f"{tmp_path}/kept"))
    assert html_of(loaded) == html_of(hybrid)
    assert text_of(loaded) == text_of(hybrid)


def test_a_phase_that_never_ran_is_listed(hybrid: adm.WorkflowResult) -> None:
    stopped = hybrid.phases["screen"].as_hybrid(
        config=hybrid.config,
        phases={"screen": hybrid.phases["screen"]},
        mode_reason="Hybrid, as asked for: screen composable, confirm traditional.",
        workflow_id="x",
        duration=1.0,
        missing=["confirm"],
    )
    grid = phases_grid(Subject(stopped))
    assert grid is not None
    assert plain(grid.rows[1].cells[-1]) == "never ran"
    assert "confirm (never ran)" in " ".join(text_of(stopped).split())
    assert "Phase screen (1 of 2)." in read(html_of(stopped))


def test_other_workflows_have_no_phases(full: adm.WorkflowResult) -> None:
    assert phases_grid(Subject(full)) is None
    assert "Phases" not in text_of(full)


@pytest.mark.parametrize("which", ["full", "hybrid"])
def test_text_keeps_to_its_size(which: str, request: pytest.FixtureRequest) -> None:
    lines = text_of(request.getfixturevalue(which)).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 80


# ---- traces ---------------------------------------------------------------------------------------------------------


def test_a_trace_has_every_line_and_names_each_container_once(full: adm.WorkflowResult) -> None:
    traced = trace(full, None, 300)
    html = TraceView(traced)._repr_html_()
    words = read(html)
    assert all(" ".join(value.split()) in words for _, _, value in traced.rows)
    assert html.count('scope="row"') == len({path for path, _, _ in traced.rows})
    spans = [int(n) for n in re.findall(r'rowspan="(\d+)"', html)]
    alone = html.count('scope="row"') - len(spans)
    assert sum(spans) + alone == len(traced.lines)
    assert repr(TraceView(traced)) == traced.text()


# ---- signals --------------------------------------------------------------------------------------------------------


def test_captured_signals_are_counted_by_combination(tmp_path: object) -> None:
    result = run(
        "data_config: {max_bars: 400, symbols: [SP500]}\n"
        "backtest_config: {strategy: {type: ma_crossover, parameters: {fast: [5, 10], slow: 50}}}\n"
        f"analysis_config: {{mode: signal_generation, output_path: '{tmp_path}/kept'}}"
    )
    assert result.success, result.errors
    total = int(result.stats["n_signals"].sum())
    words, text = read(html_of(result)), text_of(result)
    for said in (words, text):
        assert f"{total:,} signals of 2 combinations" in " ".join(said.split()).replace("SP500 :", "SP500:")
        assert "best of" not in said
        assert "commission" not in text
    assert [line.split()[-1] for line in text.splitlines()[-2:]] == [str(int(n)) for n in result.stats["n_signals"]]
