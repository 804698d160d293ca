"""`%%adm` and `%adm`: parse, call, show. Loading them imports nothing heavy; the rest warms up in the background."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from IPython.core.magic import no_var_expand

from adm_notebook.magics.complete import matcher
from adm_notebook.magics.defaults import Adm, session_defaults
from adm_notebook.magics.help import CELL_HELP, LINE_HELP

__all__ = ["Adm", "load_ipython_extension", "unload_ipython_extension"]

_loaded: weakref.WeakKeyDictionary[Any, Callable[[], None]] = weakref.WeakKeyDictionary()
"""Shell -> what takes everything back that loading did."""


def load_ipython_extension(shell: Any) -> None:
    """Register `%%adm`, `%adm`, their completion and `%config Adm`; warm the engine up on a thread of its own."""
    defaults = session_defaults(shell)  # first: if it fails, what was loaded before stays
    unload_ipython_extension(shell)
    threading.Thread(target=_warm_up, name="adm-warm-up", daemon=True).start()

    def cell_magic(line: str, cell: str) -> None:
        with _going_first():
            from adm_notebook.magics.cell import run_cell

            run_cell(shell, defaults, line, cell)

    def line_magic(line: str) -> None:
        with _going_first():
            from adm_notebook.magics.commands import run_command

            run_command(shell, defaults, line)

    cell_magic.__doc__, line_magic.__doc__ = CELL_HELP, LINE_HELP
    registered: dict[str, Callable[..., None]] = {"cell": cell_magic, "line": line_magic}
    for kind, function in registered.items():
        no_var_expand(function)  # braces are YAML's and {{name}} is ours: IPython must not fill them in
        shell.register_magic_function(function, magic_kind=kind, magic_name="adm")
    complete = matcher(shell.user_ns)
    shell.Completer.custom_matchers.append(complete)
    shell.configurables.append(defaults)
    shell.input_transformers_cleanup.append(_with_body)

    def unload() -> None:
        for kind, function in registered.items():
            if shell.magics_manager.magics[kind].get("adm") is function:
                del shell.magics_manager.magics[kind]["adm"]
        shell.Completer.custom_matchers.remove(complete)
        shell.configurables.remove(defaults)
        shell.input_transformers_cleanup.remove(_with_body)

    _loaded[shell] = unload


def unload_ipython_extension(shell: Any) -> None:
    """Take back what `load_ipython_extension` did; nothing, where it did nothing."""
    unload = _loaded.pop(shell, None)
    if unload is not None:
        unload()


def _with_body(lines: list[str]) -> list[str]:
    """A `%%adm` line alone gets an empty body: IPython would refuse it before we could say what belongs there."""
    if len(lines) == 1 and lines[0].startswith("%%adm") and not lines[0][5:6].strip():
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines


_with_body.has_side_effects = True  # type: ignore[attr-defined]  # IPython's word for: not while a cell is being typed


_FIRST_NEEDED = (
    "pandas",
    "numba",
    "pyarrow.parquet",
    "adm_notebook.market",
    "adm_notebook.coordinator",
    "adm_notebook.magics.cell",
    "matplotlib.figure",
    "adm_notebook.display.equity_chart",
    "adm_notebook.display.publish",
    "adm_notebook.magics.commands",
    "adm_notebook.widgets.live",
)
"""What a first cell imports, in its order: a cell that comes early finds done what it needs first."""

_PATIENCE = 2.0
"""Seconds that each step of the warm-up waits for a running cell: on few processors they would slow each other down."""

_idle = threading.Event()
_idle.set()


@contextmanager
def _going_first() -> Iterator[None]:
    """While this lasts, the warm-up waits."""
    _idle.clear()
    try:
        yield
    finally:
        _idle.set()


def _warm_up() -> None:
    """Import what a first cell needs, then compile or load the engine."""
    with _collecting_less():
        for module in _FIRST_NEEDED:
            _idle.wait(_PATIENCE)
            import_module(module)
        from adm_notebook.engine import warmup

        _idle.wait(_PATIENCE)
        warmup.wait()


_WHILE_LOADING = (50_000, 10, 10)

_collecting = threading.Lock()


@contextmanager
def _collecting_less() -> Iterator[None]:
    """While this lasts, cyclic garbage is looked for less often.

    Modules are hundreds of thousands of objects that stay: to walk through them again and again takes a quarter of a
    second of the two that a first cell takes.
    """
    with _collecting:
        before = gc.get_threshold()
        if before[0]:  # 0: the user has switched it off
            gc.set_threshold(*_WHILE_LOADING)
        try:
            yield
        finally:
            if gc.get_threshold() == _WHILE_LOADING:
                gc.set_threshold(*before)
