"""Signals: what strategies yielded, kept in Parquet, so that risk, costs and votes may change without them."""

from adm_notebook.signals.manifest import Manifest, ManifestDraft
from adm_notebook.signals.store import SignalStore
from adm_notebook.signals.writer import SignalWriter

__all__ = ["Manifest", "ManifestDraft", "SignalStore", "SignalWriter"]
