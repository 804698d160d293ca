"""The result card as HTML: head (title, conditions, figures) and tail (tables, folds); the picture goes in between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adm_notebook.display.html import render
from adm_notebook.display.lede import caption, lede
from adm_notebook.display.ran import containers_gist, containers_grid, phases_gist, phases_grid
from adm_notebook.display.style import style_tag
from adm_notebook.display.subject import Subject
from adm_notebook.display.tables import (
    errors_grid,
    figures,
    ranked_grid,
    signals_grid,
    trade_figures,
    trades_gist,
    trades_grid,
)
from adm_notebook.display.words import marked, plural
from adm_notebook.errors import ConfigError
from adm_notebook.folders import nearby

__all__ = ["HTML_MOST", "Card", "card_of"]

HTML_MOST = 60_000
"""Bytes of HTML that a saved card may hold, style sheet not counted."""

_SIZES = ((100, 8_000, 60), (60, 5_000, 40), (30, 3_000, 30), (10, 1_500, 15), (4, 600, 8))
"""Trades, characters of YAML, and containers, shrinking until the card fits."""


@dataclass(frozen=True, slots=True)
class Card:
    """The two HTML parts, without the style sheet."""

    head: str
    tail: str

    @property
    def with_style(self) -> str:
        """The head as the first output of a cell carries it."""
        return style_tag() + self.head


def card_of(subject: Subject) -> Card:
    """Both parts, with as many trades as the budget allows."""
    head = render(
        "head.html",
        s=subject,
        figures=figures(subject),
        trades=None if subject.is_sweep else trade_figures(subject),
        lede=lede(subject),
        hint=marked(subject.result.facts.hint) if subject.is_failed else (),
    )
    tail = ""
    for most in _SIZES:
        tail = _tail(subject, *most)
        if len((head + tail).encode()) <= HTML_MOST:
            break
    return Card(head, tail)


def _tail(subject: Subject, trades_most: int, yaml_most: int, containers_most: int) -> str:
    result = subject.result
    single = not subject.is_sweep
    ranked = ranked_grid(subject) if subject.is_sweep and subject.best is not None else None
    title = _ranked_title(subject, len(ranked.rows)) if ranked else ""
    if subject.n_signals is not None:
        ranked = signals_grid(subject)
        title = "Captured"
    errors, errors_said = errors_grid(subject) if _not_ok(subject) else (None, "")
    trades, trades_said = trades_grid(subject, trades_most) if single and subject.has_trades else (None, "")
    containers, containers_said = containers_grid(subject, containers_most)
    facts = result.facts
    notes = [marked(sentence) for sentence in (*facts.notes, *facts.defaults)]
    return render(
        "tail.html",
        s=subject,
        caption=caption(subject),
        ranked=ranked,
        ranked_title=title,
        not_ok=_not_ok(subject),
        errors=errors,
        errors_said=errors_said,
        trades=trades,
        trades_said=trades_said,
        trades_gist=trades_gist(subject),
        phases=phases_grid(subject),
        phases_gist=phases_gist(subject),
        containers=containers,
        containers_gist=containers_gist(subject),
        containers_said=containers_said,
        counts_vary=_counts_vary(subject),
        notes=notes,
        notes_gist=_notes_gist(len(facts.notes), len(facts.defaults)),
        yaml=_yaml(subject, yaml_most),
        configuration_gist=_configuration_gist(subject),
        mode_reason=marked(str(result.metadata.get("mode_reason", ""))),
        kept_in=nearby(Path(result.metadata["signals_path"])) if subject.n_signals is not None else "",
        rows_in=nearby(Path(result.metadata["results_path"])) if "results_path" in result.metadata else "",
        continue_with=_continue_with(subject),
    )


def _counts_vary(subject: Subject) -> bool:
    """Whether what containers were asked for hangs on the batches of a sweep, and so on how fast the machine is."""
    many = subject.is_sweep or subject.n_signals is not None
    return many and subject.result.mode != "traditional"


def _ranked_title(subject: Subject, shown: int) -> str:
    numerals = {
        1: "The only one",
        2: "Two",
        3: "Three",
        4: "Four",
        5: "Five",
        6: "Six",
        7: "Seven",
        8: "Eight",
        9: "Nine",
        10: "Ten",
    }
    if shown == subject.n_ok:
        return "The only row" if shown == 1 else f"All {shown}, best first"
    return f"{numerals[shown]} best of {subject.n_ok:,}"


def _not_ok(subject: Subject) -> str:
    """`3 of 263 rows failed, 2 invalid`."""
    failed, invalid, all_rows = subject.n_failed, subject.n_invalid, len(subject.stats)
    said = [f"{failed:,} failed"] if failed else []
    said += [f"{invalid:,} invalid"] if invalid else []
    if not said:
        return ""
    first, *rest = said
    n, _, word = first.partition(" ")
    return ", ".join([f"{n} of {plural(all_rows, 'row')} {word}", *rest])


def _yaml(subject: Subject, most: int) -> str:
    text = subject.result.facts.resolved
    if subject.result.mode == "hybrid":  # what was resolved is its last phase alone
        text = _as_typed(subject) or text
    if len(text) <= most:
        return text
    return f"{text[:most].rsplit(chr(10), 1)[0]}\n# shortened; print({subject.name}.facts.resolved) shows all of it"


def _as_typed(subject: Subject) -> str:
    """The config of a hybrid workflow as it was given; empty where it holds what text can't, such as a DataFrame."""
    try:
        return subject.result.config.to_yaml()
    except ConfigError:
        return ""


def _notes_gist(notes: int, defaults: int) -> str:
    filled = f"{plural(defaults, 'default')} filled in" if defaults else ""
    return ", ".join(part for part in (f"{notes:,} for the record" if notes else "", filled) if part)


def _configuration_gist(subject: Subject) -> str:
    result = subject.result
    gist = [f"{result.mode} mode"] if result.mode else []
    gist += [result.pattern] if result.pattern else []
    return ", ".join([*gist, "as it was given" if result.mode == "hybrid" else "defaults filled in"])


def _continue_with(subject: Subject) -> list[str]:
    """Names to type next; only such as exist."""
    name = subject.name
    earlier = next((phase for phase in subject.result.phases if phase != subject.phase), None)
    phases = [] if earlier is None else [f"{name}.phases[{earlier!r}]"]
    if subject.n_signals is not None:
        return [
            f"%adm signals {name}",
            f"%adm replay {name} --set stop_loss=[0.02, 0.05]",
            f"{name}.signals",
            f"{name}.stats",
        ]
    if subject.best is None:
        return [*phases, f"{name}.stats"] if len(subject.stats) else phases
    if subject.is_sweep:
        return [
            *phases,
            f"{name}.stats",
            f"{name}.trades",
            f"{name}.detail({subject.best})",
            f"{name}.plot()",
            f'{name}.save("folder")',
        ]
    return [*phases, f"{name}.trades", f"{name}.plot()", f"{name}.stats", f'{name}.save("folder")']
