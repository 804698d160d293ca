"""`%adm diff`: two runs, two configs or two patterns; what else is said in the project's words."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from magic_cases import Cell

BODY = "data_config: {symbols: SP500, max_bars: 400}\nbacktest_config: {strategy: momentum, commission: %s}\n"


@pytest.fixture
def two_runs(cell: Cell) -> Cell:
    assert cell("%%adm a --mode composable --quiet\n" + BODY % "0.001").success
    assert cell("%%adm b --mode composable --quiet\n" + BODY % "0").success
    return cell


def test_two_runs_are_html_png_html_and_name_the_cause_first(two_runs: Cell) -> None:
    done = two_runs("%adm diff a b")
    assert done.success
    assert [sorted(output.data) for output in done.outputs] == [
        ["text/html", "text/plain"],
        ["image/png"],
        ["text/html"],
    ]
    lines = done.plain.splitlines()
    assert lines[0] == "≠ Different: commission was 0.1% and is now 0"
    assert lines[1] == "Old: a (composable), new: b (composable)."
    assert "  ~ backtest_config.commission: 0.001 > 0" in lines


def test_a_run_is_the_same_as_itself(two_runs: Cell) -> None:
    assert two_runs("%adm diff a a").plain.startswith("= Identical: same trades, same equity, same metrics")


def test_alone_it_shows_the_two_runs_that_came_last_and_keeps_the_view(two_runs: Cell, shell: InteractiveShell) -> None:
    done = two_runs("%adm diff")
    assert done.plain.splitlines()[:2] == [
        "≠ Different: commission was 0.1% and is now 0",
        "Old: a (composable), new: b (composable).",
    ]
    view = shell.user_ns["diff_view"]
    assert (view.a, view.b) == ("a", "b")
    view.swap()
    assert two_runs("%adm diff").plain.startswith("≠ Different: commission was 0 and is now 0.1%")
    assert shell.user_ns["diff_view"] is view
    shell.user_ns["diff_view"] = 3
    assert "`my_view = adm.DiffView()`" in str(two_runs("%adm diff").error)


def test_alone_it_waits_for_runs(cell: Cell) -> None:
    assert cell("%adm diff").plain.startswith("No runs in this notebook yet. Start with %%adm")


def test_a_background_run_is_compared_when_it_is_done(two_runs: Cell, shell: InteractiveShell) -> None:
    assert two_runs("%%adm c --mode composable --background --quiet\n" + BODY % "0").success
    shell.user_ns["c"].result()
    assert two_runs("%adm diff b c").plain.startswith("= Identical")
    assert two_runs("%adm diff b c.result()").plain.startswith("= Identical")


def test_a_saved_run_is_compared_from_its_folder(two_runs: Cell, tmp_path: Path) -> None:
    assert two_runs(f"%adm save a {tmp_path / 'kept'}").success
    assert two_runs(f"%adm diff a {tmp_path / 'kept'}").plain.startswith("= Identical")


def test_configs_come_from_variables_attributes_and_files(
    two_runs: Cell, shell: InteractiveShell, tmp_path: Path
) -> None:
    path = tmp_path / "old one.yaml"
    path.write_text(BODY % "0.002")
    shell.user_ns["mine"] = {"backtest_config": {"commission": 0.5}}
    assert "~ backtest_config.commission: 0.001 > 0" in two_runs("%adm diff a.config b.config").plain
    assert "~ backtest_config.commission: 0.002 > 0.001" in two_runs(f"%adm diff '{path}' a.config").plain
    assert "~ backtest_config.commission: 0.5 > 0.002" in two_runs(f"%adm diff mine '{path}'").plain
    assert two_runs("%adm diff mine mine").plain.startswith("= The same configuration")


def test_patterns_are_compared_by_name_and_as_objects(two_runs: Cell, shell: InteractiveShell) -> None:
    from adm_notebook.patterns import get

    shell.user_ns["mine"] = get("full_backtest")
    by_name = two_runs("%adm diff simple_backtest full_backtest").plain
    assert by_name.startswith("≠ Different: 3 containers added")
    assert two_runs("%adm diff simple_backtest mine").plain == by_name


def test_a_page_is_saved_with_both_themes(two_runs: Cell, tmp_path: Path) -> None:
    done = two_runs(f"%adm diff a b --save '{tmp_path / 'my report.html'}'")
    assert done.success
    assert "Saved" in done.text
    page = (tmp_path / "my report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("data:image/png;base64,") == 2
    assert two_runs(f"%adm diff a.config b.config --save={tmp_path / 'x.html'}").success
    assert (tmp_path / "x.html").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a", "is written `%adm diff A B [--save report.html]`, but got a"),
        ("--save x.html", "but got nothing. Alone, `%adm diff` shows any two of the notebook's runs"),
        ("a b c", "but got a b c"),
        ("a simple_backtest", "a is a run and simple_backtest a pattern; both must be of one kind"),
        ("a b.config", "compared by `%adm diff a.config b.config`"),
        ("a bb", "is no run, config or pattern"),
        ("a simple_backtst", "Did you mean `simple_backtest`?"),
        ("a number", "holds an int, which is no run, config or pattern"),
        ("a nowhere.yaml", "can't be read: No such file"),
        ("a b --save", "needs a file that ends in .html, and none is given"),
        ("a b --save mine.py", "needs a file that ends in .html, but was 'mine.py'"),
        ("a b --sav x.html", "unknown option. Did you mean `--save`?"),
        ("a b --save x.html --save y.html", "stands here twice"),
        ("a b --save no/such/folder/x.html", "can't be written to no/such/folder/x.html"),
        ("a 'b", "is not closed"),
        ("a a.confi", "confi"),
    ],
)
def test_slips_are_said_and_fail_the_cell(two_runs: Cell, shell: InteractiveShell, line: str, said: str) -> None:
    shell.user_ns["number"] = 5
    done = two_runs(f"%adm diff {line}")
    assert not done.success
    assert said in str(done.error)
    assert "Traceback" not in done.text


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2\n", "a: 1\na: 2\n"])
def test_a_yaml_file_that_can_not_be_read_is_named(two_runs: Cell, tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    done = two_runs(f"%adm diff a.config {path}")
    assert not done.success
    assert "bad.yaml" in str(done.error)


def test_tab_offers_what_can_be_compared(
    two_runs: Cell, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text("")

    def offered(text: str) -> list[str]:
        with provisionalcompleter():
            return [completion.text for completion in shell.Completer.completions(text, len(text))]

    first = offered("%adm diff ")
    assert first[:2] == ["a", "b"]
    assert {"simple_backtest", "old.yaml"} <= set(first)
    assert "Out" not in first
    assert offered("%adm diff a ") == ["b"]
    assert offered("%adm diff simple_backtest f") == ["full_backtest"]
    assert offered("%adm diff a b -") == ["--save"]
    assert offered("%adm di") == ["diff"]


def test_an_older_config_is_migrated_before_it_is_compared(two_runs: Cell, shell: InteractiveShell) -> None:
    shell.user_ns["older"] = {
        "data": {"symbols": ["SP500"], "source": "sample", "max_bars": 400},
        "portfolio": {"commission": {"type": "percentage", "value": 0.002}},
        "strategies": [{"type": "momentum"}],
        "risk": {"limits": [{"type": "concentration", "max": 0.3}]},
    }
    said = two_runs("%adm diff older a.config").plain
    assert "older has the older form: what it migrates to was compared." in said
    assert "~ backtest_config.commission: 0.002 > 0.001" in said
    assert "? risk.limits[0]" in said


def test_a_report_shows_itself_by_its_name_in_the_sessions_colours(two_runs: Cell) -> None:
    light = two_runs("import adm_notebook as adm\nmine = adm.verify_migration(a.config, b.config)\nmine")
    assert [sorted(output.data) for output in light.outputs] == [
        ["text/html", "text/plain"],
        ["image/png"],
        ["text/html"],
    ]
    assert light.plain.startswith("≠ Different: commission was 0.1% and is now 0")
    assert "mine.save(" in light.outputs[2].data["text/html"]
    two_runs("%config Adm.chart_theme = 'dark'")
    assert two_runs("mine").outputs[1].data["image/png"] != light.outputs[1].data["image/png"]


def test_compared_results_show_what_their_diff_shows_by_their_name(two_runs: Cell) -> None:
    bare = two_runs("a.compare(b)")
    assert [sorted(output.data) for output in bare.outputs] == [
        ["text/html", "text/plain"],
        ["image/png"],
        ["text/html"],
    ]
    assert bare.plain.startswith("≠ Different: commission was 0.1% and is now 0")
    assert bare.outputs[1].data == two_runs("%adm diff a b").outputs[1].data
    assert two_runs("both = a.compare(a)\nboth").plain.startswith("= Identical")


def test_a_report_that_no_variable_holds_is_named_as_the_cells_value(two_runs: Cell) -> None:
    two_runs("import adm_notebook as adm\nreport = 3")
    shown = two_runs("adm.verify_migration(a.config, b.config)")
    assert "_.save(" in shown.outputs[2].data["text/html"]
    assert "report.save(" not in shown.outputs[2].data["text/html"]
