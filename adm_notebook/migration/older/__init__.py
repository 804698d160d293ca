"""A second reader of the older form, for the proof alone: it shares nothing with `configs` but the table of names."""
