"""The migration guide's sixteen items, each checked by doing it."""
