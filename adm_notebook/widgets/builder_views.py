"""What the views of a config builder ask for, and how it is answered: each message is one call of the builder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import AdmError, ConfigError, Problem, did_you_mean, named

if TYPE_CHECKING:
    from adm_notebook.widgets.builder import ConfigBuilder

__all__ = ["answer"]


def answer(builder: ConfigBuilder, message: Mapping[str, Any]) -> None:
    """Do what a view asks for; what can't be done is said to that view, in a sentence."""
    view = str(message.get("view", ""))
    try:
        _do(builder, message, view)
    except AdmError as error:
        builder.send({"to": view, "kind": "said", "text": _sentence(error)})
    except (KeyError, TypeError, ValueError) as error:
        builder.send({"to": view, "kind": "said", "text": f"That could not be read: {named(error)}"})
    if "number" in message:
        builder._answered(view, message["number"])


def _sentence(error: AdmError) -> str:
    problems = error.problems if isinstance(error, ConfigError) else ()
    return "; ".join(problem.message for problem in problems) or str(error).splitlines()[0]


def _do(builder: ConfigBuilder, message: Mapping[str, Any], view: str) -> None:
    def hand_over(kind: str, make: Callable[[], str]) -> None:
        """Text that the view puts into a cell of the notebook, or on the clipboard."""
        builder.send({"to": view, "kind": kind, "id": builder.model_id, "text": make()})

    def run() -> None:
        try:
            builder.run()
        except AdmError as error:
            builder._tell_run({"state": "refused", "name": builder.name, "message": _sentence(error)})

    doing: dict[str, Callable[[], Any]] = {
        "hello": builder._is_shown,
        "enter": lambda: builder._enter(message["path"], message["mode"], message["typed"]),
        "mode": lambda: builder._change_mode(message["path"], message["mode"]),
        "yaml": lambda: setattr(builder, "yaml", str(message["text"])),
        "open": lambda: builder._open(message["path"]),
        "add": lambda: builder._add(message["list"], message["type"], {}),
        "remove": lambda: builder.remove(message["path"]),
        "name": lambda: builder._rename(str(message["text"]).strip()),
        "run": run,
        "stop": builder.stop,
        "cell": lambda: hand_over("cell", builder.as_cell),
        "pattern": builder.edit_pattern,
        "close pattern": builder.close_pattern,
        "explore": lambda: hand_over("cell", lambda: f"%adm explore {builder.run_state['name']}"),
        "python": lambda: hand_over("python", builder.as_python),
    }
    what = message["do"]
    if what not in doing:
        raise ConfigError(Problem("do", f"unknown action {what!r}.{did_you_mean(what, list(doing))}"))
    doing[what]()
