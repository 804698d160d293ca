"""Containers: the stages of a run as a tree that is built from a pattern; the built-in ones and the user's own."""

from adm_notebook.containers.builder import PatternBuilder
from adm_notebook.containers.protocol import Container, State
from adm_notebook.containers.shared import Shared
from adm_notebook.containers.stages import BarByBar, WholeArrays
from adm_notebook.containers.tree import ContainerTree, Passed
from adm_notebook.containers.user import container

__all__ = [
    "BarByBar",
    "Container",
    "ContainerTree",
    "Passed",
    "PatternBuilder",
    "Shared",
    "State",
    "WholeArrays",
    "container",
    "register_execution_containers",
]


def register_execution_containers() -> tuple[str, ...]:
    """The names of the built-in containers, which are always there; calling it again changes nothing.

    It stands for the call that the older coordinator needed before its first run.

    Examples
    --------
    >>> register_execution_containers() == register_execution_containers()
    True
    """
    from adm_notebook.patterns import CONTAINERS

    return tuple(CONTAINERS.snapshot())
