"""`%adm`: tables of what there is, and what can be done with the runs of a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import DataError, Problem, RunError, did_you_mean, shown
from adm_notebook.magics.cards import show_card
from adm_notebook.magics.cell import finish
from adm_notebook.magics.defaults import Adm
from adm_notebook.magics.help import HELP
from adm_notebook.magics.line import usage_error, words_of
from adm_notebook.magics.outputs import show
from adm_notebook.magics.overrides import frames_of
from adm_notebook.magics.runs import find_run, runs_table

if TYPE_CHECKING:
    from adm_notebook.results import WorkflowResult

__all__ = ["COMMANDS", "LATER", "PATTERNS", "run_command"]

PATTERNS = {
    "simple_backtest": "one strategy after the other, each combination an account of its own",
    "full_backtest": "strategies within classifiers and risk profiles",
    "signal_generation": "signals are captured and stored; nothing is simulated",
    "signal_replay": "stored signals run again under other settings",
}
"""The container patterns and what they do."""

AVAILABLE = ("simple_backtest",)

LATER = ("classifiers", "checklist", "build", "edit", "diff", "migrate", "compat", "explore")
"""Commands that are planned."""


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
    if name in LATER:
        raise RunError(f"`%adm {name}` comes with a later version. `%adm help` lists what there is.")
    command = _COMMANDS.get(name)
    if command is None:
        guess = did_you_mean(name, list(_COMMANDS))
        raise usage_error(
            "%adm",
            Problem(shown(name), f"unknown command.{guess or ' Known: ' + ', '.join(_COMMANDS)}".removesuffix(".")),
        )
    command(_Call(shell, defaults, name, given))


class _Call:
    """One `%adm` line: its command and its words."""

    def __init__(self, shell: Any, defaults: Adm, command: str, given: Sequence[str]) -> None:
        self.shell, self.defaults, self.command, self.given = shell, defaults, command, list(given)

    def words(self, *expected: str, optional: bool = False) -> list[str]:
        """The words after the command, as many as expected."""
        wanted = " ".join(expected)
        if len(self.given) > len(expected) or (len(self.given) < len(expected) and not optional):
            form = f"%adm {self.command} {f'[{wanted}]' if optional else wanted}".strip()
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


def _table(call: _Call, rows: Sequence[Sequence[Any]], columns: Sequence[str], title: str) -> None:
    from adm_notebook.display import table

    wanted = call.filter()
    kept = [row for row in rows if wanted in " ".join(map(str, row)).lower()]
    show(
        table(
            kept,
            columns,
            title=title,
            empty=f"Nothing here matches `{wanted}`. `%adm {call.command}` lists all {len(rows):,}.",
        )
    )


def _strategies(call: _Call) -> None:
    from adm_notebook.components import describe

    rows = []
    for strategy in describe():
        defaults = [f"{n}={_default(p.default)}" if not p.required else n for n, p in strategy.parameters.items()]
        also = f" Also called {', '.join(strategy.aliases)}." if strategy.aliases else ""
        rows.append((strategy.name, ", ".join(defaults), strategy.sentence + also))
    _table(call, rows, ("strategy", "parameters and defaults", "what it does"), "Strategies")


def _indicators(call: _Call) -> None:
    from adm_notebook.components import INDICATORS

    rows = []
    for function in INDICATORS.snapshot().values():
        parameters = ", ".join(f"{name}={_default(value)}" for name, value in function.defaults.items())
        rows.append((f"{function.name}({parameters})", ", ".join(function.outputs), function.group, function.sentence))
    _table(call, rows, ("indicator", "outputs", "group", "what it is"), "Indicators")


def _default(value: Any) -> str:
    """A default as a config spells it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _patterns(call: _Call) -> None:
    rows = [(n, "available" if n in AVAILABLE else "comes with a later version", what) for n, what in PATTERNS.items()]
    _table(call, rows, ("pattern", "status", "what it does"), "Container patterns")


def _data(call: _Call) -> None:
    from adm_notebook.market import describe_sources

    rows: list[Sequence[Any]] = []
    for source in describe_sources():
        period = "" if source.first is None else f"{source.first:%Y-%m-%d} to {source.last:%Y-%m-%d}"
        bars = "" if source.bars is None else f"{source.bars:,} {source.timeframe}"
        rows.append((source.source, source.symbol, bars, period, source.origin))
    frames = {name: call.shell.user_ns[name] for name in frames_of(call.shell.user_ns)}
    rows += [("frame", "", f"{len(f):,} rows", "", f"the variable {n}: --data {n}") for n, f in frames.items()]
    _table(call, rows, ("source", "symbol", "bars", "period", "where from"), "Data")


def _runs(call: _Call) -> None:
    call.words()
    show(runs_table(call.shell.user_ns))


def _show(call: _Call) -> None:
    (name,) = call.words("NAME")
    show_card(call.result(name), name, call.defaults.chart_theme)


def _plan(call: _Call) -> None:
    from adm_notebook.coordinator import EnhancedCoordinator
    from adm_notebook.results import WorkflowResult

    (name,) = call.words("NAME")
    run = find_run(name, call.shell.user_ns, call.command)
    if isinstance(run, WorkflowResult):
        plan = EnhancedCoordinator().plan(run.config, run.mode)
        show(
            replace(plan, mode_reason=run.metadata["mode_reason"])
        )  # the mode was chosen then, for the reason given then
    else:
        show(run.plan)


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


def _save(call: _Call) -> None:
    name, directory = call.words("NAME", "DIR")
    result = call.result(name)
    try:
        path = result.save(Path(directory).expanduser())
    except OSError as error:
        raise RunError(f"{name} can't be saved in {directory}: {error.strerror or error}") from None
    print(f"Saved. Read it with adm.WorkflowResult.load({str(path)!r}).")


def _help(call: _Call) -> None:
    call.words(optional=True)
    print(HELP)


_COMMANDS: dict[str, Callable[[_Call], None]] = {
    "strategies": _strategies,
    "indicators": _indicators,
    "patterns": _patterns,
    "data": _data,
    "runs": _runs,
    "show": _show,
    "plan": _plan,
    "rerun": _rerun,
    "save": _save,
    "help": _help,
}

COMMANDS = tuple(_COMMANDS)
"""What may follow `%adm`."""
