"""Two patterns side by side: containers added, removed, moved, renamed, changed; what is the same is folded."""

from __future__ import annotations

from adm_notebook.display.config_rows import counted_out
from adm_notebook.display.diff_parts import MOST, Count, Joined, Part, diff_row
from adm_notebook.display.grid import Cell, Column, Row
from adm_notebook.display.numbers import count
from adm_notebook.display.words import Key, Name, Note, clip, marked, plural
from adm_notebook.patterns.compare import Change, Kind, PatternDiff
from adm_notebook.patterns.drawing import label

__all__ = ["joined_patterns"]

_GLYPHS = {"added": "+", "removed": "-", "moved": ">", "renamed": "~", "changed": "~"}
_PATH_MOST, _WHAT_MOST = 160, 300
_COLUMNS = (Column("Container", left=True), Column("Old", left=True), Column("New", left=True))


def joined_patterns(diff: PatternDiff) -> Joined:
    """Containers are matched by what they are: one that moved is one row."""
    touched = {row.new for row in diff.rows if row.new is not None}
    equal = [path for path in diff.b.paths() if path not in touched]
    kinds: list[Kind] = ["added", "removed", "moved", "renamed", "changed"]
    counted = [(str(kind), len(diff.of(kind))) for kind in kinds]
    title = f"Different: {counted_out('container', counted)}" if diff else "The same containers"
    old, new = (Name(clip(pattern.name, 80)) for pattern in (diff.a, diff.b))
    part = Part(
        "Containers",
        _COLUMNS,
        [_row(row) for row in diff.rows[:MOST]],
        len(diff.rows),
        equal=[
            diff_row("=", [[Key(clip(path, _PATH_MOST))], [label(diff.b.by_path[path])], [label(diff.b.by_path[path])]])
            for path in equal[:MOST]
        ],
        total_equal=len(equal),
        equal_title=f"{plural(len(equal), 'container')} unchanged" if equal else "",
        gist=[clip(", ".join(path.rpartition("/")[2] for path in equal), 100)],
        fixed=True,
    )
    counts = [Count("Containers equal", count(len(equal)), f"{len(diff.b.paths()):,}")]
    counts += [Count(kind.capitalize(), count(n)) for kind, n in counted]
    return Joined(
        title=[title],
        identical=not diff,
        sentences=[["Old: ", old, ", new: ", new, "."]],
        counts=counts,
        above=[part],
        next=[f"%adm pattern {diff.b.name}"] if diff.b.name.isidentifier() else [],
    )


def _row(row: Change) -> Row:
    path = clip(row.new or row.old or "", _PATH_MOST)
    cells: list[Cell] = [[Key(path), *([] if row.change in ("added", "removed") else [Note(_word(row))])]]
    old, new = _values(row)
    return diff_row(_GLYPHS[row.change], [*cells, marked(clip(old, _WHAT_MOST)), marked(clip(new, _WHAT_MOST))])


def _word(row: Change) -> str:
    return {"moved": "Moved", "renamed": "Another name", "changed": "Changed"}[row.change]


def _values(row: Change) -> tuple[str, str]:
    """What stands under Old and New."""
    if row.change == "added":
        return "", row.what
    if row.change == "removed":
        return row.what, ""
    if row.change == "moved":
        return row.what.removeprefix("was "), row.new or ""
    if row.change == "renamed":
        return row.what.removeprefix("was called "), (row.new or "").rpartition("/")[2]
    sides = [part.partition(" -> ") for part in row.what.split("; ")]
    return "; ".join(f"{a}" for a, _, _ in sides), "; ".join(b or "set" for _, _, b in sides)
