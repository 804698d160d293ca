"""The config builder: a form and its YAML, each of which edits the other; what planning says of it, as one types."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import ipywidgets
import traitlets

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.workflow import located
from adm_notebook.coordinator import Run
from adm_notebook.display.page import is_live
from adm_notebook.display.style import css
from adm_notebook.errors import ConfigError, Problem, named
from adm_notebook.planning.phases import HybridPlan
from adm_notebook.widgets import builder_pattern, builder_run, builder_text
from adm_notebook.widgets.base import AdmWidget, module, style
from adm_notebook.widgets.builder_draft import Draft
from adm_notebook.widgets.builder_fields import Field, Mode, as_mode, meant
from adm_notebook.widgets.builder_form import Form, choices, make_form
from adm_notebook.widgets.builder_outlook import Outlook, measure, outlook_of, preview_of
from adm_notebook.widgets.builder_views import answer
from adm_notebook.widgets.editor import PatternEditor
from adm_notebook.widgets.workers import Worker
from adm_notebook.widgets.yaml_edit import written

__all__ = ["ConfigBuilder"]

QUIET = 0.12
"""Seconds without an edit after which a config is planned."""


class ConfigBuilder(AdmWidget):
    """A form that makes a WorkflowConfig, with its YAML beside it; in a notebook, and from Python without one.

    Parameters
    ----------
    config
        where to begin: a WorkflowConfig, or YAML text; None is the bundled sample with momentum.

    Attributes
    ----------
    yaml
        the text; may be set.
    name
        the variable that a run's result is left in.
    config
        a WorkflowConfig, always: the last that could be planned (at first the one given, whatever it is); may be set.
    problems
        what is wrong with the text as it is now.
    pattern_editor
        the editor that `edit_pattern` has opened; None while there is none.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> builder = adm.ConfigBuilder()
    >>> builder.add_strategy("ma_crossover", fast=[5, 10], slow=50)
    >>> builder.set("backtest_config.commission", 0.001)
    >>> print(builder.yaml)
    workflow_type: backtest
    backtest_config:
      commission: 0.001
    optimization_config:
      strategies:
        - type: ma_crossover
          parameters: {fast: [5, 10], slow: 50}
    <BLANKLINE>
    >>> builder.problems
    ()
    """

    _esm = module("builder_fields", "builder_yaml", "builder")
    _css = css((1, 2, 3, 7, 8, 11, 15)) + style("builder")

    yaml = traitlets.Unicode().tag(sync=True)
    name = traitlets.Unicode("result").tag(sync=True)
    form = traitlets.Dict().tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)
    notices: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    outlook = traitlets.Dict().tag(sync=True)
    preview = traitlets.Dict().tag(sync=True)
    run_state = traitlets.Dict().tag(sync=True)
    pattern_editor: Any = traitlets.Instance(PatternEditor, allow_none=True).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    seen = traitlets.Dict().tag(sync=True)
    """View -> the number of its last edit that is in the other traits."""

    def __init__(self, config: WorkflowConfig | str | None = None) -> None:
        self._lock = threading.RLock()
        self._planned_now = threading.Condition(self._lock)
        self._inbox: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._answering = Worker("adm-builder", self._answer_all)
        self._planning = Worker("adm-builder-plan", self._plan)
        self._measuring = Worker("adm-builder-speed", self._measure)
        self._draft = Draft()
        self._version, self._planned = 0, -1
        self._outlook = Outlook()
        self._frames: dict[str, Any] = {}
        self._opened: list[str] = []
        self._shown = False
        self._card_ids: tuple[str, ...] = ()
        self._run: Run | None = None
        super().__init__()
        self._form: Form = make_form({})
        self.choices = choices()
        self.observe(self._yaml_was_set, "yaml")
        if isinstance(config, str):
            self._config = WorkflowConfig.from_yaml(config)
            self.yaml = config if "\n" in config else written(self._config.to_dict())
        else:
            self.config = self._config = WorkflowConfig() if config is None else config

    # ---- what it says -------------------------------------------------------------------------------------------

    @property
    def config(self) -> WorkflowConfig:
        """The last config that could be planned, a copy; waits until the text as it is now has been planned.

        Warns where that is not the text as it is now, with what is wrong with it (`problems`).
        """
        problems = self.problems
        if problems:
            first = f"{problems[0].path}: {problems[0].message}".removeprefix(": ")
            more = f" ({len(problems) - 1} more in `problems`)" if len(problems) > 1 else ""
            warnings.warn(f"This is the last config that could be planned. Since then: {first}{more}", stacklevel=2)
        with self._lock:
            return self._config.copy()

    @config.setter
    def config(self, config: WorkflowConfig) -> None:
        _check_kind(config)
        values, frames = builder_text.plain_values(config.to_dict(), _namespace())
        text = written(values)
        with self._lock:
            self._frames, self._config = frames, config.copy()
            self._draft.read(text)
            self._changed()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the text as it is now; waits until it has been planned."""
        self.settle()
        with self._lock:
            return self._draft.unread or self._outlook.problems

    def settle(self) -> None:
        """Wait until the text as it is now has been planned."""
        if self._planning.is_current:
            return
        with self._planned_now:
            while self._planned != self._version:
                self._planning.wake()
                self._planned_now.wait(0.5)

    # ---- what may be done ---------------------------------------------------------------------------------------

    def set(self, path: str, value: Any) -> None:
        """Put `value` at a path such as `backtest_config.commission`; None takes away what stands there.

        Raises
        ------
        ConfigError
            where the path leads nowhere, or the YAML can't be read at the moment.
        """
        with self._lock:
            self._draft.set(path, value)
            self._changed()

    def remove(self, path: str) -> None:
        """Take away what stands at a path: a value, a strategy, a section.

        Raises
        ------
        ConfigError
            where nothing stands there.
        """
        with self._lock:
            self._draft.remove(path)
            self._opened = [p for p in self._opened if not p.startswith(path)]
            self._changed()

    def add_strategy(self, type: str, **parameters: Any) -> None:  # noqa: A002  # the config's own word
        """Add a strategy, after those that are there."""
        self._add("strategies", type, parameters)

    def add_classifier(self, type: str, **parameters: Any) -> None:  # noqa: A002
        """Add a classifier."""
        self._add("classifiers", type, parameters)

    def add_risk_profile(self, type: str, **parameters: Any) -> None:  # noqa: A002
        """Add a risk profile."""
        self._add("risk_profiles", type, parameters)

    def edit_pattern(self) -> PatternEditor:
        """Open an editor of the pattern that the config runs; the config runs what is saved there from then on.

        Raises
        ------
        ConfigError
            where the config names a pattern that is not there, or holds one that can't be read.
        """
        self.settle()
        with self._lock:
            if self.pattern_editor is None:
                plan = self._outlook.plan
                self.pattern_editor = builder_pattern.editor_of(self._draft.values, plan, self._use_pattern)
            return self.pattern_editor  # type: ignore[no-any-return]  # a trait

    def close_pattern(self) -> None:
        """Close that editor; what was not saved is lost."""
        with self._lock:
            editor, self.pattern_editor = self.pattern_editor, None
        if editor is not None:
            editor.close()

    def as_cell(self, name: str | None = None) -> str:
        """A `%%adm` cell that runs what is in the builder and leaves the result in `name`.

        Raises
        ------
        ConfigError
            with the problems, if there are any.
        """
        name = self._checked(name)
        builder_text.check_named(self._draft.values, _namespace())
        return builder_text.cell_of(self._draft.text, name, self._is_hybrid)

    def as_python(self, name: str | None = None) -> str:
        """Python that runs the same.

        Raises
        ------
        ConfigError
            with the problems, if there are any.
        """
        name = self._checked(name)
        return builder_text.python_of(self._draft.values, name, self._is_hybrid)

    def run(self, name: str | None = None) -> Run:
        """Run it in the background: `name` holds the Run at once, and its result when it ends; the card stands below.

        Raises
        ------
        ConfigError
            with the problems, if there are any, and where `name` holds something that would be lost.
        DataError, StrategyError
            where prices or a user's code are no longer what they were.
        """
        name = self._checked(name)
        self._run = builder_run.begin(self.config, name, _namespace(), self._tell_run, self._card_ids)
        return self._run

    def stop(self) -> None:
        """Stop the run that was begun last; what is finished is kept."""
        if self._run is not None:
            self._run.cancel()

    def text(self) -> str:
        """Its title and its YAML."""
        return f"Config builder: {self._form.title}\n\n{self.yaml}"

    def _add(self, which: str, kind: str, parameters: Mapping[str, Any]) -> None:
        with self._lock:
            self._draft.add(which, kind, parameters)
            self._changed()

    def _use_pattern(self, name: str) -> None:
        with self._lock:
            builder_pattern.use(self._draft, name)
            self._changed()

    def _checked(self, name: str | None) -> str:
        if problems := self.problems:
            raise ConfigError(problems)
        name = self.name if name is None else name
        builder_run.check_name(name, {})
        return name

    @property
    def _is_hybrid(self) -> bool:
        return isinstance(self._outlook.plan, HybridPlan)

    # ---- the text has changed -----------------------------------------------------------------------------------

    def _yaml_was_set(self, change: Mapping[str, Any]) -> None:
        with self._lock:
            if change["new"] != self._draft.text or not self._version:
                self._draft.read(change["new"])
                self._changed()

    def _changed(self) -> None:
        """The form follows at once, where the text can be read; planning soon."""
        self._version += 1
        self.yaml = self._draft.text
        self._publish()
        self._planning.wake()

    def _publish(self) -> None:
        """What the views show."""
        draft, is_planned = self._draft, self._planned == self._version
        self._form = make_form(draft.values, self._opened)
        problems = draft.unread or (self._outlook.problems if is_planned else None)
        with self.hold_sync():
            self.form = self._form.state
            if problems is not None:
                self.notices = [self._notice(problem) for problem in problems]
            if draft.unread:
                self.outlook = {"state": "unread"}
            else:
                self.outlook = self._outlook.state if is_planned else {**self.outlook, "state": "planning"}

    def _notice(self, problem: Problem) -> dict[str, Any]:
        place = "" if self._draft.unread else self._form.place_of(problem.path)
        part = problem.path[len(place) :].strip(".") if place else ""
        label = ", ".join(word for word in (place.rsplit(".", 1)[-1], part) if word)
        return {
            "path": problem.path, "place": place, "part": part, "label": label or problem.path,
            "message": problem.message, "line": problem.line, "column": problem.column,
        }  # fmt: skip

    # ---- planning, on a thread of its own -------------------------------------------------------------------------

    def _plan(self) -> None:
        """Plan the text, once it has been left alone for a moment."""
        version = self._version
        if self._planned == version:
            return
        time.sleep(QUIET)
        with self._lock:
            if self._version != version:
                self._planning.wake()
                return
            values, positions, unread = self._draft.values, self._draft.positions, self._draft.unread
        config, outlook, preview = None, self._outlook, None
        if not unread:
            config, outlook = self._looked_ahead(values, positions)
            preview = preview_of(config) if config is not None else None
        with self._planned_now:
            if self._version != version:
                self._planning.wake()
                return
            self._planned, self._outlook = version, outlook
            if config is not None and not outlook.problems:
                self._config = config
            if preview is not None:
                self.preview = preview
            self._publish()
            self._planned_now.notify_all()
        if self._shown and outlook.plan is not None and outlook.seconds is None:
            self._measuring.wake()

    def _looked_ahead(self, values: Mapping[str, Any], positions: Any) -> tuple[WorkflowConfig | None, Outlook]:
        config = None
        try:
            values = builder_text.with_frames(values, self._frames, _namespace())
            config = WorkflowConfig.from_mapping(values, positions)
            return config, outlook_of(config)
        except ConfigError as error:
            return None, Outlook(tuple(located(list(error.problems), positions)))
        except Exception as error:  # noqa: BLE001  # a thread has nobody to tell but the view, which must not stand still
            return config, Outlook((Problem("", f"planning failed: {named(error)}"),))

    def _measure(self) -> None:
        """Learn how fast this machine is, and say how long a run takes."""
        plan = self._outlook.plan
        if self._run is not None and self._run.status in ("running", "paused"):
            return  # which tells it better, when it ends
        if plan is not None and measure(plan):
            with self._lock:
                self._outlook = self._outlook.timed()
                self._publish()

    # ---- views --------------------------------------------------------------------------------------------------

    def _receive(self, content: Mapping[str, Any]) -> None:
        """A view's message; it may come on any thread, and is only put in line."""
        self._inbox.put(content)
        self._answering.wake()

    def _answer_all(self) -> None:
        while not self._inbox.empty():
            answer(self, self._inbox.get())

    def _is_shown(self) -> None:
        """A view is there: from now on it is worth while to know how long things take."""
        with self._lock:
            self._shown = True
            self.choices = choices()  # what has been registered since belongs to it
        if self._planned == self._version and self._outlook.plan is not None and self._outlook.seconds is None:
            self._measuring.wake()

    def _field(self, path: str) -> Field:
        for field in self._form.fields:
            if field.path == path:
                return field
        raise ConfigError(Problem(path, "has no field any more"), "ConfigBuilder")

    def _enter(self, path: str, mode: Mode, typed: str | Sequence[str]) -> None:
        """Take what was typed into a field."""
        with self._lock:
            self.set(path, str(typed) if path == "workflow_type" else meant(self._field(path), mode, typed))

    def _change_mode(self, path: str, mode: Mode) -> None:
        with self._lock:
            self.set(path, as_mode(self._field(path), self._draft.at(path), mode))

    def _open(self, path: str) -> None:
        """Give a setting a field, though it has no value yet."""
        with self._lock:
            self._opened.append(path)
            self._publish()

    def _rename(self, name: str) -> None:
        with self._lock:
            self.name = name

    def _answered(self, view: str, number: int) -> None:
        """All that a view has asked for, up to this number, is in the traits."""
        with self._lock:  # as all traits are set: one that is set while others are held together could be lost
            self.seen = {**self.seen, view: number}

    def _tell_run(self, state: dict[str, Any]) -> None:
        with self._lock:
            self.run_state = state

    def _ipython_display_(self) -> None:
        """The view, and below it three empty outputs, which the card of a run takes when it ends."""
        from IPython.display import publish_display_data

        if not is_live():
            publish_display_data({"text/plain": self.text()})  # type: ignore[no-untyped-call]  # IPython
            return
        self._card_ids = self.show_above(3)


def _check_kind(config: object) -> None:
    if not isinstance(config, WorkflowConfig):
        message = f"must be a WorkflowConfig, but was a {type(config).__name__}; set `yaml` to give text"
        raise ConfigError(Problem("config", message), "ConfigBuilder")


def _namespace() -> MutableMapping[str, Any]:
    """The notebook's variables; of a program that is none, an empty mapping of its own."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return {} if shell is None else shell.user_ns
