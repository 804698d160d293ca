"""A migration on screen: what changes in the config, and the report that proves what stays the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adm_notebook.display.config_rows import config_part, unmapped_part
from adm_notebook.display.diff_parts import Count, Joined, Part
from adm_notebook.display.differences import below, figures_apart, picture_of, sentences_of, titled
from adm_notebook.display.joined import html, page, publish
from adm_notebook.display.numbers import count, duration
from adm_notebook.display.subject import Banner
from adm_notebook.display.words import Name, Words, clip, enumerated, marked, plural

if TYPE_CHECKING:
    from adm_notebook.migration.changes import Change, Unmapped
    from adm_notebook.migration.configs.migration import Migration
    from adm_notebook.migration.proof.report import MigrationReport
    from adm_notebook.results import WorkflowResult

__all__ = [
    "display_migration_report",
    "joined_migration",
    "joined_report",
    "migration_html_of",
    "migration_report_html_of",
    "migration_report_page_of",
]

_NOTES_MOST = 8


def migration_html_of(migration: Migration, name: str = "migration") -> str:
    """What changes in a config, as HTML, style sheet included."""
    return html(joined_migration(migration, name))


def migration_report_html_of(report: MigrationReport) -> str:
    """The report without its picture, as one string of HTML, style sheet included."""
    return html(joined_report(report))


def migration_report_page_of(report: MigrationReport) -> str:
    """The report as a page of its own."""
    return page(joined_report(report))


def display_migration_report(report: MigrationReport, name: str = "report", theme: str | None = None) -> None:
    """Show the report in the current cell: HTML, picture, HTML."""
    publish(joined_report(report, name), theme)


def joined_migration(migration: Migration, name: str = "migration") -> Joined:
    """A migration alone: nothing was run, so there is no verdict."""
    changes, unmapped = migration.changes, migration.unmapped
    changed = sum(c.change != "=" for c in changes)
    said = f"{plural(changed, 'key')} of {len(changes):,} change" + ("s" if changed == 1 else "")
    title = f"{said}, {len(unmapped):,} not mapped" if unmapped else f"{said}, each of them mapped"
    return Joined(
        title=[title if changed or unmapped else "Nothing changes: this config is as it should be"],
        sentences=[["What is equal is folded. Nothing was run: a report of verify_migration compares results, too."]],
        banner=_unmapped_banner(len(unmapped)),
        above=_config_parts(changes, unmapped, name, "changes"),
        next=[f"{name}.config", f"{name}.diff", "adm.verify_migration(old)"],
    )


def joined_report(report: MigrationReport, name: str = "report") -> Joined:
    """The whole report: verdict, counts, configuration, equities, metrics, trades, and what to type next."""
    result, old, new = report.result, report.old, report.new
    draw, alt = picture_of(result, old, new)
    counts = figures_apart(result, report.config_changes)
    counts.append(Count("Keys not mapped", count(len(report.unmapped)), title="Left out by both runs"))
    banner = _unmapped_banner(len(report.unmapped), both=True)
    if not report.identical and report.to_mend:
        banner = Banner("warn", "To mend it:", marked(report.to_mend))
    return Joined(
        title=_verdict(report),
        identical=report.identical,
        sentences=[_conditions(old, new), *sentences_of(result)],
        banner=banner,
        counts=counts,
        above=_config_parts(_causes_first(report), report.unmapped, name, "config_changes"),
        below=below(result, old, new, f"{name}.result"),
        draw=draw,
        alt=alt,
        notes=[["Note: ", *marked(note)] for note in report.notes[:_NOTES_MOST]],
        volatile=_costs(report),
        next=[*([f"{name}.migration.config"] if report.migration is not None else []), f'{name}.save("report.html")'],
    )


def _config_parts(changes: Sequence[Change], unmapped: Sequence[Unmapped], name: str, where: str) -> list[Part]:
    return [
        config_part(changes, "What changes in the configuration", f"{name}.{where}"),
        unmapped_part(unmapped, f"{name}.unmapped"),
    ]


def _causes_first(report: MigrationReport) -> list[Change]:
    """The rows of the configuration, those that explain a difference at the top."""
    causes = {cause.path for cause in report.causes}
    return sorted(report.config_changes, key=lambda change: change.path not in causes)


def _unmapped_banner(n: int, *, both: bool = False) -> Banner | None:
    if not n:
        return None
    said = " Both runs left it out." if n == 1 else " Both runs left them out."
    strong = f"{plural(n, 'key')} {'is' if n == 1 else 'are'} not mapped."
    return Banner(
        "warn", strong, [f"What to do about {'it' if n == 1 else 'each'} stands beneath.{said if both else ''}"]
    )


def _verdict(report: MigrationReport) -> Words:
    """The verdict as a title; of what is equal, what that means."""
    said = titled(clip(report.verdict, 300))
    return marked(f"{said}: same trades, same equity, same metrics" if report.identical else said)


def _conditions(old: WorkflowResult, new: WorkflowResult) -> Words:
    """Which two ways were compared, on which bars."""
    ways = {
        "traditional": "Traditional coordinator",
        "composable": "composable containers",
        "hybrid": "hybrid phases",
    }
    first, second = ways.get(old.mode, old.mode or "old"), ways.get(new.mode, new.mode or "new")
    words: list[str] = [f"{first[:1].upper()}{first[1:]} against {second}, on your data: "]
    facts = new.facts if new.facts.n_bars else old.facts
    symbols = [clip(s, 40) for s in facts.symbols]
    words += enumerated(symbols, Name) if 0 < len(symbols) <= 4 else [plural(len(symbols), "symbol")]
    if facts.n_bars:
        words.append(f", {facts.n_bars:,} {facts.timeframe} bars".replace("  ", " "))
    if facts.first:
        words.append(f", {facts.first} to {facts.last}")
    return [*words, "."]


def _costs(report: MigrationReport) -> str:
    """`Time and memory: traditional 1.3 s, 96 MB; composable 20 ms, 61 MB.`"""
    said = []
    for side, mode in (("old", report.old.mode), ("new", report.new.mode)):
        seconds, grown = _of(report.timings, side), _of(report.memory, side)
        figures = [duration(seconds)] if seconds is not None else []
        figures += [f"{grown:,.0f} MB"] if grown is not None else []
        said += [f"{mode or side} {', '.join(figures)}"] if figures else []
    return f"Time and memory: {'; '.join(said)}." if said else ""


def _of(figures: Mapping[str, float | None], side: str) -> float | None:
    return figures.get(side)
