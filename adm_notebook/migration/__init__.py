"""From the old coordinator to this one: configs, sources and imports, and the proof that results stay the same."""

from adm_notebook.migration import compat
from adm_notebook.migration.sources.migrate import SourceChange, SourceMigration, Undecided, migrate_source

__all__ = ["SourceChange", "SourceMigration", "Undecided", "compat", "migrate_source"]
