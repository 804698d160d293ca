"""`%adm diff A B`: two runs, two configs or two patterns in one view; on screen, or as a page in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import Problem, RunError, did_you_mean, shown
from adm_notebook.magics.line import usage_error, words_of
from adm_notebook.magics.operands import Operand, operand

if TYPE_CHECKING:
    from adm_notebook.display.diff_parts import Joined

__all__ = ["DIFF_OPTIONS", "diff_line", "joined_of", "run_diff"]

DIFF_OPTIONS = ("--save",)
_FORM = "is written `%adm diff A B [--save report.html]`"
_PAGES = (".html", ".htm")


def run_diff(namespace: Mapping[str, Any], text: str, theme: str | None) -> None:
    """Show what differs, and write it where the line says so.

    Raises
    ------
    AdmError
        where the line can't be read, a word stands for nothing, the two are of different kinds, or the file can't be
        written.
    """
    from adm_notebook.display.joined import page, publish

    a, b, save = diff_line(text)
    joined = joined_of(operand(a, namespace), operand(b, namespace))
    publish(joined, theme)
    if save is not None:
        try:
            save.write_text(page(joined), encoding="utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise RunError(f"the report can't be written to {save}: {why}") from None
        print(f"Saved {save}: one file, to be opened in any browser.")


def diff_line(text: str) -> tuple[str, str, Path | None]:
    """The words behind `%adm diff`, and where to save.

    Raises
    ------
    ConfigError
        for unknown options, too few or too many words, and a file that is no page.
    """
    try:
        words = [word.text for word in words_of(text)]
    except ValueError as error:
        raise usage_error("%adm diff", Problem("", str(error))) from None
    problems: list[Problem] = []
    names: list[str] = []
    save: str | None = None
    while words:
        word = words.pop(0)
        option, joined, value = word.partition("=")
        if not word.startswith("--"):
            names.append(word)
        elif option not in DIFF_OPTIONS:
            guess = did_you_mean(option, DIFF_OPTIONS) or f" Known: {', '.join(DIFF_OPTIONS)}"
            problems.append(Problem(option, f"unknown option.{guess}".removesuffix(".")))
        elif save is not None:
            problems.append(Problem(option, "stands here twice; keep one"))
        else:
            save = value if joined else words.pop(0) if words and not words[0].startswith("--") else ""
            if Path(save).suffix.lower() not in _PAGES:
                given = f", but was {shown(save)}" if save else ", and none is given"
                problems.append(Problem(option, f"needs a file that ends in .html{given}"))
    if len(names) != 2:
        alone = ". Alone, `%adm diff` shows any two of the notebook's runs"
        problems.insert(0, Problem("diff", f"{_FORM}, but got {' '.join(names) or 'nothing'}{alone}"))
    if problems:
        raise usage_error("%adm diff", problems)
    return names[0], names[1], Path(save).expanduser() if save else None


def joined_of(a: Operand, b: Operand) -> Joined:
    """Two of one kind in one view.

    Raises
    ------
    ConfigError
        for two of different kinds; says how they can be compared.
    """
    if a.kind != b.kind:
        message = f"{a.word} is a {a.kind} and {b.word} a {b.kind}; both must be of one kind"
        run = a if a.kind == "run" else b
        if {a.kind, b.kind} == {"run", "config"}:
            words = [f"{side.word}.config" if side is run else side.word for side in (a, b)]
            message += f". A run's config is compared by `%adm diff {' '.join(words)}`"
        raise usage_error("%adm diff", Problem("diff", message))
    if a.kind == "run":
        return _runs(a, b)
    return _configs(a, b) if a.kind == "config" else _patterns(a, b)


def _runs(a: Operand, b: Operand) -> Joined:
    from adm_notebook.display.two_runs import compared

    return compared((a.word, a.result), (b.word, b.result))[1]


def _configs(a: Operand, b: Operand) -> Joined:
    """Two configs; where one of them has the older form, what it migrates to stands for it."""
    from adm_notebook.display.config_rows import joined_configs
    from adm_notebook.migration.configs.differences import config_changes
    from adm_notebook.migration.configs.migrate import migrate_config
    from adm_notebook.migration.older.reader import is_older

    older = [side for side in (a, b) if is_older(side.config)]
    if len(older) != 1:
        return joined_configs(config_changes(a.config, b.config), (a.word, b.word))
    migration = migrate_config(dict(older[0].config))
    old, new = (migration.config if side is older[0] else side.config for side in (a, b))
    return joined_configs(config_changes(old, new), (a.word, b.word), migration.unmapped, older[0].word)


def _patterns(a: Operand, b: Operand) -> Joined:
    from adm_notebook.display.pattern_changes import joined_patterns
    from adm_notebook.patterns import compare_patterns

    return joined_patterns(compare_patterns(a.pattern, b.pattern))
