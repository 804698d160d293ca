"""What a card is about: the names in its title, the line of conditions, and what is not as asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from adm_notebook.components.regimes import ONE_REGIME
from adm_notebook.display.measures import Measure, measure
from adm_notebook.display.numbers import value_text
from adm_notebook.display.sweeps import axes_of, is_missing
from adm_notebook.display.words import Code, Name, Words, clip, enumerated, marked, plural, unique
from adm_notebook.planning.columns import NO_PROFILE

if TYPE_CHECKING:
    from adm_notebook.results.detail import Detail
    from adm_notebook.results.result import WorkflowResult

__all__ = ["Banner", "Subject"]

_NAME_MOST = 120
_WARNINGS_MOST = 8


@dataclass(frozen=True, slots=True)
class Banner:
    """Something is not as asked: `kind` is `warn` or `error`; `more` are further sentences, each a line."""

    kind: str
    strong: str
    words: Words = ()
    more: Sequence[Words] = field(default_factory=tuple)


@dataclass(frozen=True)
class Subject:
    """The words around the figures of one result; `name` is the notebook's variable that holds it."""

    result: WorkflowResult
    name: str = "result"

    # ---- what there is -----------------------------------------------------------------------------------------

    @cached_property
    def stats(self) -> pd.DataFrame:
        return self.result.stats

    @cached_property
    def best(self) -> int | None:
        """Label of the best row."""
        best = self.result.best
        return None if best is None else int(best.name)  # type: ignore[call-overload]  # labels of rows are integers

    @cached_property
    def detail(self) -> Detail | None:
        return None if self.best is None else self.result.detail(self.best)

    @cached_property
    def n_ok(self) -> int:
        return self._status("ok")

    @cached_property
    def n_failed(self) -> int:
        return self._status("failed")

    @cached_property
    def n_invalid(self) -> int:
        return self._status("invalid")

    @cached_property
    def is_sweep(self) -> bool:
        return max(len(self.stats), self.result.facts.n_planned) > 1

    @cached_property
    def is_partial(self) -> bool:
        """Whether it was stopped with something kept, or could have kept something; an error at once is a failure."""
        return bool(self.result.metadata.get("partial")) and (len(self.stats) > 0 or self._was_stopped)

    @cached_property
    def is_failed(self) -> bool:
        return not self.result.success and not self.is_partial

    @cached_property
    def phase(self) -> str:
        """The phase of a hybrid workflow that is shown: the last that ran; empty for any other workflow."""
        return str(self.result.metadata.get("phase", "")) if self.result.mode == "hybrid" else ""

    @cached_property
    def phases_asked(self) -> list[Mapping[str, Any]]:
        """The phases of a hybrid workflow as its config has them, those that never ran included."""
        given = self.result.config.parameters.get("phases") if self.result.mode == "hybrid" else None
        return [entry for entry in given if isinstance(entry, Mapping)] if isinstance(given, (list, tuple)) else []

    @cached_property
    def is_combined(self) -> bool:
        return self.detail is not None and self.detail.sleeve is not None

    @cached_property
    def n_signals(self) -> int | None:
        """Signals that were captured; None where the workflow simulated, failed or was stopped: none are kept then."""
        kept = self.result.metadata.get("kept")
        return int(kept["signals"]) if kept is not None and "n_signals" in self.stats.columns else None

    @cached_property
    def has_trades(self) -> bool:
        return self.detail is not None and len(self.detail.account.pnl) > 0

    @cached_property
    def swept(self) -> list[str]:
        """Swept parameters that `stats` has as columns."""
        return [name for name in self.result.facts.swept if name in self.stats.columns]

    @cached_property
    def axes(self) -> list[str]:
        """The swept parameters on the axes of the card's picture; none for a single backtest."""
        if not self.is_sweep or self.best is None:
            return []
        return axes_of(self.stats, self.best, self.swept, self.objective.name)

    @cached_property
    def objective(self) -> Measure:
        return measure(self.result.facts.objective)

    @cached_property
    def nouns(self) -> tuple[str, str]:
        """What a row of the sweep is called, and what several are."""
        if not self.varying_names:
            numbers_swept = {1: ("value", "values"), 2: ("pair", "pairs")}
            return numbers_swept.get(len(self.swept), ("combination", "combinations"))
        if not self.swept and len(self.varying_names) == 1:
            one = self.varying_names[0].replace("_", " ")
            return one, {"strategy": "strategies"}.get(one, f"{one}s")
        return "combination", "combinations"

    @cached_property
    def choices(self) -> list[tuple[str, str]]:
        """What sets the best row apart, as (parameter, value); names of symbols and strategies have no parameter."""
        if self.best is None:
            return []
        said = {"classifier": "classifier", "risk_profile": "risk profile"}
        named = [(said.get(c, ""), str(self.stats.at[self.best, c])) for c in self.varying_names]
        values = [(c, self.stats.at[self.best, c]) for c in self.swept]
        return [*named, *((c, value_text(v)) for c, v in values if not is_missing(v))]

    @cached_property
    def varying_names(self) -> list[str]:
        """Columns of names (symbol, strategy, ...) that differ between rows."""
        columns = [c for c in ("symbol", "strategy", "classifier", "risk_profile") if c in self.stats.columns]
        return [c for c in columns if self.stats[c].nunique(dropna=False) > 1]

    @cached_property
    def strategy(self) -> str:
        """The best row's strategy, as its row is headed."""
        if self.is_combined:
            return "Portfolio"
        if self.best is not None:
            return str(self.stats.at[self.best, "strategy"])
        return self.result.facts.strategy or "Strategy"

    # ---- the title and the lines under it -----------------------------------------------------------------------

    @cached_property
    def title(self) -> Words:
        head = [*self._what, *self._on_what]
        if self.n_signals is not None:
            kept = int(self.result.metadata["kept"]["combinations"])
            return [*head, f": {plural(self.n_signals, 'signal')} of {plural(kept, 'combination')}"]
        if not self.is_sweep or self.is_failed:
            return head
        planned = self.result.facts.n_planned
        if self.is_partial:
            return [*head, f": {len(self.stats):,} of {plural(max(planned, len(self.stats)), 'combination')}"]
        choices: list[str] = []
        for parameter, value in self.choices[:6]:
            choices += [", " if choices else "", Name(f"{parameter} {value}".strip())]
        more = len(self.choices) - 6
        among = "" if head[0].startswith(f"{self.n_ok:,} ") else f" of {self.n_ok:,}"
        return [*head, f": best{among} is ", *choices, *([f" and {more} more"] if more > 0 else [])]

    @cached_property
    def status(self) -> tuple[str, str, str] | None:
        """Class, glyph and words of the title's status; nothing for a run that ended well."""
        if self.is_partial:
            return "is-warn", "◐", "Stopped, partial"
        return ("is-error", "✕", "Failed") if self.is_failed else None

    @cached_property
    def conditions(self) -> Words:
        facts = self.result.facts
        words: list[str] = []
        if self.phase:
            number = len(self.result.phases)
            words += ["Phase ", Name(clip(self.phase, 40)), f" ({number} of {max(number, len(self.phases_asked))}). "]
        if self.is_sweep and self.best is not None:
            way = "" if facts.maximise else ", the lower the better"
            words.append(f"By {self.objective.words}{way}. ")
        if facts.n_bars:
            period = facts.first if facts.first == facts.last else f"{facts.first} to {facts.last}"
            bars = "bar" if facts.n_bars == 1 else "bars"
            timeframe = f"{clip(facts.timeframe, 30)} " if facts.timeframe else ""
            zone = f", {facts.zone}" if facts.zone and self.is_intraday else ""
            words.append(f"{facts.n_bars:,} {timeframe}{bars}{f', {period}' if facts.first else ''}{zone}. ")
        if facts.replayed:
            words.append(f"Signals of {plural(facts.replayed, 'combination')} replayed, no strategy computed again. ")
        if facts.conditions and "n_signals" not in self.stats.columns:
            said = clip(facts.conditions, 400)
            words.append(f"The best: {said[0].lower()}{said[1:]} " if self._risk_varies else f"{said} ")
        words += self._setting
        for i, (constraint, n) in enumerate(facts.left_out.items()):
            words += [Code(clip(constraint, 80)), f" left out {plural(n, *self.nouns)}. "]
            if i == 3 and len(facts.left_out) > 4:
                words.append(f"{plural(len(facts.left_out) - 4, 'more constraint')} left out others. ")
                break
        if self.is_partial and self.is_sweep and self.best is not None:
            words.append(f"Figures cover the finished {self.nouns[1]} only.")
        if words:
            words[-1] = type(words[-1])(words[-1].rstrip())
        return words

    @property
    def _setting(self) -> list[str]:
        """The classifier and the risk profile of all rows, where there is one; those that differ are in the title."""
        words: list[str] = []
        for column, what, none in (
            ("classifier", "classifier", ONE_REGIME),
            ("risk_profile", "risk profile", NO_PROFILE),
        ):
            if self.best is None or column not in self.stats.columns or column in self.varying_names:
                continue
            name = str(self.stats.at[self.best, column])
            if name != none:
                words += [f"{'and ' if words else ''}{what} ", Name(clip(name, 60)), " "]
        if words:
            words[0] = f"{words[0][0].upper()}{words[0][1:]}"
            words[-1] = ". "
        return words

    @property
    def _risk_varies(self) -> bool:
        """Whether rows differ in what a risk profile sets, so that the conditions are those of the best row alone."""
        return "risk_profile" in self.varying_names or any(name.startswith("risk.") for name in self.swept)

    @cached_property
    def is_intraday(self) -> bool:
        return len(self.result.facts.first) > len("1999-01-04")

    @cached_property
    def warnings(self) -> list[str]:
        """Sentences that deserve attention: all but those on defaults."""
        known = {*self.result.facts.defaults, *self.result.facts.notes}
        return [w for w in self.result.warnings if w not in known]

    @cached_property
    def banner(self) -> Banner | None:
        """The one coloured box of the card: what failed or was stopped, that nothing was traded, what to beware of."""
        more = [marked(w) for w in self.warnings[:_WARNINGS_MOST]]
        if len(self.warnings) > _WARNINGS_MOST:
            rest = len(self.warnings) - _WARNINGS_MOST
            more.append([f"{plural(rest, 'more warning')} in ", Code(f"{self.name}.warnings")])
        errors = self.result.errors
        if self.is_failed:
            strong = (
                "Nothing was run."
                if not len(self.stats)
                else "No row succeeded."
                if not self.n_ok
                else "The run ended early."
            )
            return Banner("error", strong, marked(errors[0]) if errors else (), [*map(marked, errors[1:4]), *more])
        if self.is_partial:
            return Banner("warn", *self._partial_words(), [*map(marked, errors[1:4]), *more])
        if self.detail is not None and not self.has_trades:
            return Banner("warn", "No trades.", self._no_trades_words(), more)
        if len(more) == 1:
            return Banner("warn", "Warning.", more[0])
        return Banner("warn", f"{len(self.warnings):,} warnings.", (), more) if more else None

    # ---- parts --------------------------------------------------------------------------------------------------

    @property
    def _was_stopped(self) -> bool:
        return self.result.metadata.get("ended") in ("interrupted", "out of time", "out of memory")

    def _partial_words(self) -> tuple[str, Words]:
        """What ended the run, what is kept, and what runs the rest."""
        done, planned = len(self.stats), self.result.facts.n_planned
        again = "all phases again" if self.result.mode == "hybrid" else "it" if planned <= 1 else "them"
        rest = [f" Run {again} with ", Code(f"%adm rerun {self.name}"), "."]
        kept = (
            f"{done:,} of {plural(max(planned, done), 'combination')} finished and {'is' if done == 1 else 'are'} kept"
        )
        kept = f"{kept}; {max(planned - done, 0):,} never ran."
        errors = self.result.errors
        if not self._was_stopped:
            said = marked(f"{errors[0].rstrip('.')}.") if errors else []
            return "The run ended early.", [*said, f" {kept}", *rest]
        strong, _, why = errors[0].partition(": ") if errors else ("Interrupted", "", kept)
        return f"{strong}.", [*marked(why or kept), *rest]

    def _no_trades_words(self) -> Words:
        reason = self.result.facts.no_trades
        if reason:
            return marked(reason)
        who = "The best row" if self.is_sweep else "The strategy"
        return [f"{who} never opened a position; equity stayed at the initial capital throughout."]

    def _status(self, which: str) -> int:
        return int((self.stats["status"] == which).sum()) if len(self.stats) else 0

    @property
    def _what(self) -> list[str]:
        """The subject of the title: one strategy (with its parameters, in a single run), several by names or number."""
        facts = self.result.facts
        if self.is_combined and self.detail is not None:
            return ["Portfolio of ", *_few(unique(self.detail.strategies), "strategies")]
        if not self.is_sweep or not len(self.stats):
            return [Name(clip(facts.strategy or str(self.result.workflow_type).capitalize(), _NAME_MOST))]
        return _few(unique(map(str, self.stats["strategy"])), "strategies")

    @property
    def _on_what(self) -> list[str]:
        facts = self.result.facts
        symbols = unique(self.detail.symbols) if self.is_combined and self.detail is not None else unique(facts.symbols)
        if symbols:
            return [" on ", *_few(symbols, "symbols")]
        return [" on ", Name(clip(facts.source, _NAME_MOST))] if facts.source else []


def _few(names: Sequence[str], many: str) -> list[str]:
    """Up to three names, else their number."""
    if len(names) > 3:
        return [f"{len(names):,} {many}"]
    return enumerated([clip(n, _NAME_MOST if len(names) == 1 else 40) for n in names])
