"""Tab completion of `%adm`, `%%adm` and the YAML of a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from adm_notebook.magics.line import ACTIONS, FLAGS, OPTIONS, REPLAY_OPTIONS

__all__ = ["matcher"]

_MODES = ("auto", "composable", "traditional", "hybrid")
_OF_RUNS = ("attach", "show", "plan", "rerun", "save", "trace", "build", "explore")
_OF_SIGNALS = ("signals", "replay")
_VARIABLE = re.compile(r"\{\{\s*((?:\w+\.)*)(\w*)$")
_VALUE = re.compile(r"(?:^|[\s{,\[-])(\w+)\s*:\s*[\"']?(\w*)$")
_KEY = re.compile(r"^(\s*)(\w*)$")
_PARENT = re.compile(r"^(\s*)(\w+)\s*:\s*(?:#.*)?$")

_HOMES = {
    "strategies": ("components", "STRATEGIES"),
    "indicators": ("components", "INDICATORS"),
    "classifiers": ("components", "CLASSIFIERS"),
    "risk": ("components", "RISK_PROFILES"),
    "patterns": ("patterns", "PATTERNS"),
}
"""Registry -> where it is; imported at the first Tab."""

_REGISTRIES = {**{name: name for name in _HOMES}, "pattern": "patterns", "edit": "patterns"}
"""Command -> the registry whose names may follow it."""

_LISTS = {"strategies": "strategies", "classifiers": "classifiers", "risk_profiles": "risk", "members": "strategies"}
"""Key of a list in a config -> the registry that its types are in."""

Found = tuple[str, Iterable[str]]
"""What was typed of the word, and the words that are possible there."""


def matcher(namespace: Mapping[str, Any]) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """A matcher for IPython's completer; it answers inside our magics and is silent elsewhere."""

    @context_matcher(identifier="adm_notebook", priority=100)  # type: ignore[untyped-decorator]  # IPython leaves it untyped
    def adm_matcher(context: CompletionContext) -> SimpleMatcherResult:
        fragment, words = _found(context, namespace)
        fitting = [w for w in dict.fromkeys(words) if w.startswith(fragment)]
        completions = [SimpleCompletion(text=w, type="magic") for w in fitting]
        return {"completions": completions, "matched_fragment": fragment, "suppress": bool(fitting), "ordered": True}

    typed: Callable[[CompletionContext], SimpleMatcherResult] = adm_matcher
    return typed


def _found(context: CompletionContext, namespace: Mapping[str, Any]) -> Found:
    before = context.text_until_cursor
    lines = context.full_text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if re.match(r"\s*%%adm(\s|$)", lines[first]):
        if context.cursor_line > first:
            return _in_yaml(before, lines[first + 1 : context.cursor_line], namespace)
        rest = re.match(r"\s*%%adm\s(.*)$", before)
        return _in_cell_line(rest[1], lines[first + 1 :], namespace) if rest else ("", ())
    rest = re.match(r"(?:.*=)?\s*%adm\s(.*)$", before)
    return _in_line(rest[1], namespace) if rest else ("", ())


def _in_line(text: str, namespace: Mapping[str, Any]) -> Found:
    """`%adm COMMAND WORD`."""
    from adm_notebook.magics.commands import COMMANDS
    from adm_notebook.magics.runs import kept_names, run_names

    *done, fragment = re.split(r"\s+", text.lstrip())
    if not done:
        return fragment, COMMANDS
    if len(done) == 1 and done[0] in _OF_SIGNALS:
        return fragment, kept_names(namespace)
    if len(done) > 1 and done[0] == "replay":
        return _in_replay(done[-1], fragment, namespace)
    if len(done) == 1 and done[0] in _OF_RUNS:
        return fragment, run_names(namespace)
    if len(done) == 1 and done[0] in _REGISTRIES:
        return fragment, _names(_REGISTRIES[done[0]])
    if done == ["checklist"]:
        return fragment, ("reset",)
    if done[0] == "diff":
        return _in_diff(done, fragment, namespace)
    if done[0] == "compat" and len(done) == 1:
        return fragment, ("on", "off")
    if done[0] == "migrate":
        return _in_migrate(done[1:], fragment)
    if len(done) > 1 and done[0] == "trace":
        return fragment, () if "--row" in done else ("--row", "trade")
    return "", ()


def _in_diff(done: list[str], fragment: str, namespace: Mapping[str, Any]) -> Found:
    """What `%adm diff` can compare: after the first one, those of the same kind; then its option."""
    from adm_notebook.magics.diffs import DIFF_OPTIONS
    from adm_notebook.magics.operands import comparable

    words = [word for word in done[1:] if not word.startswith("-")]
    if fragment.startswith("-") or len(words) >= 2:
        return fragment, () if done[-1] in DIFF_OPTIONS else DIFF_OPTIONS
    return fragment, comparable(namespace, fragment, words)


def _in_replay(before: str, fragment: str, namespace: Mapping[str, Any]) -> Found:
    """The options of `%adm replay NAME`; of `--set` the settings of an account."""
    from adm_notebook.config.settings import Settings

    option, joined, value = fragment.partition("=")
    if joined and option in REPLAY_OPTIONS:
        before, fragment = option, value
    if before == "--set":
        return fragment, () if "=" in fragment else [f"{name}=" for name in Settings.model_fields]
    if before in OPTIONS:
        return fragment, _option_values(before, fragment, [], namespace)
    return fragment, REPLAY_OPTIONS if not fragment or fragment.startswith("-") else ()


def _in_migrate(done: list[str], fragment: str) -> Found:
    """The files that can be migrated, and the options, of `%adm migrate`."""
    from adm_notebook.magics.migrate import MIGRATE_OPTIONS, files_from

    option, joined, value = fragment.partition("=")
    if done[-1:] == ["--pattern"] or (joined and option == "--pattern"):
        return value if joined else fragment, _names("patterns")
    left = [each for each in MIGRATE_OPTIONS if each not in done]
    named = any(not word.startswith("-") and done[max(i - 1, 0)] != "--pattern" for i, word in enumerate(done))
    if fragment.startswith("-") or named:
        return fragment, left if not fragment or fragment.startswith("-") else ()
    return fragment, files_from(fragment)


def _in_cell_line(text: str, body: list[str], namespace: Mapping[str, Any]) -> Found:
    """`%%adm [ACTION] [NAME] [OPTIONS]`."""
    from adm_notebook.magics.runs import run_names

    *done, fragment = re.split(r"\s+", text.lstrip())
    option = done[-1] if done else ""
    if fragment.startswith(OPTIONS) and "=" in fragment and not fragment.startswith("--set="):
        option, _, fragment = fragment.partition("=")
    if fragment.startswith("--set="):
        option, fragment = "--set", fragment.removeprefix("--set=")
    if option in OPTIONS:
        return fragment, _option_values(option, fragment, body, namespace)
    if fragment.startswith("-"):
        return fragment, (*OPTIONS, *FLAGS)
    names = [w for i, w in enumerate(done) if not w.startswith("-") and (not i or done[i - 1] not in OPTIONS)]
    if not names:
        return fragment, (*ACTIONS, *OPTIONS, *FLAGS) if not fragment else ACTIONS
    if len(names) == 1 and names[0] in ACTIONS:
        return fragment, (*run_names(namespace), *(() if fragment else (*OPTIONS, *FLAGS)))
    return fragment, () if fragment else (*OPTIONS, *FLAGS)


def _option_values(option: str, fragment: str, body: list[str], namespace: Mapping[str, Any]) -> Iterable[str]:
    from adm_notebook.magics.overrides import frames_of

    if option == "--mode":
        return _MODES
    if option == "--pattern":
        return _names("patterns")
    if option == "--data":
        return (*frames_of(namespace), "sample")
    if "=" in fragment:
        return ()
    return [f"{key}=" for key in _set_keys("\n".join(body))]


def _set_keys(body: str) -> list[str]:
    """Keys of `--set`, those of the cell's strategies included as far as its YAML can be read."""
    from adm_notebook.errors import ConfigError
    from adm_notebook.magics.insert import read_cell
    from adm_notebook.magics.overrides import short_names

    try:
        values: Mapping[str, Any] = read_cell(body, {})[0]
    except ConfigError:  # half-written; the keys of sections are still known
        values = {}
    names = short_names(values)
    short = [name for name, paths in names.items() if len(paths) == 1 and "." not in name]
    return [*short, *(".".join(map(str, p)) for paths in names.values() for p in paths if len(p) == 2)]


def _in_yaml(before: str, above: list[str], namespace: Mapping[str, Any]) -> Found:
    """A variable after `{{`, the value of a key that has a known set of them, or a key."""
    if match := _VARIABLE.search(before):
        return _variable(match, namespace)
    if match := _VALUE.search(before):
        return match[2], _values(match[1], "\n".join([*above, before]), namespace)
    if match := _KEY.match(before):
        return match[2], _keys(len(match[1]), above)
    return "", ()


def _variable(match: re.Match[str], namespace: Mapping[str, Any]) -> Found:
    from adm_notebook.magics.insert import Undefined, look_up, variables_of

    owner = match[1].rstrip(".")
    if not owner:
        return match[2], variables_of(namespace, with_modules=True)
    try:
        return match[2], [name for name in dir(look_up(owner, namespace)) if not name.startswith("_")]
    except Undefined:
        return "", ()


def _values(key: str, before: str, namespace: Mapping[str, Any]) -> Iterable[str]:
    """Values of a key; `type` means what the list that it stands in holds, `mode` that of a phase or of an analysis."""
    from adm_notebook.magics.overrides import frames_of

    if key in ("type", "strategy", *_LISTS):
        lists = re.findall(rf"\b({'|'.join(_LISTS)})\s*:", before)
        return _names(_LISTS[lists[-1]] if lists and key != "strategy" else "strategies")
    if key in ("container_pattern", "pattern", "extends"):
        return _names("patterns")
    if key == "mode" and re.search(r"\bphases\s*:", before):
        return [mode for mode in _MODES if mode != "hybrid"]
    if key == "frame":
        return frames_of(namespace)
    if key == "objective":
        from adm_notebook.engine.account import METRICS

        return METRICS
    if key in ("source", "symbols"):
        from adm_notebook.market import describe_sources

        return [row.source if key == "source" else row.symbol for row in describe_sources()]
    return ()


def _keys(indent: int, above: list[str]) -> Iterable[str]:
    """Sections at the margin; inside a section its keys."""
    from adm_notebook.config.workflow import SECTIONS
    from adm_notebook.magics.overrides import short_names

    if not indent:
        return [f"{section}:" for section in ("workflow_type", *SECTIONS)]
    for line in reversed(above):
        parent = _PARENT.match(line)
        if parent and len(parent[1]) < indent:
            if parent[1]:
                return ()
            return [
                f"{path[1]}:"
                for paths in short_names({}).values()
                for path in paths
                if len(path) == 2 and path[0] == parent[2]
            ]
    return ()


def _names(registry: str) -> Iterable[str]:
    from importlib import import_module

    home, name = _HOMES[registry]
    names: Iterable[str] = getattr(import_module(f"adm_notebook.{home}"), name).names()
    return names
