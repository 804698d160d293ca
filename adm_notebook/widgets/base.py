"""What all widgets have in common: one style sheet, shared JavaScript, a `repr` that says nothing of the session."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import anywidget

from adm_notebook.display.page import note_theme
from adm_notebook.display.style import css, minify

__all__ = ["EMPTY", "AdmWidget", "module", "style"]

EMPTY = {"text/html": "", "text/plain": ""}
"""An output of which nothing is seen, until another takes its place."""


@cache
def module(*parts: str) -> str:
    """The JavaScript of a widget: static/common.js, whose functions all share, followed by its own parts in order.

    All are plain files without imports, in one scope; the last ends in `export default { render }`.
    """
    static = files("adm_notebook.widgets").joinpath("static")
    return "\n".join(static.joinpath(f"{part}.js").read_text(encoding="utf-8") for part in ("common", *parts))


@cache
def style(name: str) -> str:
    """What a widget adds to adm.css: static/NAME.css, made small."""
    return minify(files("adm_notebook.widgets").joinpath("static", f"{name}.css").read_text(encoding="utf-8"))


class AdmWidget(anywidget.AnyWidget):
    """A view with the whole of adm.css; subclasses set `_esm = module(NAME)` and declare their traits."""

    _css = css(None) + style("common")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_msg(self._on_message)

    def _on_message(self, _: Any, content: Any, __: Any) -> None:
        """A page's message, on any thread: what it says of its theme is for all views, the rest for `_receive`."""
        if not isinstance(content, Mapping):
            return
        if (theme := content.get("theme")) in ("light", "dark"):
            note_theme(theme)
            self._themed(theme)
        if content.get("do") != "theme":
            self._receive(content)

    def _themed(self, theme: str) -> None:
        """A page that shows this view is `light` or `dark`; for views that draw pictures."""

    def _receive(self, content: Mapping[str, Any]) -> None:
        """What a page asks this kind of view for; what is not known is passed over."""

    def __repr__(self) -> str:
        """Its class: ids differ from session to session, and a stored notebook is compared with a new run."""
        return f"<{type(self).__name__}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The view, and for front ends without widgets what `text` says."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["text/plain"] = self.text()
        return bundle

    def show_above(self, n: int) -> tuple[str, ...]:
        """Show the view in the current cell, and below it `n` empty outputs; returns the ids that fill them later."""
        from IPython.display import publish_display_data

        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        publish_display_data(data, metadata)  # type: ignore[no-untyped-call]  # IPython
        ids = tuple(uuid.uuid4().hex for _ in range(n))
        for display_id in ids:
            publish_display_data(dict(EMPTY), {}, transient={"display_id": display_id})  # type: ignore[no-untyped-call]
        return ids

    def text(self) -> str:
        """What is shown where widgets can't be: one line to a screen of text."""
        return repr(self)
