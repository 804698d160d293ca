"""What the pattern editor's view is told, as JSON: rows of the tree, a container's settings, what can be added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from adm_notebook.components import ParameterInfo
from adm_notebook.components.user_code import type_problem
from adm_notebook.config.yaml_text import dump, load_mapping
from adm_notebook.display.pattern_view import role_of
from adm_notebook.display.words import clip, plural
from adm_notebook.errors import ConfigError
from adm_notebook.patterns import CONTAINERS, ROLES, Node, containers_that_fit, section_of
from adm_notebook.patterns.compare import GLYPHS, Change
from adm_notebook.patterns.flow import Step, container_of, declared
from adm_notebook.patterns.frozen import canonical
from adm_notebook.patterns.writing import thawed
from adm_notebook.widgets.pattern_edits import PatternEdits, State, outer

__all__ = ["as_text", "details_of", "from_text", "overview", "palette_of", "place_in_words"]

LIMITS = (
    ("max_memory_mb", "Memory", "MB"),
    ("timeout_seconds", "Time", "s"),
    ("max_indicators", "Indicators", ""),
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIFF_MOST = 200


def overview(edits: PatternEdits) -> dict[str, Any]:
    """The whole view but for the selected container.

    rows      [depth, name, role where the name does not say it, container, problems, marks] of every container, each
              before those inside it; the pattern itself is the first, on depth 0. A mark is [tone, words]
    kinds     container -> [what it takes, may take, gives, what it does]
    problems  [path, message]; diff: [glyph, path, words]
    """
    state, pattern = edits.state, edits.pattern
    marks = _marks(state)
    wrong: dict[str, int] = {}
    for finding in state.findings:
        wrong[finding.path] = wrong.get(finding.path, 0) + 1
    rows: list[list[Any]] = [[0, pattern.name, "pattern", "", wrong.get("", 0), []]]
    kinds: dict[str, list[Any]] = {}
    for path, node in pattern.walk():
        about = (role_of(node), node.container_name, wrong.get(path, 0), marks.get(path, []))
        rows.append([path.count("/") + 1, node.name, *about])
        if node.container_name not in kinds:
            kind = declared(node)
            kinds[node.container_name] = [
                list(kind.consumes), list(kind.may_consume), list(kind.produces), clip(kind.sentence, 200),
            ]  # fmt: skip
    diff = [[GLYPHS[row.change], row.new or row.old or "", _told(row)] for row in state.diff.rows[:_DIFF_MOST]]
    return {
        "name": pattern.name,
        "about": _about(edits),
        "description": pattern.description,
        "rows": rows,
        "kinds": kinds,
        "problems": [[finding.path, finding.message] for finding in state.findings],
        "diff": diff,
        "more": max(len(state.diff.rows) - _DIFF_MOST, 0),
        "from": edits.original.name,
        "undo": edits.to_undo,
        "redo": edits.to_redo,
        "paste": edits.clipboard.name if edits.clipboard is not None else "",
        "use": _why_not_used(edits),
        "saved": edits.is_saved,
    }


def _about(edits: PatternEdits) -> str:
    """`from full_backtest, 2 changes`."""
    changes = plural(edits.state.changes, "change") if edits.state.changes else "no changes"
    origin = edits.original.name
    return f"from {origin}, {changes}" if edits.pattern.name != origin else changes


def _why_not_used(edits: PatternEdits) -> str:
    """Why the pattern can't go into a config; empty where it can."""
    if edits.state.findings:
        return f"Solve {plural(len(edits.state.findings), 'problem')} first"
    unchanged = edits.state.changes == 0 and edits.pattern == edits.original
    return "Nothing is changed yet" if unchanged else ""


def _marks(state: State) -> dict[str, list[list[str]]]:
    marks: dict[str, list[list[str]]] = {}
    for row in state.diff.rows:
        if row.new is not None:
            tone = {"added": "add", "moved": "move"}.get(row.change, "mod")
            mark, there = [tone, f"{GLYPHS[row.change]} {_mark(row)}"], marks.setdefault(row.new, [])
            there += [mark] if mark not in there else []
    return marks


def _mark(row: Change) -> str:
    """`new`, `moved`, `was trend_regime`, `window 20 → 50`."""
    if row.change in ("added", "moved"):
        return "new" if row.change == "added" else "moved"
    what = (
        row.what.replace(", was left out", "").replace("parameters.", "").replace("limits.", "").replace(" -> ", " → ")
    )
    if row.change == "renamed":
        what = what.replace("was called ", "was ", 1)
    elif what.startswith("container "):
        what = f"was {what.removeprefix('container ').partition(' → ')[0]}"
    return clip(what, 48)


def _told(row: Change) -> str:
    return f"{row.change}: {row.what}" if row.change in ("added", "removed") else row.what.replace(" -> ", " → ")


# ---- the selected container -----------------------------------------------------------------------------------------


def details_of(edits: PatternEdits, path: str) -> dict[str, Any]:
    """What the panel beside the tree shows of a container; of the pattern itself for `""`.

    fields  name, label, text, default, hint, unit, kind (text, number, choice), choices, problem
    takes   [kind, path that gives it or "", whether it is missing]; gives: [kind, paths that read it]
    """
    state, pattern = edits.state, edits.pattern
    problems = [finding.message for finding in state.findings if finding.path == path]
    if path == "":
        paths = pattern.paths()
        levels = max((each.count("/") + 1 for each in paths), default=0)
        size = f"{plural(len(paths), 'container')} on {plural(levels, 'level')}."
        return {
            "path": "", "name": pattern.name, "what": "pattern", "about": size, "note": "", "takes": [], "gives": [],
            "problems": problems,
            "fields": [_field("description", "Description", pattern.description, kind="long", default="none")],
        }  # fmt: skip
    node, step, kind = pattern.find(path), state.flow.steps[path], declared(pattern.find(path))
    section = section_of(node.role, node.container)
    if section:
        note = f"Filled from {section} in the config."
    elif container_of(node) is None or kind.parameters:
        note = ""
    else:
        note = "It has no settings of its own."
    return {
        "path": path,
        "name": node.name,
        "what": role_words(node.role),
        "about": clip(kind.sentence or "Your own container.", 300),
        "note": note,
        "takes": _takes(step),
        "gives": [[each, list(state.flow.readers.get((path, each), ()))[:6]] for each in step.gives],
        "problems": problems,
        "fields": [*_choice(node), *_parameters(node), *_limits(node)],
    }


def role_words(role: str) -> str:
    """A role as people say it: `risk profile`."""
    return {"risk": "risk profile", "indicator": "indicators"}.get(role, role.replace("_", " "))


def _takes(step: Step) -> list[list[Any]]:
    return [
        *([kind, source, False] for kind, source in step.sources.items()),
        *([kind, "", True] for kind in step.missing),
    ]


def _field(name: str, label: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "label": label, "text": text, "default": "", "hint": "", "unit": "", "kind": "text",
        "choices": [], "problem": "", **more,
    }  # fmt: skip


def _choice(node: Node) -> list[dict[str, Any]]:
    """Which container of the role stands here, where there are several."""
    names = [name for name, kind in CONTAINERS.snapshot().items() if kind.role == node.role]
    known = node.container_name in names
    if known and len(names) < 2:
        return []
    choices = [[name, "built-in" if name == node.role else name] for name in names]
    if not known:
        choices.append([node.container_name, f"{node.container_name} (unknown)"])
    problem = "" if known else f"No container is called {node.container_name}"
    return [_field("=container", "Container", node.container_name, kind="choice", choices=choices, problem=problem)]


def _parameters(node: Node) -> list[dict[str, Any]]:
    kind = container_of(node)
    infos = kind.parameters if kind is not None and kind.role == node.role else {}
    fields = []
    for name, info in infos.items():
        given = name in node.parameters
        value = node.parameters.get(name)
        problem = "" if not given and not info.required else "needs a value" if not given else type_problem(info, value)
        fields.append(
            _field(
                name,
                name,
                as_text(value, info) if given else "",
                default="" if info.required else as_text(info.default, info) or "none",
                hint=info.description,
                kind="choice" if info.type is bool else "number" if info.type in (int, float) else "text",
                choices=[["", f"{as_text(info.default)} (default)"], ["true", "true"], ["false", "false"]]
                if info.type is bool
                else [],
                problem=problem,
            )
        )
    for name, value in node.parameters.items():
        if name not in infos:
            said = f"{node.container_name} has no such parameter; empty the field to leave it out"
            fields.append(_field(name, name, as_text(value), problem=said))
    return fields


def _limits(node: Node) -> list[dict[str, Any]]:
    limits = {} if node.limits is None else node.limits.to_dict()
    return [
        _field(f"limits.{name}", label, as_text(limits[name]) if name in limits else "", default="no limit", unit=unit,
               kind="number", group="Limits")
        for name, label, unit in LIMITS
    ]  # fmt: skip


def as_text(value: Any, info: ParameterInfo | None = None) -> str:
    """A parameter as a field shows it, and as `from_text` reads it back: YAML, but bare where only text can stand."""
    if value is None:
        return ""
    if info is not None and info.type is str and isinstance(value, str):
        return value
    text = dump({"value": thawed(value)}).removeprefix("value:").strip()
    return text if "\n" not in text else json.dumps(canonical(value), ensure_ascii=False)


def from_text(info: ParameterInfo | None, text: str) -> Any:
    """What a user typed into a field, as its parameter's type has it; None for nothing. What can't be stays text."""
    text = text.strip()
    if text == "":
        return None
    if info is not None and info.type is str:
        return text
    try:
        value = load_mapping(f"value: {text}")[0].get("value")
    except ConfigError:  # half-typed, or text with a colon in it: the type's own message says what is wrong
        return text
    return text if value is None else value


# ---- what can be added ----------------------------------------------------------------------------------------------


def palette_of(edits: PatternEdits, path: str) -> dict[str, Any]:
    """Containers with what they are called, why they can't be added inside `path` (or None), and what they do."""
    pattern = edits.pattern
    kinds = CONTAINERS.snapshot()
    items = []
    for fit in containers_that_fit(pattern, path):
        if fit.name in kinds:
            words = role_words(fit.name) if fit.name in ROLES else fit.name
            reason = None if fit.reason is None else _short(fit.reason)
            items.append([fit.name, words, reason, clip(kinds[fit.name].sentence, 160)])
    items.sort(key=lambda item: item[2] is not None)
    return {"path": path, "name": path.rpartition("/")[2] or pattern.name, "items": items}


def _short(reason: str) -> str:
    """A reason as it stands below a name: the last part of a path is enough there."""
    return clip(" ".join(word.rpartition("/")[2] for word in reason.split(" ")), 120)


def place_in_words(edits: PatternEdits, path: str, siblings: Sequence[Node] | None = None) -> str:
    """Where a container stands, as a screen reader says it: `momentum, second of three in main`."""
    parent, name = outer(path), path.rpartition("/")[2]
    if not path:
        return edits.pattern.name
    names = [node.name for node in siblings or (edits.pattern.find(parent).children if parent else edits.pattern.nodes)]
    at, count = names.index(name), len(names)
    which = "only one" if count == 1 else f"{_nth(at)} of {_NUMBERS[count - 1] if count <= 10 else count}"
    return f"{name}, {which} in {parent.rpartition('/')[2] or edits.pattern.name}"


def _nth(at: int) -> str:
    return _ORDINALS[at] if at < len(_ORDINALS) else f"number {at + 1}"
