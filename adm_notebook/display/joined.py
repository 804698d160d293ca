"""A difference as outputs of a cell (HTML, PNG, HTML), as one string, and as a page of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from adm_notebook.display.diff_parts import MOST, Joined
from adm_notebook.display.html import render
from adm_notebook.display.style import dark_page_css, diff_css, style_tag
from adm_notebook.display.words import plain

__all__ = ["HTML_MOST", "JoinedView", "bundle", "html", "page", "parts", "picture_png", "publish"]

HTML_MOST = 110_000
"""Bytes of HTML of one difference, style sheet and picture not counted."""

Output = tuple[dict[str, Any], dict[str, Any]]

_SHRINKING = (MOST, 60, 30, 15, 6)


def parts(joined: Joined) -> tuple[str, str]:
    """What stands above the picture and below it, with as many rows as the budget allows."""
    head = tail = ""
    for most in _SHRINKING:
        head, tail = (render(f"diff_{name}.html", j=joined, most=most) for name in ("head", "tail"))
        if len((head + tail).encode()) <= HTML_MOST:
            break
    return head, tail


def html(joined: Joined) -> str:
    """All of it but the picture, style sheet included."""
    head, tail = parts(joined)
    return style_tag(diff_css()) + head + tail


def bundle(joined: Joined, theme: str | None = None) -> list[Output]:
    """The outputs of a cell as (data, metadata): HTML and text, PNG, HTML; one alone where there is no picture."""
    head, tail = parts(joined)
    first, text = style_tag(diff_css()) + head, joined.text()
    if joined.draw is None:
        return [({"text/html": first + tail, "text/plain": text}, {})]
    from adm_notebook.display.picture import WIDTH

    picture = base64.b64encode(picture_png(joined, theme)).decode()
    return [
        ({"text/html": first, "text/plain": text}, {}),
        ({"image/png": picture}, {"image/png": {"width": WIDTH, "alt": joined.alt}}),
        ({"text/html": tail}, {}),
    ]


def publish(joined: Joined, theme: str | None = None) -> None:
    """Show it in the current cell."""
    from IPython import display

    send: Callable[..., None] = display.publish_display_data
    for data, metadata in bundle(joined, theme):
        send(data, metadata)


def page(joined: Joined) -> str:
    """A page of its own: style sheet and pictures inside, light or dark as the reader's system is."""
    head, tail = parts(joined)
    light = dark = ""
    if joined.draw is not None:
        light, dark = (base64.b64encode(picture_png(joined, theme)).decode() for theme in ("light", "dark"))
    return render(
        "report.html",
        title=f"{joined.mark} {plain(joined.title)}".strip(),
        css=Markup(diff_css()),
        dark=Markup(dark_page_css()),
        head=Markup(head),
        tail=Markup(tail),
        light=light,
        dark_png=dark,
        alt=joined.alt,
    )


@dataclass(frozen=True, repr=False)
class JoinedView:
    """A difference that shows itself at the end of a cell."""

    joined: Joined
    theme: str | None = None

    def _ipython_display_(self) -> None:
        publish(self.joined, self.theme)

    def _repr_html_(self) -> str:
        return html(self.joined)

    def __repr__(self) -> str:
        return self.joined.text()


def picture_png(joined: Joined, theme: str | None) -> bytes:
    """The picture of a difference that has one."""
    from adm_notebook.display.picture import LOCK, png, theme_of

    if joined.draw is None:
        raise ValueError("this difference has no picture")
    with LOCK:
        return png(joined.draw(theme_of(theme)))
