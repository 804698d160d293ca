"""The checklist on screen: four folds, the first with work open; each item with its evidence or what would do it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from adm_notebook.display.html import render
from adm_notebook.display.style import diff_css, style_tag
from adm_notebook.display.words import Words, clip, marked, plain
from adm_notebook.migration.checklist.checklist import Checked, Checklist

__all__ = ["ChecklistView"]

_EVIDENCE_MOST, _COMMAND_MOST = 400, 200
_COLUMNS = 80

_GLYPHS = {
    "done": ("is-done", "✓", "done"),
    "open": ("is-open", "○", "to do"),
    "unneeded": ("is-none", "–", "not needed"),
    "failed": ("is-fail", "✕", "failed"),
}
"""State -> class of its row, glyph, and the word that says the same."""


class _Row(NamedTuple):
    """One item as it is drawn."""

    kind: str
    glyph: str
    word: str
    words: Words
    evidence: Words
    volatile: str
    command: str


@dataclass(frozen=True)
class _Phase:
    """One fold."""

    title: str
    gist: str
    is_open: bool
    rows: Sequence[_Row]


@dataclass(frozen=True, repr=False)
class ChecklistView:
    """A checklist that shows itself."""

    checklist: Checklist

    def _repr_html_(self) -> str:
        body = render(
            "checklist.html",
            title=self._title,
            sentence=self._sentence,
            trouble=[marked(sentence) for sentence in self.checklist.trouble],
            phases=self._phases(),
        )
        return style_tag(diff_css()) + body

    def __repr__(self) -> str:
        lines = [self._title, *textwrap.wrap(plain(self._sentence), _COLUMNS)]
        lines += [plain(marked(sentence)) for sentence in self.checklist.trouble]
        for phase in self._phases():
            lines.append(f"{phase.title}: {phase.gist}")
            for row in phase.rows if phase.is_open else ():
                lines.append(f"  {row.glyph} {plain(row.words)}")
                said = plain(row.evidence) + (f" {row.command}" if row.command else "")
                lines += textwrap.wrap(said, _COLUMNS, initial_indent="    ", subsequent_indent="    ")
        return "\n".join(lines)

    @property
    def _title(self) -> str:
        """`5 of 16 done`, and what else there is to say at a glance."""
        found, others = self.checklist, []
        for state, word in (("failed", "failed"), ("unneeded", "not needed")):
            if n := found.count(state):
                others.append(f"{n:,} {word}")
        return ", ".join([f"{found.count('done'):,} of {found.total:,} done", *others])

    @property
    def _sentence(self) -> Words:
        where = self.checklist.notebook
        kept = "Progress is kept in `.adm_checklist.json` beside the notebook; `%adm checklist reset` forgets it."
        return [*([f"{clip(where, 80)}. "] if where else []), *marked(f"Each item was checked just now. {kept}")]

    def _phases(self) -> list[_Phase]:
        """The first phase in which there is work is open, and any in which something failed."""
        phases, waiting = [], True
        for number, (name, items) in enumerate(self.checklist.phases.items(), 1):
            counts = (sum(c.state == s for c in items) for s in ("open", "failed", "done", "unneeded"))
            n_open, n_failed, n_done, n_none = counts
            has_work = n_open + n_failed > 0
            gist = f"{n_done} of {len(items)} done"
            gist += f", {n_failed} failed" if n_failed else ""
            gist += f", {n_none} not needed" if n_none else ""
            gist += f", next: {plain(marked(_next(items).item.words))}" if has_work else ""
            phases.append(
                _Phase(
                    f"Phase {number}: {name}", gist, (has_work and waiting) or n_failed > 0, [_row(c) for c in items]
                )
            )
            waiting = waiting and not has_work
        return phases


def _next(items: Sequence[Checked]) -> Checked:
    """What failed first, else what is to be done first."""
    waiting = [c for c in items if c.state == "failed"] or [c for c in items if c.state == "open"]
    return waiting[0]


def _row(checked: Checked) -> _Row:
    kind, glyph, word = _GLYPHS[checked.state]
    finding = checked.finding
    earlier = [" Done in an earlier session."] if checked.earlier else []
    volatile = ", ".join(part for part in (clip(finding.volatile, 200), checked.earlier) if part)
    return _Row(
        kind,
        glyph,
        word,
        marked(checked.item.words),
        [*marked(clip(finding.words, _EVIDENCE_MOST)), *earlier],
        volatile,
        clip(finding.command, _COMMAND_MOST) if checked.state in ("open", "failed") else "",
    )
