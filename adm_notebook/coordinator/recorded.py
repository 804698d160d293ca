"""A stream of events on disk: one line of JSON each, to be replayed later without the run.

Of what is not data, a line holds what a view needs: of the plan its outline, of the result how it ended.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.coordinator import events
from adm_notebook.coordinator.outline import Outline, outline_of
from adm_notebook.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.coordinator.events import Event

__all__ = ["Ended", "Recorded", "Started", "event_of", "line_of", "record", "recorded", "replay"]


@dataclass(frozen=True, slots=True)
class Started:
    """RunStarted, as it is recorded."""

    outline: Outline


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a run, as it is recorded.

    how    `finished`, `cancelled` or `failed`
    error  why, where it failed
    done   rows that its result has
    """

    how: str
    error: str
    done: int


_Told = events.ContainerStarted | events.ContainerFinished | events.Progress | events.PartialResults | events.Warning
Recorded = Started | Ended | _Told
"""What a recorded stream is made of."""

_PLAIN = {
    kind.__name__: kind for kind in (events.ContainerStarted, events.ContainerFinished, events.Progress, events.Warning)
}


def recorded(event: Event) -> Recorded:
    """An event as it is recorded."""
    match event:
        case events.RunStarted(plan):
            return Started(outline_of(plan))
        case events.RunFinished(result):
            return Ended("finished", "", len(result.stats))
        case events.RunCancelled(result):
            return Ended("cancelled", "", len(result.stats))
        case events.RunFailed(error, result):
            return Ended("failed", error, 0 if result is None else len(result.stats))
        case _:
            return event


def line_of(event: Event | Recorded) -> str:
    """One line of JSON, without its end."""
    told = event if isinstance(event, Started | Ended | _Told) else recorded(event)
    values: dict[str, Any]
    if isinstance(told, Started):
        values = {"outline": told.outline.to_dict()}
    elif isinstance(told, events.PartialResults):
        rows = told.rows.reset_index()
        values = {"rows": {str(name): _plain(column) for name, column in rows.items()}}
    else:
        values = dataclasses.asdict(told)
    return json.dumps({"event": type(told).__name__, **values})


def record(stream: Iterable[Event], path: str | Path) -> int:
    """Write a run's events to a file until it ends, each as it comes; how many there were."""
    count = 0
    with Path(path).open("w", encoding="utf-8") as file:
        for event in stream:
            file.write(line_of(event) + "\n")
            count += 1
    return count


def replay(path: str | Path) -> Iterator[Recorded]:
    """The events of a recorded stream, in their order.

    Raises
    ------
    DataError
        naming the line that is none of a recorded stream.
    """
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield event_of(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(
                    f"{path}, line {number}: not an event of a recorded stream ({error})", "Record the run again."
                ) from None


def event_of(values: Mapping[str, Any]) -> Recorded:
    """The event of one line, after JSON has read it."""
    given = dict(values)
    name = given.pop("event")
    if name == "Started":
        return Started(Outline.from_dict(given["outline"]))
    if name == "Ended":
        return Ended(**given)
    if name == "PartialResults":
        import pandas as pd

        columns = {name: _column(values) for name, values in given["rows"].items()}
        return events.PartialResults(pd.DataFrame(columns).set_index("row"))
    return _PLAIN[name](**given)


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Values that JSON has: fractions that it has not are null, `inf` and `-inf`."""
    return [
        value if not isinstance(value, float) or math.isfinite(value) else None if value != value else str(value)
        for value in column.tolist()
    ]


def _column(values: list[Any]) -> list[Any]:
    """The values of a column of numbers again; any other column is left as it is."""
    if any(isinstance(value, str) and value not in ("inf", "-inf") for value in values):
        return values
    return [math.nan if value is None else float(value) if isinstance(value, str) else value for value in values]
