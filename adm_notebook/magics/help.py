"""What `%adm help`, `%adm?` and `%%adm?` say."""

from __future__ import annotations

import textwrap

__all__ = ["CELL_HELP", "HELP", "LINE_HELP", "help_of"]

CELL_HELP = """Run the workflow that the cell describes in YAML.

    %%adm [run|plan|validate|migrate] [NAME] [--mode M] [--pattern P] [--data D] [--set KEY=VALUE ...]
          [--background] [--quiet]
    backtest_config:
      commission: 0.001
      strategy: {type: ma_crossover, parameters: {fast: 50, slow: 200}}

run       runs it and shows its card; the result lands in the variable NAME (default: result),
          which must be new, or hold a run
plan      shows what would run, in which mode and why, and runs nothing; NAME, if given, keeps the plan
validate  checks everything and says so in one line; NAME, if given, keeps the WorkflowConfig
migrate   shows what becomes of YAML that was written for the older coordinator, and runs nothing; NAME, if given,
          keeps the Migration, and --pattern P chooses its container pattern

--mode M          auto (default), traditional, composable, or hybrid: the phases in `parameters.phases`
--pattern P       the container pattern, by its name in `%adm patterns`; one of your own may stand in
                  `parameters: {pattern: {extends: full_backtest, remove: [...]}}`
--data D          prices from a CSV or Parquet file, a DataFrame of the notebook, a registered source, or `sample`
--set KEY=VALUE   changes one value of the cell: --set commission=0.002 --set fast=[5, 10]
                  KEY is a path (backtest_config.commission), or its end where that is unique
--background      NAME holds the Run while the notebook goes on; the card comes when it is done.
                  `%adm attach NAME` shows it again after the page was reloaded
--quiet           no card and no progress

Anywhere in the YAML {{name}} or {{name.attribute}} stands for a variable of the notebook: a list stays a list, a
DataFrame stays a DataFrame. `frame: df` in data_config names a DataFrame, too.
A parameter that is a list, or {min: 5, max: 50, step: 5}, is swept. Interrupt keeps what was finished.
Of a grid that is too large, `optimization_config: {method: random, n_trials: 200}` draws some rows; `method: optuna`
chooses each by what the earlier ones brought.
"""

LINE_HELP = """Look at components, patterns, data and runs.

    %adm strategies [FILTER]    the strategies and their parameters
    %adm indicators [FILTER]    the indicators, their parameters and outputs
    %adm classifiers [FILTER]   the classifiers, their regimes and parameters
    %adm risk [FILTER]          the risk profiles and their numbers
    %adm patterns [FILTER]      container patterns, your own too
    %adm pattern NAME           a pattern's tree: what each container takes, gives and does
    %adm edit [PATTERN]         edit a pattern as a tree: by mouse, by keyboard (? lists the keys), or in Python as the
                                variable `editor`: editor.config, editor.save(NAME), editor.to_yaml()
    %adm data [FILTER]          where prices can come from
    %adm runs                   the runs of this notebook
    %adm attach NAME            a run in the background, shown again as it goes on: after the page was reloaded
    %adm show NAME              the card of a run again
    %adm plan NAME              what a run did, as a plan
    %adm rerun NAME             run it again; of an interrupted run only what is missing
    %adm signals NAME           what a store of signals holds: NAME is a run that kept signals, or the path of a folder
    %adm replay NAME [VARIABLE] [--set KEY=VALUE ...] [--mode M] [--data D] [--quiet]
                                trade kept signals under other settings, without computing a strategy again:
                                `replay kept --set stop_loss=[0.02, 0.05] --set commission=0.001`.
                                The result lands in VARIABLE, else in NAME_replay (of a path: `replay`); a replay
                                of NAME_replay starts from the settings that it had, and replaces it
    %adm trace NAME [BAR|TIME|trade N] [--row R]
                                one bar on its way through the containers of a run, from prices to equity:
                                `trace result 2008-09-15`, `trace result trade 3`; the best row unless R is given
    %adm explore NAME           all combinations of a run: sort, filter, choose one to see it on its prices; the
                                explorer lands in NAME_explorer, whose .selected is the chosen row
    %adm save NAME DIR          write a result into a folder (WorkflowResult.load reads it)
    %adm diff A B [--save report.html]
                                what differs between two runs, two configs (variables or YAML files) or two patterns;
                                with --save also as a page of its own
    %adm diff                   any two of this notebook's finished runs, chosen from lists that follow new runs;
                                the view lands in diff_view, whose .report is the difference
    %adm migrate PATH [--pattern P] [--write] [--in-place]
                                what becomes of a .py, .ipynb or .yaml that was written for the older coordinator;
                                --write writes it to a new file beside it (old.migrated.py), with --in-place to the
                                file itself, whose backup is kept (old.py.bak)
    %adm compat [on|off]        whether the older project's imports (src.core.coordinator...) give our objects
    %adm checklist [reset]      how far the migration of this notebook is: 16 items, each checked by doing it;
                                progress is kept in .adm_checklist.json beside the notebook; reset forgets it
    %adm build [NAME]           a form that makes a config, with its YAML beside it; it starts from NAME: a run, a plan,
                                a WorkflowConfig or YAML text. The variable `builder` holds it: builder.config
    %adm help [COMMAND]         this text, and that of %%adm; or what is said here of one command

Defaults of the session: %config Adm (mode, chart_theme, max_workers, memory_limit_mb, timeout_seconds, quiet).
"""

HELP = f"""%%adm: {CELL_HELP}
%adm: {LINE_HELP}"""


def help_of(command: str) -> str:
    """What is said of one command of `%adm`; of what only a cell does (`run`, `validate`), the help of cells.

    Empty for a word that is neither.
    """
    entries: list[str] = []
    for line in LINE_HELP.partition("Defaults of the session")[0].splitlines()[2:]:
        if line.startswith("    %adm "):
            entries.append(line)
        elif line.strip():
            entries[-1] += f"\n{line}"
    found = [textwrap.dedent(entry) for entry in entries if entry.split()[1] == command]
    if not found and command in ("run", "validate", "%%adm"):
        return CELL_HELP.rstrip()
    return "\n".join(found)
