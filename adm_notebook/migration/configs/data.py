"""`data` and `data_config`: where prices come from; and what is left of any section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adm_notebook.config.data import DataConfig
from adm_notebook.errors import shown
from adm_notebook.market import describe_sources
from adm_notebook.migration import names
from adm_notebook.migration.configs.ledger import Ledger, misspelt
from adm_notebook.migration.configs.old import Old

__all__ = ["read_data", "rest_of"]

_DATA_KEYS = (*DataConfig.model_fields, "frame", *names.DATA)
_FILES = ("file", "files", "local", "csv_file", "historical", "disk")


def read_data(ledger: Ledger, section: Old | None) -> None:
    """`data` or `data_config`: keys by our names."""
    if section is None:
        return
    ledger.home(("data_config",), section)
    has_file = any(names.DATA.get(key, key) in ("path", "frame") for key in section.fields)
    for key, item in section.fields.items():
        name = names.DATA.get(key, key)
        if name == "source":
            _source(ledger, item, has_file)
        elif name in DataConfig.model_fields or name == "frame":
            ledger.carry(("data_config", name), item, "" if name == key else f"Our name of `{key}`")
    advice = {
        "provider": "Prices are read from files: save them as CSV or Parquet, and write data_config: {path: ...}.",
        "timezone": "Times keep the zone of the file: leave it out.",
        "format": "The ending of the file tells its format; write source: csv or source: parquet where it doesn't.",
        "split_ratio": "Out-of-sample splits come with a later version; until then set `end`, and run again later.",
    }
    rest_of(ledger, section, _DATA_KEYS, advice)


def _source(ledger: Ledger, item: Old, has_file: bool) -> None:
    called = item.value.strip().lower() if isinstance(item.value, str) else ""
    if called in ("csv", "parquet", "sample", "frame") or (
        called and called in {row.source for row in describe_sources()}
    ):
        ledger.put(("data_config", "source"), called, item, "" if called == item.value else "In lower case")
    elif not called:
        ledger.carry(("data_config", "source"), item)
    elif called in _FILES and has_file:
        ledger.drop(item, "The ending of the file tells how to read it")
    elif meant := misspelt(called, ("parquet", "sample", "frame", *_FILES)):
        ledger.wrong(item, f"unknown source {shown(item.value)}. Did you mean `{meant}`?")
    elif has_file:
        ledger.leave(item, "The file is read, whatever it came from: leave it out.")
    else:
        advice = (
            "Prices are read from files: save them as CSV or Parquet and write data_config: {path: prices.csv}, or "
            "register a source of your own with adm.register_source."
        )
        ledger.leave(item, advice)
        ledger.no_prices = True


def rest_of(ledger: Ledger, section: Old, known: Sequence[str], advice: Mapping[str, str] | None = None) -> None:
    """What nobody read of a section; one that is none is wrong."""
    if section.fields:
        ledger.rest(section, known, advice)
    elif section.value in ({}, [], None):
        ledger.drop(section, "It was empty")
    elif not ledger.settled(section):
        ledger.wrong(section, f"must be a section (`name: value`), but was {shown(section.value)}")
