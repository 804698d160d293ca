"""The diff view: any two of a notebook's finished runs side by side, chosen by mouse, by keyboard or from Python."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from adm_notebook.coordinator import Run
from adm_notebook.coordinator.named import finished_runs
from adm_notebook.display.joined import bundle, parts, picture_png
from adm_notebook.display.page import is_live
from adm_notebook.display.style import diff_css
from adm_notebook.display.two_runs import check_comparable, compared
from adm_notebook.display.words import clip, plural
from adm_notebook.errors import RunError, did_you_mean, named, shown
from adm_notebook.results import ResultDiff, WorkflowResult
from adm_notebook.widgets.base import EMPTY, AdmWidget, module, style
from adm_notebook.widgets.workers import Worker

if TYPE_CHECKING:
    from adm_notebook.display.diff_parts import Joined

__all__ = ["DiffView"]

LOOKED_EVERY = 0.5
"""Seconds between two looks for new runs, while the view is in a notebook."""

_NONE = "No runs in this notebook yet. Start with %%adm; two finished runs are compared here."
_ONE = "is the only finished run. Run another configuration, and the two are compared here."

Runs = Mapping[str, WorkflowResult | Run] | list[WorkflowResult | Run] | tuple[WorkflowResult | Run, ...]


class DiffView(AdmWidget):
    """Two of many runs side by side: what `%adm diff A B` shows, for any A and B, and for runs that are yet to finish.

    Parameters
    ----------
    runs
        name -> run, looked at again when something is added to it; or runs in a row, which are called `run_1`,
        `run_2` ...; None are the variables of the notebook that hold runs.
    theme
        `light` or `dark`, of the picture that a saved notebook keeps; None is that of the page.

    Attributes
    ----------
    a, b
        names of the two runs, old and new; until others are chosen, the two that came last. May be set.
    report
        the ResultDiff of these two; None until it is computed, and where they can't be compared.
    state
        `empty`: fewer than two runs; `loading`; `finished`; `error`: `said` has the reason.
    said
        why there is nothing to see.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> def run(cost):
    ...     data, costs = {"max_bars": 400}, {"strategy": "momentum", "commission": cost}
    ...     return adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config=data, backtest_config=costs))
    >>> view = adm.DiffView({"free": run(0), "dear": run(0.01)})
    >>> view.compare("free", "dear").identical
    False
    >>> view.swap()
    >>> (view.a, view.b)
    ('dear', 'free')
    """

    _esm = module("diff")
    _css = diff_css() + AdmWidget._css + style("diff")

    choices: traitlets.List[Any] = traitlets.List().tag(sync=True)
    going = traitlets.Int().tag(sync=True)
    a = traitlets.Unicode().tag(sync=True)
    b = traitlets.Unicode().tag(sync=True)
    state = traitlets.Enum(("empty", "loading", "finished", "error"), "empty").tag(sync=True)
    said = traitlets.Unicode(_NONE).tag(sync=True)
    body = traitlets.Dict().tag(sync=True)
    light = traitlets.Bytes(b"").tag(sync=True)
    dark = traitlets.Bytes(b"").tag(sync=True)
    report: traitlets.Instance[ResultDiff | None] = traitlets.Instance(ResultDiff, allow_none=True)

    def __init__(self, runs: Runs | None = None, theme: str | None = None) -> None:
        self._closed = threading.Event()  # first: a widget that is refused is closed, too
        self._given = _by_name(runs)
        self._theme = None if theme == "auto" else theme
        self._lock = threading.RLock()
        self._computed_now = threading.Condition(self._lock)
        self._asked = self._computed = 0
        self._runs: dict[str, WorkflowResult] = {}
        self._joined: Joined | None = None
        self._themes: set[str] = set()
        self._wanted: tuple[str, str] | None = None
        self._follows = True
        self._outputs: list[tuple[str, ...]] = []
        self._watching: threading.Thread | None = None
        self._working = Worker("adm-diff", self._compute)
        super().__init__()
        self.observe(self._chosen_anew, ["a", "b"])
        self.refresh()

    # ---- runs ---------------------------------------------------------------------------------------------------

    @property
    def runs(self) -> list[str]:
        """Names of the finished runs, in the order in which they were made."""
        self.refresh()
        return list(self._runs)

    def refresh(self) -> None:
        """Look for runs that have finished, were made anew or are gone; a view in a notebook does so by itself."""
        source = _namespace() if self._given is None else self._given
        found, background = finished_runs(source)
        with self._lock:
            before, self._runs = self._runs, found
            self.going = sum(name not in found for name in background)
            if list(before) == list(found) and all(before[name] is found[name] for name in found):
                return
            self.choices = [{"name": name, "what": _what(result)} for name, result in found.items()]
            changed = {name for name in (self.a, self.b) if before.get(name) is not found.get(name)}
            newest = list(found)[-2:]
            if self._follows and len(newest) == 2 and newest != [self.a, self.b]:
                self._choose(*newest, follows=True)
            elif changed or len(before) < 2 or len(found) < 2:
                self._ask()

    # ---- what may be done ---------------------------------------------------------------------------------------

    def compare(self, a: str, b: str) -> ResultDiff:
        """Choose two runs by name, and wait for their difference.

        Raises
        ------
        RunError
            where a name stands for no finished run, or the two can't be compared.
        """
        self.refresh()
        with self._lock:
            for name in (a, b):
                self._named(name)
            self._choose(a, b)
        self.settle()
        if self.report is None:
            raise RunError(self.said)
        return self.report

    def swap(self) -> None:
        """Old becomes new, and new old."""
        self._choose(self.b, self.a)

    def settle(self) -> None:
        """Wait until what is chosen has been compared."""
        if self._working.is_current:
            return
        with self._computed_now:
            while self._computed != self._asked or self._wanted is not None:
                self._working.wake()
                self._computed_now.wait(0.5)

    def text(self) -> str:
        """The difference in at most 20 lines, or why there is none."""
        self.settle()
        return self._joined.text() if self._joined is not None else self.said

    def close(self) -> None:
        """Take the view from the notebook; it looks for no more runs."""
        self._closed.set()
        super().close()

    # ---- comparing, on a thread of its own ------------------------------------------------------------------------

    def _choose(self, a: str, b: str, *, follows: bool = False) -> None:
        """Both at once: of one alone nothing is compared."""
        with self._lock:
            with self.hold_trait_notifications(), self.hold_sync():
                self.a, self.b = a, b
            self._follows = follows

    def _chosen_anew(self, _: Any) -> None:
        with self._lock:
            self._follows = False
            self._ask()

    def _ask(self) -> None:
        """Something is to be compared that was not; of what is under way nothing will be shown."""
        self._asked += 1
        with self.hold_sync():
            self.state, self.said = ("loading", "") if len(self._runs) > 1 else ("empty", self._why_empty())
        self._working.wake()

    def _why_empty(self) -> str:
        return f"{clip(next(iter(self._runs)), 80)} {_ONE}" if self._runs else _NONE

    def _named(self, name: str) -> tuple[str, WorkflowResult]:
        if name not in self._runs:
            known = list(self._runs)
            here = f" Finished runs: {', '.join(known[-8:])}." if known else ""
            guess = did_you_mean(name, known)
            raise RunError(f"There is no finished run {shown(name)} here.{guess or here}")
        return name, self._runs[name]

    def _compute(self) -> None:
        """Compare what is chosen now; dropped where something else was chosen before it was done."""
        with self._lock:
            if self._wanted is not None:
                self._choose(*self._wanted)
                self._wanted = None
            asked = self._asked
            if asked == self._computed:
                self._draw()
                return
            names, enough = (self.a, self.b), len(self._runs) > 1
        report, joined, said = None, None, ""
        if enough:
            try:
                with self._lock:
                    a, b = (self._named(name) for name in names)
                check_comparable(a, b)
                report, joined = compared(a, b)
            except RunError as error:
                said = str(error)
            except Exception as error:  # noqa: BLE001  # whatever it is, the view says it instead of waiting for ever
                said = f"These two can't be compared: {named(error)}"
        made = {} if joined is None else _made(joined, self._themes)
        with self._computed_now:
            if asked != self._asked or self._wanted is not None:
                self._working.wake()
                return
            self._joined = joined
            with self.hold_sync():
                self.light, self.dark = made.get("light", b""), made.get("dark", b"")
                self.body = {} if joined is None else _body(joined, names)
                if enough:
                    self.state, self.said = ("finished", "") if joined is not None else ("error", said)
                else:
                    self.state, self.said = "empty", self._why_empty()
            self._computed = asked
            self.report = report
            self._computed_now.notify_all()
            outputs = list(self._outputs)
        for ids in outputs:
            self._keep(ids)

    def _draw(self) -> None:
        """The picture in a theme that a page has asked for since."""
        joined = self._joined
        if joined is not None and joined.draw is not None:
            for theme in self._themes:
                if not getattr(self, theme):
                    setattr(self, theme, picture_png(joined, theme))

    # ---- views --------------------------------------------------------------------------------------------------

    def _themed(self, theme: str) -> None:
        with self._lock:
            self._themes.add(theme)
        self._working.wake()

    def _receive(self, content: Mapping[str, Any]) -> None:
        """What was chosen in a page. May come on any thread, and is only noted here."""
        if content.get("do") == "choose":
            with self._lock:
                self._wanted = str(content.get("a")), str(content.get("b"))
            self._working.wake()

    def _keep(self, ids: tuple[str, ...]) -> None:
        """Put what is compared now into the outputs that a saved notebook keeps below the view."""
        from IPython.display import publish_display_data

        joined = self._joined
        theme = self._theme or ("dark" if self._themes == {"dark"} else "light")
        outputs: list[Any] = [] if joined is None else bundle(joined, theme)
        for data, _ in outputs:
            if "text/html" in data:  # known by this, so that a living view can hide what it shows itself
                data["text/html"] = f'<div class="dv-kept">{data["text/html"]}</div>'
        outputs += [(EMPTY, {})] * (len(ids) - len(outputs))
        for display_id, (data, metadata) in zip(ids, outputs, strict=True):
            transient = {"display_id": display_id}
            publish_display_data(data, metadata, transient=transient, update=True)  # type: ignore[no-untyped-call]

    def _ipython_display_(self) -> None:
        """The view, and below it what a saved notebook keeps of it: the difference as HTML, PNG, HTML."""
        from IPython.display import publish_display_data

        self.refresh()
        self.settle()
        if not is_live():
            outputs = [({"text/plain": self.text()}, {})] if self._joined is None else bundle(self._joined, self._theme)
            for data, metadata in outputs:
                publish_display_data(data, metadata)  # type: ignore[no-untyped-call]  # IPython
            return
        ids = self.show_above(3)
        with self._lock:
            self._outputs.append(ids)
            if self._watching is None:
                self._watching = threading.Thread(target=self._watch, name="adm-diff-runs", daemon=True)
                self._watching.start()
        self._keep(ids)

    def _watch(self) -> None:
        while not self._closed.wait(LOOKED_EVERY):
            self.refresh()


def _by_name(runs: Runs | None) -> Mapping[str, Any] | None:
    if runs is None or isinstance(runs, Mapping):
        found = runs
    elif isinstance(runs, (list, tuple)):
        found = {f"run_{i}": run for i, run in enumerate(runs, 1)}
    else:
        raise RunError(
            f"DiffView takes runs by name or in a list, but was given {shown(runs)}. "
            'Write DiffView({"old": a, "new": b}) or DiffView([a, b]).'
        )
    for name, run in (found or {}).items():
        if not isinstance(run, (WorkflowResult, Run)):
            raise RunError(f"DiffView compares results of workflows, but {shown(name)} is {shown(run)}.")
    return found


def _what(result: WorkflowResult) -> str:
    """`ma_crossover on SP500, 12 combinations, composable`."""
    facts = result.facts
    what = " on ".join(part for part in (facts.strategy, ", ".join(facts.symbols) or facts.source) if part)
    rows = plural(len(result.stats), "combination") if len(result.stats) > 1 else ""
    state = "" if result.success else "stopped" if result.metadata.get("partial") else "failed"
    return clip(", ".join(part for part in (what, state, rows, result.mode) if part), 160)


def _made(joined: Joined, themes: set[str]) -> dict[str, bytes]:
    return {} if joined.draw is None else {theme: picture_png(joined, theme) for theme in sorted(themes)}


def _body(joined: Joined, names: tuple[str, str]) -> dict[str, Any]:
    """What a page needs of a difference: HTML of our own templates, in which names are text."""
    head, tail = parts(joined)
    picture = joined.draw is not None
    return {"a": names[0], "b": names[1], "head": head, "tail": tail, "alt": joined.alt if picture else ""}


def _namespace() -> Mapping[str, Any]:
    """The notebook's variables; of a program that is none, nothing."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return {} if shell is None else shell.user_ns
