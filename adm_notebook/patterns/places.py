"""Config that a pattern has no place for, and what to type instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from adm_notebook.errors import Problem
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import section_of
from adm_notebook.patterns.roles import ENSEMBLES, ROLES

__all__ = ["unplaced"]


def unplaced(pattern: Pattern, sections: Mapping[str, bool | int]) -> list[Problem]:
    """Config that a pattern has no container for.

    Parameters
    ----------
    pattern
        the one that is to run.
    sections
        config key -> whether it is given, or how many entries it has; the keys are those of `Role.section`, and
        `analysis_config.signals_path`.

    Returns
    -------
    list of Problem
        one for each key that is given and fills no container; its path is the key, its message says what to type.
    """
    from adm_notebook.patterns.catalog import PATTERNS

    given = [key for key, value in sections.items() if value]
    filled = _sections(pattern)
    problems = []
    for key in given:
        if key in filled:
            continue
        where = key.partition("[type")[0]
        own = _own(pattern, key)
        if own:
            problems.append(Problem(where, f"plays no part: {own} is a container of your own; leave {where} out"))
            continue
        word = next((role.name for role in ROLES.values() if role.section == key), "stored_signals")
        other = _with_room(pattern, [given, [*filled.intersection(given), key], [key]], PATTERNS.snapshot())
        use = f"use parameters.container_pattern: {other}" if other else f"add {_article(word)} to it"
        left = f"the ensembles in {where}" if key == ENSEMBLES else where
        problems.append(Problem(where, f"{pattern.name} has no {word}; {use}, or leave {left} out"))
    return problems


def _with_room(pattern: Pattern, wanted: Sequence[Iterable[str]], known: Mapping[str, Pattern]) -> str:
    """The first pattern that has a place for the most of `wanted`, among those that trade where this one trades."""
    for sections in wanted:
        for name, other in known.items():
            if other.has("execution") == pattern.has("execution") and set(sections) <= _sections(other):
                return name
    return ""


def _own(pattern: Pattern, section: str) -> str:
    """The path of a user's container that does the work of a section's entries; empty if there is none."""
    roles = {role.name for role in ROLES.values() if role.section == section}
    found = (path for path, node in pattern.walk() if node.role in roles and node.container is not None)
    return next((path for path in found if not section_of(pattern.find(path).role, pattern.find(path).container)), "")


def _sections(pattern: Pattern) -> set[str]:
    return {section for _, node in pattern.walk() if (section := section_of(node.role, node.container))}


def _article(word: str) -> str:
    return word if word == "stored_signals" else f"{'an' if word[0] in 'aeio' else 'a'} {word}"
