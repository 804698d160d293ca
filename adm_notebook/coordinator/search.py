"""Searching instead of running every combination: Optuna chooses rows, and learns from what they brought."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.config.frozen import digest_of
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.outcome import Executor, Outcome
from adm_notebook.errors import RunError
from adm_notebook.planning import Plan, Row
from adm_notebook.planning.planned import Planned, Stack
from adm_notebook.planning.sweeps import Axis
from adm_notebook.results import Detail

if TYPE_CHECKING:
    import optuna

    from adm_notebook.containers import ContainerTree

__all__ = ["SearchExecutor"]

AT_ONCE = 8
"""Trials that are chosen before any of them has run: a constant, so that a seed means the same on every machine."""


class SearchExecutor:
    """Runs the rows that Optuna asks for, through another executor; each symbol is searched by itself.

    A trial that a constraint or a strategy's own check refuses counts as a trial. One that was tried before costs
    nothing. With `storage` the trials of earlier runs run again first, since only their values were kept.
    """

    def __init__(self, inner: Executor) -> None:
        self._inner = inner

    @property
    def tree(self) -> ContainerTree | None:
        """The containers, once `outcomes` has begun."""
        return self._inner.tree

    def outcomes(self, plan: Plan, numbers: Sequence[int], gate: Gate) -> Iterator[list[Outcome]]:
        """Batches of rows, in the order in which they were tried."""
        with self.opened(plan, gate) as run:
            for symbol in range(plan.shape[0]):
                yield from _Study(plan, symbol).outcomes(run)

    def opened(self, plan: Plan, gate: Gate) -> Any:
        """A function that runs rows of the other executor."""
        return self._inner.opened(plan, gate)

    def detail(self, plan: Plan, row: Row, gate: Gate) -> Detail:
        """Run one row and keep its trades and equity."""
        return self._inner.detail(plan, row, gate)


def _cause(error: Exception) -> str:
    """What the database or the system said, without the SQL around it."""
    said = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
    return " ".join(str(said).split())[:200]


class _Study:
    """The search on one symbol."""

    def __init__(self, plan: Plan, symbol: int) -> None:
        assert plan.search is not None  # else nobody searches
        self.plan, self.symbol, self.search = plan, symbol, plan.search
        self.known: dict[int, Outcome] = {}
        self.space = _Space(plan)
        self._file: optuna.storages.RDBStorage | None = None

    def outcomes(self, run: Any) -> Iterator[list[Outcome]]:
        """Batches of rows that were not tried before; a file that keeps the study is closed at the end."""
        try:
            yield from self._outcomes(run)
        finally:
            if self._file is not None:
                self._file.remove_session()
                self._file.engine.dispose()

    def _outcomes(self, run: Any) -> Iterator[list[Outcome]]:
        study = self._study()
        before = list(study.trials)
        earlier = [number for trial in before if (number := self.space.again(trial, self.symbol)) is not None]
        yield from self._run(run, earlier)
        left = self.search.n_trials - len(before)
        while left > 0:
            trials = [study.ask() for _ in range(min(AT_ONCE, left))]
            left -= len(trials)
            numbers = [self.space.row_of(trial, self.symbol) for trial in trials]
            yield from self._run(run, [number for number in numbers if number is not None])
            for trial, number in zip(trials, numbers, strict=True):
                self._tell(study, trial, None if number is None else self.known.get(number))

    def _run(self, run: Any, numbers: Sequence[int]) -> Iterator[list[Outcome]]:
        fresh = [number for number in dict.fromkeys(numbers) if number not in self.known]
        if not fresh:
            return
        for batch in run(fresh):
            for outcome in batch:
                self.known[outcome.number] = outcome._replace(passed=None)
            yield batch

    def _study(self) -> optuna.Study:
        with warnings.catch_warnings():  # tqdm misses ipywidgets in a notebook; no bar of Optuna's is shown
            warnings.filterwarnings("ignore", "IProgress not found")
            import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        direction = optuna.study.StudyDirection
        ways = [direction.MAXIMIZE if o.maximise else direction.MINIMIZE for o in self.plan.objectives]
        study = optuna.create_study(directions=ways) if self.search.storage is None else self._kept_study(ways)
        # one that goes on does not draw again what it began with
        seed = self.search.seed + self.symbol + len(study.trials)
        several = len(ways) > 1
        study.sampler = optuna.samplers.NSGAIISampler(seed=seed) if several else optuna.samplers.TPESampler(seed=seed)
        return study

    def _kept_study(self, ways: list[optuna.study.StudyDirection]) -> optuna.Study:
        """The study of this grid, these bars and this symbol in the file; a new one where there is none yet."""
        import optuna

        path = Path(str(self.search.storage)).expanduser()
        name = digest_of([self.search.grid, self.plan.market.fingerprint])[:16]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = optuna.storages.RDBStorage(f"sqlite:///{path}")
            return optuna.create_study(
                storage=self._file,
                study_name=f"{name}-{self.symbol}",
                load_if_exists=True,
                directions=ways,
            )
        except Exception as error:  # of SQLite, SQLAlchemy or Optuna, whatever is wrong with the file
            raise RunError(f"The study in {path} can't be used: {_cause(error)}") from error

    def _tell(self, study: optuna.Study, trial: optuna.Trial, outcome: Outcome | None) -> None:
        import optuna

        if outcome is None or outcome.metrics is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return
        values = [float(outcome.metrics[objective.metric]) for objective in self.plan.objectives]
        if any(math.isnan(value) for value in values):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, [math.copysign(1e300, value) if math.isinf(value) else value for value in values])


class _Space:
    """What a trial chooses, and the row that its choice is."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def row_of(self, trial: optuna.Trial, symbol: int) -> int | None:
        """The row that a new trial chooses; None where a constraint leaves it out."""
        return self._row(trial, symbol)

    def again(self, trial: Any, symbol: int) -> int | None:
        """The row of a trial that was kept."""
        import optuna

        try:
            return self._row(optuna.trial.FixedTrial(trial.params), symbol)
        except ValueError:  # it chose what this plan does not have
            return None

    def _row(self, trial: Any, symbol: int) -> int | None:
        plan = self.plan
        classifier = self._of_stack(trial, "classifier", plan.classifier_stack)
        risk = self._of_stack(trial, "risk", plan.risk_stack)
        shape = tuple(len(axis.values) for axis in plan.setting_axes)
        at = tuple(self._of_axis(trial, f"setting.{axis.name}", axis) for axis in plan.setting_axes)
        setting = int(np.ravel_multi_index(at, shape)) if shape else 0
        if plan.combined:
            picked = [self._of_entry(trial, f"strategy.{s.label}", s) for s in plan.strategies]
            strategy = None if None in picked else int(np.ravel_multi_index(picked, plan.sizes))  # type: ignore[arg-type]
        else:
            strategy = self._of_stack(trial, "strategy", plan.strategy_stack)
        if classifier is None or risk is None or strategy is None:
            return None
        return int(np.ravel_multi_index((symbol, classifier, risk, setting, strategy), plan.shape))

    def _of_stack(self, trial: Any, what: str, stack: Stack) -> int | None:
        """The combination that is chosen among several entries."""
        entries = [e for e in stack.entries if e.n_combinations]
        if not entries:
            return 0
        chosen = entries[0]
        if len(entries) > 1:
            label = trial.suggest_categorical(what, [e.label for e in entries])
            chosen = next(e for e in entries if e.label == label)
        combination = self._of_entry(trial, f"{what}.{chosen.label}", chosen)
        return None if combination is None else stack.number(stack.entries.index(chosen), combination)

    def _of_entry(self, trial: Any, what: str, planned: Planned[Any]) -> int | None:
        at = tuple(self._of_axis(trial, f"{what}.{axis.name}", axis) for axis in planned.axes)
        return self._positions[id(planned)].get(at)

    @cached_property
    def _positions(self) -> dict[int, dict[tuple[int, ...], int]]:
        """For each entry: positions on its axes -> combination, of those that constraints leave."""
        plan = self.plan
        entries: list[Planned[Any]] = [*plan.classifiers, *plan.risk_profiles, *plan.strategies]
        return {id(p): {tuple(at.tolist()): i for i, at in enumerate(p.grid)} for p in entries}

    def _of_axis(self, trial: Any, name: str, axis: Axis) -> int:
        """The position of the chosen value; numbers in order are searched as such, others as names."""
        last = len(axis.values) - 1
        ordered = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in axis.values)
        if ordered and list(axis.values) == sorted(axis.values):
            return int(trial.suggest_int(name, 0, last))
        return int(trial.suggest_categorical(name, list(range(last + 1))))
