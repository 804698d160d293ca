"""Why two runs differ, in the user's words: what means something else in the new config, and what to set there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adm_notebook.config.settings import Settings
from adm_notebook.config.yaml_text import dump
from adm_notebook.migration.changes import ABSENT, Change
from adm_notebook.migration.configs.differences import config_changes
from adm_notebook.migration.proof.filled import plain
from adm_notebook.migration.proof.wording import said

__all__ = ["causes_of", "in_a_sentence", "matters", "to_mend"]

_ENTRY = re.compile(r"optimization_config\.(strategies|classifiers|risk_profiles)\[(\d+)\]")
_ONE = {"strategies": "strategy", "classifiers": "classifier", "risk_profiles": "risk profile"}

_ORDER = (
    "data_config", "optimization_config.strategies", "optimization_config.classifiers", "backtest_config",
    "optimization_config.risk_profiles", "analysis_config", "optimization_config", "parameters", "workflow_type",
)  # fmt: skip
"""Sections, those first that explain most."""

_NO_FIGURE = ("parameters", "workflow_type")
"""Sections that change no figure by themselves: named where nothing else is."""

_MOST = 3  # causes in a sentence


def causes_of(
    old: Mapping[str, Any], new: Mapping[str, Any], *, same_bars: bool, origins: Mapping[str, str] | None = None
) -> tuple[Change, ...]:
    """What means something else in the new config, likeliest cause first.

    Parameters
    ----------
    old, new
        configs as `filled` gives them.
    same_bars
        whether both ran on the same bars, whatever their `data_config` says.
    origins
        path in the old config -> where the user wrote it, for `Change.was`.
    """
    origins = origins or {}
    rows = [row for row in config_changes(old, new) if row.change in "+-~"]
    if same_bars:
        rows = [row for row in rows if not row.path.startswith("data_config.")]
    rows = _without_what_the_preset_explains(rows)
    rows = _whole_entries(rows, old, new)
    rows = [replace(row, old=plain(row.old), new=plain(row.new)) for row in rows]
    rows = [replace(row, was=origins.get(row.was or row.path, row.was)) for row in rows]
    return tuple(sorted(rows, key=lambda row: _rank(row.path)))  # stable: as they stand in the config


def matters(cause: Change) -> bool:
    """Whether a difference can change figures by itself."""
    return not cause.path.startswith(_NO_FIGURE)


def _rank(path: str) -> int:
    return next((at for at, section in enumerate(_ORDER) if path.startswith(section)), len(_ORDER))


def _without_what_the_preset_explains(rows: Sequence[Change]) -> list[Change]:
    """Settings that differ because their presets do are no causes of their own."""
    preset = next((row for row in rows if row.path == "backtest_config.preset"), None)
    if preset is None:
        return list(rows)
    was, now = (Settings.resolve({"preset": name}) for name in (preset.old, preset.new))

    def explained(row: Change) -> bool:
        name = row.path.removeprefix("backtest_config.")
        return name in Settings.model_fields and (row.old, row.new) == (getattr(was, name), getattr(now, name))

    return [row for row in rows if row is preset or not explained(row)]


def _whole_entries(rows: Sequence[Change], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """One row for a strategy, classifier or profile that only one config has, in place of one for each of its keys.

    Where one went and another came, the second took the place of the first.
    """
    whole: dict[tuple[str, str], Change] = {}
    for row in rows:
        match = _ENTRY.match(row.path)
        if match and row.change in "+-" and row.path == f"{match[0]}.type":
            entry = (old if row.change == "-" else new)["optimization_config"][match[1]][int(match[2])]
            sides = (entry, ABSENT) if row.change == "-" else (ABSENT, entry)
            whole[row.change, match[0]] = Change(row.change, match[0], *sides)
    gone: dict[str, list[Change]] = {}
    come: dict[str, list[Change]] = {}
    for change in whole.values():
        kind = change.path.partition("[")[0]
        (gone if change.change == "-" else come).setdefault(kind, []).append(change)
    for kind, removed in gone.items():
        added = come.get(kind, [])
        if len(removed) == len(added) == 1:
            whole["+", added[0].path] = Change("~", added[0].path, removed[0].old, added[0].new, was=removed[0].path)
            whole["-", removed[0].path] = whole["+", added[0].path]
    found: dict[int, Change] = {}
    for row in rows:
        match = _ENTRY.match(row.path)
        entire = whole.get((row.change, match[0])) if match else None
        found.setdefault(id(row if entire is None else entire), row if entire is None else entire)
    return list(found.values())


def in_a_sentence(causes: Sequence[Change], old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """`commission was 0.1% and is now 0`: the likeliest causes, without a full stop; empty where there are none."""
    chosen = [c for c in causes if matters(c)] or list(causes)
    sentences = [_sentence(cause, old, new) for cause in chosen[:_MOST]]
    if len(chosen) > _MOST:
        rest = len(chosen) - _MOST
        sentences.append(f"{rest:,} more {'key differs' if rest == 1 else 'keys differ'}")
    return "; ".join(sentences)


def _sentence(cause: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    match = _ENTRY.fullmatch(cause.path)
    if match:
        was, now = (_name(side) for side in (cause.old, cause.new))
        if was and now:
            return f"the {_ONE[match[1]]} was {was} and is now {now}"
        return f"the {_ONE[match[1]]} {was or now} {'is left out' if was else 'was added'}"
    subject = _subject(cause, new if cause.new is not ABSENT else old)
    if cause.new is ABSENT:
        return f"{subject} was {said(cause, cause.old)} and is left out"
    if cause.old is ABSENT:
        return f"{subject} was not there and is now {said(cause, cause.new)}"
    return f"{subject} was {said(cause, cause.old)} and is now {said(cause, cause.new)}"


def _name(entry: Any) -> str:
    return str(entry.get("name") or entry.get("type")) if isinstance(entry, Mapping) else ""


def _subject(cause: Change, config: Mapping[str, Any]) -> str:
    """A key as a sentence names it: `fast of ma_crossover`, `commission`."""
    if cause.path == "parameters.container_pattern":
        return "the pattern"
    if cause.path == "backtest_config.portfolio":
        return "portfolio.combine"
    match = _ENTRY.match(cause.path)
    if not match:
        return cause.path.partition(".")[2] or cause.path
    entry = config["optimization_config"][match[1]][int(match[2])]
    key = cause.path[match.end() + 1 :].removeprefix("parameters.")
    return f"{key} of {'' if match[1] == 'strategies' else f'the {_ONE[match[1]]} '}{entry.get('name')}"


def to_mend(causes: Sequence[Change], *, short: bool, origins: Mapping[str, str] | None = None) -> str:
    """What to set in the new config, as a sentence; empty where there is nothing to set.

    Parameters
    ----------
    short
        whether the new config names its strategy in `backtest_config.strategy`.
    origins
        as for `causes_of`: an old key that is named there was not carried over.
    """
    chosen = [c for c in causes if matters(c)] or list(causes)
    steps = [_step(cause, short=short) for cause in chosen[:_MOST]]
    if not steps:
        return ""
    joined = " and ".join([", ".join(steps[:-1]), steps[-1]] if len(steps) > 1 else steps)
    lost = [c.was for c in chosen[:_MOST] if origins and c.was in origins.values()]
    keys = f"The old key{'s' if len(lost) > 1 else ''} {' and '.join(lost)} {'were' if len(lost) > 1 else 'was'}"
    return f"{joined} in the new configuration." + (f" {keys} not carried over." if lost else "")


def _step(cause: Change, *, short: bool) -> str:
    path = cause.path
    if short:
        path = path.replace("optimization_config.strategies[0]", "backtest_config.strategy")
    combines = cause.path == "backtest_config.portfolio"
    if cause.old is ABSENT or cause.old is None or (combines and not cause.old):
        return f"leave {path} out"
    match = _ENTRY.fullmatch(cause.path)
    if match and cause.new is ABSENT:
        return f"add {_yaml(cause.old)} to optimization_config.{match[1]}"
    if combines:
        return f"set {path}: {{combine: true}}"
    return f"set {path}: {_yaml(cause.old)}"


def _yaml(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_yaml(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return dump({"v": plain(value)}).strip().removeprefix("v:").strip()
