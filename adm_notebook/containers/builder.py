"""From a pattern and a plan to a tree of containers that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adm_notebook.config.frozen import digest_of
from adm_notebook.containers.built_in import BUILT_IN
from adm_notebook.containers.node import ContainerNode
from adm_notebook.containers.protocol import Container
from adm_notebook.containers.shared import Shared
from adm_notebook.containers.signals import SignalLog, StoredSignals
from adm_notebook.containers.stages import Stages
from adm_notebook.containers.tree import ContainerTree
from adm_notebook.containers.user import UserContainer, UserContainerType
from adm_notebook.patterns import CONTAINERS, Node, Pattern, flow

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.planning import Plan

__all__ = ["PatternBuilder"]

MB = 2**20


class PatternBuilder:
    """Turns a pattern and a config into a Plan, and a plan into the tree of containers that runs it.

    Parameters
    ----------
    pattern
        a Pattern, or the name of one.
    """

    def __init__(self, pattern: Pattern | str) -> None:
        from adm_notebook.patterns import PATTERNS

        self.pattern = PATTERNS.get(pattern, "pattern") if isinstance(pattern, str) else pattern

    def plan(self, config: WorkflowConfig, execution_mode: str = "auto") -> Plan:
        """What the config would do in this pattern; runs nothing.

        Raises
        ------
        ConfigError
            listing everything that is wrong with the config, also where this pattern has no place for it.
        """
        from adm_notebook.planning import make_plan

        return make_plan(config, execution_mode, pattern=self.pattern)

    def build(
        self, plan: Plan, stages: Stages, shared: Shared | None = None, keeps_signals: bool = False
    ) -> ContainerTree:
        """The tree of containers for a plan; every call makes new ones.

        Parameters
        ----------
        stages
            how the work is computed.
        shared
            what rows may share; None means that every row does all of its own work.
        keeps_signals
            whether signals are written where the config says; not where single rows run again.
        """
        tree = ContainerTree(plan, stages, shared)
        wiring = flow(self.pattern)
        position = {path: i for i, path in enumerate(wiring.order)}
        by_path: dict[str, ContainerNode] = {}
        for path in wiring.order:
            node = self.pattern.find(path)
            limits = node.limits
            most_bytes = None if limits is None or limits.max_memory_mb is None else int(limits.max_memory_mb * MB)
            columns = plan.limits.indicators if limits is None else limits.max_indicators or plan.limits.indicators
            container = _container(node, tree, plan.output_path if keeps_signals else None)
            built = ContainerNode(
                path=path,
                name=node.name,
                identifier=digest_of([plan.workflow_id, path])[:12],
                container=container,
                sources={kind: position[source] for kind, source in wiring.sources(path).items()},
                shared=shared,
                shelf=None if shared is None else shared.shelf(max_bytes=most_bytes),
                seconds=None if limits is None else limits.timeout_seconds,
            )
            if node.role == "indicator" and node.container is None and shared is not None:
                tree.shelve_features(shared.shelf(columns, most_bytes))
            tree.nodes.append(built)
            by_path[path] = built
        tree.drawn = [by_path[path] for path, _ in self.pattern.walk() if path in by_path]
        return tree


def _container(node: Node, tree: ContainerTree, output_path: str | None) -> Container:
    """The built-in container of a node's role, or the user's own."""
    if node.container is None or node.container == node.role:
        if node.role == "signal_log":
            return SignalLog(tree.plan, tree.stages, tree.feature, output_path)
        return BUILT_IN[node.role](tree.plan, tree.stages, tree.feature)
    if node.container == "stored_signals":
        return StoredSignals(tree.plan, tree.stages, tree.feature)
    kind = CONTAINERS.get(node.container, "container")
    assert isinstance(kind, UserContainerType)  # the built-ins stand above
    return UserContainer(kind, node.parameters, tree.plan, tree.stages, tree.feature)
