"""The picture of one backtest: equity beside buy and hold, the trades as a ribbon, the drawdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from tsdownsample import M4Downsampler

from adm_notebook.display.numbers import axis_money, percent
from adm_notebook.display.picture import (
    WIDTH,
    Chart,
    EndLabel,
    Theme,
    drawable,
    dress,
    end_labels,
    heading,
    money_labels,
    percent_labels,
    round_ticks,
    set_ticks,
    text_style,
    text_width,
)  # fmt: skip
from adm_notebook.display.subject import Subject
from adm_notebook.display.timeaxis import TimeAxis
from adm_notebook.market.arrays import F64

if TYPE_CHECKING:
    from adm_notebook.engine.account import Account

__all__ = ["Scale", "equity_chart", "line", "money_scale", "thin"]

HEIGHT = 430
_LEFT, _RIGHT = 46, 118  # CSS pixels beside the panels
_DRAWN = 4 * (WIDTH - _LEFT - _RIGHT)  # bars drawn at most: first, last, lowest and highest of each pixel
_SAMPLER: Any = M4Downsampler()  # type: ignore[no-untyped-call]  # tsdownsample has no types here
_MARKED = 40  # trades up to which entries and exits are marked on the line
_LOG_FROM = 3  # times the lowest value: from here on the scale is logarithmic


def equity_chart(subject: Subject, t: Theme) -> Chart:
    """Equity, ribbon of trades and drawdown of the best row."""
    detail, benchmark, metrics = subject.detail, subject.result.benchmark, subject.result.metrics
    if detail is None:
        raise ValueError("there is no row whose equity could be drawn")
    equity = np.ascontiguousarray(detail.account.equity, float)
    held = (
        None
        if benchmark is None or len(benchmark.values) != len(equity)
        else np.ascontiguousarray(benchmark.values, float)
    )
    axis = TimeAxis(detail.index, side_by_side=subject.is_intraday)
    falls, held_falls = _falls(equity), None if held is None else _falls(held)
    money, percents = money_scale(equity, held), _percent_scale(falls, held_falls)
    left = max(_LEFT, *(text_width(label) + 10 for label in (*money.labels, *percents.labels)))
    width = WIDTH - left - _RIGHT

    figure = Chart(WIDTH, HEIGHT, t)
    grid = figure.add_gridspec(
        3, 1, height_ratios=(62, 8, 24), hspace=0.1, left=left / WIDTH, right=1 - _RIGHT / WIDTH, top=0.945, bottom=0.06
    )
    top, middle, bottom = (figure.add_subplot(grid[i]) for i in range(3))
    for panel in (top, middle, bottom):
        panel.set_xlim(*axis.limits)
    _equity(top, t, axis, money, equity, held)
    if len(detail.account.pnl) <= _MARKED:
        _marks(top, t, axis, detail.account)
    name = drawable(subject.strategy, _RIGHT - 12, "Strategy", bold=True)
    labels = [EndLabel(equity[-1], f"{name}\n{percent(metrics['total_return'])}", t.series, bold=True)]
    if held is not None and benchmark is not None:
        labels.append(EndLabel(held[-1], f"Buy and hold\n{percent(benchmark.metrics['total_return'])}", t.ink2))
    end_labels(top, labels)
    _ribbon(middle, t, axis, detail.account, int(2 * width))
    _drawdown(bottom, t, axis, percents, falls, held_falls)
    at, names = axis.ticks(width)
    set_ticks(bottom, "x", at, names, t)
    return figure


class Scale(NamedTuple):
    """A vertical axis: its limits, its ticks and their names."""

    low: float
    high: float
    ticks: list[float]
    labels: list[str]
    is_log: bool = False


def thin(values: F64, most: int = _DRAWN) -> Any:
    """Positions of the values to draw, ascending: of each of `most` / 4 stretches the first, last, lowest and highest.

    No spike is lost, nor the first and last value. Values that are not finite are left out.
    """
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite) <= most:
        return finite
    whole = values if len(finite) == len(values) else np.ascontiguousarray(values[finite])
    kept = np.unique(np.r_[0, _SAMPLER.downsample(whole, n_out=most - most % 4), len(whole) - 1])
    return finite[kept.astype(np.int64)]


def line(ax: Axes, axis: TimeAxis, values: F64, color: str, width: float, zorder: float) -> None:
    """Draw values over the bars of an axis, spikes and ends kept."""
    bars = thin(values)
    ax.plot(
        axis.x(bars),
        values[bars],
        color=color,
        linewidth=width,
        linestyle="-",
        marker="." if len(bars) == 1 else "",
        zorder=zorder,
    )


def money_scale(equity: F64, held: F64 | None) -> Scale:
    """An axis for one or two curves: logarithmic where they span more than a factor of three and stay above 0."""
    finite = np.concatenate([c[np.isfinite(c)] for c in (equity, held) if c is not None])
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    is_log = low > 0 and high / low > _LOG_FROM
    if is_log:
        low, high = low * 0.93, high * 1.07
        ticks = _log_ticks(low, high)
    else:
        pad = (high - low) * 0.07 or abs(high) * 0.01 or 1.0
        low, high = low - pad, high + pad
        ticks = round_ticks(low, high, 6)
    return Scale(low, high, ticks, [axis_money(v) for v in ticks] if is_log else money_labels(ticks), is_log)


def _percent_scale(falls: F64, held_falls: F64 | None) -> Scale:
    low = 1.08 * min(-0.002, *(float(np.nanmin(d)) for d in (falls, held_falls) if d is not None))
    ticks = round_ticks(low, 0, 4)
    return Scale(low, 0, ticks, percent_labels(ticks))


def _equity(ax: Axes, t: Theme, axis: TimeAxis, scale: Scale, equity: F64, held: F64 | None) -> None:
    dress(ax, t, baseline=False)
    if scale.is_log:
        ax.set_yscale("log")
    ax.set_ylim(scale.low, scale.high)
    set_ticks(ax, "y", scale.ticks, scale.labels, t)
    set_ticks(ax, "x", [], [], t)
    if held is not None:
        line(ax, axis, held, t.bench, 0.9, 2)
    line(ax, axis, equity, t.series, 1.5, 3)
    heading(ax, t, "Equity, log scale" if scale.is_log else "Equity")


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 of each power of ten; more where that is too few, powers alone where it is too many."""
    powers = [10.0**e for e in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)]
    for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [s * p for p in powers for s in steps if low <= s * p <= high]
        if len(ticks) >= 4:
            break
    return ticks[:: max(1, -(-len(ticks) // 9))]


def _marks(ax: Axes, t: Theme, axis: TimeAxis, account: Account) -> None:
    """Hollow: entered, filled: left; pointing up where one buys, down where one sells."""
    from adm_notebook.engine.account import EXIT_REASONS

    equity, long = account.equity, account.direction > 0
    closed, won = account.exit_reason != EXIT_REASONS.index("open"), account.pnl > 0
    for shape, side in (("^", long), ("v", ~long)):
        bars = account.entry_bar[side]
        ax.plot(
            axis.x(bars),
            equity[bars],
            shape,
            markersize=5,
            markerfacecolor=t.ground,
            markeredgecolor=t.ink,
            markeredgewidth=0.9,
            zorder=4,
        )
    for shape, side in (("v", long), ("^", ~long)):
        for color, outcome in ((t.gain, won), (t.loss, ~won)):
            bars = account.exit_bar[side & closed & outcome]
            ax.plot(
                axis.x(bars),
                equity[bars],
                shape,
                markersize=5.5,
                markerfacecolor=color,
                markeredgecolor=t.ground,
                markeredgewidth=0.6,
                zorder=5,
            )


def _ribbon(ax: Axes, t: Theme, axis: TimeAxis, account: Account, columns: int) -> None:
    """A segment a trade, coloured by its outcome; where several share a pixel, it is split by how many won and lost."""
    ax.set_ylim(0, 1)
    ax.axis("off")
    if len(account.pnl):
        rows = 16
        won, lost = (_coverage(axis, account, which, columns) for which in (account.pnl > 0, account.pnl <= 0))
        total = won + lost
        share = won / np.maximum(total, 1)
        image = np.empty((rows, columns, 4))
        image[..., :3] = to_rgb(t.loss)
        image[(np.arange(rows)[:, None] + 0.5) / rows < share, :3] = to_rgb(t.gain)
        image[..., 3] = np.where(total > 0, 0.85, 0.0)
        low, high = axis.limits
        ax.imshow(image, extent=(low, high, 0.45, 0.85), aspect="auto", interpolation="nearest", origin="upper")
        ax.set_xlim(low, high)
        ax.set_ylim(0, 1)
    words = (("Trades", t.ink2), ("won", t.gain), ("lost", t.loss)) if len(account.pnl) else (("No trades", t.ink2),)
    for dx, (word, color) in zip((6, 44, 67), words, strict=False):
        ax.annotate(
            word, xy=(1, 0.65), xycoords="axes fraction", xytext=(dx, 0), textcoords="offset points", va="center",
            annotation_clip=False, **text_style(color),
        )  # fmt: skip


def _coverage(axis: TimeAxis, account: Account, which: Any, columns: int) -> Any:
    """(columns,) how many of these trades were open in each column of pixels; a trade takes one at least."""
    low, high = axis.limits
    scale = columns / (high - low)
    first = np.floor((axis.x(account.entry_bar[which]) - low) * scale).astype(np.int64).clip(0, columns - 1)
    last = np.ceil((axis.x(account.exit_bar[which]) - low) * scale).astype(np.int64).clip(0, columns)
    last = np.maximum(last, first + 1)
    edges = np.bincount(first, minlength=columns + 1) - np.bincount(last, minlength=columns + 1)
    return np.cumsum(edges)[:columns]


def _drawdown(ax: Axes, t: Theme, axis: TimeAxis, scale: Scale, falls: F64, held_falls: F64 | None) -> None:
    dress(ax, t)
    ax.set_ylim(scale.low, scale.high)
    set_ticks(ax, "y", scale.ticks, scale.labels, t)
    if held_falls is not None:
        line(ax, axis, held_falls, t.bench, 0.7, 3)
    bars = thin(falls)
    ax.fill_between(axis.x(bars), falls[bars], 0, color=t.loss, alpha=0.28, linewidth=0, zorder=2)
    line(ax, axis, falls, t.loss, 0.8, 4)
    heading(ax, t, "Drawdown" if axis.is_time else "Drawdown, by bar number")
    worst = float(np.nanmin(falls))
    labels = [EndLabel(worst, f"worst\n{percent(worst)}", t.loss, bold=True)]
    if held_falls is not None:
        worst = float(np.nanmin(held_falls))
        labels.append(EndLabel(worst, f"worst\n{percent(worst)}", t.ink2))
    end_labels(ax, labels)


def _falls(equity: F64) -> F64:
    """Fall from the highest equity so far, a fraction; 0 where there has been none above zero."""
    peak = np.maximum.accumulate(np.where(np.isfinite(equity), equity, -np.inf))
    with np.errstate(invalid="ignore", divide="ignore"):
        falls: F64 = np.where(peak > 0, equity / peak - 1, 0.0)
    return falls
