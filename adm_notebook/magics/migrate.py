"""`%adm migrate` and `%%adm migrate`: what becomes of files and cells for the older coordinator; written if asked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import Problem, did_you_mean, shown
from adm_notebook.magics.line import CellLine, usage_error
from adm_notebook.magics.outputs import show

if TYPE_CHECKING:
    from adm_notebook.migration.changes import Unmapped
    from adm_notebook.migration.configs.migration import Migration

__all__ = ["MIGRATE_OPTIONS", "files_from", "migrate_cell", "migrate_file"]

MIGRATE_OPTIONS = ("--pattern", "--write", "--in-place")
_MAGIC = "%adm migrate"
_FORM = "is written `%adm migrate PATH [--pattern P] [--write] [--in-place]`"
_YAML = (".yaml", ".yml")
_COLUMNS = 100
"""Of a comment above migrated YAML."""
_VALUE_MOST = 60  # characters of a value in such a comment


@dataclass(frozen=True, slots=True)
class _Asked:
    path: str
    pattern: str | None
    write: bool
    in_place: bool


def migrate_file(words: Sequence[str]) -> None:
    """Do what a `%adm migrate` line asks for: the diff is shown, and a file is written with `--write` only.

    Raises
    ------
    AdmError
        where the line or the file can't be read, does not parse, or can't be written.
    """
    import adm_notebook as adm
    from adm_notebook.folders import nearby
    from adm_notebook.migration.sources.files import KINDS, read_text, write_beside, write_in_place

    asked = _asked(words)
    try:
        path = Path(asked.path).expanduser()
    except RuntimeError as error:  # ~ of an unknown user
        raise usage_error(_MAGIC, Problem(shown(asked.path), f"can't be read: {error}")) from None
    kind = path.suffix.lower()
    old = read_text(path)
    if kind not in KINDS:
        message = f"is none of {', '.join(KINDS)}; rename it if it is one of them"
        raise usage_error(_MAGIC, Problem(shown(asked.path), message))
    if kind in _YAML:
        config = adm.migrate_config(old, asked.pattern)
        show(config)
        new = config_text(config, old)
    else:
        source = adm.migrate_source(path, asked.pattern)
        show(source)
        new = source.text
    left = " Comments of the old file are not taken over." if kind in _YAML and _has_comments(old) else ""
    said, typed = nearby(path), f'"{asked.path}"' if " " in asked.path else asked.path
    if new == old:
        if asked.write:
            print(f"{said} is as it should be; nothing is written.")
        return
    if not asked.write:
        pattern = f" --pattern {asked.pattern}" if asked.pattern else ""
        print(
            f"Nothing is written. `%adm migrate {typed}{pattern} --write` writes {path.stem}.migrated{path.suffix} "
            f"beside it; with --in-place it writes the file itself, and keeps a backup.{left}"
        )
    elif asked.in_place:
        backup = write_in_place(path, old, new)
        reload = " If it is open in JupyterLab, reload it from disk." if kind == ".ipynb" else ""
        print(f"Written: {said}. What it was is kept in {nearby(backup)}.{left}{reload}")
    else:
        print(f"Written: {nearby(write_beside(path, new))}. {said} is as it was.{left}")


def config_text(migration: Migration, old: str) -> str:
    """A migrated config as YAML; above it, as comments, what has no place in it; the old text, where all stays."""
    if not migration.changed and not migration.unmapped:
        return old
    unmapped = [line for each in migration.unmapped for line in _comment(each)]
    text = "".join(f"{line}\n" for line in unmapped) + migration.config.to_yaml()
    bom = "\ufeff" if old.startswith("\ufeff") else ""
    return bom + (text.replace("\n", "\r\n") if "\r\n" in old else text)


def _comment(key: Unmapped) -> list[str]:
    """What has no place, its value and what to do about it, in lines of a comment."""
    said = " ".join(f"{key.path} = {shown(key.value, _VALUE_MOST)} has no place here. {key.advice}".split())
    return textwrap.wrap(
        said, _COLUMNS, initial_indent="# adm: ", subsequent_indent="#      ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _has_comments(text: str) -> bool:
    """Whether YAML has comments besides ours; a `#` beside quotes may be part of a text, and counts for none."""
    lines = (line.strip() for line in text.splitlines())
    return any(
        (line.startswith("#") and not line.startswith("# adm:")) or (" # " in line and not {"'", '"'} & set(line))
        for line in lines
    )


def migrate_cell(shell: Any, asked: CellLine, cell: str) -> None:
    """Do what a `%%adm migrate` cell asks for: NAME, if given, keeps the Migration.

    Raises
    ------
    AdmError
        where the cell can't be read.
    """
    import adm_notebook as adm
    from adm_notebook.magics.insert import read_cell
    from adm_notebook.magics.runs import check_free

    given = {"--mode": asked.mode, "--data": asked.data, "--set": asked.settings, "--background": asked.background}
    wrong = [Problem(name, "has no part in a migration; leave it out") for name, value in given.items() if value]
    if wrong:
        raise usage_error("%%adm", wrong)
    if asked.is_named:
        check_free(asked, shell.user_ns)
    values, _ = read_cell(cell, shell.user_ns)
    migration = adm.migrate_config(values, asked.pattern.value if asked.pattern else None)
    if asked.is_named:
        shell.push({asked.name: migration})
    if not asked.quiet:
        show(migration)


def files_from(fragment: str) -> Iterable[str]:
    """The files that can be migrated, and the folders, whose paths begin with what was typed."""
    from adm_notebook.migration.sources.files import KINDS

    folder, _, begun = fragment.rpartition("/")
    above = f"{folder}/" if "/" in fragment else ""
    found = []
    with suppress(OSError, RuntimeError, ValueError):
        for path in sorted(Path(above or ".").expanduser().iterdir()):
            if not path.name.startswith(begun) or (path.name.startswith(".") and not begun):
                continue
            if path.is_dir():
                found.append(f"{above}{path.name}/")
            elif path.suffix.lower() in KINDS and " " not in path.name:
                found.append(f"{above}{path.name}")
    return found


def _asked(words: Sequence[str]) -> _Asked:
    problems: list[Problem] = []
    paths: list[str] = []
    flags: set[str] = set()
    pattern: str | None = None
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        option, joined, value = word.partition("=")
        if not word.startswith("-"):
            paths.append(word)
        elif option == "--pattern":
            if not joined and remaining and not remaining[0].startswith("--"):
                value = remaining.pop(0)
            if not value:
                problems.append(Problem(option, "needs a value: the name of a pattern; `%adm patterns` lists them"))
            elif pattern is not None:
                problems.append(Problem(option, f"stands here twice: {pattern} and {value}"))
            pattern = value
        elif option not in MIGRATE_OPTIONS:
            guess = did_you_mean(option, MIGRATE_OPTIONS) or f" Known: {', '.join(MIGRATE_OPTIONS)}"
            problems.append(Problem(option, f"unknown option.{guess}"))
        elif joined:
            problems.append(Problem(option, "takes no value"))
        else:
            flags.add(option)
    if len(paths) != 1:
        got = f"got {' '.join(paths)} (put quotes around a path with blanks)" if paths else "was given nothing"
        problems.append(Problem("migrate", f"{_FORM}, but {got}"))
    if "--in-place" in flags and "--write" not in flags:
        problems.append(Problem("--in-place", "says where to write, and only --write writes: add it"))
    if problems:
        raise usage_error(_MAGIC, problems)
    return _Asked(paths[0], pattern, "--write" in flags, "--in-place" in flags)
