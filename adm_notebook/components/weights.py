"""Weights of an ensemble's members as a config gives them: one vector, several, or member by member; swept or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adm_notebook.errors import Problem, did_you_mean, shown

__all__ = ["WEIGHTS", "ReadWeights", "Weights", "read_weights", "weight_of", "weights_of"]

WEIGHTS = "weights"
"""The parameter that a list of vectors is; the weight of one member is `MEMBER.weight`."""


class Weights(tuple[float, ...]):
    """One vector of weights, in the order of the members, as a value that is swept."""

    __slots__ = ()


class ReadWeights(NamedTuple):
    """What was read.

    fixed   (n_members,)  1 where none is given, or where it is swept
    given   what is swept, by the name of its parameter; values untouched but for vectors, which are `Weights`
    places  where each weight that was given stands in the config, by the name of its parameter
    """

    fixed: tuple[float, ...]
    given: Mapping[str, Any]
    places: Mapping[str, str]


def read_weights(
    whole: Any, single: Mapping[int, Any], names: Sequence[str | None], members: Sequence[str], path: str
) -> tuple[ReadWeights, list[Problem]]:
    """Weights as an ensemble's entry has them, and what is wrong with them.

    Parameters
    ----------
    whole
        its `weights`: a list of numbers, a list of such lists (swept), or a mapping member -> number or sweep.
    single
        by the member's position, `weight` of the members that have one: a number or a sweep.
    names
        of the parameters that members' weights are; None where a strategy has a parameter `weight` of its own.
    members
        their names.
    path
        of the entry.
    """
    where = f"{path}.{WEIGHTS}"
    count = len(members)
    if whole is not None and single:
        message = f"stands beside the `weight` of members[{min(single)}]; keep one of the two forms"
        return _nothing(count), [Problem(where, message)]
    if isinstance(whole, Mapping):
        return _by_member(whole, names, members, where)
    if whole is None:
        places = {i: f"{path}.members[{i}].weight" for i in single}
        return _by_position(single, names, members, places)
    if not isinstance(whole, (list, tuple)):
        message = f"must be a list, one weight for each member, but was {shown(whole)}"
        return _nothing(count), [Problem(where, message)]
    if any(isinstance(vector, (list, tuple)) for vector in whole):
        wrong = [p for i, v in enumerate(whole) for p in _wrong_vector(v, members, f"{where}[{i}]")]
        if wrong:
            return _nothing(count), wrong
        vectors = [Weights(map(float, vector)) for vector in whole]
        return ReadWeights((1.0,) * count, {WEIGHTS: vectors}, {WEIGHTS: where}), []
    if wrong := _wrong_vector(whole, members, where):
        return _nothing(count), wrong
    return ReadWeights(tuple(map(float, whole)), {}, {WEIGHTS: where}), []


def _nothing(count: int) -> ReadWeights:
    return ReadWeights((1.0,) * count, {}, {})


def _by_member(
    whole: Mapping[Any, Any], names: Sequence[str | None], members: Sequence[str], where: str
) -> tuple[ReadWeights, list[Problem]]:
    problems = []
    single: dict[int, Any] = {}
    for member, value in whole.items():
        if member in members:
            single[list(members).index(member)] = value
        else:
            guess = did_you_mean(member, list(members)) or f" Members: {', '.join(members)}"
            problems.append(Problem(f"{where}.{member}", f"there is no such member.{guess}"))
    places = {i: f"{where}.{members[i]}" for i in single}
    read, more = _by_position(single, names, members, places)
    return read, problems + more


def _by_position(
    single: Mapping[int, Any], names: Sequence[str | None], members: Sequence[str], places: Mapping[int, str]
) -> tuple[ReadWeights, list[Problem]]:
    fixed = [1.0] * len(members)
    given: dict[str, Any] = {}
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for i, value in sorted(single.items()):
        name = names[i]
        if _is_sweep(value) and name is None:
            message = (
                f"can't be swept by itself, as {members[i]} has a parameter `weight` of its own; "
                "sweep vectors: weights: [[1, 1], [2, 1]]"
            )
            problems.append(Problem(places[i], message))
        elif _is_sweep(value):
            assert name is not None  # the case before
            given[name], found[name] = value, places[i]
        elif said := _wrong_weight(value):
            problems.append(Problem(places[i], said))
        else:
            fixed[i] = float(value)
            if name is not None:
                found[name] = places[i]
    return ReadWeights(tuple(fixed), given, found), problems


def weights_of(vector: Any, members: Sequence[str], where: str, problems: list[Problem]) -> tuple[float, ...]:
    """One vector of weights; what is wrong with it joins `problems`, and all weigh 1."""
    if wrong := _wrong_vector(vector, members, where):
        problems += wrong
        return (1.0,) * len(members)
    return tuple(map(float, vector))


def weight_of(value: Any, where: str, problems: list[Problem]) -> float:
    """The weight of one member; what is wrong with it joins `problems`, and it is 1."""
    if said := _wrong_weight(value):
        problems.append(Problem(where, said))
        return 1.0
    return float(value)


def _wrong_vector(vector: Any, members: Sequence[str], where: str) -> list[Problem]:
    if not isinstance(vector, (list, tuple)):
        return [Problem(where, f"must be a list like the others, one weight for each member, but was {shown(vector)}")]
    if len(vector) != len(members):
        message = f"must have one weight for each of {len(members)} members, but has {len(vector)}"
        return [Problem(where, message)] if members else []
    said = {i: _wrong_weight(value) for i, value in enumerate(vector)}
    return [Problem(f"{where}[{i}]", sentence) for i, sentence in said.items() if sentence]


def _wrong_weight(value: Any) -> str:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return "" if number and 0 < value < 1e300 else f"must be a weight above 0, but was {shown(value)}"


def _is_sweep(value: Any) -> bool:
    return isinstance(value, (list, tuple, range, Mapping))
