"""What a page of the explorer asks for, and what it is sent: JSON, and buffers for what is long.

Messages may come on another thread than the one that runs cells: what they change is behind the explorer's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.display.measures import measure
from adm_notebook.display.words import clip
from adm_notebook.errors import AdmError
from adm_notebook.widgets.explorer_rows import WINDOW
from adm_notebook.widgets.vendor import LIGHTWEIGHT_CHARTS, library

if TYPE_CHECKING:
    from adm_notebook.widgets.explorer import Explorer

__all__ = ["answer"]

Content = Mapping[str, Any]


def answer(explorer: Explorer, content: Content) -> None:
    """Do what a page asks for; what is wrong with it comes back as a sentence."""
    kind = str(content.get("kind"))
    answers = _ANSWERS.get(kind)
    if answers is None:
        return
    try:
        answers(explorer, content)
    except AdmError as error:
        problems = getattr(error, "problems", None)
        said = problems[0].message if problems else str(error)
        if kind == "filter":
            explorer.problem = said
        else:
            explorer.send({"kind": "failed", "what": kind, "said": said})


# ---- the table and the heatmap --------------------------------------------------------------------------------------


def _window(explorer: Explorer, content: Content) -> None:
    start = max(0, int(content["start"]))
    with explorer.lock:
        labels = explorer.rows.labels[start : start + WINDOW].tolist()
        rows, version = explorer.rows.window(start), explorer.version
    explorer.send({"kind": "window", "version": version, "start": start, "rows": rows, "labels": labels})


def _heat(explorer: Explorer, _: Content) -> None:
    found = explorer.heat()
    if found is None:
        explorer.send({"kind": "heat", "none": True})
        return
    o = measure(explorer.result.facts.objective)
    finite = found.values[np.isfinite(found.values)]
    explorer.send(
        {
            "kind": "heat",
            "rows": clip(found.rows, 60), "columns": clip(found.columns, 60),
            "ys": [clip(v, 24) for v in found.ys], "xs": [clip(v, 24) for v in found.xs],
            "held": found.held, "merged": max(found.merged) > 1,
            "objective": o.label, "unit": o.kind,
            "low": float(finite.min()) if len(finite) else None,
            "high": float(finite.max()) if len(finite) else None,
            "place": found.place(explorer.selected_row),
        },
        [found.values.astype(np.float32).tobytes(), found.labels.astype(np.int32).tobytes()],
    )  # fmt: skip


def _sort(explorer: Explorer, content: Content) -> None:
    explorer.sort(str(content["column"]), content.get("descending"))


def _filter(explorer: Explorer, content: Content) -> None:
    explorer.filter(str(content["text"]))


# ---- the chosen row -------------------------------------------------------------------------------------------------


def _select(explorer: Explorer, content: Content) -> None:
    explorer.choose_soon(int(content["row"]))


def _at(explorer: Explorer, content: Content) -> None:
    """The row at a position of the table."""
    with explorer.lock:
        labels = explorer.rows.labels
        if not len(labels):
            return
        label = int(labels[max(0, min(int(content["position"]), len(labels) - 1))])
    explorer.choose_soon(label)


def _row(explorer: Explorer, _: Content) -> None:
    explorer.load_soon()


def _brush(explorer: Explorer, content: Content) -> None:
    detail = explorer.detail
    explorer.brush(content.get("start"), content.get("end"))
    figures = detail.figures(*(explorer.period or [0, detail.n_bars - 1]))
    explorer.send({"kind": "figures", "row": detail.label, **figures})


def _candles(explorer: Explorer, content: Content) -> None:
    detail = explorer.detail
    symbol, pixels = int(content.get("symbol", 0)), max(50, min(int(content["pixels"]), 6000))
    frame, buffers = detail.chart(int(content["start"]), int(content["end"]), pixels, symbol)
    explorer.send({"kind": "candles", "row": detail.label, "ask": content.get("ask"), **frame}, buffers)


def _trades(explorer: Explorer, content: Content) -> None:
    detail, start = explorer.detail, int(content["start"])
    explorer.send({"kind": "trades", "row": detail.label, "start": start, "rows": detail.trade_rows(start)})


def _trade(explorer: Explorer, content: Content) -> None:
    symbol, first, last = explorer.detail.place_of(int(content["trade"]))
    room = max(20, last - first)
    explorer.send({"kind": "goto", "symbol": symbol, "start": first - room, "end": last + room + 1})


def _use(explorer: Explorer, _: Content) -> None:
    explorer.use()


def _cell(explorer: Explorer, _: Content) -> None:
    explorer.send({"kind": "cell", "id": explorer.model_id, "text": explorer.cell.rstrip()})


def _library(explorer: Explorer, _: Content) -> None:
    explorer.send({"kind": "library", "version": LIGHTWEIGHT_CHARTS}, [library()])


_ANSWERS: Mapping[str, Callable[[Explorer, Content], None]] = {
    "window": _window,
    "heat": _heat,
    "sort": _sort,
    "filter": _filter,
    "select": _select,
    "at": _at,
    "row": _row,
    "brush": _brush,
    "candles": _candles,
    "trades": _trades,
    "trade": _trade,
    "use": _use,
    "cell": _cell,
    "library": _library,
}
"""What a page may ask for."""
