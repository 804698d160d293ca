"""A signal store: opened, looked through, and read back as what strategies yielded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from adm_notebook._version import __version__
from adm_notebook.components import Decision, Regimes
from adm_notebook.components.regimes import NO_REGIME
from adm_notebook.config import WorkflowConfig
from adm_notebook.errors import DataError, RunError, did_you_mean, shown
from adm_notebook.folders import reason, resolved, short
from adm_notebook.market import Bars
from adm_notebook.signals.files import Files
from adm_notebook.signals.manifest import Damaged, Manifest, SymbolFacts, read
from adm_notebook.signals.query import period, selected
from adm_notebook.signals.schema import CLASSIFIERS, COMBINATIONS
from adm_notebook.signals.sparse import FLAGS, Rows, decision_of, regimes_of
from adm_notebook.signals.spool import parameters_json

__all__ = ["SignalStore", "check_bars"]

Frames = list[pd.DataFrame]  # within SignalStore, `list` is its method

_DECIDED = ("combination", "bar", "direction", *FLAGS, "strength")
_LOOKED_UP = ("symbol", "form", "has_strength", "lookback_bars", "n_signals", "members", "file", "first_row")


class SignalStore:
    """What strategies yielded in a run of signal generation, read from its folder.

    Opening reads the manifest and looks at the sizes of the files; `verify` reads every byte. Files are opened when
    they are needed. May be used from several threads.

    Parameters
    ----------
    path
        of the folder: what `analysis_config.output_path` said.

    Raises
    ------
    RunError
        where there is no store, where it is damaged, or where its format is not one that this version reads.

    Attributes
    ----------
    path      the folder, absolute
    manifest  what the store was made from: digests, fingerprints, versions, counts
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = resolved("SignalStore", path)
        with self._reported():
            self.manifest: Manifest = read(self.path)
            self._files = Files(self.path, self.manifest)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path,)

    # ---- what there is ----------------------------------------------------------------------------------------------

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what to know before its signals are used."""
        made_by = self.manifest.created_by
        if made_by == __version__:
            return ()
        return (f"The signals were made by adm_notebook {made_by}; this is {__version__}, which may decide otherwise.",)

    @cached_property
    def config(self) -> WorkflowConfig:
        """The workflow that made it; without its bars where these were a DataFrame."""
        return WorkflowConfig.from_yaml(self.manifest.config + "\n")  # with a line's end it is no file's name

    @property
    def data_config(self) -> dict[str, Any]:
        """As it was given to the run, for a replay of the same bars.

        Raises
        ------
        RunError
            where the bars were a DataFrame of a notebook, which is not kept.
        """
        if self.manifest.frame_left_out:
            raise RunError(
                f"The bars of {short(self.path)} were a DataFrame, which is not kept with signals; "
                "give it again: data_config={'frame': FRAME}"
            )
        copied: dict[str, Any] = json.loads(json.dumps(self.manifest.data_config))
        return copied

    @property
    def combinations(self) -> pd.DataFrame:
        """One row a combination: what it is, its parameters, how many signals; the caller's own."""
        return self._combinations.copy(deep=False)

    @cached_property
    def _combinations(self) -> pd.DataFrame:
        with self._reported():
            table = self._files.table(COMBINATIONS).sort_by("combination")
            frame: pd.DataFrame = table.drop_columns("members").to_pandas(types_mapper=_nullable)
            members = [None if row is None else tuple(row) for row in table["members"].to_pylist()]
            frame.insert(table.column_names.index("members"), "members", pd.Series(members, dtype=object))
            if not frame["combination"].is_unique or frame["n_signals"].sum() != self.manifest.counts.signals:
                raise Damaged(f"{COMBINATIONS} does not fit the signals")
            return frame

    @cached_property
    def _places(self) -> dict[int, int]:
        """Combination -> row of `combinations`."""
        return {int(number): row for row, number in enumerate(self._combinations["combination"])}

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        """Columns of `combinations` as arrays: a row of a frame takes half a millisecond."""
        return {name: self._combinations[name].to_numpy() for name in _LOOKED_UP}

    @cached_property
    def _classifiers(self) -> list[dict[str, Any]]:
        with self._reported():
            found: list[dict[str, Any]] = self._files.table(CLASSIFIERS).sort_by("classifier_id").to_pylist()
            return found

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those of the run, in its order."""
        return tuple(self.manifest.symbols)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Labels of strategies, in the order of their combinations; ensembles by their own."""
        return tuple(self._combinations["strategy"].unique())

    @property
    def ensembles(self) -> tuple[str, ...]:
        """Labels of the strategies that are ensembles, whose votes a replay may change."""
        frame = self._combinations
        of_votes = (frame["kind"] == "ensemble") & frame["member"].isna()
        return tuple(frame.loc[of_votes, "strategy"].unique())

    @property
    def classifiers(self) -> tuple[str, ...]:
        """Labels of classifiers."""
        return tuple(dict.fromkeys(row["classifier"] for row in self._classifiers))

    def describe(self) -> pd.DataFrame:
        """A row for each symbol, classifier, strategy and member: how many combinations, how many signals."""
        by = ["symbol", "classifier", "strategy", "member"]
        grouped = self._combinations.groupby(by, sort=False, dropna=False)
        return grouped.agg(
            kind=("kind", "first"),
            form=("form", "first"),
            combinations=("combination", "size"),
            signals=("n_signals", "sum"),
            lookback_bars=("lookback_bars", "max"),
        ).reset_index()

    def __repr__(self) -> str:
        counts, symbols = self.manifest.counts, self.symbols
        named = ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if len(symbols) > 3 else "")
        combinations = f"{counts.combinations:,} combination{'' if counts.combinations == 1 else 's'}"
        return f"SignalStore({named}: {combinations}, {counts.signals:,} signal{'' if counts.signals == 1 else 's'})"

    def _repr_html_(self) -> str:
        shown_rows = self.describe().to_html(index=False, border=0, na_rep="", max_rows=20)
        return f"<p>{escape(repr(self))}</p>{shown_rows}"

    # ---- reading ----------------------------------------------------------------------------------------------------

    def signals(
        self,
        symbol: Any = None,
        strategy: Any = None,
        classifier: Any = None,
        combination: Any = None,
        start: Any = None,
        end: Any = None,
        **parameters: Any,
    ) -> pd.DataFrame:
        """Signals as a table, sorted by combination and bar; only what is asked for is read.

        Parameters
        ----------
        symbol, strategy, classifier, combination
            one, or a list.
        start, end
            as in `data_config`: a date means its whole day, and `end` is included.
        parameters
            values, or lists of them, by the column they have in `combinations`: `fast=5`, `**{"trend.fast": [5, 10]}`.

        Returns
        -------
        DataFrame
            combination, symbol, strategy, time, bar, direction (of targets) or the four flags, strength, price, regime.
            `time` has the bars' zone; a column of objects where symbols of several zones are asked for.

        Raises
        ------
        RunError
            for names that there are not, and for damaged files.
        """
        picked = self._picked(symbol, strategy, classifier, combination, parameters)
        numbers = picked["combination"].to_numpy()
        frames: Frames = []
        with self._reported():
            for name in sorted(set(self._signal_files) if picked.empty else set(picked["file"].dropna())):
                here = numbers[(picked["file"] == name).to_numpy()]
                where = ds.field("combination").isin(here) if len(picked) < len(self._combinations) else None
                span = period(self._signal_files[name], start, end)
                if span is not None:
                    where = span if where is None else where & span
                table = self._files.found(name, where)
                if span is None and len(table) != int(picked.loc[picked["file"] == name, "n_signals"].sum()):
                    raise Damaged(f"{name} does not hold as many signals as {COMBINATIONS} says")
                if len(table) or not frames:
                    frames.append(table.to_pandas(types_mapper=_nullable))
        whole = [frame for frame in frames if len(frame)] or frames[:1]
        found: pd.DataFrame = pd.concat(whole, ignore_index=True) if len(whole) > 1 else whole[0]
        return found.sort_values(["combination", "bar"], kind="stable", ignore_index=True)

    @cached_property
    def _signal_files(self) -> dict[str, pa.DataType]:
        """Files of signals, and the type of their times."""
        names = [name for name in self.manifest.files if name.startswith("signals")]
        return {name: self._files.rows(name, 0, 0, ["time"]).schema.field("time").type for name in names}

    def _picked(
        self, symbol: Any, strategy: Any, classifier: Any, combination: Any, parameters: Mapping[str, Any]
    ) -> pd.DataFrame:
        wanted = {"symbol": symbol, "strategy": strategy, "classifier": classifier, "combination": combination}
        frame = self._combinations
        return frame[selected(frame, self.manifest.parameters, wanted, parameters)]

    def decision(self, combination: int) -> Decision:
        """What a combination yielded, bit for bit; its arrays are the caller's own.

        Raises
        ------
        RunError
            for a number that there is not, an ensemble (its members yielded something), and damaged files.
        """
        row = self._row(combination)
        if row["form"] == "ensemble":
            numbers = ", ".join(map(str, row["members"]))
            raise RunError(f"combination {combination} is an ensemble: read the decisions of its members {numbers}")
        n_bars = self.manifest.symbols[row["symbol"]].n_bars
        with self._reported():
            table = self._files.rows(row["file"], int(row["first_row"]), int(row["n_signals"]), _DECIDED)
            self._check_rows(table, "combination", combination, n_bars, row["file"])
            of_targets = row["form"] == "targets"
            rows = Rows(
                bar=_array(table, "bar", row["file"]),
                direction=_array(table, "direction", row["file"]) if of_targets else None,
                flags=None if of_targets else _flags(table, row["file"]),
                strength=_array(table, "strength", row["file"]) if row["has_strength"] else None,
            )
        return decision_of(rows, n_bars, int(row["lookback_bars"]))

    def members(self, combination: int) -> tuple[int, ...]:
        """Combinations that vote in an ensemble, in order; none of any other combination."""
        found: tuple[int, ...] = self._row(combination)["members"] or ()
        return found

    def votes(self, strategy: str) -> bool:
        """Whether a strategy is an ensemble whose members' decisions are kept, in all combinations that there are."""
        frame = self._combinations
        forms = frame.loc[(frame["strategy"] == strategy) & frame["member"].isna(), "form"]
        return bool((forms == "ensemble").all())

    def _row(self, combination: int) -> dict[str, Any]:
        place = self._places.get(combination)
        if place is None:
            count = len(self._places)
            raise RunError(
                f"there is no combination {shown(combination)}; `combinations` lists the {count:,} there are"
            )
        return {name: column[place] for name, column in self._columns.items()}

    def regimes(self, symbol: str, classifier: str, parameters: Mapping[str, Any] | None = None) -> Regimes:
        """What a classifier gave for a symbol, bit for bit.

        Parameters
        ----------
        parameters
            as they were added, where the classifier is there with several.

        Raises
        ------
        RunError
            where there is none, or more than one; and for damaged files.
        """
        known = [row for row in self._classifiers if row["symbol"] == symbol and row["classifier"] == classifier]
        found = known
        if parameters is not None:
            text = parameters_json(parameters)
            found = [row for row in known if row["parameters"] == text]
        if len(found) == 1:
            return self.regimes_of(found[0]["classifier_id"])
        sets = ", ".join(row["parameters"] for row in known[:3]) + (", ..." if len(known) > 3 else "")
        if known:
            said = "several parameters; name some" if found else f"no parameters {text}; it has some"
            raise RunError(f"classifier {classifier} has {said}: parameters={sets}")
        names = [row["classifier"] for row in self._classifiers if row["symbol"] == symbol]
        guess = did_you_mean(classifier, names) if names else did_you_mean(symbol, self.symbols)
        raise RunError(f"there are no regimes of classifier {shown(classifier)} for {shown(symbol)}.{guess}")

    def classifier_id(self, symbol: str, classifier: str, parameters: Mapping[str, Any]) -> int | None:
        """The number of a classifier for a symbol, as it was added; None where there is none of these parameters."""
        text = parameters_json(parameters)
        for row in self._classifiers:
            if (row["symbol"], row["classifier"], row["parameters"]) == (symbol, classifier, text):
                return int(row["classifier_id"])
        return None

    def regimes_of(self, classifier_id: int) -> Regimes:
        """The same by the number that the column `classifier_id` has."""
        rows = self._classifiers
        if not 0 <= classifier_id < len(rows):
            raise RunError(f"there is no classifier {shown(classifier_id)}; there are {len(rows)}")
        row = rows[classifier_id]
        n_bars, labels, name = self.manifest.symbols[row["symbol"]].n_bars, tuple(row["labels"]), row["file"]
        with self._reported():
            table = self._files.rows(name, row["first_row"], row["n_changes"], ("classifier_id", "bar", "regime"))
            self._check_rows(table, "classifier_id", classifier_id, n_bars, name)
            codes = {NO_REGIME: -1, **{label: code for code, label in enumerate(labels)}}
            words = table["regime"].to_pylist()
            if not codes.keys() >= set(words):
                raise Damaged(f"{name} has regimes that {CLASSIFIERS} does not know")
            changes = np.array([codes[word] for word in words], np.int8)
            return regimes_of(_array(table, "bar", name), changes, labels, n_bars, row["lookback"])

    def _check_rows(self, table: pa.Table, column: str, number: int, n_bars: int, name: str) -> None:
        """That rows belong together, and to bars that there are."""
        owner, bar = _array(table, column, name), _array(table, "bar", name)
        fine = (owner == number).all() and (np.diff(bar) > 0).all()
        if not fine or (len(bar) and not 0 <= bar[0] <= bar[-1] < n_bars):
            raise Damaged(f"{name} does not hold the rows of {column} {number} where they were written")

    # ---- is it what it was ------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """Read every byte of the store, and compare it with the checksums of the manifest.

        Raises
        ------
        RunError
            naming the file that is not what was written.
        """
        with self._reported():
            self._files.verify()

    def check(self, bars_by_symbol: Mapping[str, Bars]) -> None:
        """Compare bars with those that the signals were made from; symbols of the store may be left out.

        Parameters
        ----------
        bars_by_symbol
            as a plan has them: `adm.EnhancedCoordinator().plan(config).market`.

        Raises
        ------
        TypeError
            for anything else, such as a DataFrame.
        DataError
            for a symbol without signals, and for other bars: saying what is different.
        """
        others = bars_by_symbol.values() if isinstance(bars_by_symbol, Mapping) else [bars_by_symbol]
        if wrong := [type(each).__name__ for each in others if not hasattr(each, "fingerprint")]:
            instead = "those of a plan: adm.EnhancedCoordinator().plan(config).market"
            raise TypeError(f"check() takes bars by symbol, not {wrong[0]}; give it {instead}")
        check_bars(self.manifest.symbols, bars_by_symbol, str(short(self.path)), _AGAIN)

    def close(self) -> None:
        """Let go of open files; they are opened again when they are needed."""
        self._files.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """What is wrong with the files, as a user reads it."""
        try:
            yield
        except Damaged as damage:
            raise RunError(f"{short(self.path)} is damaged and can't be read: {damage}") from None
        except OSError as error:
            raise RunError(f"{short(self.path)} can't be read: {reason(error)}") from None

    def list(
        self,
        symbol: Any = None,
        strategy: Any = None,
        classifier: Any = None,
        combination: Any = None,
        **parameters: Any,
    ) -> pd.DataFrame:
        """The combinations that `signals` would read with the same words: one row each, with their parameters."""
        return self._picked(symbol, strategy, classifier, combination, parameters).reset_index(drop=True)


def check_bars(
    made_from: Mapping[str, SymbolFacts], bars_by_symbol: Mapping[str, Bars], where: str, remedy: str
) -> None:
    """Compare bars with those that signals were made from.

    Raises
    ------
    DataError
        saying what is different, where the signals are, and what to do.
    """
    for symbol, bars in bars_by_symbol.items():
        facts = made_from.get(symbol)
        if facts is None:
            guess = did_you_mean(symbol, list(made_from)) or f" It holds {', '.join(made_from)}"
            raise DataError(f"{where} holds no signals of {symbol}.{guess}.", remedy)
        if facts.fingerprint != bars.fingerprint:
            said = _difference(facts, SymbolFacts.of(bars))
            raise DataError(f"The bars of {symbol} are not those that the signals were made from: {said}.", remedy)


_AGAIN = "Use the data_config of the store, or generate the signals again."


def _difference(made: SymbolFacts, given: SymbolFacts) -> str:
    """What differs between the bars that signals were made from and others, as a sentence goes on."""
    if made.times != given.times:
        return f"their times were {made.times}, and are {given.times}"
    found = []
    if made.n_bars != given.n_bars:
        found.append(f"there were {made.n_bars:,}, and are {given.n_bars:,}")
    if made.first != given.first:
        found.append(f"the first was {made.first}, and is {given.first}")
    if made.last != given.last:
        found.append(f"the last was {made.last}, and is {given.last}")
    if found:
        return "; ".join(found)
    if made.index_digest != given.index_digest:
        return "times between the first and the last differ"
    return "prices differ" if made.prices_digest != given.prices_digest else "volumes differ"


def _array(table: pa.Table, column: str, name: str) -> npt.NDArray[Any]:
    """(n_rows,) a column without nulls."""
    if table[column].null_count:
        raise Damaged(f"{name} lacks values of {column}")
    found: npt.NDArray[Any] = table[column].to_numpy()
    return found


def _flags(table: pa.Table, name: str) -> Any:
    return tuple(_array(table, flag, name) for flag in FLAGS)


def _nullable(kind: pa.DataType) -> Any:
    """pandas' types for columns that may lack values: whole numbers stay whole, and booleans booleans."""
    return {pa.int8(): pd.Int8Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)
