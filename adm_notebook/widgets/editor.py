"""The pattern editor: a tree of containers that is edited by mouse, by keyboard, or from Python."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.yaml_text import dump
from adm_notebook.errors import AdmError, ConfigError, Problem, shown
from adm_notebook.patterns import PATTERNS, Pattern, PatternDiff, Repair, get, repair_of
from adm_notebook.patterns.fitting import fit_of, what_moves_break
from adm_notebook.patterns.flow import container_of
from adm_notebook.patterns.reading import is_file_name
from adm_notebook.widgets.base import AdmWidget, module
from adm_notebook.widgets.pattern_edits import PatternEdits, joined
from adm_notebook.widgets.pattern_state import details_of, from_text, overview, palette_of, place_in_words

__all__ = ["PatternEditor"]


class PatternEditor(AdmWidget):
    """Shows a pattern as a tree and edits it; every action of the view is one of the methods below.

    Parameters
    ----------
    pattern
        the name of a pattern, a Pattern, a mapping or YAML text as a pattern's form has it, or the path of a YAML file.

    Attributes
    ----------
    pattern, original
        as it is now, and as it was; both frozen.
    diff
        what is different: true if anything is.
    problems
        what keeps it from running; [] where nothing does.
    config
        a WorkflowConfig that names the pattern, or holds it where it is not saved.
    selected
        path of the selected container; "" is the pattern itself.
    folded
        paths of the containers that are closed in the view.

    Raises
    ------
    ConfigError
        from the methods, for a path, a name or a value that can't be; nothing is changed then.

    Example
    -------
    >>> import adm_notebook as adm
    >>> editor = adm.PatternEditor("simple_backtest")
    >>> editor.remove("portfolio/ensemble")
    'portfolio/strategies'
    >>> print(editor.diff)
    simple_backtest → my_simple_backtest: 1 removed
    - portfolio/ensemble  ensemble
    >>> editor.save("no_votes")
    'Saved as no_votes.'
    >>> editor.config.parameters
    {'container_pattern': 'no_votes'}
    """

    _esm = module("editor")
    state = traitlets.Dict().tag(sync=True)
    details = traitlets.Dict().tag(sync=True)
    palette = traitlets.Dict().tag(sync=True)
    repair = traitlets.Dict().tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)
    sheet = traitlets.Dict().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    folded: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, pattern: Pattern | Mapping[str, Any] | Sequence[Any] | str = "simple_backtest") -> None:
        self._edits = PatternEdits(_pattern_of(pattern))
        self._lock = threading.RLock()
        self._count = 0
        super().__init__(state=overview(self._edits), details=details_of(self._edits, ""))
        self.observe(self._on_selected, "selected")
        self.on_msg(self._on_message)

    # ---- looking ------------------------------------------------------------------------------------------------

    @property
    def pattern(self) -> Pattern:
        """The pattern as it is now."""
        return self._edits.pattern

    @property
    def original(self) -> Pattern:
        """The pattern as it was when the editor was opened."""
        return self._edits.original

    @property
    def diff(self) -> PatternDiff:
        """What is different in `pattern` from `original`."""
        return self._edits.state.diff

    @property
    def problems(self) -> list[Problem]:
        """What keeps the pattern from running, in the order of its tree."""
        return [Problem(finding.path, finding.message) for finding in self._edits.state.findings]

    @property
    def config(self) -> WorkflowConfig:
        """A config with this pattern: by its name where it is registered, else the pattern itself.

        Raises
        ------
        ConfigError
            where the pattern can't run.
        """
        return WorkflowConfig(parameters=self._parameters())

    def to_yaml(self) -> str:
        """The pattern as YAML text."""
        return self.pattern.to_yaml()

    def text(self) -> str:
        """The tree, drawn, and what is wrong with it."""
        lines = [self.pattern.text(), *(f"✕ {problem.path}: {problem.message}" for problem in self.problems)]
        return "\n".join(lines)

    # ---- editing ------------------------------------------------------------------------------------------------

    def add(self, path: str, what: str, index: int | None = None) -> str:
        """Add a role's container, or one that is registered, inside `path`; returns where it is.

        Without an index it goes to the last place where it can run, else to the end.
        """
        return self._edit(lambda: self._edits.add(path, what, index), lambda at: f"Added {self._at(at)}")

    def remove(self, path: str) -> str:
        """Remove a container and what is inside it; returns what is selected then."""
        return self._edit(lambda: self._edits.remove(path), lambda _: f"Removed {path}")

    def rename(self, path: str, name: str) -> str:
        """Give a container, or with `""` the pattern, another name; returns its new path."""
        return self._edit(lambda: self._edits.rename(path, name), lambda _: f"Renamed to {name}")

    def move(self, path: str, parent: str, index: int | None = None) -> str:
        """Move a container into `parent`, to an index among the others there, else last; returns its new path."""
        return self._edit(lambda: self._edits.move(path, parent, index), self._at)

    def set(self, path: str, parameter: str, value: Any) -> str:
        """Set a parameter of a container, `limits.max_memory_mb` and its like, or `description` of the pattern.

        None takes the default. A value that does not fit is taken, and told in `problems`.
        """
        return self._edit(lambda: self._edits.set(path, parameter, value), lambda _: f"Changed {parameter}")

    def fill(self, path: str, container: str) -> str:
        """Put another container of the same role at a place; returns its path."""
        return self._edit(lambda: self._edits.fill(path, container), lambda at: f"{at} is {container} now")

    def undo(self) -> str:
        """Take the last edit back."""
        words = self._edits.to_undo
        return self._edit(self._edits.undo, lambda _: f"Undone: {words}")

    def redo(self) -> str:
        """Do again what was undone."""
        words = self._edits.to_redo
        return self._edit(self._edits.redo, lambda _: f"Done again: {words}")

    def copy(self, path: str) -> str:
        """Keep a container, and what is inside it, for `paste`."""
        return self._edit(lambda: self._edits.copy(path), lambda _: f"Copied {path}")

    def cut(self, path: str) -> str:
        """Remove a container and keep it for `paste`."""
        return self._edit(lambda: self._edits.cut(path), lambda _: f"Cut {path}")

    def paste(self, path: str) -> str:
        """What was cut or copied, inside `path` if that holds some, else after it; returns where it is."""
        return self._edit(lambda: self._edits.paste(path), lambda at: f"Pasted {self._at(at)}")

    def repair_for(self, problem: int = 0) -> Repair | None:
        """The edit that mends a problem, by its number in `problems`; None where none is known, or no such problem."""
        found = self._edits.state.findings
        return repair_of(self.pattern, found[problem]) if 0 <= problem < len(found) else None

    def mend(self, problem: int = 0) -> str:
        """Mend a problem by its number in `problems`; returns what is selected then.

        Raises
        ------
        ConfigError
            where no repair is known.
        """
        with self._lock:
            repair = self.repair_for(problem)
            if repair is None:
                message = "no edit is known that mends this and breaks nothing else"
                raise ConfigError(Problem(f"problems[{problem}]", message), self.pattern.title)
            return self._edit(
                lambda: self._edits.mend(repair.words, repair.pattern, self.selected), lambda _: repair.words
            )

    def save(self, name: str) -> str:
        """Register the pattern under a name, for `--pattern NAME` and `container_pattern`; returns what was done.

        Raises
        ------
        ConfigError
            where the pattern can't run, or the name is one of the library.
        """
        with self._lock:
            said = self._edits.save(name)
            self._show(self.selected, said)
            return said

    # ---- the view -----------------------------------------------------------------------------------------------

    def _at(self, path: str) -> str:
        return place_in_words(self._edits, path)

    def _edit(self, edit: Callable[[], str], words: Callable[[str], str]) -> str:
        """Do an edit as a whole and show what came of it; the view may ask from another thread."""
        with self._lock:
            before = self.pattern
            path = edit()
            said = words(path)
            if self.pattern is not before and self._edits.state.findings:
                count = len(self._edits.state.findings)
                said += f". {count} problem{'' if count == 1 else 's'}"
            self._show(path, said)
            return path

    def _show(self, path: str, said: str) -> None:
        if path and path not in self.pattern.by_path:
            path = ""
        self._edits.select(path)
        with self.hold_sync():
            paths = self.pattern.by_path
            self.folded = [each for each in self.folded if each in paths and not path.startswith(f"{each}/")]
            self.state = overview(self._edits)
            self.selected = path
            self.details = details_of(self._edits, path)
            self._say(said)

    def _say(self, text: str, wrong: str = "") -> None:
        """What a screen reader reads; `wrong`: the field that was refused, or `*` for what is of no field."""
        self._count += 1
        self.said = {"n": self._count, "text": text, "wrong": wrong}

    def _on_selected(self, change: Any) -> None:
        with self._lock:
            path = change["new"] if change["new"] in self.pattern.by_path else ""
            self._edits.select(path)
            self.details = details_of(self._edits, path)

    def _on_message(self, _: Any, content: Any, __: Any) -> None:
        """What the view asks for: a mapping with `do` and what that needs."""
        if not isinstance(content, Mapping):
            return
        action = _ACTIONS.get(str(content.get("do")))
        if action is None:
            return
        with self._lock:
            try:
                action(self, content)
            except ConfigError as error:
                self._say(error.problems[0].message, str(content.get("field") or "*"))
            except AdmError as error:
                self._say(str(error), "*")

    def _parameters(self) -> dict[str, Any]:
        if problems := self.problems:
            raise ConfigError(problems, self.pattern.title)
        if PATTERNS.find(self.pattern.name) == self.pattern:
            return {"container_pattern": self.pattern.name}
        return {"pattern": self.pattern.to_dict()}

    def _set_text(self, asked: Mapping[str, Any]) -> None:
        """A field as it was typed."""
        path, name, text = _text(asked, "path"), _text(asked, "parameter"), _text(asked, "text")
        self._set_field(self, path, name, text)

    def _set_field(self, edits: PatternEditor | PatternEdits, path: str, name: str, text: str) -> None:
        if name == "=container":
            edits.fill(path, text)
        elif path == "":
            edits.set(path, name, text)
        else:
            kind = container_of(self.pattern.find(path))
            edits.set(path, name, from_text(kind.parameters.get(name) if kind is not None else None, text))

    def _why_not(self, parent: str, what: str, index: int | None) -> str | None:
        """Why a container can't be added there; None where it can."""
        if index is None:
            return fit_of(self.pattern, parent, what).reason
        others = self.pattern.find(parent).children if parent else self.pattern.nodes
        before = others[max(index, 0)].name if index < len(others) else None
        return fit_of(self.pattern, parent, what, before, last=False).reason

    def _add_what_fits(self, asked: Mapping[str, Any]) -> None:
        """From the palette only what fits is added."""
        path, what, index = _text(asked, "path"), _text(asked, "what"), _whole(asked, "index")
        if reason := self._why_not(path, what, index):
            raise ConfigError(Problem("", f"{what}: {reason}"), self.pattern.title)
        self.add(path, what, index)

    def _look(self, asked: Mapping[str, Any]) -> None:
        """What can be added inside a container, and what mends a problem: asked for when the view has come to rest."""
        path, problem = _text(asked, "path"), _whole(asked, "problem") or 0
        if path == "" or path in self.pattern.by_path:
            self.selected = path  # a selection that crossed an edit on its way
            self.palette = palette_of(self._edits, path)
        repair = self.repair_for(problem)
        said = self._edits.state.findings[problem].message if repair is not None else ""
        self.repair = {"problem": problem, "words": repair.words, "for": said} if repair is not None else {}

    def _check(self, asked: Mapping[str, Any]) -> None:
        """What would be wrong with a field as it is typed, before it is an edit."""
        path, name, text = _text(asked, "path"), _text(asked, "parameter"), _text(asked, "text")
        trial = PatternEdits(self.pattern)
        try:
            if name == "=name":
                trial.rename(path, text)
                reason = ""
            else:
                self._set_field(trial, path, name, text)
                fields = details_of(trial, path)["fields"]
                reason = next((field["problem"] for field in fields if field["name"] == name), "")
        except ConfigError as error:
            reason = error.problems[0].message
        self.answer = {"key": _text(asked, "key"), "reason": reason, "stop": bool(reason)}

    def _try(self, asked: Mapping[str, Any]) -> None:
        """Whether something can be dropped at a place: asked for while it is dragged."""
        parent, index, what = _text(asked, "parent"), _whole(asked, "index"), _text(asked, "what")
        answer = {"key": _text(asked, "key"), "reason": "", "stop": False}
        try:
            if asked.get("new"):
                reason = self._why_not(parent, what, index)
                answer |= {"reason": reason or "", "stop": reason is not None}
            else:
                changed = self._edits.moved(what, parent, index)
                at = joined(parent, what.rpartition("/")[2])
                answer["reason"] = what_moves_break(self.pattern, changed, at) or ""
        except ConfigError as error:
            answer |= {"reason": error.problems[0].message, "stop": True}
        self.answer = answer

    def _export(self, asked: Mapping[str, Any]) -> None:
        """The text of the pattern, or of a config with it, for the view to show until it is closed."""
        what = asked.get("what")
        if what == "yaml":
            self.sheet = {"what": what, "text": self.to_yaml()}
        elif what == "config":
            self.sheet = {"what": what, "text": dump({"parameters": self._parameters()})}
        else:
            self.sheet = {}


def _pattern_of(value: object) -> Pattern:
    if isinstance(value, Pattern):
        return value
    if isinstance(value, str):
        return Pattern.from_yaml(value) if "\n" in value or is_file_name(value) else get(value, "pattern")
    if isinstance(value, (Mapping, list, tuple)):
        return Pattern.from_mapping(value)
    message = f"must be the name of a pattern, a Pattern, a mapping, YAML text or a file's path, but was {shown(value)}"
    raise ConfigError(Problem("pattern", message), "PatternEditor")


def _text(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key)
    return value if isinstance(value, str) else ""


def _whole(asked: Mapping[str, Any], key: str) -> int | None:
    value = asked.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


Action = Callable[[PatternEditor, Mapping[str, Any]], object]

_ACTIONS: dict[str, Action] = {
    "add": PatternEditor._add_what_fits,
    "remove": lambda editor, asked: editor.remove(_text(asked, "path")),
    "rename": lambda editor, asked: editor.rename(_text(asked, "path"), _text(asked, "name")),
    "move": lambda editor, asked: editor.move(_text(asked, "path"), _text(asked, "parent"), _whole(asked, "index")),
    "set": PatternEditor._set_text,
    "undo": lambda editor, _: editor.undo(),
    "redo": lambda editor, _: editor.redo(),
    "copy": lambda editor, asked: editor.copy(_text(asked, "path")),
    "cut": lambda editor, asked: editor.cut(_text(asked, "path")),
    "paste": lambda editor, asked: editor.paste(_text(asked, "path")),
    "mend": lambda editor, asked: editor.mend(_whole(asked, "problem") or 0),
    "save": lambda editor, asked: editor.save(_text(asked, "name")),
    "look": PatternEditor._look,
    "try": PatternEditor._try,
    "check": PatternEditor._check,
    "export": PatternEditor._export,
}
"""What the view may ask for."""
