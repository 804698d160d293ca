"""Configs of the older coordinator and the older YAML form: what each key becomes, and none is lost."""
