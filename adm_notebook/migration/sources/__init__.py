"""Scripts and notebooks for the older coordinator: edits by place in the user's own text."""
