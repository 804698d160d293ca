"""Bars in: sources, checks, resampling, fingerprint, and the bundled sample."""

from adm_notebook.market.arrays import Prices
from adm_notebook.market.bars import Bars, Market
from adm_notebook.market.sources import SourceRow, describe_sources, load, register_source, sample_symbols, source_names

__all__ = [
    "Bars", "Market", "Prices", "SourceRow", "describe_sources", "load", "register_source", "sample_symbols",
    "source_names",
]  # fmt: skip
