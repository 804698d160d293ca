"""Loading and unloading: what is there afterwards, and what is not."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from unittest.mock import Mock

import pytest
from IPython.core.interactiveshell import InteractiveShell

from adm_notebook.magics import _WHILE_LOADING, _collecting_less
from adm_notebook.magics.defaults import Adm
from adm_notebook.magics.watch import INTERVAL, live_view
from adm_notebook.planning.modes import MODES


def traces(shell: InteractiveShell) -> list[object]:
    """Everything of ours that a shell holds."""
    magics = [kind for kind in ("line", "cell") if "adm" in shell.magics_manager.magics[kind]]
    configurables = [c for c in shell.configurables if type(c).__name__ == "Adm"]
    transforms = [t for t in shell.input_transformers_cleanup if t.__module__.startswith("adm_notebook")]
    return [*magics, *configurables, *transforms, *shell.Completer.custom_matchers]


def test_unloading_takes_everything_back(bare_shell: InteractiveShell) -> None:
    before = traces(bare_shell)
    bare_shell.run_line_magic("load_ext", "adm_notebook")
    assert len(traces(bare_shell)) == len(before) + 5
    bare_shell.run_line_magic("unload_ext", "adm_notebook")
    assert traces(bare_shell) == before


def test_loading_again_and_reloading_leave_one_of_each(bare_shell: InteractiveShell) -> None:
    for magic in ("load_ext", "reload_ext", "reload_ext", "load_ext"):
        bare_shell.run_line_magic(magic, "adm_notebook")
    assert len(traces(bare_shell)) == 5
    bare_shell.run_line_magic("unload_ext", "adm_notebook")
    assert traces(bare_shell) == []


def test_loading_imports_nothing_heavy_itself() -> None:
    code = """
import sys, threading
from IPython.core.interactiveshell import InteractiveShell
threading.Thread.start = lambda self: None  # without the warm-up
import adm_notebook
shell = InteractiveShell()
adm_notebook.load_ipython_extension(shell)
shell.Completer.completions("%adm", 4)
heavy = {"numpy", "pandas", "numba", "pydantic", "matplotlib", "yaml", "jinja2", "pyarrow"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reloading_keeps_what_config_set(shell: InteractiveShell) -> None:
    shell.run_line_magic("config", "Adm.mode = 'traditional'")
    shell.run_line_magic("reload_ext", "adm_notebook")
    assert shell.run_line_magic("config", "Adm.mode") == "traditional"


def test_a_default_that_cannot_be_is_dropped_at_loading(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("config", "Adm.max_workers = 2")
    shell.run_line_magic("config", "Adm.mode = 'fast'")
    shell.config.Adm.mode = "fast"  # as a profile's configuration file has it
    capsys.readouterr()
    shell.run_line_magic("reload_ext", "adm_notebook")
    assert "Adm.mode = 'fast' is dropped; its default holds." in capsys.readouterr().err
    assert shell.run_line_magic("config", "Adm.mode") == "auto"
    assert shell.run_line_magic("config", "Adm.max_workers") == 2
    assert len(traces(shell)) == 5
    shell.run_line_magic("reload_ext", "adm_notebook")
    assert capsys.readouterr().err == ""


def test_after_the_warm_up_garbage_is_collected_as_before(shell: InteractiveShell) -> None:
    for thread in threading.enumerate():
        if thread.name == "adm-warm-up":
            thread.join(60)
    before = gc.get_threshold()
    with _collecting_less():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
    assert before[0] < _WHILE_LOADING[0]


def test_a_session_without_collection_stays_so() -> None:
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        with _collecting_less():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)


def test_config_shows_and_sets_the_defaults(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("config", "Adm")
    assert "Adm.chart_theme" in capsys.readouterr().out
    shell.run_line_magic("config", "Adm.chart_theme = 'dark'")
    assert shell.run_line_magic("config", "Adm.chart_theme") == "dark"


def test_modes_of_the_config_are_modes() -> None:
    assert set(Adm.mode.values) == set(MODES)


@pytest.mark.parametrize(
    ("variable", "quiet", "kernel", "terminal", "expected"),
    [
        ("1", False, True, False, "NotebookView"),
        ("1", False, False, True, "_Terminal"),
        ("1", False, False, False, "_Nothing"),
        ("1", True, True, True, "_Nothing"),
        ("0", False, True, True, "_Nothing"),
    ],
)
def test_the_live_line_fits_the_frontend(
    monkeypatch: pytest.MonkeyPatch, variable: str, quiet: bool, kernel: bool, terminal: bool, expected: str
) -> None:
    monkeypatch.setenv("ADM_NOTEBOOK_LIVE", variable)
    monkeypatch.setattr(sys, "stderr", Mock(isatty=lambda: terminal))
    shell = Mock(spec=["kernel"] if kernel else [])
    assert type(live_view(shell, quiet)).__name__ == expected
    assert INTERVAL >= 0.25
