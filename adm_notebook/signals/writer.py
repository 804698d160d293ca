"""Writing a signal store: what strategies yielded, as they yield it, from any thread."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from adm_notebook.components import Decision, Regimes
from adm_notebook.components.regimes import NO_REGIME
from adm_notebook.errors import RunError
from adm_notebook.folders import Contents, Staging, reason, resolved, short
from adm_notebook.signals.manifest import KIND, Counts, FileFacts, Lookbacks, Manifest, ManifestDraft, plain
from adm_notebook.signals.schema import (
    CLASSIFIER_COLUMNS,
    CLASSIFIERS,
    COMBINATIONS,
    MANIFEST,
    file_names,
    is_store_file,
    regime_schema,
    signal_schema,
    times,
)
from adm_notebook.signals.sparse import FLAGS, Rows, rows_of, rows_of_regimes
from adm_notebook.signals.spool import Spool, parameters_json
from adm_notebook.signals.tables import ROW_GROUP, Table

__all__ = ["SignalWriter", "check_folder"]

_Columns = Mapping[str, pa.Array]


class SignalWriter:
    """A signal store under way; it appears at `path` with `commit`, complete, or not at all.

    `add`, `add_ensemble` and `add_regimes` may be called from several threads. Adding the same thing again is allowed,
    and returns the number that it has. Rows are held until there are enough for a row group; memory does not grow with
    their number.

    Parameters
    ----------
    path
        of the folder; an older store there is replaced, a folder with anything else is refused.
    manifest
        what the run was made from.

    Raises
    ------
    RunError
        where the folder holds what is not a store, or can't be written.

    Example
    -------
    with SignalWriter("signals", ManifestDraft.of(config, plan.workflow_id, market)) as writer:
        writer.add("SP500", "momentum", decision, parameters={"lookback": 20}, kind="momentum")
        writer.commit()
    """

    def __init__(self, path: str | os.PathLike[str], manifest: ManifestDraft) -> None:
        plain(manifest.data_config, "data_config")  # before anything is written rather than at the end
        self._draft = manifest
        self._folder = resolved("SignalWriter", path)
        self._staging: Staging | None = None
        self._tables: dict[str, Table] = {}
        self._spool: Spool | None = None
        self._lock = threading.RLock()
        self._known: dict[bytes, int] = {}
        self._contents: dict[int, tuple[str, bytes]] = {}  # symbol and digest of each combination
        self._next = 0
        self._ensembles = 0
        self._lookbacks: dict[str, int] = {}
        self._classifiers = _Classifiers()
        self._symbols: dict[str, _Symbol] = {}
        with self._reported():
            self._staging = Staging(self._folder, _CONTENTS)
            self._spool = Spool(self._staging.path)
            self._signal_files = self._opened("signals", signal_schema)
            self._regime_files = self._opened("regimes", regime_schema)

    def _opened(self, stem: str, schema: Callable[[pa.DataType], pa.Schema]) -> dict[str, str]:
        """By symbol: the name of its file; all of them are there from the start."""
        files = file_names(self._draft.market, stem)
        for name, kind in files.values():
            if name not in self._tables:
                self._tables[name] = Table(self._written.path / name, schema(kind))
        return {symbol: name for symbol, (name, _) in files.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """What was not committed is gone."""
        self.discard()

    # ---- adding -----------------------------------------------------------------------------------------------------

    def add_regimes(
        self,
        symbol: str,
        classifier: str,
        regimes: Regimes,
        *,
        parameters: Mapping[str, Any] | None = None,
        kind: str = "",
        identity: str = "",
    ) -> int:
        """Add what a classifier gave for a symbol.

        Parameters
        ----------
        classifier
            its label.
        kind, identity
            its type, and the digest of a user's code.

        Returns
        -------
        int
            its number, for `add`.

        Raises
        ------
        ValueError
            for regimes that can't be, and where the same classifier gave something else before.
        """
        place = self._symbol(symbol)
        text = parameters_json(parameters or {})
        bar, codes = rows_of_regimes(regimes, place.n_bars)
        key = _digest(symbol, classifier, kind, identity, text)
        content = _digest(list(regimes.labels), regimes.lookback, bar.tobytes(), codes.tobytes())
        with self._lock, self._reported():
            _ = self._written
            number = self._classifiers.numbers.get(key)
            if number is not None:
                if self._classifiers.contents[number] != content:
                    raise ValueError(f"classifier {classifier} {text} gave other regimes for {symbol} before")
                return number
            number = len(self._classifiers.numbers)
            name = self._regime_files[symbol]
            table = self._tables[name]
            row = {
                "classifier_id": number,
                "symbol": symbol,
                "classifier": classifier,
                "kind": kind,
                "identity": identity,
                "parameters": text,
                "labels": list(regimes.labels),
                "lookback": regimes.lookback,
                "n_changes": len(bar),
                "file": name,
                "first_row": table.rows,
            }
            words = _words(regimes, codes)
            for piece in _pieces(len(bar)):
                at = pa.array(bar[piece])
                columns = {
                    "classifier_id": _same(number, len(at), pa.int32()),
                    "symbol": _same(symbol, len(at)),
                    "classifier": _same(classifier, len(at)),
                    "time": place.times.take(at),
                    "bar": at,
                    "regime": words[piece],
                }
                table.append(_batch(columns, table.schema))
            self._classifiers.add(key, content, row)
            return number

    def add(
        self,
        symbol: str,
        strategy: str,
        decision: Decision,
        *,
        parameters: Mapping[str, Any] | None = None,
        kind: str = "",
        identity: str = "",
        classifier: int | None = None,
        member: str | None = None,
        regimes: Regimes | None = None,
        combination: int | None = None,
    ) -> int:
        """Add what a strategy yielded for a symbol, from bar 0, before any warm-up is applied.

        Parameters
        ----------
        strategy
            its label; of an ensemble's member, the ensemble's.
        kind, identity
            its type, and the digest of a user's code.
        classifier
            where it heeds regimes: the number that `add_regimes` gave.
        member
            of an ensemble's member: its name.
        regimes
            labels to show beside the signals, whether the strategy heeds them or not.
        combination
            the number that it shall have; by default the next one.

        Returns
        -------
        int
            its number.

        Raises
        ------
        ValueError
            for a decision that can't be, a number that is taken, parameters without JSON, and where the same
            combination yielded something else before.
        """
        place = self._symbol(symbol)
        text = parameters_json(parameters or {})
        rows = rows_of(decision, place.n_bars)
        words = None if regimes is None else _words(regimes, regimes.codes[rows.bar])
        key = _digest(symbol, strategy, kind, identity, classifier, member, text)
        content = _digest(
            decision.lookback,
            *(None if array is None else array.tobytes() for array in (rows.bar, rows.direction, rows.strength)),
            *(flag.tobytes() for flag in rows.flags or ()),
        )
        with self._lock, self._reported():
            if (known := self._seen(key, content, f"{strategy} {text} on {symbol}")) is not None:
                return known
            name = self._signal_files[symbol]
            table = self._tables[name]
            number = self._number(combination)
            row = {
                "combination": number,
                **self._owner(symbol, classifier),
                "strategy": strategy,
                "member": member,
                "kind": kind,
                "identity": identity,
                "form": "targets" if rows.flags is None else "flags",
                "has_strength": rows.strength is not None,
                "lookback_bars": decision.lookback,
                "n_signals": len(rows.bar),
                "file": name,
                "first_row": table.rows,
                "parameters": text,
            }
            for piece in _pieces(len(rows.bar)):
                columns = _columns(number, symbol, strategy, rows, piece, place, words)
                table.append(_batch(columns, table.schema))
            self._keep(key, content, row)
            return number

    def add_ensemble(
        self,
        symbol: str,
        strategy: str,
        members: Sequence[int],
        *,
        parameters: Mapping[str, Any] | None = None,
        kind: str = "ensemble",
        identity: str = "",
        classifier: int | None = None,
        lookback: int = 0,
        combination: int | None = None,
    ) -> int:
        """Add an ensemble: which combinations vote, in which order; what they yielded was added before.

        Returns
        -------
        int
            its number.

        Raises
        ------
        ValueError
            as `add`, and for members that were not added, or on another symbol.
        """
        self._symbol(symbol)
        text = parameters_json(parameters or {})
        key = _digest(symbol, strategy, kind, identity, classifier, None, text)
        content = _digest("ensemble", lookback, list(members))
        with self._lock, self._reported():
            if (known := self._seen(key, content, f"{strategy} {text} on {symbol}")) is not None:
                return known
            if not members or any(self._contents.get(member, ("",))[0] != symbol for member in members):
                said = f"but were {list(members)}"
                raise ValueError(f"members of {strategy} must be combinations added for {symbol} before it, {said}")
            number = self._number(combination)
            row = {
                "combination": number,
                **self._owner(symbol, classifier),
                "strategy": strategy,
                "kind": kind,
                "identity": identity,
                "form": "ensemble",
                "has_strength": False,
                "lookback_bars": lookback,
                "n_signals": 0,
                "members": list(members),
                "parameters": text,
            }
            self._keep(key, content, row)
            self._ensembles += 1
            return number

    def _seen(self, key: bytes, content: bytes, what: str) -> int | None:
        _ = self._written
        number = self._known.get(key)
        if number is not None and self._contents[number][1] != content:
            raise ValueError(f"{what} yielded something else before")
        return number

    def _number(self, wanted: int | None) -> int:
        number = self._next if wanted is None else wanted
        if number in self._contents or not 0 <= number < 2**31:
            raise ValueError(f"combination {number} is taken, or no number from 0 to 2^31 - 1")
        return number

    def _keep(self, key: bytes, content: bytes, row: dict[str, Any]) -> None:
        number, label = row["combination"], row["strategy"]
        assert self._spool is not None
        self._spool.append(row, json.loads(row["parameters"]))
        self._known[key], self._contents[number] = number, (row["symbol"], content)
        self._next = max(self._next, number + 1)
        self._lookbacks[label] = max(self._lookbacks.get(label, 0), row["lookback_bars"])

    def _owner(self, symbol: str, classifier: int | None) -> dict[str, Any]:
        """Columns that say whose regimes a combination heeds."""
        if classifier is None:
            return {"symbol": symbol}
        rows = self._classifiers.rows
        if not 0 <= classifier < len(rows) or rows[classifier]["symbol"] != symbol:
            raise ValueError(f"classifier {classifier} was not added for {symbol}")
        return {"symbol": symbol, "classifier": rows[classifier]["classifier"], "classifier_id": classifier}

    def _symbol(self, symbol: str) -> _Symbol:
        with self._lock:
            place = self._symbols.get(symbol)
            if place is None:
                if symbol not in self._draft.market:
                    raise ValueError(f"{symbol} has no bars in the market of this store")
                bars = self._draft.market[symbol]
                place = _Symbol(bars.n_bars, times(bars.index), pa.array(bars.prices.close))
                self._symbols[symbol] = place
            return place

    # ---- the end ----------------------------------------------------------------------------------------------------

    def commit(self) -> Path:
        """Write the rest, and let the store take its place at once.

        Returns
        -------
        Path
            of the folder, absolute.

        Raises
        ------
        RunError
            where it can't be written; an older store is then as it was.
        """
        with self._lock, self._reported():
            folder, spool = self._written.path, self._spool
            assert spool is not None
            rows = {}
            for name, table in self._tables.items():
                table.close()
                rows[name] = table.rows
            columns = spool.write(
                folder / COMBINATIONS,
                {row["classifier_id"]: json.loads(row["parameters"]) for row in self._classifiers.rows},
            )
            classifiers = Table(folder / CLASSIFIERS, CLASSIFIER_COLUMNS)
            classifiers.append(pa.RecordBatch.from_pylist(self._classifiers.rows, schema=CLASSIFIER_COLUMNS))
            classifiers.close()
            counts = Counts(
                combinations=spool.rows,
                ensembles=self._ensembles,
                classifiers=len(self._classifiers.rows),
                signals=sum(rows[name] for name in set(self._signal_files.values())),
                regime_changes=sum(rows[name] for name in set(self._regime_files.values())),
            )
            rows |= {COMBINATIONS: counts.combinations, CLASSIFIERS: counts.classifiers}
            files = {name: FileFacts.of(folder / name, n) for name, n in rows.items()}
            lookbacks = Lookbacks(strategies=self._lookbacks, classifiers=self._classifiers.lookbacks)
            Manifest.of(self._draft, lookbacks, columns, counts, files).write(folder)
            self._written.commit()
            self._staging = None
        return self._folder

    def discard(self) -> None:
        """Let go of what was written and not committed."""
        with self._lock:
            if self._staging is None:
                return
            staging, self._staging = self._staging, None
            for file in (*self._tables.values(), self._spool):
                with suppress(OSError, pa.ArrowException):  # of a disk that is full; the file is removed all the same
                    if file is not None:
                        file.abandon()
            staging.discard()

    @property
    def _written(self) -> Staging:
        if self._staging is None:
            raise ValueError("this store is written or was given up; make a new SignalWriter")
        return self._staging

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Errors of the disk as a user reads them; the store is then given up."""
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            self.discard()
            raise RunError(f"{short(self._folder)} can't be written: {reason(error)}") from None


@dataclass(frozen=True, slots=True)
class _Symbol:
    """Bars of a symbol as columns have them, (n_bars,)."""

    n_bars: int
    times: pa.Array
    close: pa.Array


@dataclass(slots=True)
class _Classifiers:
    numbers: dict[bytes, int] = field(default_factory=dict)
    contents: list[bytes] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    lookbacks: dict[str, int] = field(default_factory=dict)

    def add(self, key: bytes, content: bytes, row: dict[str, Any]) -> None:
        self.numbers[key] = len(self.rows)
        self.contents.append(content)
        self.rows.append(row)
        label = row["classifier"]
        self.lookbacks[label] = max(self.lookbacks.get(label, 0), row["lookback"])


def _is_ours(folder: Path) -> bool:
    try:
        values = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and values.get("kind") == KIND


_CONTENTS = Contents(
    what="a signal store",
    example="my_signals",
    is_ours=_is_ours,
    is_part=lambda path: is_store_file(path.name) and path.is_file(),
)


def check_folder(path: str | os.PathLike[str]) -> None:
    """Refuse a folder that can't take a store, before anything runs.

    Raises
    ------
    RunError
        where it holds what is not a store, or is no folder.
    """
    with suppress(OSError):  # of a folder that can't be looked into; writing will say so
        _CONTENTS.check(resolved("output_path", path))


def _columns(
    number: int, symbol: str, strategy: str, rows: Rows, piece: slice, place: _Symbol, words: pa.Array | None
) -> _Columns:
    at = pa.array(rows.bar[piece])
    columns = {
        "combination": _same(number, len(at), pa.int32()),
        "symbol": _same(symbol, len(at)),
        "strategy": _same(strategy, len(at)),
        "time": place.times.take(at),
        "bar": at,
        "price": place.close.take(at),
    }
    if rows.direction is not None:
        columns["direction"] = pa.array(rows.direction[piece])
    if rows.flags is not None:
        columns |= {name: pa.array(flag[piece]) for name, flag in zip(FLAGS, rows.flags, strict=True)}
    if rows.strength is not None:
        columns["strength"] = pa.array(rows.strength[piece])  # NaN stays NaN, and is not null
    if words is not None:
        columns["regime"] = words[piece]
    return columns


def _batch(columns: _Columns, schema: pa.Schema) -> pa.RecordBatch:
    n = len(columns["bar"])
    arrays = [columns[f.name] if f.name in columns else pa.nulls(n, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _same(value: Any, n: int, kind: pa.DataType | None = None) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind or pa.string()), n)


def _words(regimes: Regimes, codes: np.ndarray) -> pa.Array:
    """Labels of codes; `none` where nothing is known."""
    words = pa.array([*regimes.labels, NO_REGIME], pa.string())
    return words.take(pa.array(np.where(codes < 0, len(regimes.labels), codes).astype(np.int32)))


def _pieces(n: int) -> Iterator[slice]:
    for start in range(0, n, ROW_GROUP):
        yield slice(start, min(n, start + ROW_GROUP))


def _digest(*parts: object) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        held = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(held).to_bytes(8, "little") + held)
    return digest.digest()
