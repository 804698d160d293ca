"""Pictures take the theme of the page that shows them, once one of its views has said which it is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from explorer_cases import run, sweep
from PIL import Image

import adm_notebook as adm
from adm_notebook.display import page, png_of
from adm_notebook.widgets.base import AdmWidget

VIEWS: dict[str, Callable[[], AdmWidget]] = {
    "builder": adm.ConfigBuilder,
    "editor": adm.PatternEditor,
    "explorer": lambda: adm.explore(sweep()),
    "diff": lambda: adm.DiffView({"one": run(), "two": run()}),
}


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    page._told.clear()
    yield
    page._told.clear()


def ground(theme: str | None = None) -> Any:
    return Image.open(io.BytesIO(png_of(run(), theme))).convert("RGB").getpixel((2, 2))


@pytest.mark.parametrize("kind", VIEWS)
def test_pictures_follow_the_page_that_a_view_tells_of(kind: str) -> None:
    view = VIEWS[kind]()
    assert ground() == (255, 255, 255)
    view._on_message(view, {"do": "theme", "theme": "dark"}, [])
    assert ground() == ground("auto") == (17, 17, 17)
    assert ground("light") == (255, 255, 255)  # what was asked for
    for strange in (
        {"do": "theme", "theme": "_told"},
        {"do": "theme", "theme": ["light"]},
        {"do": "theme"},
        "light",
        None,
    ):
        view._on_message(view, strange, [])
    assert ground() == (17, 17, 17)
    view._on_message(view, {"do": "theme", "theme": "light"}, [])
    assert ground() == (255, 255, 255)
