"""Which files `data_config.path` means, and the symbol that each of them holds."""

from __future__ import annotations

import difflib
import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adm_notebook.config.data import CSV_SUFFIXES, PARQUET_SUFFIXES, DataConfig, located, names_in
from adm_notebook.errors import ConfigError, Problem

__all__ = ["SourceFiles", "find_files", "stem"]


@dataclass(frozen=True)
class SourceFiles:
    """The files of a source, by symbol; `one` means a single file, which may hold several symbols of its own."""

    by_symbol: Mapping[str, Path]
    label: str
    one: bool


def find_files(config: DataConfig) -> SourceFiles:
    """The files that `data_config.path` means: one, several, a folder's, or those that match a glob.

    Raises
    ------
    ConfigError
        naming what is there instead.
    """
    place = config.path
    if isinstance(place, Mapping):
        named = {name: _existing(p, f"data_config.path.{name}") for name, p in place.items()}
        return SourceFiles(named, _label([*named.values()]), False)
    if isinstance(place, tuple):
        paths = [_existing(p, f"data_config.path[{k}]") for k, p in enumerate(place)]
        return SourceFiles(_by_stem(paths), _label(paths), False)
    assert place is not None  # resolve() has seen to it
    path = _located(place, "data_config.path")
    suffixes = PARQUET_SUFFIXES if config.source == "parquet" else CSV_SUFFIXES
    if path.is_dir():
        paths = [path / name for name in _names_in(path, "data_config.path") if name.lower().endswith(suffixes)]
        if not paths:
            raise ConfigError(Problem("data_config.path", f"no file in {place} ends with {', '.join(suffixes)}"))
        return SourceFiles(_by_stem(paths), _label(paths), False)
    if glob.has_magic(place) and not path.exists():
        paths = sorted(Path(p) for p in glob.glob(str(path), recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if not paths:
            raise ConfigError(Problem("data_config.path", f"no file matches {place}"))
        return SourceFiles(_by_stem(paths), _label(paths), False)
    path = _existing(place, "data_config.path")
    return SourceFiles({stem(path): path}, path.name, True)


def stem(path: Path) -> str:
    """The name of a file without the endings that say how it is stored: `SPY_1m.csv.gz` is `SPY_1m`."""
    name = path.name
    for suffix in sorted((*CSV_SUFFIXES, *PARQUET_SUFFIXES), key=len, reverse=True):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _existing(place: str, where: str) -> Path:
    path = _located(place, where)
    if path.is_file():
        return path
    folder = path.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    if folder != path.parent:
        raise ConfigError(Problem(where, f"no such folder: {path.parent} (seen from {Path.cwd()})"))
    names = [name for name in _names_in(folder, where) if (folder / name).is_file()]
    near = (
        difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
        or [name for name in names if name.lower().endswith((*CSV_SUFFIXES, *PARQUET_SUFFIXES))][:5]
    )
    others = f" There {'is' if len(near) == 1 else 'are'} {', '.join(near)}" if near else ""
    raise ConfigError(Problem(where, f"no such file: {place} (seen from {Path.cwd()}).{others}".removesuffix(".")))


def _located(place: str, where: str) -> Path:
    try:
        return located(place)
    except ValueError as error:
        raise ConfigError(Problem(where, str(error))) from None


def _names_in(folder: Path, where: str) -> list[str]:
    try:
        return names_in(folder)
    except ValueError as error:
        raise ConfigError(Problem(where, str(error))) from None


def _by_stem(paths: list[Path]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in paths:
        name = stem(path)
        if name in named:
            raise ConfigError(
                Problem(
                    "data_config.path",
                    f"{named[name]} and {path} would both be symbol {name}; write path: {{symbol: file, ...}}",
                )
            )
        named[name] = path
    return named


def _label(paths: Sequence[Path]) -> str:
    return paths[0].name if len(paths) == 1 else f"{len(paths)} files"
