"""The config builder: a form and its YAML, each of which edits the other; what planning says of it, as one types."""

from __future__ import annotations

import os
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import traitlets

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.yaml_text import Positions, load_mapping
from adm_notebook.coordinator import Run
from adm_notebook.errors import AdmError, ConfigError, Problem, did_you_mean, named
from adm_notebook.planning.phases import HybridPlan
from adm_notebook.widgets import builder_run, builder_text
from adm_notebook.widgets.base import AdmWidget, module
from adm_notebook.widgets.builder_fields import Field, Mode, as_mode, meant
from adm_notebook.widgets.builder_form import LISTS, Form, choices, make_form
from adm_notebook.widgets.builder_outlook import Outlook, measure, outlook_of, preview_of
from adm_notebook.widgets.yaml_edit import Path, parse_path, value_at, with_value, without, written

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

    _esm = module("builder")

    yaml = traitlets.Unicode().tag(sync=True)
    name = traitlets.Unicode("result").tag(sync=True)
    form = traitlets.Dict().tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)
    notices: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    outlook = traitlets.Dict().tag(sync=True)
    preview = traitlets.Dict().tag(sync=True)
    run_state = traitlets.Dict().tag(sync=True)
    seen = traitlets.Dict().tag(sync=True)
    """View -> the number of its last edit that is in the other traits."""

    def __init__(self, config: WorkflowConfig | str | None = None) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._inbox: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None
        self._version, self._planned = 0, -1
        self._values: dict[str, Any] = {}
        self._positions: Positions = {}
        self._unread: tuple[Problem, ...] = ()
        self._outlook = Outlook()
        self._frames: dict[str, Any] = {}
        self._opened: list[str] = []
        self._shown = False
        self._card_ids: tuple[str, ...] = ()
        self._run: Run | None = None
        super().__init__()
        self._form: Form = make_form({})
        self.choices = choices()
        if isinstance(config, str):
            self._config = WorkflowConfig.from_yaml(config)
            self._read(config if "\n" in config else written(self._config.to_dict()))
        else:
            self.config = self._config = WorkflowConfig() if config is None else config
        self.observe(self._yaml_was_set, "yaml")
        self.on_msg(self._receive)

    # ---- what it says -------------------------------------------------------------------------------------------

    @property
    def config(self) -> WorkflowConfig:
        """The last config that could be planned, a copy; waits until the text as it is now has been planned."""
        self.settle()
        with self._lock:
            return self._config.copy()

    @config.setter
    def config(self, config: WorkflowConfig) -> None:
        _check_kind(config)
        values, frames = builder_text.plain_values(config.to_dict(), _namespace())
        text = written(values)
        with self._lock:
            self._frames = frames
            self._config = config.copy()
            self._read(text)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the text as it is now; waits until it has been planned."""
        self.settle()
        with self._lock:
            return self._unread or self._outlook.problems

    @property
    def plan(self) -> Any:
        """The plan of `config`, as the estimate reads it; None where there are problems."""
        self.settle()
        return self._outlook.plan

    def settle(self) -> None:
        """Wait until the text as it is now has been planned."""
        if threading.current_thread() is self._worker:
            return
        with self._changed:
            while self._planned != self._version:
                self._wake()
                self._changed.wait(0.2)

    # ---- what may be done ---------------------------------------------------------------------------------------

    def set(self, path: str, value: Any) -> None:
        """Put `value` at a path such as `backtest_config.commission`; None takes away what stands there.

        Raises
        ------
        ConfigError
            where the path leads nowhere, or the YAML can't be read at the moment.
        """
        with self._lock:
            self._set(parse_path(path), value)

    def remove(self, path: str) -> None:
        """Take away what stands at a path: a value, a strategy, a section.

        Raises
        ------
        ConfigError
            where nothing stands there.
        """
        with self._lock:
            self._check_readable()
            self._opened = [p for p in self._opened if p != path]
            self._read(without(self.yaml, parse_path(path)))

    def add_strategy(self, type: str, **parameters: Any) -> None:  # noqa: A002  # the config's own word
        """Add a strategy, after those that are there."""
        self._add("strategies", type, parameters)

    def add_classifier(self, type: str, **parameters: Any) -> None:  # noqa: A002
        """Add a classifier."""
        self._add("classifiers", type, parameters)

    def add_risk_profile(self, type: str, **parameters: Any) -> None:  # noqa: A002
        """Add a risk profile."""
        self._add("risk_profiles", type, parameters)

    def as_cell(self, name: str | None = None) -> str:
        """A `%%adm` cell that runs what is in the builder and leaves the result in `name`.

        Raises
        ------
        ConfigError
            with the problems, if there are any.
        """
        name = self._checked(name)
        builder_text.named_frames(self._values, _namespace())
        return builder_text.cell_of(self.yaml, name, self._is_hybrid)

    def as_python(self, name: str | None = None) -> str:
        """Python that runs the same.

        Raises
        ------
        ConfigError
            with the problems, if there are any.
        """
        name = self._checked(name)
        return builder_text.python_of(self._values, name, self._is_hybrid)

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
        with self._lock:
            self._run = builder_run.begin(self._config, name, _namespace(), self._tell_run, self._card_ids)
            return self._run

    def stop(self) -> None:
        """Stop the run that was begun last; what is finished is kept."""
        if self._run is not None:
            self._run.cancel()

    def text(self) -> str:
        """Its title and its YAML."""
        return f"Config builder: {self._form.title}\n\n{self.yaml}"

    # ---- changing the text --------------------------------------------------------------------------------------

    def _set(self, path: Path, value: Any) -> None:
        self._check_readable()
        text = self.yaml
        for i in range(1, len(path)):  # an entry that is a name alone becomes a mapping, to hold more
            here = value_at(self._values, path[:i])
            if isinstance(here, str) and (isinstance(path[i - 1], int) or path[i - 1] == "strategy"):
                text = with_value(text, path[:i], {"type": here})
        if value is not None:
            self._read(with_value(text, path, value))
        elif value_at(self._values, path) is not None:
            self._read(without(text, path))

    def _add(self, which: str, kind: str, parameters: Mapping[str, Any]) -> None:
        where, registry = LISTS[which]
        if which != "strategies" or kind != "ensemble":
            kind = registry.canonical(kind)
        entry: dict[str, Any] = {"type": kind, **({"parameters": dict(parameters)} if parameters else {})}
        with self._lock:
            self._check_readable()
            text, path = self.yaml, parse_path(where)
            listed = value_at(self._values, path)
            short = value_at(self._values, ("backtest_config", "strategy")) if which == "strategies" else None
            if short is not None:  # one strategy has a place of its own, several have not
                text = with_value(without(text, ("backtest_config", "strategy")), path, [short, entry])
            elif isinstance(listed, list) and listed:
                text = with_value(text, (*path, len(listed)), entry)
            else:
                text = with_value(text, path, [entry])
            self._read(text)

    def _check_readable(self) -> None:
        if self._unread:
            raise ConfigError(self._unread, "The YAML can't be read, so nothing in it can be changed")

    def _checked(self, name: str | None) -> str:
        problems = self.problems
        if problems:
            raise ConfigError(problems)
        name = self.name if name is None else name
        builder_run.check_name(name, {})
        return name

    @property
    def _is_hybrid(self) -> bool:
        return isinstance(self._outlook.plan, HybridPlan)

    def _yaml_was_set(self, change: Mapping[str, Any]) -> None:
        with self._lock:
            if change["new"] != self._text:
                self._read(change["new"])

    def _read(self, text: str) -> None:
        """Take a text over: the form follows where it can be read, and it is planned soon."""
        self._text = text
        try:
            values, positions = load_mapping(text) if text.strip() else ({}, {})
            self._values, self._positions, self._unread = values, positions, ()
        except ConfigError as error:
            self._unread = tuple(error.problems)
        self._version += 1
        self.yaml = text
        self._publish()
        self._wake()

    def _publish(self) -> None:
        """What the views show, where it has changed."""
        self._form = make_form(self._values, self._opened)
        problems = self._unread or (self._outlook.problems if self._planned == self._version else None)
        with self.hold_sync():
            self.form = self._form.state
            if problems is not None:
                self.notices = [self._notice(problem) for problem in problems]
            if self._planned == self._version:
                self.outlook = {"state": "unread"} if self._unread else self._outlook.state
            else:
                self.outlook = {**self.outlook, "state": "planning"}

    def _notice(self, problem: Problem) -> dict[str, Any]:
        place = "" if self._unread else self._form.place_of(problem.path)
        inside = problem.path[len(place) :].strip(".") if place else ""
        label = ", ".join(part for part in (place.rsplit(".", 1)[-1], inside) if part)
        return {
            "path": problem.path, "place": place, "part": inside, "label": label or problem.path,
            "message": problem.message, "line": problem.line, "column": problem.column,
        }  # fmt: skip

    # ---- the thread that plans, and does what views ask for -------------------------------------------------------

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        """A view's message; it may come on any thread, and is only put in line."""
        if isinstance(content, Mapping):
            self._inbox.put(content)
            self._wake()

    def _wake(self) -> None:
        with self._lock:
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="adm-builder", daemon=True)
                self._worker.start()

    def _work(self) -> None:
        """Until there is nothing more to do: messages first, then, after a moment without any, planning."""
        try:
            while True:
                self._answer_all()
                with self._lock:
                    version = self._version
                    if self._inbox.empty() and self._planned == version:
                        self._worker = None
                        return
                if self._planned != version:
                    time.sleep(QUIET)
                    if self._inbox.empty() and self._version == version:
                        self._plan(version)
        except BaseException:
            with self._lock:
                self._worker = None
            raise

    def _plan(self, version: int) -> None:
        with self._lock:
            values, positions, unread = self._values, self._positions, self._unread
        outlook, config, preview = self._outlook, None, None
        if not unread:
            outlook, config = self._looked_ahead(values, positions)
            preview = preview_of(config) if config is not None else None
        with self._changed:
            if self._version != version:
                return
            self._planned, self._outlook = version, outlook
            if config is not None and not outlook.problems:
                self._config = config
            if preview is not None:
                self.preview = preview
            self._publish()
            self._changed.notify_all()
        if self._shown and outlook.plan is not None and outlook.seconds is None and measure(outlook.plan):
            with self._lock:
                if self._version == version and config is not None:
                    self._outlook = outlook_of(config)
                    self._publish()

    def _looked_ahead(self, values: Mapping[str, Any], positions: Positions) -> tuple[Outlook, WorkflowConfig | None]:
        try:
            config = WorkflowConfig.from_mapping(
                builder_text.with_frames(values, self._frames, _namespace()), positions
            )
        except ConfigError as error:
            return Outlook(tuple(error.problems)), None
        try:
            return outlook_of(config), config
        except Exception as error:  # noqa: BLE001  # a thread has nobody to tell but the view, which must not stand still
            return Outlook((Problem("", f"planning failed: {named(error)}"),)), config

    def _answer_all(self) -> None:
        while True:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return
            view = str(message.get("view", ""))
            try:
                self._answer(message, view)
            except AdmError as error:
                problems = error.problems if isinstance(error, ConfigError) else ()
                said = "; ".join(p.message for p in problems) or str(error).splitlines()[0]
                self.send({"to": view, "kind": "said", "text": said})
            except (KeyError, TypeError, ValueError) as error:
                self.send({"to": view, "kind": "said", "text": f"That could not be read: {named(error)}"})
            if "number" in message:
                self.seen = {**self.seen, view: message["number"]}

    def _answer(self, message: Mapping[str, Any], view: str) -> None:
        what = message["do"]
        doing: dict[str, Callable[[], Any]] = {
            "hello": self._say_hello,
            "enter": lambda: self._enter(message["path"], message["mode"], message["typed"]),
            "mode": lambda: self._change_mode(message["path"], message["mode"]),
            "yaml": lambda: self._take(str(message["text"])),
            "open": lambda: self._open(message["path"]),
            "add": lambda: self._add(message["list"], message["type"], {}),
            "remove": lambda: self.remove(message["path"]),
            "name": lambda: setattr(self, "name", str(message["text"]).strip()),
            "run": self._run_for_a_view,
            "stop": self.stop,
            "cell": lambda: self._hand_over(view, "cell", self.as_cell),
            "python": lambda: self._hand_over(view, "python", self.as_python),
        }
        if what not in doing:
            raise ConfigError(Problem("do", f"unknown action {what!r}.{did_you_mean(what, list(doing))}"))
        doing[what]()

    def _hand_over(self, view: str, kind: str, make: Callable[[], str]) -> None:
        """Give a view text that it puts into a cell of the notebook, or on the clipboard."""
        self.send({"to": view, "kind": kind, "id": self.model_id, "text": self._settled(make)})

    def _settled(self, make: Callable[[], str]) -> str:
        if self._planned != self._version:
            self._plan(self._version)
        return make()

    def _say_hello(self) -> None:
        """A view is there: from now on it is worth while to know how long things take."""
        with self._lock:
            if not self._shown:
                self._shown, self._planned = True, -1

    def _take(self, text: str) -> None:
        with self._lock:
            self._read(text)

    def _field(self, path: str) -> Field:
        for field in self._form.fields:
            if field.path == path:
                return field
        raise ConfigError(Problem(path, "has no field any more"), "ConfigBuilder")

    def _enter(self, path: str, mode: Mode, typed: str | Sequence[str]) -> None:
        with self._lock:
            if path == "workflow_type":
                self._set((path,), str(typed))
                return
            self._set(parse_path(path), meant(self._field(path), mode, typed))

    def _change_mode(self, path: str, mode: Mode) -> None:
        with self._lock:
            field = self._field(path)
            parts = parse_path(path)
            self._set(parts, as_mode(field, value_at(self._values, parts), mode))

    def _open(self, path: str) -> None:
        with self._lock:
            self._opened.append(path)
            self._publish()

    def _run_for_a_view(self) -> None:
        self._settled(self.as_python)  # which raises where there are problems
        try:
            self.run()
        except AdmError as error:
            problems = error.problems if isinstance(error, ConfigError) else ()
            said = problems[0].message if problems else str(error).splitlines()[0]
            self._tell_run(
                {"state": "refused", "name": self.name, "done": 0, "total": 0, "left": None, "message": said}
            )

    def _tell_run(self, state: dict[str, Any]) -> None:
        with self._lock:
            self.run_state = state

    # ---- showing ------------------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        """The view, and below it three empty outputs, which the card of a run takes when it ends."""
        from IPython.display import publish_display_data

        if os.environ.get("ADM_NOTEBOOK_LIVE") == "0":
            publish_display_data({"text/plain": self.text()})  # type: ignore[no-untyped-call]  # IPython
            return
        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        publish_display_data(data, metadata)  # type: ignore[no-untyped-call]
        self._card_ids = tuple(uuid.uuid4().hex for _ in range(3))
        for display_id in self._card_ids:
            empty = {"text/html": "", "text/plain": ""}
            publish_display_data(empty, {}, transient={"display_id": display_id})  # type: ignore[no-untyped-call]


def _check_kind(config: object) -> None:
    if not isinstance(config, WorkflowConfig):
        message = f"must be a WorkflowConfig, but was a {type(config).__name__}; set `yaml` to give text"
        raise ConfigError(Problem("config", message), "ConfigBuilder")


def _namespace() -> MutableMapping[str, Any]:
    """The notebook's variables; of a program that is none, an empty mapping of its own."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return {} if shell is None else shell.user_ns
