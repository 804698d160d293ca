"""A result as text: at most 20 lines of 80 columns; no id, duration or path, so that it is the same in every run."""

from __future__ import annotations

import textwrap

from adm_notebook.display.grid import Column, Grid, Row, aligned, ascii_minus, text_width
from adm_notebook.display.lede import lede
from adm_notebook.display.measures import measure
from adm_notebook.display.ran import phases_text
from adm_notebook.display.subject import Subject
from adm_notebook.display.tables import figures, headline_names, ranked_grid, signals_grid, trade_figures
from adm_notebook.display.words import clip, marked, plain, plural

__all__ = ["COLUMNS", "LINES", "text_of_subject"]

LINES, COLUMNS = 20, 80
_LEFT_OUT = ("exposure",)  # of the headline metrics: no room in 80 columns


def text_of_subject(subject: Subject) -> str:
    """What the card says, from its title to its most important table."""
    lines = _status(subject)
    lines += _wrapped(plain(subject.title), 2)
    lines += _wrapped(plain(subject.conditions), 4)
    grid = figures(subject)
    if grid is not None:
        lines += aligned(_narrow(subject, grid), most=COLUMNS)
    lines += _trades(subject) + _notices(subject) + _wrapped(phases_text(subject), 2) + _wrapped(lede(subject), 4)
    if subject.n_signals is not None:
        lines += aligned(signals_grid(subject), most=COLUMNS, gap=2)
    if subject.is_sweep and subject.best is not None:
        room = LINES - len(lines) - 1
        ranked = ranked_grid(subject, max(min(room, 10), 0))
        if len(ranked.rows) > 0:
            plain_columns = [Column(c.label.removesuffix(" ratio"), left=c.left) for c in ranked.columns]
            lines += aligned(Grid(plain_columns, ranked.rows), most=COLUMNS, gap=2)
    return "\n".join(ascii_minus(line) for line in lines[:LINES])


def _narrow(subject: Subject, grid: Grid) -> Grid:
    names = headline_names(subject)
    keep = [i for i, name in enumerate(names) if name not in _LEFT_OUT or name == subject.objective.name]
    keep = keep[: len(names) - 1]
    columns = [Column(measure(names[i]).heading) for i in keep]
    return Grid(columns, [Row([row.cells[i] for i in keep], row.heading) for row in grid.rows])


def _status(subject: Subject) -> list[str]:
    """How the run ended, first of all, where it did not end well."""
    if subject.status is None or subject.banner is None:
        return []
    said = f"{subject.status[2]}: {subject.banner.strong} {plain(subject.banner.words)}".rstrip()
    hint = subject.result.facts.hint
    return _wrapped(said, 4) + (_wrapped(plain(marked(hint)), 2) if hint and subject.is_failed else [])


def _trades(subject: Subject) -> list[str]:
    grid = None if subject.is_sweep else trade_figures(subject)
    if grid is None:
        return []
    n, won, average, factor, *_ = grid.rows[-1].cells
    word = plain(grid.rows[-1].heading or ()).split()[0].lower()
    sides = f" ({', '.join(f'{r.cells[0]!s} {plain(r.heading or ()).split()[0].lower()}' for r in grid.rows[:-1])})"
    kind = "" if word == "all" else f"{word} "
    one = "trade" if str(n) == "1" else "trades"
    said = f"{n!s} {kind}{one} closed{sides if len(grid.rows) > 1 else ''}"
    if str(n) != "0":
        said += f": {won!s} won, average {average!s}, profit factor {factor!s}"
    detail = subject.detail
    still = 0 if detail is None else len(detail.account.pnl) - int(subject.result.metrics["n_trades"])
    return _wrapped(said + (f"; {still:,} still open" if still else ""), 2)


def _notices(subject: Subject) -> list[str]:
    """No trades, and warnings: what the card has in its banner."""
    banner = subject.banner
    if banner is None:
        return []
    lines = _wrapped(f"{banner.strong} {plain(banner.words)}", 3) if subject.status is None else []
    for sentence in banner.more[:2]:
        lines += _wrapped(f"- {plain(sentence)}", 2)
    if len(banner.more) > 2:
        lines.append(f"- {plural(len(banner.more) - 2, 'more note')} in .warnings")
    return lines


def _wrapped(text: str, most: int) -> list[str]:
    """`text` in lines that fit, at most `most` of them; one that goes on ends with an ellipsis."""
    if not text:
        return []
    lines = textwrap.wrap(text, COLUMNS, break_long_words=True, break_on_hyphens=False)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{textwrap.wrap(lines[most - 1], COLUMNS - 4)[0]} ..."]
    return [line if text_width(line) <= COLUMNS else clip(line, COLUMNS // 2) for line in lines]
