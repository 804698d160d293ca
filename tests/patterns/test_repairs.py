"""One edit that mends a problem: offered only where it does, and breaks nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from pattern_cases import OwnContainer, own, patterns

from adm_notebook.patterns import CONTAINERS, Node, Pattern, Repair, get, repair_of, validate
from adm_notebook.patterns.fitting import fit_of, place_for, what_moves_break
from adm_notebook.patterns.validation import Finding, findings


def mends(pattern: Pattern, what: str, kind: str = "") -> Repair | None:
    """The repair of the first finding of that sort."""
    return repair_of(pattern, next(each for each in findings(pattern) if each.what == what and kind in ("", each.kind)))


def by_what(finding: Finding) -> tuple[str, str, str]:
    """What a finding is about; the places that its message names may be others after an edit."""
    return finding.path, finding.what, finding.kind


@given(pattern=patterns())
def test_in_any_tree_a_repair_mends_its_problem_and_brings_no_other(pattern: Pattern) -> None:
    before = findings(pattern)
    for finding in before:
        repair = repair_of(pattern, finding)
        if repair is not None:
            after = findings(repair.pattern)
            assert {by_what(each) for each in after} <= {by_what(each) for each in before}
            assert finding not in after


def test_a_container_that_nobody_knows_gives_way_to_the_one_that_was_meant_or_to_the_built_in() -> None:
    CONTAINERS.register("kelly", own("kelly", "risk", fraction=0.5))
    full = get("full_backtest")
    meant = mends(full.replace("classifier/risk", Node("risk", "risk", "kely")), "container")
    assert meant is not None
    assert (meant.words, meant.pattern.find("classifier/risk").container) == ("Use kelly", "kelly")
    unknown = mends(full.replace("classifier/risk", Node("risk", "risk", "zzz")), "container")
    assert unknown is not None
    assert (unknown.words, unknown.pattern) == ("Use the built-in risk", full)


def test_a_parameter_that_does_not_fit_goes_back_to_its_default() -> None:
    CONTAINERS.register("kelly", own("kelly", "risk", fraction=0.5))
    pattern = get("full_backtest").replace("classifier/risk", Node("risk", "risk", "kelly", {"fraction": "much"}))
    repair = mends(pattern, "container")
    assert repair is not None
    assert repair.words == "Take the default of fraction"
    assert validate(repair.pattern) == []


def test_what_gives_moves_before_what_needs_it_where_both_stand_beside_each_other() -> None:
    simple = get("simple_backtest").move("data", after="portfolio")
    repair = mends(simple, "missing", "bars")
    assert repair is not None
    assert (repair.words, repair.pattern) == ("Move data before indicators", get("simple_backtest"))


def test_a_pattern_of_nothing_but_data_becomes_a_backtest() -> None:
    repair = mends(Pattern("new", "", (Node("data"),)), "whole")
    assert repair is not None
    assert validate(repair.pattern) == []


def test_a_finding_of_another_pattern_is_not_mended() -> None:
    broken = get("simple_backtest").remove("data")
    assert repair_of(get("simple_backtest"), findings(broken)[0]) is None


def test_one_place_is_tried_for_one_container() -> None:
    simple = get("simple_backtest")
    assert fit_of(simple, "", "analysis").reason is None
    assert fit_of(simple, "", "analysis", "execution").reason == "needs an execution before it"
    assert fit_of(simple, "portfolio", "analysis", last=False).reason == "needs an execution before it"
    CONTAINERS.register("votes", OwnContainer("votes", "ensemble", ("targets",), ("targets",)))
    assert place_for(simple, "portfolio", Node("ensemble", container="votes")).before is None


@pytest.mark.parametrize(
    ("path", "inside", "before", "said"),
    [
        ("portfolio/ensemble", "portfolio", "strategies", "needs strategies before it"),
        ("indicators", "", "data", "needs data before it"),
        ("execution", "", None, None),
    ],
)
def test_what_a_move_would_break_is_told_in_few_words(
    path: str, inside: str, before: str | None, said: str | None
) -> None:
    simple = get("simple_backtest")
    changed = simple.move(path, inside, before=before)
    at = "/".join(part for part in (inside, path.rpartition("/")[2]) if part)
    assert what_moves_break(simple, changed, at) == said
