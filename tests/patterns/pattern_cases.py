"""Random patterns, and a container of a user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from adm_notebook.components import ParameterInfo
from adm_notebook.patterns import ROLES, Node, Pattern

text_in_yaml = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
plain_values = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates()
    | text_in_yaml
)
values = st.recursive(
    plain_values,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(text_in_yaml.filter(lambda k: k != "<<"), v, max_size=3),
    max_leaves=6,
)
parameters = st.dictionaries(st.sampled_from(["window", "on", "1", "a b", "σ"]), values, max_size=3)
limits = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "max_memory_mb": st.floats(1, 1e6),
        "timeout_seconds": st.integers(1, 99),
        "max_indicators": st.integers(1, 9),
    },
)
roles = st.sampled_from(list(ROLES))
names = st.sampled_from(["", "", "main", "calm", "no", "1", "a-b", "x.y", "größe", "two words"])
containers = st.sampled_from([None, None, None, "stored_signals", "mine", "your_own"])


@st.composite
def nodes(draw: st.DrawFn, depth: int = 2) -> Node:
    """A node with random children, names unique among siblings."""
    children = () if depth == 0 else draw(forests(depth=depth - 1))
    return Node(draw(roles), draw(names), draw(containers), draw(st.just({}) | parameters), draw(limits), children)


@st.composite
def forests(draw: st.DrawFn, depth: int = 2, most: int = 3) -> tuple[Node, ...]:
    drawn = draw(st.lists(nodes(depth=depth), max_size=most))
    taken: set[str] = set()
    apart = []
    for node in drawn:
        name = node.name
        while name in taken:
            name += "x"
        taken.add(name)
        apart.append(replace(node, name=name))
    return tuple(apart)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Any tree at all, whether or not it can run."""
    description = draw(text_in_yaml)
    return Pattern(
        draw(st.sampled_from(["mine", "a b", "no", "p.1"])),
        description,
        draw(forests()),
        draw(st.sampled_from([None, "full_backtest"])),
    )


@st.composite
def told_apart(draw: st.DrawFn) -> Pattern:
    """A tree in which no two containers have a name in common, and each has one."""
    pattern = draw(patterns())
    count = iter(range(10_000))

    def renamed(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(replace(node, name=f"n{next(count)}", children=renamed(node.children)) for node in nodes)

    return pattern.with_nodes(renamed(pattern.nodes))


@dataclass(frozen=True)
class OwnContainer:
    """A container as a user registers one."""

    name: str
    role: str
    consumes: tuple[str, ...]
    produces: tuple[str, ...]
    may_consume: tuple[str, ...] = ()
    parameters: Mapping[str, ParameterInfo] = field(default_factory=dict)
    identity: str = "abc"
    sentence: str = "A user's own."


def own(name: str, role: str, **parameters: Any) -> OwnContainer:
    """A container that has the flow of its role."""
    kind = ROLES[role]
    infos = {key: ParameterInfo(type(value), value, required=value is ...) for key, value in parameters.items()}
    return OwnContainer(name, role, kind.consumes, kind.produces, kind.may_consume, infos)
