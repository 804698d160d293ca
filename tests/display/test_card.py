"""The card in HTML: what it says in every state, and that no name can break it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from display_cases import (
    DEFAULTS,
    HOSTILE,
    account,
    benchmark_of,
    days,
    detail_of,
    golden_sweep,
    minutes,
    result_of,
    row_of,
    single,
    sweep,
    walk,
)

from adm_notebook.display import html_of
from adm_notebook.display.card import HTML_MOST, card_of
from adm_notebook.display.subject import Subject
from adm_notebook.display.tables import errors_grid, figures, ranked_grid, trade_figures, trades_grid
from adm_notebook.display.words import plain
from adm_notebook.results import WorkflowResult

BLOCKS = {"p", "li", "h3", "h4", "th", "td", "tr", "table", "div", "summary", "pre"}
VOID = {"meta", "img", "col", "br", "source", "link", "wbr"}


class Reader(HTMLParser):
    """Reads HTML as a browser would: elements in balance, text in order, attributes seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in BLOCKS:
            self.texts.append(" ")
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open[-1:]:
            self.texts.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"never closed: {reader.open}"
    return reader


def text(result: WorkflowResult) -> str:
    return " ".join("".join(read(html_of(result)).texts).split())


def failed() -> WorkflowResult:
    facts = {
        "strategy": "breakout",
        "symbols": (),
        "source": "prices.csv",
        "conditions": "",
        "defaults": (),
        "hint": "Correct the row, or drop such rows with `data_config.on_bad_data: drop`.",
    }
    error = "prices.csv, row 1,204 (2014-03-07): high 1,871.3 is below close 1,878.0."
    return result_of(pd.DataFrame(), None, None, success=False, errors=[error], warnings=[], facts=facts)


def all_failed() -> WorkflowResult:
    stats = pd.DataFrame(
        [
            {**row_of({}), "fast": i, "status": "failed", "error": "ZeroDivisionError: division by zero"}
            for i in range(3)
        ]
    )
    facts = {"swept": ("fast",), "n_planned": 3}
    return result_of(stats, None, None, success=False, errors=["Every combination failed."], facts=facts)


STOPPED = "Interrupted: 263 of 6,698 combinations finished and are kept; 6,435 never ran."


def partial() -> WorkflowResult:
    facts = {"left_out": {}, "n_planned": 6698}
    return golden_sweep(
        success=False, errors=[STOPPED], metadata={"partial": True, "ended": "interrupted"}, facts=facts
    )


def combined(**changes: object) -> WorkflowResult:
    close, index = walk(2600), days(2600)
    detail = detail_of(
        account(close, 12),
        index,
        symbols=("SP500", "NASDAQ"),
        strategies=("momentum", "rsi"),
        sleeve=tuple(i % 2 for i in range(12)),
    )
    stats = pd.DataFrame([row_of(detail.metrics, symbol="SP500+NASDAQ", strategy="momentum+rsi")])
    return result_of(stats, detail, benchmark_of(close, index), facts={"symbols": ("SP500", "NASDAQ")})


STATES: dict[str, Callable[[], WorkflowResult]] = {
    "single": single,
    "both sides": lambda: single(n_trades=60, sides="both", open_last=True),
    "no trades": lambda: single(n_trades=0),
    "sweep": golden_sweep,
    "one parameter": lambda: sweep({"fast": [5, 10, 20]}),
    "strategies": lambda: sweep({}, strategies=["rsi", "momentum"]),
    "many parameters": lambda: sweep(
        {"fast": [5, 10], "slow": [20, 50], "ma_type": ["sma", "ema"], "stop_loss": [0.1, 0.2]}
    ),
    "bad rows": lambda: golden_sweep(bad={3: ("failed", "boom"), 4: ("failed", "boom"), 9: ("invalid", "fast < slow")}),
    "partial": partial,
    "failed": failed,
    "all failed": all_failed,
    "combined": combined,
    "intraday": lambda: single(index=minutes(780)),
    "bar numbers": lambda: single(index=pd.RangeIndex(300)),
    "no benchmark": lambda: result_of(single().stats, single().detail(0), None),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_sound_html_that_reads_well_without_its_styles(state: str) -> None:
    html = html_of(STATES[state]())
    reader = read(html)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert reader.tags.count("style") == 1
    assert reader.tags[0] == "style"
    assert "h3" in reader.tags
    assert not [k for k, _ in reader.attributes if k == "style" or k.startswith("on")]
    words = " ".join("".join(reader.texts).split())
    assert not re.search(r"\b(nan|NaN|inf|None(?! of the))\b", words)
    headings = re.findall(r"<thead>.*?</thead>", html, re.DOTALL)
    assert all('<th scope="col"' in h for h in headings)


@pytest.mark.parametrize("state", STATES)
def test_the_same_result_gives_the_same_html_without_ids_durations_or_paths(state: str) -> None:
    html = html_of(STATES[state]())
    assert html == html_of(STATES[state]())
    for volatile in ("w" * 64, "r" * 32, "1.234", "1.2 s", "/home"):
        assert volatile not in html


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_never_markup(name: str) -> None:
    facts = {
        "strategy": name,
        "symbols": (name,),
        "zone": name,
        "timeframe": name,
        "conditions": name,
        "left_out": {name: 3},
    }
    a = single(name=name, symbol=name, facts=facts, warnings=[name, f"`{name}` is odd"], metadata={"mode_reason": name})
    b = sweep(
        {name: ["x", name, "z"], "fast": [1, 2]},
        strategies=[name],
        symbols=[name, "B"],
        bad={1: ("failed", name)},
        facts=facts,
    )
    c = result_of(
        pd.DataFrame(), None, None, success=False, errors=[name, name], facts={**facts, "resolved": name, "hint": name}
    )
    for result in (a, b, c):
        reader = read(html_of(result))
        assert set(reader.tags) <= {
            "style",
            "div",
            "h3",
            "h4",
            "p",
            "span",
            "b",
            "bdi",
            "code",
            "ul",
            "li",
            "table",
            "colgroup",
            "col",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "details",
            "summary",
            "pre",
        }
        assert "alert(1)" not in " ".join(k for k, _ in reader.attributes)


def test_a_single_backtest_is_told_next_to_buy_and_hold() -> None:
    said = text(single())
    assert said.startswith("ma_crossover 50/200 on SP500 2,600 daily bars, 1999-01-04 to 2008-12-19. Long only")
    assert "Buy and hold −20.5% −2.2% −0.06 −45.4% 15.8% 100%" in said
    assert 'Continue with result.trades, result.plot(), result.stats, result.save("folder")' in said


def test_the_notebooks_variable_is_named() -> None:
    card = card_of(Subject(single(), "golden_cross"))
    assert "<code>golden_cross.trades</code>, <code>golden_cross.plot()</code>" in card.tail


def test_a_sweep_names_its_winner_and_the_row_of_each_combination() -> None:
    result = golden_sweep()
    best = int(result.best.name)
    said = text(result)
    assert said.startswith("ma_crossover on SP500: best of 263 is fast 45, slow 180 By Sharpe ratio.")
    assert "fast < slow left out 25 pairs." in said
    assert "Best, 45/180" in said
    assert "Median of 263" in said
    assert "Ten best of 263" in said
    grid = ranked_grid(Subject(result))
    assert [row.kind for row in grid.rows] == ["is-on"] + [""] * 9
    assert str(grid.rows[0].cells[0]) == str(best)
    assert grid.columns[0].label == "row"


def test_long_lists_of_choices_are_headed_by_their_row() -> None:
    result = STATES["many parameters"]()
    table = figures(Subject(result))
    assert table is not None
    assert plain(table.rows[0].heading or ()) == f"Best, row {result.best.name}"


def test_several_strategies_are_counted_and_the_best_is_named() -> None:
    names = ["rsi", "momentum", "breakout", "ma_crossover"]
    assert "4 strategies on SP500: best is " in text(sweep({}, strategies=names))
    assert "4 strategies on SP500 and NASDAQ: best of 8 is " in text(
        sweep({}, strategies=names, symbols=["SP500", "NASDAQ"])
    )


def test_a_portfolio_names_what_it_holds_and_whose_each_trade_was() -> None:
    said = text(combined())
    assert said.startswith("Portfolio of momentum and rsi on SP500 and NASDAQ")
    grid, _ = trades_grid(Subject(combined()))
    assert [c.label for c in grid.columns[:3]] == ["#", "Symbol", "Strategy"]
    assert plain(grid.rows[1].cells[2]) == "rsi"


def test_an_objective_outside_the_headline_takes_the_place_of_the_volatility() -> None:
    table = figures(Subject(golden_sweep(objective="sortino")))
    assert table is not None
    assert [c.label for c in table.columns] == [
        "Total return",
        "Annual return",
        "Sharpe ratio",
        "Worst drawdown",
        "Sortino ratio",
        "Time invested",
    ]


def test_a_minimised_objective_says_so_and_ranks_upwards() -> None:
    result = golden_sweep(objective="volatility", maximise=False)
    assert "By volatility, the lower the better." in text(result)
    grid = ranked_grid(Subject(result))
    assert next(c for c in grid.columns if c.sort).sort == "ascending"
    shown = [float(str(r.cells[3]).rstrip("%")) for r in grid.rows]
    assert shown == sorted(shown)


def test_a_stopped_run_keeps_what_it_has_and_says_how_to_go_on() -> None:
    said = text(partial())
    assert said.startswith("ma_crossover on SP500: 263 of 6,698 combinations Stopped, partial")
    assert "Interrupted. 263 of 6,698 combinations finished and are kept; 6,435 never ran. Run them with %adm" in said
    assert "Figures cover the finished pairs only." in said
    assert "Best, 45/180" in said


def test_a_stopped_single_run_has_nothing_to_show() -> None:
    for errors in ([], ["Interrupted: 0 of 1 combinations finished and are kept; 1 never ran."]):
        result = result_of(
            pd.DataFrame(), None, None, success=False, errors=errors, metadata={"partial": True, "ended": "interrupted"}
        )
        said = text(result)
        assert "Stopped, partial" in said
        assert "Interrupted. 0 of 1 combination" in said
        assert "1 never ran. Run it with %adm rerun result." in said


def test_an_error_before_the_first_row_is_a_failure_and_one_amid_a_sweep_leaves_a_partial_result() -> None:
    error = "MemoryError: no room"
    at_once = result_of(pd.DataFrame(), None, None, success=False, errors=[error], metadata={"partial": True})
    assert "Failed" in text(at_once)
    assert "Nothing was run. MemoryError: no room" in text(at_once)
    facts = {"left_out": {}, "n_planned": 300}
    amid = text(golden_sweep(success=False, errors=[error], metadata={"partial": True}, facts=facts))
    assert "Stopped, partial" in amid
    assert (
        "The run ended early. MemoryError: no room. 263 of 300 combinations finished and are kept; 37 never ran."
        in amid
    )


def test_a_failed_run_says_what_was_wrong_and_what_helps() -> None:
    said = text(failed())
    assert said.startswith("breakout on prices.csv Failed Nothing was run. prices.csv, row 1,204")
    assert "drop such rows with data_config.on_bad_data: drop." in said
    assert "Continue with" not in said


def test_rows_that_failed_are_counted_in_the_open_and_their_errors_folded() -> None:
    said = text(STATES["bad rows"]())
    assert said.count("2 of 263 rows failed, 1 invalid") == 2
    grid, rest = errors_grid(Subject(STATES["bad rows"]()))
    assert [plain(row.cells[0]) for row in grid.rows] == ["3, 4", "9"]
    assert rest == ""


def test_many_errors_are_grouped_and_counted() -> None:
    bad = {i: ("failed", f"error {i % 20}") for i in range(100)}
    grid, rest = errors_grid(Subject(golden_sweep(bad=bad)))
    assert len(grid.rows) == 12
    assert plain(grid.rows[0].cells[0]) == "0, 20, 40 and 2 more"
    assert rest == "8 more errors in "


def test_every_row_failed() -> None:
    said = text(all_failed())
    assert "No row succeeded. Every combination failed." in said
    assert "3 of 3 rows failed" in said
    assert "0, 1, 2 failed ZeroDivisionError: division by zero" in said


def test_a_run_without_trades_says_so_and_why() -> None:
    assert "No trades. The strategy never opened a position" in text(single(n_trades=0))
    why = "rsi(14) never fell below 5; its lowest value was 13.6."
    assert f"No trades. {why}" in text(single(n_trades=0, facts={"no_trades": why}))


def test_a_position_that_is_still_open_is_a_trade() -> None:
    said = text(single(n_trades=1, open_last=True))
    assert "No trades" not in said
    assert "0 closed; 1 still open" in said


def test_defaults_are_folded_and_real_warnings_stand_open_in_one_banner() -> None:
    quiet = html_of(single())
    assert "adm-banner" not in quiet.partition("</style>")[2]
    assert "<b>Notes</b> <span>2 defaults filled in</span>" in quiet
    one = text(single(warnings=[*DEFAULTS, "312 bars were dropped."]))
    assert "Warning. 312 bars were dropped." in one
    many = html_of(single(n_trades=0, warnings=[*DEFAULTS, *(f"Warning {i}." for i in range(30))])).partition(
        "</style>"
    )[2]
    assert many.count('class="adm-banner"') == 1
    assert "22 more warnings in <code>result.warnings</code>" in many


def test_trades_of_both_sides_have_a_row_each() -> None:
    result = single(n_trades=60, sides="both")
    table = trade_figures(Subject(result))
    assert table is not None
    assert [plain(r.heading or ()) for r in table.rows] == ["Long trades", "Short trades", "All trades"]
    assert [str(r.cells[0]) for r in table.rows] == ["30", "30", "60"]
    long = result.trades[result.trades["direction"] == "long"]
    gains, losses = long["pnl"][long["pnl"] > 0].sum(), -long["pnl"][long["pnl"] < 0].sum()
    assert str(table.rows[0].cells[3]) == f"{gains / losses:.2f}"


def test_at_most_a_hundred_trades_are_listed_and_it_says_so() -> None:
    grid, said = trades_grid(Subject(single(n_trades=600)))
    assert said == "First 50 and last 50 of 600; all of them in "
    assert [str(row.cells[0]) for row in grid.rows[49:51]] == ["50", "551"]
    assert trades_grid(Subject(single(n_trades=100)))[1] == ""


def test_times_have_a_clock_only_where_bars_are_intraday() -> None:
    daily, _ = trades_grid(Subject(single()))
    assert daily.rows[0].cells[1] == ["1999-01-05"]
    result = single(index=minutes(780))
    intraday, _ = trades_grid(Subject(result))
    assert intraday.rows[0].cells[1] == ["2024-03-04 09:31"]
    assert "to 2024-03-05 15:59, America/New_York." in text(result)
    numbered, _ = trades_grid(Subject(single(index=pd.RangeIndex(300))))
    assert numbered.rows[0].cells[1] == ["1"]


def test_the_configuration_says_why_its_mode_was_chosen() -> None:
    said = text(single())
    assert (
        "Configuration composable mode, simple_backtest, defaults filled in "
        "Auto chose composable: simple_backtest runs there." in said
    )
    assert "parameters: {fast: 50, slow: 200, ma_type: sma, direction: long}" in said


@pytest.mark.parametrize("state", [*STATES, "worst"])
def test_html_keeps_to_its_budget(state: str) -> None:
    if state == "worst":
        name = "<&\"'>" * 80
        close, index = walk(9000), days(9000)
        detail = detail_of(
            account(close, 2900),
            index,
            symbols=(name, "B"),
            strategies=(name, "C"),
            sleeve=tuple(i % 2 for i in range(2900)),
        )
        stats = pd.DataFrame([row_of(detail.metrics, symbol=name, strategy=name)])
        facts = {
            "symbols": (name, "B"),
            "resolved": f"{name}\n" * 2000,
            "defaults": (name,) * 5,
            "left_out": {name + str(i): 1 for i in range(50)},
        }
        result = result_of(stats, detail, benchmark_of(close, index), facts=facts, warnings=[name] * 50)
    else:
        result = STATES[state]()
    card = card_of(Subject(result))
    assert len((card.head + card.tail).encode()) <= HTML_MOST


def test_what_does_not_fit_is_shortened_in_the_open() -> None:
    result = single(facts={"resolved": "key: value\n" * 5000})
    assert "# shortened; print(result.facts.resolved) shows all of it" in html_of(result)


def test_undefined_figures_are_a_dash_that_says_why() -> None:
    html = html_of(single(n_trades=0))
    assert '<span class="adm-muted" title="equity does not move, or there are too few bars">–</span>' in html


def test_a_hundred_thousand_rows_make_a_small_card() -> None:
    result = sweep({"fast": range(1, 301), "slow": range(301, 635)}, n_bars=100)
    assert len(result.stats) > 100_000
    assert len(html_of(result)) < 25_000
    assert np.isfinite(result.metrics["sharpe"])
