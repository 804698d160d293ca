"""Results as outputs of a cell: HTML, PNG, HTML; and as a page of their own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from adm_notebook.display.card import Card, card_of
from adm_notebook.display.html import render
from adm_notebook.display.numbers import percent
from adm_notebook.display.style import css, dark_page_css
from adm_notebook.display.subject import Subject
from adm_notebook.display.text import text_of_subject
from adm_notebook.display.words import plain

if TYPE_CHECKING:
    from adm_notebook.display.picture import Chart
    from adm_notebook.results.result import WorkflowResult

__all__ = ["bundle_of", "display_result", "figure_of", "html_of", "png_of", "report_html", "text_of"]

Output = tuple[dict[str, Any], dict[str, Any]]


def text_of(result: WorkflowResult) -> str:
    """At most 20 lines of 80 columns: title, conditions, figures; the same in every run of the same work."""
    return text_of_subject(Subject(result))


def html_of(result: WorkflowResult) -> str:
    """The HTML parts of the card as one string, style sheet included."""
    card = card_of(Subject(result))
    return card.with_style + card.tail


def figure_of(result: WorkflowResult, theme: str | None = None) -> Chart:
    """The card's picture; the equity of the best row where the card has none.

    Raises
    ------
    RunError
        where no row is ok.
    """
    from adm_notebook.errors import RunError

    subject = Subject(result)
    if "sharpe" not in result.stats and "n_signals" in result.stats:
        raise RunError("plot(): signals were kept and nothing was simulated; `%adm signals NAME` shows them")
    if subject.best is None:
        raise RunError("plot(): no row of this result is ok, so there is nothing to draw; result.errors says why")
    return _draw(subject, theme)


def png_of(result: WorkflowResult, theme: str | None = None) -> bytes:
    """That picture as PNG, 1,600 pixels wide, meant to be shown at 800."""
    from adm_notebook.display.picture import png

    return png(figure_of(result, theme))


def bundle_of(result: WorkflowResult, name: str = "result", theme: str | None = None) -> list[Output]:
    """The outputs of a card as (data, metadata): HTML and text, PNG, HTML; one alone where there is no picture.

    Parameters
    ----------
    name
        the notebook's variable that holds the result, for `Continue with`.
    theme
        `light`, `dark` or `auto`, of the picture; the HTML follows the notebook by itself.
    """
    subject = Subject(result, name)
    card, text = card_of(subject), text_of_subject(subject)
    if not _has_picture(subject):
        return [({"text/html": card.with_style + card.tail, "text/plain": text}, {})]
    from adm_notebook.display.picture import WIDTH, png

    picture = png(_draw(subject, theme))
    return [
        ({"text/html": card.with_style, "text/plain": text}, {}),
        ({"image/png": base64.b64encode(picture).decode()}, {"image/png": {"width": WIDTH, "alt": _alt(subject)}}),
        ({"text/html": card.tail}, {}),
    ]


def display_result(
    result: WorkflowResult,
    name: str = "result",
    theme: str | None = None,
    display_ids: Sequence[str] | None = None,
    *,
    update: bool = False,
) -> None:
    """Show the card in the current cell.

    Parameters
    ----------
    display_ids
        ids of three displays; with `update`, those that were reserved earlier are filled, and emptied where the card
        has fewer outputs.
    """
    from IPython import display

    publish: Callable[..., None] = display.publish_display_data

    outputs = bundle_of(result, name, theme)
    if display_ids is None:
        for data, metadata in outputs:
            publish(data, metadata)
        return
    outputs += [({"text/html": ""}, {})] * (len(display_ids) - len(outputs))
    for display_id, (data, metadata) in zip(display_ids, outputs, strict=True):
        publish(data, metadata, transient={"display_id": display_id}, update=update)


def report_html(result: WorkflowResult, name: str = "result") -> str:
    """The card as a page of its own: style sheet and pictures inside, light or dark as the reader's system is."""
    subject = Subject(result, name)
    card: Card = card_of(subject)
    light = dark = ""
    if _has_picture(subject):
        from adm_notebook.display.picture import png

        light, dark = (base64.b64encode(png(_draw(subject, theme))).decode() for theme in ("light", "dark"))
    return render(
        "report.html",
        title=plain(subject.title),
        css=Markup(css()),
        dark=Markup(dark_page_css()),
        head=Markup(card.head),
        tail=Markup(card.tail),
        light=light,
        dark_png=dark,
        alt=_alt(subject) if light else "",
    )


def _has_picture(subject: Subject) -> bool:
    """A single backtest has one, and a sweep of at least one parameter that makes a difference."""
    return subject.best is not None and (not subject.is_sweep or bool(subject.axes))


def _draw(subject: Subject, theme: str | None) -> Chart:
    from adm_notebook.display.equity_chart import equity_chart
    from adm_notebook.display.picture import LOCK, theme_of
    from adm_notebook.display.sweep_chart import sweep_chart

    axes = subject.axes
    with LOCK:
        return sweep_chart(subject, axes, theme_of(theme)) if axes else equity_chart(subject, theme_of(theme))


def _alt(subject: Subject) -> str:
    """The picture in words."""
    axes = subject.axes
    if axes:
        from adm_notebook.display.outcomes import outcomes_of
        from adm_notebook.display.parallel import paths_of

        paths = f"; below, lines through all of {', '.join(found)}" if (found := paths_of(subject)) else ""
        below = "; at the bottom, how all outcomes are distributed" if outcomes_of(subject) is not None else ""
        beneath = paths + below
        if len(axes) == 2:
            label = subject.objective.label
            return f"Heatmap of {label} by {axes[0]} and {axes[1]}; the best cell is outlined{beneath}"
        return f"{subject.objective.label} by {axes[0]}; the best value is ringed{beneath}"
    own = percent(subject.result.metrics["total_return"])
    benchmark = subject.result.benchmark
    beside = "" if benchmark is None else f" and of buy and hold ({percent(benchmark.metrics['total_return'])})"
    return f"Equity of {subject.strategy} ({own}){beside}, with trades and drawdown below"
