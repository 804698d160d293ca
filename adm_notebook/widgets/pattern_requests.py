"""What the pattern editor's view asks for, by messages: a mapping with `do`, and what that needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adm_notebook.config.yaml_text import dump
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.patterns.fitting import fit_of, what_moves_break
from adm_notebook.patterns.flow import container_of
from adm_notebook.widgets.pattern_edits import PatternEdits, joined
from adm_notebook.widgets.pattern_state import details_of, from_text, palette_of

if TYPE_CHECKING:
    from adm_notebook.widgets.editor import PatternEditor

__all__ = ["do"]


def do(editor: PatternEditor, asked: Mapping[str, Any]) -> None:
    """Do what is asked for; nothing where nobody knows what that is.

    Raises
    ------
    ConfigError
        for an edit that can't be.
    """
    action = _ACTIONS.get(_text(asked, "do"))
    if action is not None:
        action(editor, asked)


def _set_text(editor: PatternEditor, asked: Mapping[str, Any]) -> None:
    """A field as it was typed."""
    path, name, text = _text(asked, "path"), _text(asked, "parameter"), _text(asked, "text")
    _set_field(editor, editor, path, name, text)


def _set_field(editor: PatternEditor, edits: PatternEditor | PatternEdits, path: str, name: str, text: str) -> None:
    if name == "=container":
        edits.fill(path, text)
    elif path == "":
        edits.set(path, name, text)
    else:
        kind = container_of(editor.pattern.find(path))
        edits.set(path, name, from_text(kind.parameters.get(name) if kind is not None else None, text))


def _why_not(editor: PatternEditor, parent: str, what: str, index: int | None) -> str | None:
    """Why a container can't be added there; None where it can."""
    if index is None:
        return fit_of(editor.pattern, parent, what).reason
    others = editor.pattern.find(parent).children if parent else editor.pattern.nodes
    before = others[max(index, 0)].name if index < len(others) else None
    return fit_of(editor.pattern, parent, what, before, last=False).reason


def _add_what_fits(editor: PatternEditor, asked: Mapping[str, Any]) -> None:
    """From the palette only what fits is added."""
    path, what, index = _text(asked, "path"), _text(asked, "what"), _whole(asked, "index")
    if reason := _why_not(editor, path, what, index):
        raise ConfigError(Problem("", f"{what}: {reason}"), editor.pattern.title)
    editor.add(path, what, index)


def _look(editor: PatternEditor, asked: Mapping[str, Any]) -> None:
    """What can be added inside a container, and what mends a problem: asked for when the view has come to rest."""
    path, problem = _text(asked, "path"), _whole(asked, "problem") or 0
    if path == "" or path in editor.pattern.by_path:
        editor.selected = path  # a selection that crossed an edit on its way
        editor.palette = palette_of(editor.edits, path)
    repair = editor.repair_for(problem)
    said = editor.edits.state.findings[problem].message if repair is not None else ""
    editor.repair = {"problem": problem, "words": repair.words, "for": said} if repair is not None else {}


def _check(editor: PatternEditor, asked: Mapping[str, Any]) -> None:
    """What would be wrong with a field as it is typed, before it is an edit."""
    path, name, text = _text(asked, "path"), _text(asked, "parameter"), _text(asked, "text")
    trial = PatternEdits(editor.pattern)
    try:
        if name == "=name":
            trial.rename(path, text)
            reason = ""
        else:
            _set_field(editor, trial, path, name, text)
            fields = details_of(trial, path)["fields"]
            reason = next((field["problem"] for field in fields if field["name"] == name), "")
    except ConfigError as error:
        reason = error.problems[0].message
    editor.answer = {"key": _text(asked, "key"), "reason": reason, "stop": bool(reason)}


def _try(editor: PatternEditor, asked: Mapping[str, Any]) -> None:
    """Whether something can be dropped at a place: asked for while it is dragged."""
    parent, index, what = _text(asked, "parent"), _whole(asked, "index"), _text(asked, "what")
    answer = {"key": _text(asked, "key"), "reason": "", "stop": False}
    try:
        if asked.get("new"):
            reason = _why_not(editor, parent, what, index)
            answer |= {"reason": reason or "", "stop": reason is not None}
        else:
            changed = editor.edits.moved(what, parent, index)
            at = joined(parent, what.rpartition("/")[2])
            answer["reason"] = what_moves_break(editor.pattern, changed, at) or ""
    except ConfigError as error:
        answer |= {"reason": error.problems[0].message, "stop": True}
    editor.answer = answer


def _export(editor: PatternEditor, asked: Mapping[str, Any]) -> None:
    """The text of the pattern, or of a config with it, for the view to show until it is closed."""
    what = asked.get("what")
    if what == "yaml":
        editor.sheet = {"what": what, "text": editor.to_yaml()}
    elif what == "config":
        editor.sheet = {"what": what, "text": dump({"parameters": editor.parameters_for_a_config()})}
    else:
        editor.sheet = {}


def _text(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key)
    return value if isinstance(value, str) else ""


def _whole(asked: Mapping[str, Any], key: str) -> int | None:
    value = asked.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


Action = Callable[["PatternEditor", Mapping[str, Any]], object]

_ACTIONS: dict[str, Action] = {
    "add": _add_what_fits,
    "remove": lambda editor, asked: editor.remove(_text(asked, "path"), asked.get("keep") is True),
    "rename": lambda editor, asked: editor.rename(_text(asked, "path"), _text(asked, "name")),
    "move": lambda editor, asked: editor.move(_text(asked, "path"), _text(asked, "parent"), _whole(asked, "index")),
    "set": _set_text,
    "undo": lambda editor, _: editor.undo(),
    "redo": lambda editor, _: editor.redo(),
    "copy": lambda editor, asked: editor.copy(_text(asked, "path")),
    "cut": lambda editor, asked: editor.cut(_text(asked, "path")),
    "paste": lambda editor, asked: editor.paste(_text(asked, "path")),
    "mend": lambda editor, asked: editor.mend(_whole(asked, "problem") or 0),
    "save": lambda editor, asked: editor.save(_text(asked, "name")),
    "look": _look,
    "try": _try,
    "check": _check,
    "export": _export,
}
"""What the view may ask for."""
