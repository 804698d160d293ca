"""The style sheet as outputs carry it: the sections that static cards need, made small."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

__all__ = ["DIFF_SECTIONS", "STATIC_SECTIONS", "css", "dark_page_css", "minify", "style_tag"]

STATIC_SECTIONS = (1, 2, 3, 4, 5, 6, 9)
"""Sections of adm.css that draw static outputs; the others draw widgets."""

DIFF_SECTIONS = (*STATIC_SECTIONS, 14)
"""Those that differences and the checklist need."""

_SECTION = re.compile(r"/\* -{5,} (\d+) [^*]*\*/")


@cache
def css(sections: tuple[int, ...] | None = STATIC_SECTIONS) -> str:
    """Minified text of these sections of adm.css; of all of it for None."""
    source = files("adm_notebook.display").joinpath("static", "adm.css").read_text(encoding="utf-8")
    if sections is None:
        return minify(source)
    _, *parts = _SECTION.split(source)
    return minify(
        "".join(text for number, text in zip(parts[::2], parts[1::2], strict=True) if int(number) in sections)
    )


def style_tag(sections: tuple[int, ...] = STATIC_SECTIONS) -> str:
    """The `<style>` element that the first HTML output of a cell starts with."""
    return f"<style>{css(sections)}</style>"


def minify(text: str) -> str:
    """Leave out comments and the blanks that CSS does not need; strings and `calc` keep theirs."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text)  # not around + and -: calc needs its blanks
    text = re.sub(r"(?<=[\w-]): (?=[^{}]*[;}])", ":", text)
    return text.replace(";}", "}").strip()


def dark_page_css() -> str:
    """Rules that make a page of its own follow the reader's colour scheme, as adm.css follows a notebook's theme."""
    dark = re.search(r'html\[theme="?dark"?\] \.adm\{(.*?)\}', css())
    if dark is None:
        raise RuntimeError("adm.css has lost its dark theme")
    return f"@media (prefers-color-scheme:dark){{:root{{color-scheme:dark;background:#111}}.adm{{{dark[1]}}}}}"
