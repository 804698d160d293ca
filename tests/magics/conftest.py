"""A real InteractiveShell with the extension loaded."""

from __future__ import annotations

import types
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from magic_cases import Cell, Ran
from traitlets.config import Config

from adm_notebook.engine import warmup


@pytest.fixture(scope="session")
def bare_shell() -> Iterator[InteractiveShell]:
    config = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=config, user_module=types.ModuleType("a_notebook"))
    yield shell
    warmup.wait()  # a thread that compiles while the interpreter ends could crash it
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare_shell: InteractiveShell) -> Iterator[InteractiveShell]:
    """With the extension loaded and no variables."""
    for name in bare_shell.user_ns.keys() - bare_shell.user_ns_hidden.keys():
        del bare_shell.user_ns[name]
    bare_shell.config.pop("Adm", None)  # %config writes there, too, so that %reload_ext keeps what was set
    bare_shell.run_line_magic("load_ext", "adm_notebook")
    yield bare_shell
    bare_shell.run_line_magic("unload_ext", "adm_notebook")


@pytest.fixture
def cell(shell: InteractiveShell) -> Cell:
    """Run a cell as a notebook would."""

    def run(text: str) -> Ran:
        with capture_output() as said:
            done = shell.run_cell(text, store_history=False)
        return Ran(done.success, done.error_before_exec or done.error_in_exec, said.stdout, said.outputs)

    return run
