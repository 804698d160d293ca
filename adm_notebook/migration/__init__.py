"""From the old coordinator to this one: configs, sources and imports, and the proof that results stay the same."""
