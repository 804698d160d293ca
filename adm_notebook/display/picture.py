"""What all pictures share: themes, a figure that shows itself, frameless axes, names at the ends of lines, small PNGs.

Object interface of matplotlib only: no pyplot, no global state, every property given, so that a user's own settings
change nothing. matplotlib is not thread-safe: whoever draws holds `LOCK`.
"""

from __future__ import annotations

import io
import threading
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from PIL import Image

from adm_notebook.display.numbers import MINUS
from adm_notebook.display.page import page_theme
from adm_notebook.display.words import clip

__all__ = [
    "LOCK",
    "PNG_MOST",
    "THEMES",
    "WIDTH",
    "Chart",
    "EndLabel",
    "Theme",
    "drawable",
    "dress",
    "end_labels",
    "heading",
    "money_labels",
    "panel",
    "percent_labels",
    "png",
    "round_ticks",
    "set_ticks",
    "signed_labels",
    "text_style",
    "text_width",
    "theme_of",
    "thinned",
    "tick_decimals",
]

LOCK = threading.RLock()
"""Held while anything is drawn or saved."""

WIDTH = 800
"""CSS pixels of every picture; PNGs have twice as many."""

PNG_MOST = 90_000
"""Bytes of a PNG at most."""

POINTS = 9
_CSS_DPI = 96
_FONT = (
    str(matplotlib.get_data_path()) + "/fonts/ttf/DejaVuSans.ttf"
)  # ships with matplotlib: the same picture everywhere
_BOLD = str(matplotlib.get_data_path()) + "/fonts/ttf/DejaVuSans-Bold.ttf"


class Theme(NamedTuple):
    """Colours of one theme, as in adm.css; `diverging` runs from loss to gain, `sequential` from low to high."""

    ground: str
    ink: str
    ink2: str
    grid: str
    axis: str
    series: str
    bench: str
    gain: str
    loss: str
    empty: str
    diverging: tuple[str, ...]
    sequential: tuple[str, ...]


THEMES = {
    "light": Theme(
        "#ffffff", "#212121", "#5a5f66", "#ebebeb", "#bdbdbd", "#1f5fa8", "#8a8f94", "#00796b", "#a63a00", "#f2f2f2",
        ("#a63a00", "#e0a583", "#f4f1ee", "#7fbfb5", "#00695c"), ("#e3ecf6", "#8fb4d9", "#123f73"),
    ),
    "dark": Theme(
        "#111111", "#e2e2e2", "#a8adb3", "#262626", "#4a4a4a", "#74b2f0", "#8f8f8f", "#62d8c2", "#ff8f5a", "#1b1b1b",
        ("#ff8f5a", "#8a4a2c", "#232323", "#2d7569", "#62d8c2"), ("#16202b", "#2f5f91", "#a9d2fb"),
    ),
}  # fmt: skip


def theme_of(name: str | None) -> Theme:
    """The theme of this name; for `auto` and None that of the page, as far as it is known, else light."""
    return THEMES[page_theme() if name in (None, "auto") else name]


class Chart(Figure):
    """A figure that shows itself in a notebook, also where pyplot was never imported."""

    def __init__(self, width: int, height: int, theme: Theme) -> None:
        super().__init__(figsize=(width / _CSS_DPI, height / _CSS_DPI), dpi=_CSS_DPI, facecolor=theme.ground)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        return png(self), {"width": WIDTH}


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at this place, in CSS pixels from the left and the top of the picture."""
    whole_width, whole = figure.get_figwidth() * _CSS_DPI, figure.get_figheight() * _CSS_DPI
    return figure.add_axes((left / whole_width, 1 - (top + height) / whole, width / whole_width, height / whole))


def text_style(color: str, *, bold: bool = False) -> dict[str, Any]:
    """Properties of a text, all of them given."""
    font = FontProperties(fname=_BOLD if bold else _FONT, size=POINTS)
    return {"color": color, "fontproperties": font, "usetex": False, "parse_math": False}


def text_width(text: str, *, bold: bool = False) -> float:
    """Width of a text in CSS pixels."""
    font = FontProperties(fname=_BOLD if bold else _FONT, size=POINTS)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) * _CSS_DPI / 72


@cache
def _glyphs(path: str) -> frozenset[int]:
    return frozenset(FT2Font(path).get_charmap())


def drawable(text: str, width: float, instead: str = "", *, bold: bool = False) -> str:
    """`text` as the pictures' font can draw it within `width` CSS pixels: what is too long ends with an ellipsis.

    Characters that the font lacks become a box; where it lacks more than half, `instead` says more than their row.
    """
    text = clip(text, 200)
    known = _glyphs(_BOLD if bold else _FONT)
    missing = sum(ord(c) not in known for c in text)
    if instead and (not text or 2 * missing > len(text)):
        return instead
    text = "".join(c if ord(c) in known else "□" for c in text)
    if text_width(text, bold=bold) <= width:
        return text
    most = bisect_left(range(len(text)), True, key=lambda n: text_width(f"{text[: n + 1]}…", bold=bold) > width)
    return f"{text[:most].rstrip()}…"


def dress(ax: Axes, t: Theme, *, grid: bool = True, baseline: bool = True) -> None:
    """No frame, at most a baseline; horizontal grid; ticks without marks."""
    ax.set_facecolor(t.ground)
    for side, spine in ax.spines.items():
        spine.set(visible=baseline and side == "bottom", color=t.axis, linewidth=0.8)
    ax.tick_params(which="both", length=0, pad=4)
    ax.grid(visible=False, which="both")
    if grid:
        ax.grid(visible=True, axis="y", color=t.grid, linewidth=0.8, linestyle="-", alpha=1)
    ax.set_axisbelow(True)


def heading(ax: Axes, t: Theme, text: str, dx: float = 0) -> None:
    """The panel's name, scale and unit: small, grey, top left."""
    ax.annotate(
        text, xy=(0, 1), xycoords="axes fraction", xytext=(dx, 4), textcoords="offset points", ha="left", va="bottom",
        annotation_clip=False, **text_style(t.ink2),
    )  # fmt: skip


def set_ticks(
    ax: Axes, which: str, at: Sequence[float], labels: Sequence[str], t: Theme, bold: Sequence[bool] | None = None
) -> None:
    """Ticks at these values with these labels, and no others; bold ones stand in ink."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_ticks([], minor=True)
    axis.set_ticks(list(at), list(labels), **text_style(t.ink2))
    for text, is_bold in zip(axis.get_ticklabels(), bold or (), strict=False):
        if is_bold:
            text.set(**text_style(t.ink, bold=True))


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers within [low, high]."""
    values = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = (high - low) * 1e-9
    return [0.0 if abs(v) < slack else float(v) for v in values if low - slack <= v <= high + slack]


def tick_decimals(ticks: Sequence[float]) -> int:
    """As few decimals as show these values whole, six at most."""
    return next((d for d in range(6) if all(abs(round(v, d) - v) < 1e-9 + 1e-9 * abs(v) for v in ticks)), 6)


def thinned(at: Sequence[float], labels: Sequence[str], ranks: Sequence[int], gap: float = 10) -> list[int]:
    """Which labels stay at `at` (CSS pixels), so that none is nearer than `gap` to the next; lower ranks go first."""
    half = [text_width(label) / 2 for label in labels]
    kept: list[int] = []
    for i in sorted(range(len(at)), key=lambda i: (-ranks[i], i)):
        if all(abs(at[i] - at[j]) >= half[i] + half[j] + gap for j in kept):
            kept.append(i)
    return sorted(kept)


class EndLabel(NamedTuple):
    """A name at the right end of a line, at the height `y` of the data."""

    y: float
    text: str
    color: str
    bold: bool = False


def end_labels(ax: Axes, labels: Sequence[EndLabel], line_height: float = 15.5) -> None:
    """Names at the ends of their lines instead of a legend; pushed apart where they would touch, kept within the panel.

    Limits of the axes must be set before; `line_height` is in CSS pixels.
    """
    bottom, top = ax.bbox.y0, ax.bbox.y1
    ordered = sorted(labels, key=lambda label: label.y)
    halves = [line_height * (label.text.count("\n") + 1) / 2 for label in ordered]
    middles = [float(ax.transData.transform((0, label.y))[1]) for label in ordered]
    for i in range(len(ordered)):
        floor = bottom - 4 if i == 0 else middles[i - 1] + halves[i - 1]
        middles[i] = max(middles[i], floor + halves[i])
    for i in reversed(range(len(ordered))):
        ceiling = top + 4 if i == len(ordered) - 1 else middles[i + 1] - halves[i + 1]
        middles[i] = min(middles[i], ceiling - halves[i])
    for label, middle in zip(ordered, middles, strict=True):
        ax.annotate(
            label.text, xy=(1, (middle - bottom) / (top - bottom)), xycoords="axes fraction", xytext=(6, 0),
            textcoords="offset points", ha="left", va="center", linespacing=1.25, annotation_clip=False,
            **text_style(label.color, bold=label.bold),
        )  # fmt: skip


def percent_labels(ticks: Sequence[float]) -> list[str]:
    """Fractions beside an axis, as percent of one precision: real minus, no plus."""
    values = [v * 100 for v in ticks]
    return signed_labels(values, tick_decimals(values), "%")


def money_labels(ticks: Sequence[float]) -> list[str]:
    """Money beside a linear axis: `100k`, `105.5M`, or in full where that would take more decimals."""
    largest = max(map(abs, ticks), default=0.0)
    for scale, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        scaled = [v / scale for v in ticks]
        if largest >= scale and tick_decimals(scaled) <= 1:
            labels = signed_labels(scaled, tick_decimals(scaled), letter)
            return ["0" if v == 0 else label for v, label in zip(ticks, labels, strict=True)]
    return signed_labels(ticks, tick_decimals(ticks))


def signed_labels(values: Sequence[float], digits: int, unit: str = "") -> list[str]:
    """Values beside an axis, of one precision."""
    texts = [f"{abs(v):,.{digits}f}" for v in values]
    return [f"{MINUS if v < 0 and t.strip('0.') else ''}{t}{unit}" for v, t in zip(values, texts, strict=True)]


def png(figure: Figure) -> bytes:
    """The figure at twice its size in CSS pixels, in a palette: as many colours as fit in `PNG_MOST` bytes."""
    image = _pixels(figure)
    for colours, level in ((224, 6), (224, 9), (128, 9), (64, 9), (32, 9), (16, 9)):
        data = _palette_png(image, colours, level)
        if len(data) <= PNG_MOST:
            return data
    return _palette_png(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS), 64, 9)


def _pixels(figure: Figure) -> Image.Image:
    with LOCK:
        canvas, dpi = FigureCanvasAgg(figure), figure.dpi
        try:
            figure.dpi = 2 * _CSS_DPI
            canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib has no types here
            width, height = canvas.get_width_height()
            pixels = bytes(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
            return Image.frombytes("RGBA", (width, height), pixels).convert("RGB")
        finally:
            figure.dpi = dpi


def _palette_png(image: Image.Image, colours: int, level: int) -> bytes:
    out = io.BytesIO()
    few = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(out, "PNG", compress_level=level)
    return out.getvalue()
