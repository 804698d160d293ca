"""Results as outputs of a cell, and as a page of their own."""

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from display_cases import DEFAULTS, HOSTILE, golden_sweep, single, sweep
from test_card import STATES, failed, read

import adm_notebook.display as display
from adm_notebook.display import banner, bundle_of, diff_html_of, display_result, report_html, table
from adm_notebook.display.grid import Column
from adm_notebook.display.style import css, dark_page_css, minify
from adm_notebook.display.words import Code, enumerated, marked, plain


def test_a_card_is_html_png_html_with_text_in_the_first_only() -> None:
    outputs = bundle_of(single(), "golden")
    assert [sorted(data) for data, _ in outputs] == [["text/html", "text/plain"], ["image/png"], ["text/html"]]
    _, metadata = outputs[1]
    assert metadata["image/png"]["width"] == 800
    assert metadata["image/png"]["alt"].startswith("Equity of ma_crossover (−6.2%) and of buy and hold (−20.5%)")
    assert [data.get("text/html", "").count("<style>") for data, _ in outputs] == [1, 0, 0]
    assert "golden.trades" in outputs[2][0]["text/html"]


@pytest.mark.parametrize("state", ["both sides", "many parameters", "combined", "intraday", "failed"])
def test_a_saved_cell_keeps_to_its_budget(state: str) -> None:
    outputs = bundle_of(STATES[state]())
    assert len(outputs) in (1, 3)
    assert len(json.dumps(outputs)) < 200_000


def test_without_a_picture_there_is_one_output() -> None:
    assert len(bundle_of(failed())) == 1
    assert len(bundle_of(sweep({}, strategies=["rsi", "momentum"]))) == 1


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was sent to the front end."""
    sent: list[dict[str, Any]] = []

    def record(data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False) -> None:
        sent.append({"data": data, "metadata": metadata, "transient": transient, "update": update})

    monkeypatch.setattr("IPython.display.publish_display_data", record)
    return sent


def test_displaying_a_result_publishes_its_three_outputs(published: list[dict[str, Any]]) -> None:
    single()._ipython_display_()
    assert [next(iter(p["data"])) for p in published] == ["text/html", "image/png", "text/html"]
    assert not any(p["update"] or p["transient"] for p in published)


def test_reserved_displays_are_filled_and_those_left_over_emptied(published: list[dict[str, Any]]) -> None:
    ids = ["a", "b", "c"]
    display_result(single(), "x", "dark", ids, update=True)
    display_result(failed(), "x", None, ids, update=True)
    assert [p["transient"] for p in published] == [{"display_id": i} for i in ids] * 2
    assert all(p["update"] for p in published)
    assert [p["data"] for p in published[4:]] == [{"text/html": ""}] * 2


def test_a_report_is_one_file_with_both_themes() -> None:
    page = report_html(single(), "golden")
    reader = read(page)
    sources = [v for k, v in reader.attributes if k in ("src", "srcset")]
    assert len(sources) == 2
    for source in sources:
        assert source is not None
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
    assert sources[0] != sources[1]
    assert "prefers-color-scheme:dark" in page
    assert "http" not in page
    assert "<title>ma_crossover 50/200 on SP500</title>" in page


@pytest.mark.parametrize("name", HOSTILE[:3])
def test_a_report_survives_any_name(name: str) -> None:
    reader = read(report_html(single(100, 2, name=name, symbol=name, facts={"strategy": name})))
    assert "script" not in reader.tags
    assert reader.tags.count("img") == 1
    assert not [k for k, _ in reader.attributes if k.startswith("on")]


def test_a_report_of_a_failure_has_no_picture() -> None:
    assert "<img" not in report_html(failed())


def test_importing_display_is_light() -> None:
    heavy = "{'pandas', 'matplotlib', 'jinja2', 'PIL', 'numba'}"
    code = f"import sys, adm_notebook.display; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert dir(display) == sorted(display.__all__)
    for name in display.__all__:
        assert getattr(display, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'explorer'"):
        display.explorer  # noqa: B018


# ---- style sheet ----------------------------------------------------------------------------------------------------


def test_the_style_sheet_of_static_outputs_keeps_to_its_budget() -> None:
    assert len(css().encode()) <= 10_000
    assert len(css(None).encode()) <= 22_000


def test_static_outputs_carry_no_rules_of_widgets() -> None:
    assert ".adm-figs" in css()
    assert ".adm-btn" not in css()
    assert ".adm-btn" in css(None)


def test_every_rule_stays_under_adm() -> None:
    import re

    selectors = re.findall(r"(?:^|[{}])([^{}@]+)\{", css())
    assert len(selectors) > 50
    for selector in selectors:
        parts = re.sub(r":is\([^)]*\)", "", selector).split(",")
        assert all(".adm" in part for part in parts), selector


def test_minifying_keeps_meaning() -> None:
    source = '/* a */\n.a > b { width: calc(1em + var(--x)); content: "▸ x"; }\n.a:first-child { color: red }'
    assert minify(source) == '.a>b{width:calc(1em + var(--x));content:"▸ x"}.a:first-child{color:red}'
    assert css(None).count("{") == css(None).count("}")


def test_a_page_of_its_own_takes_the_dark_tokens() -> None:
    assert "--adm-gain:#62d8c2" in dark_page_css()


# ---- small outputs --------------------------------------------------------------------------------------------------


def test_a_table_shows_names_as_text_and_numbers_to_the_right() -> None:
    shown = table(
        [["<b>", 1234, 0.5, None, True]],
        ["name", "rows", "share", "gone", Column("yes", left=True)],
        title="All of `%adm`",
    )
    html = shown._repr_html_()
    read(html)
    assert "<bdi>&lt;b&gt;</bdi>" in html
    assert "<td>1,234</td><td>0.5</td>" in html
    assert "All of <code>%adm</code>" in html
    assert repr(shown).splitlines() == [
        "All of %adm",
        "name   rows  share  gone  yes",
        "<b>   1,234    0.5     -  true",
    ]


def test_the_text_of_a_table_wraps_words_and_leaves_nothing_out() -> None:
    words = " ".join(f"word{i}" for i in range(30))
    lines = repr(table([["rsi", 14, words], ["macd", 26, "short"]], ["name", "n", "what"])).splitlines()
    assert max(map(len, lines)) <= 120
    assert " ".join(line[10:] for line in lines[1:-1]).split() == words.split()
    assert [line[:10].split() for line in lines[1:-1]] == [["rsi", "14"], *[[]] * (len(lines) - 3)]
    assert lines[-1] == "macd  26  short"


def test_a_table_takes_mappings_and_says_what_is_missing() -> None:
    shown = table([{"a": 1}, {"b": Code("x")}], ["a", "b"])
    assert "<code>x</code>" in shown._repr_html_()
    empty = table([], ["a"], title="Runs", empty="No runs in this notebook yet. Start with `%%adm`.")
    assert "Start with <code>%%adm</code>." in empty._repr_html_()
    assert repr(empty) == "Runs\nNo runs in this notebook yet. Start with %%adm."


def test_a_banner_says_what_is_not_as_asked() -> None:
    shown = banner("Stopped.", "Use `run.result()`.", kind="error", more=["<i>one</i>"])
    html = shown._repr_html_()
    read(html)
    assert 'class="adm-banner is-error"' in html
    assert "&lt;i&gt;one&lt;/i&gt;" in html
    assert repr(shown) == "Stopped. Use run.result().\n- <i>one</i>"


def test_backticks_set_code_only_in_pairs() -> None:
    assert marked("use `a` or `b`") == ["use ", "a", " or ", "b"]
    assert marked("it's a ` only") == ["it's a ` only"]
    assert plain(enumerated(["a"])) == "a"
    assert plain(enumerated(["a", "b"])) == "a and b"


# ---- differences ----------------------------------------------------------------------------------------------------


def test_equal_results_are_folded_and_different_ones_open() -> None:
    a = single()
    same = diff_html_of(a.compare(single()))
    read(same)
    assert "Identical" in same
    assert "<b>17 metrics unchanged</b>" in same
    assert "10 trades unchanged" in same
    other = diff_html_of(a.compare(single(n_trades=7)))
    read(other)
    assert "≠" in other
    assert '<h4 class="adm-h">Trades: ' in other
    assert '<span class="adm-sr">added</span>' in other


@pytest.mark.parametrize("name", HOSTILE)
def test_differences_survive_any_name(name: str) -> None:
    a, b = (
        sweep({name: [1, 2]}, strategies=[name]),
        sweep({name: [1, 3]}, strategies=[name], warnings=[*DEFAULTS, name]),
    )
    reader = read(diff_html_of(a.compare(b)))
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert golden_sweep().compare(golden_sweep()).identical
