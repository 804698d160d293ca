"""Regimes that strategies name, against those that the classifiers of a workflow can give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adm_notebook.components import InvalidParameters
from adm_notebook.components.ensembles import EnsembleType
from adm_notebook.components.regimes import NO_REGIME, ONE_REGIME
from adm_notebook.errors import Problem, did_you_mean
from adm_notebook.patterns import Pattern
from adm_notebook.planning.planned import Planned, PlannedClassifier, PlannedStrategy

__all__ = ["check_regimes"]


def check_regimes(
    strategies: Sequence[PlannedStrategy], classifiers: Sequence[PlannedClassifier], tree: Pattern, combined: bool
) -> list[Problem]:
    """Strategies that name regimes which no classifier gives, where no row could run because of them.

    Where another strategy or another classifier makes rows that run, the rows of these are `invalid` and say why; but
    regimes without any classifier are refused in each case.

    combined
        whether a row is all strategies together, so that one of them is enough to spoil it
    """
    if any(node.container is not None for _, node in tree.of_role("classifier")):
        return []  # a user's own container: only running it tells
    given = [labels_of(classifier) for classifier in classifiers] or [(ONE_REGIME,)]
    if not all(given):
        return []
    problems = []
    for strategy in strategies:
        named = regimes_of(strategy)
        odd = [[label for label in named if label not in (*labels, NO_REGIME)] for labels in given]
        if named and all(odd):
            problems.append(Problem(_place(strategy, odd[0][0]), _sentence(odd, given, classifiers)))
    some_run = not combined and len(problems) < len(strategies)
    return [] if some_run and classifiers else problems


def _place(strategy: PlannedStrategy, label: str) -> str:
    """Where a strategy names a label: in its `regimes`, or in those of an ensemble's member."""
    path = strategy.path.removesuffix(".parameters")
    if isinstance(strategy.kind, EnsembleType):
        member = next((m for m in strategy.kind.members if label in m.regimes), None)
        if member is not None:
            return member.path if member.path.endswith(f".members.{label}") else f"{member.path}.regimes"
    return f"{path}.regimes"


def _sentence(
    odd: Sequence[Sequence[str]], given: Iterable[tuple[str, ...]], classifiers: Sequence[PlannedClassifier]
) -> str:
    """What is wrong; `odd` has, for each classifier, the labels that it does not give."""
    if not classifiers:
        return f"names the regime {odd[0][0]}, but there is no classifier; add optimization_config.classifiers: [trend]"
    known = list(dict.fromkeys(label for labels in given for label in labels))
    label = next((label for labels in odd for label in labels if label not in known), None)
    if label is None:  # each is given by some classifier, but none gives them all
        lacks = "; ".join(f"{c.label} lacks {', '.join(labels)}" for c, labels in zip(classifiers, odd, strict=True))
        return f"names regimes that no one classifier here gives together: {lacks}. Name those of one classifier"
    guess = did_you_mean(label, known) or f" They give {', '.join(known)}"
    return f"names the regime {label}, which no classifier here gives.{guess}"


def regimes_of(strategy: PlannedStrategy) -> tuple[str, ...]:
    """The labels that a strategy names; they are the same in all of its combinations."""
    built = _first(strategy)
    return () if built is None else tuple(built.regimes)


def labels_of(classifier: PlannedClassifier) -> tuple[str, ...]:
    """The labels that a classifier gives; () where only running it tells."""
    built = _first(classifier)
    return () if built is None else tuple(built.labels)


def _first(planned: Planned[Any]) -> Any:
    """The first combination that can be built, or None."""
    for combination in range(planned.n_combinations):
        try:
            return planned.build(combination)
        except InvalidParameters:
            continue
    return None
