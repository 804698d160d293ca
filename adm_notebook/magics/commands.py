"""`%adm`: tables of what there is, and what can be done with the runs of a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import ConfigError, DataError, Problem, RunError, did_you_mean, shown
from adm_notebook.magics.cards import show_card, show_when_done
from adm_notebook.magics.cell import finish
from adm_notebook.magics.defaults import Adm
from adm_notebook.magics.help import HELP, help_of
from adm_notebook.magics.line import replay_line, usage_error, words_of
from adm_notebook.magics.outputs import show
from adm_notebook.magics.replays import kept_signals, run_replay
from adm_notebook.magics.runs import find_run, plan_of, runs_table
from adm_notebook.magics.tables import TABLES, TableMaker

if TYPE_CHECKING:
    from adm_notebook.results import WorkflowResult

__all__ = ["COMMANDS", "run_command"]


def run_command(shell: Any, defaults: Adm, line: str) -> None:
    """Do what a `%adm` line asks for; without a word it is `%adm help`.

    Raises
    ------
    AdmError
        for unknown commands, names that are no run, and runs that fail.
    """
    try:
        words = [word.text for word in words_of(line)]
    except ValueError as error:
        raise usage_error("%adm", Problem("", str(error))) from None
    name, given = (words[0], words[1:]) if words else ("help", [])
    command = _COMMANDS.get(name)
    if command is None:
        guess = did_you_mean(name, list(_COMMANDS))
        raise usage_error(
            "%adm",
            Problem(shown(name), f"unknown command.{guess or ' Known: ' + ', '.join(_COMMANDS)}".removesuffix(".")),
        )
    command(_Call(shell, defaults, name, given, line.lstrip().removeprefix(name).strip()))


class _Call:
    """One `%adm` line: its command, its words, and the text that they are read from."""

    def __init__(self, shell: Any, defaults: Adm, command: str, given: Sequence[str], text: str) -> None:
        self.shell, self.defaults, self.command, self.given = shell, defaults, command, list(given)
        self.text = text

    def words(self, *expected: str, optional: bool = False) -> list[str]:
        """The words after the command, as many as expected."""
        wanted = " ".join(expected)
        if len(self.given) > len(expected) or (len(self.given) < len(expected) and not optional):
            form = f"%adm {self.command} {f'[{wanted}]' if optional and wanted else wanted}".strip()
            got = " ".join(self.given) or "nothing"
            raise usage_error("%adm", Problem(self.command, f"is written `{form}`, but was given {got}"))
        return self.given

    def filter(self) -> str:
        """An optional word that rows must hold."""
        return "".join(self.words("FILTER", optional=True)).lower()

    def result(self, name: str) -> WorkflowResult:
        """The result of a run; of one that goes on there is none yet."""
        from adm_notebook.results import WorkflowResult

        run = find_run(name, self.shell.user_ns, self.command)
        if isinstance(run, WorkflowResult):
            return run
        if run.status in ("running", "paused"):
            progress = run.progress
            said = f"{progress.done:,} of {progress.total:,} combinations are done"
            raise RunError(f"{name} is {run.status}: {said}. {name}.cancel() stops it.")
        return run.result()


def _table(make: TableMaker, call: _Call) -> None:
    """One of the tables, or the rows that hold a word."""
    from adm_notebook.display import table

    wanted = call.filter()
    found = make(call.shell.user_ns)
    kept = [row for row in found.rows if wanted in " ".join(map(_plain, row)).lower()]
    empty = f"Nothing here matches `{wanted}`. `%adm {call.command}` lists all {len(found.rows):,}."
    show(table(kept, found.columns, title=found.title, empty=empty))


def _plain(cell: Any) -> str:
    """A cell as text."""
    return "".join(cell) if isinstance(cell, (list, tuple)) else str(cell)


def _pattern(call: _Call) -> None:
    from adm_notebook.display import PatternView
    from adm_notebook.patterns import PATTERNS, get

    if not call.given:
        known = f"Patterns: {', '.join(PATTERNS.names())}"
        raise usage_error("%adm", Problem("pattern", f"is written `%adm pattern NAME`, but was given nothing. {known}"))
    (name,) = call.words("NAME")
    try:
        pattern = get(name, name)
    except ConfigError as error:
        raise usage_error("%adm pattern", error.problems) from None
    show(PatternView(pattern))


def _edit(call: _Call) -> None:
    """The editor of a pattern, known by its name or held by a variable; it lands in the variable `editor`."""
    from adm_notebook.patterns import PATTERNS, Pattern
    from adm_notebook.widgets.editor import PatternEditor

    name = "".join(call.words("PATTERN", optional=True)) or "simple_backtest"
    held = call.shell.user_ns.get(name)
    try:
        editor = PatternEditor(held if isinstance(held, Pattern) and PATTERNS.find(name) is None else name)
    except ConfigError as error:
        raise usage_error("%adm edit", error.problems) from None
    variables = ("editor", "pattern_editor")
    free = [each for each in variables if isinstance(call.shell.user_ns.get(each, editor), PatternEditor)]
    if free:
        call.shell.user_ns[free[0]] = editor
    if free != list(variables):
        where = f"The editor is the variable `{free[0]}`" if free else "This editor is in no variable"
        print(f"{where}: `editor` holds something else.")
    show(editor)


def _runs(call: _Call) -> None:
    call.words()
    show(runs_table(call.shell.user_ns))


def _trace(call: _Call) -> None:
    from adm_notebook.coordinator.tracing import trace
    from adm_notebook.display import TraceView

    name, row, at = _traced(call)
    show(TraceView(trace(call.result(name), row, at)))


def _traced(call: _Call) -> tuple[str, int | None, str | None]:
    """`NAME [BAR|TIME|trade N] [--row R]`: the row may stand anywhere, a time may have two words."""
    form = "is written `%adm trace NAME [BAR|TIME|trade N] [--row R]`"
    words, row = list(call.given), None
    for i, word in enumerate(words):
        option, joined, value = word.partition("=")
        if option != "--row":
            continue
        rest = words[i + 1 :]
        if not joined:
            value, rest = (rest[0], rest[1:]) if rest else ("", [])
        if not re.fullmatch(r"\d{1,9}", value):
            given = f"but was {shown(value)}" if value else "and none is given"
            raise usage_error("%adm", Problem("--row", f"needs the number of a row of NAME.stats, {given}"))
        if "--row" in (each.partition("=")[0] for each in rest):
            raise usage_error("%adm", Problem("--row", "stands here twice; keep one"))
        words, row = words[:i] + rest, int(value)
        break
    unknown = next((word for word in words if word.startswith("--")), None)
    if unknown is not None:
        raise usage_error("%adm", Problem(unknown, f"unknown option.{did_you_mean(unknown, ['--row'])} trace {form}"))
    if not words:
        raise usage_error("%adm", Problem("trace", f"{form}, but was given nothing"))
    name, *at = words
    return name, row, " ".join(at) or None


def _attach(call: _Call) -> None:
    """A run that goes on in the background, shown again in this cell; of one that has ended its card."""
    from adm_notebook.results import WorkflowResult

    (name,) = call.words("NAME")
    theme = call.defaults.chart_theme
    run = find_run(name, call.shell.user_ns, call.command)
    if isinstance(run, WorkflowResult):
        show_card(run, name, theme)
    elif run.status in ("running", "paused"):
        show_when_done(call.shell, run, name, theme, quiet=False)
    else:
        show_card(run.result(), f"{name}.result()", theme)


def _show(call: _Call) -> None:
    (name,) = call.words("NAME")
    show_card(call.result(name), name, call.defaults.chart_theme)


def _plan(call: _Call) -> None:
    from adm_notebook.coordinator import EnhancedCoordinator
    from adm_notebook.planning import Plan
    from adm_notebook.results import WorkflowResult

    (name,) = call.words("NAME")
    run = find_run(name, call.shell.user_ns, call.command)
    if not isinstance(run, WorkflowResult):
        show(plan_of(run))
        return
    plan = EnhancedCoordinator().plan(run.config, run.mode or None)
    if isinstance(plan, Plan):  # its mode was chosen then, for the reason given then
        plan = replace(plan, mode_reason=run.metadata["mode_reason"])
    show(plan)


def _rerun(call: _Call) -> None:
    from adm_notebook.coordinator import EnhancedCoordinator
    from adm_notebook.coordinator.failed import failed_result

    (name,) = call.words("NAME")
    result = call.result(name)
    target = name.removesuffix(".result()")
    run: Any
    try:
        run = EnhancedCoordinator().start_rerun(result)
    except DataError as error:
        run = failed_result(result.config, error, result.mode)
    finish(call.shell, call.defaults, run, target, call.defaults.quiet)


def _signals(call: _Call) -> None:
    from adm_notebook.display import SignalsView

    (name,) = call.words("NAME_OR_PATH")
    show(SignalsView(kept_signals(name, call.shell.user_ns, call.command).store, name))


def _replay(call: _Call) -> None:
    name, asked = replay_line(call.text)
    kept = kept_signals(name, call.shell.user_ns, call.command)
    run_replay(call.shell, call.defaults, kept, asked)


def _diff(call: _Call) -> None:
    if not call.given:
        from adm_notebook.magics.builders import open_diff_view

        show(open_diff_view(call.shell, call.defaults.chart_theme))
        return
    from adm_notebook.magics.diffs import run_diff

    run_diff(call.shell.user_ns, call.text, call.defaults.chart_theme)


def _explore(call: _Call) -> None:
    from adm_notebook.magics.explore import run_explore

    (name,) = call.words("NAME")
    run_explore(call.shell.user_ns, call.result(name), name)


def _checklist(call: _Call) -> None:
    from adm_notebook.magics.checklists import forget_progress, run_checklist

    given = call.words("reset", optional=True)
    if not given:
        run_checklist(call.shell, call.defaults)
    elif given == ["reset"]:
        print(forget_progress(call.shell))
    else:
        message = f"is written `%adm checklist` or `%adm checklist reset`, but was given {given[0]}"
        raise usage_error("%adm", Problem("checklist", message))


def _save(call: _Call) -> None:
    name, directory = call.words("NAME", "DIR")
    result = call.result(name)
    try:
        path = result.save(Path(directory).expanduser())
    except OSError as error:
        raise RunError(f"{name} can't be saved in {directory}: {error.strerror or error}") from None
    print(f"Saved. Read it with adm.WorkflowResult.load({str(path)!r}).")


def _migrate(call: _Call) -> None:
    from adm_notebook.magics.migrate import migrate_file

    migrate_file(call.given)


def _compat(call: _Call) -> None:
    from adm_notebook.migration import compat

    words = call.words("on|off", optional=True)
    if words not in ([], ["on"], ["off"]):
        raise usage_error("%adm", Problem("compat", f"is written `%adm compat [on|off]`, but was given {words[0]}"))
    print({"on": compat.install, "off": compat.uninstall}.get("".join(words), compat.state)())


def _build(call: _Call) -> None:
    from adm_notebook.magics.builders import open_builder

    given = call.words("NAME", optional=True)
    show(open_builder(call.shell, given[0] if given else None))


def _help(call: _Call) -> None:
    given = call.words("COMMAND", optional=True)
    if not given:
        print(HELP)
        return
    said = help_of(given[0])
    if not said:
        guess = did_you_mean(given[0], [*_COMMANDS, "run", "validate"]) or f" Known: {', '.join(_COMMANDS)}"
        raise usage_error("%adm", Problem("help", f"knows no command {shown(given[0])}.{guess}".removesuffix(".")))
    print(said)


_COMMANDS: dict[str, Callable[[_Call], None]] = {
    **{name: partial(_table, make) for name, make in TABLES.items()},
    "pattern": _pattern,
    "edit": _edit,
    "trace": _trace,
    "runs": _runs,
    "attach": _attach,
    "show": _show,
    "plan": _plan,
    "rerun": _rerun,
    "signals": _signals,
    "replay": _replay,
    "save": _save,
    "diff": _diff,
    "explore": _explore,
    "migrate": _migrate,
    "compat": _compat,
    "checklist": _checklist,
    "build": _build,
    "help": _help,
}

COMMANDS = tuple(_COMMANDS)
"""What may follow `%adm`."""
