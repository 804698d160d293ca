"""The pattern editor: a tree of containers that is edited by mouse, by keyboard, or from Python."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from adm_notebook.config import WorkflowConfig
from adm_notebook.errors import AdmError, ConfigError, Problem, shown
from adm_notebook.patterns import PATTERNS, Pattern, PatternDiff, Repair, get, repair_of
from adm_notebook.patterns.reading import is_file_name
from adm_notebook.widgets.base import AdmWidget, module
from adm_notebook.widgets.pattern_edits import PatternEdits
from adm_notebook.widgets.pattern_requests import do
from adm_notebook.widgets.pattern_state import details_of, overview, place_in_words

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
    saved
        the name under which the pattern was saved last; "" until then. Observers hear of each time.

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
    >>> editor.save("without_votes")
    'Saved as without_votes.'
    >>> editor.config.parameters
    {'container_pattern': 'without_votes'}
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
    saved = traitlets.Unicode("")

    def __init__(self, pattern: Pattern | Mapping[str, Any] | Sequence[Any] | str = "simple_backtest") -> None:
        self.edits = PatternEdits(_pattern_of(pattern))
        self._lock = threading.RLock()
        self._count = 0
        super().__init__(state=overview(self.edits), details=details_of(self.edits, ""))
        self.observe(self._on_selected, "selected")

    # ---- looking ------------------------------------------------------------------------------------------------

    @property
    def pattern(self) -> Pattern:
        """The pattern as it is now."""
        return self.edits.pattern

    @property
    def original(self) -> Pattern:
        """The pattern as it was when the editor was opened."""
        return self.edits.original

    @property
    def diff(self) -> PatternDiff:
        """What is different in `pattern` from `original`."""
        return self.edits.state.diff

    @property
    def problems(self) -> list[Problem]:
        """What keeps the pattern from running, in the order of its tree."""
        return [Problem(finding.path, finding.message) for finding in self.edits.state.findings]

    @property
    def config(self) -> WorkflowConfig:
        """A config with this pattern: by its name where it is registered, else the pattern itself.

        Raises
        ------
        ConfigError
            where the pattern can't run.
        """
        return WorkflowConfig(parameters=self.parameters_for_a_config())

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
        return self._edit(lambda: self.edits.add(path, what, index), lambda at: f"Added {self._at(at)}")

    def remove(self, path: str, keep_children: bool = False) -> str:
        """Remove a container and what is inside it, or put that in its place; returns what is selected then."""
        return self._edit(lambda: self.edits.remove(path, keep_children), lambda _: f"Removed {path}")

    def rename(self, path: str, name: str) -> str:
        """Give a container, or with `""` the pattern, another name; returns its new path."""
        return self._edit(lambda: self.edits.rename(path, name), lambda _: f"Renamed to {name}")

    def move(self, path: str, parent: str, index: int | None = None) -> str:
        """Move a container into `parent`, to an index among the others there, else last; returns its new path."""
        return self._edit(lambda: self.edits.move(path, parent, index), self._at)

    def set(self, path: str, parameter: str, value: Any) -> str:
        """Set a parameter of a container, `limits.max_memory_mb` and its like, or `description` of the pattern.

        None takes the default. A value that does not fit is taken, and told in `problems`.
        """
        return self._edit(lambda: self.edits.set(path, parameter, value), lambda _: f"Changed {parameter}")

    def fill(self, path: str, container: str) -> str:
        """Put another container of the same role at a place; returns its path."""
        return self._edit(lambda: self.edits.fill(path, container), lambda at: f"{at} is {container} now")

    def undo(self) -> str:
        """Take the last edit back."""
        words = self.edits.to_undo
        return self._edit(self.edits.undo, lambda _: f"Undone: {words}")

    def redo(self) -> str:
        """Do again what was undone."""
        words = self.edits.to_redo
        return self._edit(self.edits.redo, lambda _: f"Done again: {words}")

    def copy(self, path: str) -> str:
        """Keep a container, and what is inside it, for `paste`."""
        return self._edit(lambda: self.edits.copy(path), lambda _: f"Copied {path}")

    def cut(self, path: str) -> str:
        """Remove a container and keep it for `paste`."""
        return self._edit(lambda: self.edits.cut(path), lambda _: f"Cut {path}")

    def paste(self, path: str) -> str:
        """What was cut or copied, inside `path` if that holds some, else after it; returns where it is."""
        return self._edit(lambda: self.edits.paste(path), lambda at: f"Pasted {self._at(at)}")

    def repair_for(self, problem: int = 0) -> Repair | None:
        """The edit that mends a problem, by its number in `problems`; None where none is known, or no such problem."""
        found = self.edits.state.findings
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
                lambda: self.edits.mend(repair.words, repair.pattern, self.selected), lambda _: repair.words
            )

    def save(self, name: str) -> str:
        """Register the pattern under a name, for `--pattern NAME` and `container_pattern`; returns what was done.

        Raises
        ------
        ConfigError
            where the pattern can't run, or the name is one of the library.
        """
        with self._lock:
            said = self.edits.save(name)
            self._show(self.selected, said)
            self.saved = ""
            self.saved = self.pattern.name
            return said

    # ---- the view -----------------------------------------------------------------------------------------------

    def _at(self, path: str) -> str:
        return place_in_words(self.edits, path)

    def _edit(self, edit: Callable[[], str], words: Callable[[str], str]) -> str:
        """Do an edit as a whole and show what came of it; the view may ask from another thread."""
        with self._lock:
            before = self.pattern
            path = edit()
            said = words(path)
            if self.pattern is not before and self.edits.state.findings:
                count = len(self.edits.state.findings)
                said += f". {count} problem{'' if count == 1 else 's'}"
            self._show(path, said)
            return path

    def _show(self, path: str, said: str) -> None:
        if path and path not in self.pattern.by_path:
            path = ""
        self.edits.select(path)
        with self.hold_sync():
            paths = self.pattern.by_path
            self.folded = [each for each in self.folded if each in paths and not path.startswith(f"{each}/")]
            self.state = overview(self.edits)
            self.selected = path
            self.details = details_of(self.edits, path)
            self._say(said)

    def _say(self, text: str, wrong: str = "") -> None:
        """What a screen reader reads; `wrong`: the field that was refused, or `*` for what is of no field."""
        self._count += 1
        self.said = {"n": self._count, "text": text, "wrong": wrong}

    def _on_selected(self, change: Any) -> None:
        with self._lock:
            path = change["new"] if change["new"] in self.pattern.by_path else ""
            self.edits.select(path)
            self.details = details_of(self.edits, path)

    def _receive(self, content: Mapping[str, Any]) -> None:
        """What the view asks for: a mapping with `do` and what that needs."""
        with self._lock:
            try:
                do(self, content)
            except ConfigError as error:
                self._say(error.problems[0].message, str(content.get("field") or "*"))
            except AdmError as error:
                self._say(str(error), "*")

    def parameters_for_a_config(self) -> dict[str, Any]:
        """What a config's `parameters` hold to use this pattern; ConfigError where it can't run."""
        if problems := self.problems:
            raise ConfigError(problems, self.pattern.title)
        if PATTERNS.find(self.pattern.name) == self.pattern:
            return {"container_pattern": self.pattern.name}
        return {"pattern": self.pattern.to_dict()}


def _pattern_of(value: object) -> Pattern:
    if isinstance(value, Pattern):
        return value
    if isinstance(value, str):
        return Pattern.from_yaml(value) if "\n" in value or is_file_name(value) else get(value, "pattern")
    if isinstance(value, (Mapping, list, tuple)):
        return Pattern.from_mapping(value)
    message = f"must be the name of a pattern, a Pattern, a mapping, YAML text or a file's path, but was {shown(value)}"
    raise ConfigError(Problem("pattern", message), "PatternEditor")
