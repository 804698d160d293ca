"""manifest.json: what a store was made from, and what its files must be."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adm_notebook._version import __version__
from adm_notebook.config import WorkflowConfig
from adm_notebook.config.frozen import canonical_json, digest_of
from adm_notebook.errors import RunError, shown
from adm_notebook.market import Bars, Market
from adm_notebook.market.arrays import F64
from adm_notebook.market.bars import zone_name
from adm_notebook.signals.schema import MANIFEST, time_type

__all__ = [
    "FORMAT",
    "KIND",
    "MEMBERS_OF_ALL",
    "Damaged",
    "FileFacts",
    "Manifest",
    "ManifestDraft",
    "SymbolFacts",
    "plain",
    "read",
]

FORMAT = 2
"""Raised when the files change in a way that an older version can't read. Of an ensemble limited to regimes
format 1 kept the vote alone; format 2 keeps what its members yielded."""

MEMBERS_OF_ALL = 2
"""The format from which what members yielded is kept of every ensemble."""

OLDEST = max(1, FORMAT - 1)
"""The oldest format that this version reads."""

KIND = "adm_notebook.SignalStore"
"""What `kind` says, so that a manifest.json of another program is not taken for ours."""


class Damaged(Exception):
    """What is wrong with the files, in a sentence that goes on after `is damaged and can't be read:`."""


@dataclass(frozen=True, slots=True)
class ManifestDraft:
    """What the writer of a store is told about the run.

    digest            of the planned work
    market            the bars of each symbol
    config            the workflow, as YAML
    data_config       as it was given, so that a replay may use it
    frame_left_out    whether its bars were a DataFrame, which is not stored
    """

    digest: str
    market: Mapping[str, Bars]
    config: str = ""
    data_config: Mapping[str, Any] = field(default_factory=dict)
    frame_left_out: bool = False

    format: ClassVar[int] = FORMAT

    @classmethod
    def of(cls, config: WorkflowConfig, digest: str, market: Mapping[str, Bars]) -> Self:
        """The draft for a run of `config`; a DataFrame in `data_config` is left out, and said to be."""
        left_out = config.data_config.get("frame") is not None
        if left_out:
            config = config.copy()
            config.data_config = {**config.data_config, "source": "frame"}  # so that a run of it asks for the frame
            del config.data_config["frame"]
        return cls(digest, market, config.to_yaml(), dict(config.data_config), left_out)


class _Model(BaseModel):
    # fields that this version does not know are left out: a later one may add some without a new FORMAT
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class SymbolFacts(_Model):
    """The bars of one symbol.

    fingerprint        as `Bars.fingerprint`
    first, last        their times, or labels
    times              their zone, `naive`, or what stands in their place: `integers`, `labels`
    index_digest, prices_digest   of the times alone, and of open, high, low and close
    """

    fingerprint: str
    n_bars: int = Field(ge=1)
    first: str
    last: str
    times: str
    index_digest: str
    prices_digest: str

    @classmethod
    def of(cls, bars: Bars) -> Self:
        """Those of `bars`."""
        prices: tuple[F64, ...] = (bars.prices.open, bars.prices.high, bars.prices.low, bars.prices.close)
        index = hashlib.sha256()
        kind, words = time_type(bars.index), {"int64": "integers", "string": "labels"}
        if kind == "string":
            index.update("\n".join(map(str, bars.index)).encode())
        else:
            ticks = bars.index.asi8 if hasattr(bars.index, "asi8") else bars.index.to_numpy(dtype=np.int64)
            scale = {"s": 10**9, "ms": 10**6, "us": 10**3}.get(getattr(bars.index, "unit", "ns"), 1)
            index.update((np.ascontiguousarray(ticks) * scale).data)
        digest = hashlib.sha256()
        for array in prices:
            digest.update(array.data)
        return cls(
            fingerprint=bars.fingerprint,
            n_bars=bars.n_bars,
            first=str(bars.index[0]),
            last=str(bars.index[-1]),
            times=zone_name(bars.index) if isinstance(bars.index, pd.DatetimeIndex) else words[str(kind)],
            index_digest=index.hexdigest(),
            prices_digest=digest.hexdigest(),
        )


class FileFacts(_Model):
    """One Parquet file, as it was written."""

    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str

    @classmethod
    def of(cls, path: Path, rows: int) -> Self:
        """Those of a file that is complete."""
        with path.open("rb") as file:
            return cls(rows=rows, bytes=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


class Counts(_Model):
    """How much there is: `signals` and `regime_changes` are rows; ensembles are among the combinations."""

    combinations: int
    ensembles: int
    classifiers: int
    signals: int
    regime_changes: int


class Lookbacks(_Model):
    """The longest lookback by label, in bars."""

    strategies: dict[str, int]
    classifiers: dict[str, int]


ParameterType = Literal["bool", "int", "float", "text", "json"]


class Manifest(_Model):
    """manifest.json.

    created_by           the version of this package
    versions             of what the numbers depend on
    digest, config, data_config, frame_left_out   as in ManifestDraft
    market               fingerprint of all symbols
    parameters           column in combinations.parquet -> how it holds values; `json`: values of several types, as text
    """

    kind: Literal["adm_notebook.SignalStore"]
    format: int
    created_by: str
    versions: dict[str, str]
    digest: str
    config: str
    data_config: dict[str, Any]
    frame_left_out: bool
    market: str
    symbols: dict[str, SymbolFacts]
    lookbacks: Lookbacks
    parameters: dict[str, ParameterType]
    counts: Counts
    files: dict[str, FileFacts]

    @classmethod
    def of(
        cls,
        draft: ManifestDraft,
        lookbacks: Lookbacks,
        parameters: dict[str, ParameterType],
        counts: Counts,
        files: dict[str, FileFacts],
    ) -> Self:
        """The manifest of a store that is complete but for it."""
        return cls(
            kind="adm_notebook.SignalStore",
            format=FORMAT,
            created_by=__version__,
            versions=_versions(),
            digest=draft.digest,
            config=draft.config,
            data_config=plain(draft.data_config, "data_config"),
            frame_left_out=draft.frame_left_out,
            market=Market(draft.market.values()).fingerprint,
            symbols={symbol: SymbolFacts.of(bars) for symbol, bars in draft.market.items()},
            lookbacks=lookbacks,
            parameters=parameters,
            counts=counts,
            files=files,
        )

    def write(self, folder: Path) -> None:
        """Write it, with a checksum of itself."""
        values = self.model_dump(mode="json")
        text = json.dumps({**values, "checksum": digest_of(values)}, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _versions() -> dict[str, str]:
    """Of what the numbers depend on."""
    packages = ("numpy", "pandas", "numba", "TA-Lib", "pyarrow")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def read(folder: Path) -> Manifest:
    """The manifest of the store in `folder`.

    Raises
    ------
    RunError
        where there is no store, or one of a format that this version does not read.
    Damaged
        where it is not what was written.
    """
    path = folder / MANIFEST
    if not folder.exists():
        raise RunError(f"{folder} is not there; a workflow with analysis_config.mode: signal_generation makes a store")
    if not path.is_file():
        raise RunError(
            f"{folder} is not a signal store: there is no {MANIFEST} in it. A run with analysis_config: {{mode: "
            "signal_generation, output_path: FOLDER} makes one"
        )
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise Damaged(f"{MANIFEST} is not the JSON that was written") from None
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise RunError(f"{folder} is not a signal store: its {MANIFEST} was written by another program")
    number = values.get("format")
    if not isinstance(number, int) or isinstance(number, bool):
        raise Damaged(f"`format` in {MANIFEST} can't be {shown(number)}")
    if not OLDEST <= number <= FORMAT:
        reads = f"{OLDEST} and {FORMAT}" if OLDEST < FORMAT else str(FORMAT)
        remedy = "install a newer adm_notebook" if number > FORMAT else "generate the signals again"
        raise RunError(
            f"{folder} has format {number}, written by adm_notebook {shown(values.get('created_by'))}; "
            f"this version reads {reads}: {remedy}"
        )
    checksum = values.pop("checksum", None)
    if checksum != _digest(values):
        raise Damaged(f"{MANIFEST} was changed after it was written")
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        said = "is missing" if first["type"] == "missing" else f"can't be {shown(first['input'])}"
        raise Damaged(f"`{place}` in {MANIFEST} {said}") from None


def _digest(values: object) -> str:
    try:
        return digest_of(values)
    except ValueError:  # NaN, which JSON as we write it has not
        return ""


def plain(value: Any, path: str) -> Any:
    """A value as JSON has it.

    Raises
    ------
    RunError
        naming what can't be kept.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, (date, Path)):
        return str(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    try:
        canonical_json(value)
    except (TypeError, ValueError):
        raise RunError(f"{path} can't be kept in a signal store: {shown(value)}") from None
    return value
