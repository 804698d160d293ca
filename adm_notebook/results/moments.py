"""Times of two results on one scale, so that bars and trades are matched by their moment and not by their position."""

from __future__ import annotations

import pandas as pd

__all__ = ["on_one_scale"]


def on_one_scale(a: pd.Index, b: pd.Index) -> tuple[pd.Index, pd.Index, str]:
    """Two indexes as they can be matched, and what is odd about that, half a sentence; empty if nothing is.

    Moments with time zones are matched as moments, whatever the zones. Where only one has a zone its clock is taken;
    where only one has times at all, bars are matched by position.
    """
    if not len(a) or not len(b):
        return _plain(a), _plain(b), ""
    has_times = [isinstance(index, pd.DatetimeIndex) for index in (a, b)]
    if has_times[0] != has_times[1]:
        which = "old" if has_times[0] else "new"
        return pd.RangeIndex(len(a)), pd.RangeIndex(len(b)), f"only the bars of the {which} one have times"
    zones = [index.tz if isinstance(index, pd.DatetimeIndex) else None for index in (a, b)]
    if (zones[0] is None) == (zones[1] is None):
        return _plain(a), _plain(b), ""
    which, zone = ("old", zones[0]) if zones[0] is not None else ("new", zones[1])
    said = f"only the bars of the {which} one have a time zone ({zone})"
    return pd.DatetimeIndex(a).tz_localize(None), pd.DatetimeIndex(b).tz_localize(None), said


def _plain(index: pd.Index) -> pd.Index:
    """Moments in UTC without saying so; anything else as it is."""
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        return index
    return index.tz_convert("UTC").tz_localize(None)
