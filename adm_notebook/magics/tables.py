"""What the tables of `%adm` hold: strategies, indicators, classifiers, risk profiles, patterns, data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import ConfigError
from adm_notebook.magics.overrides import frames_of

if TYPE_CHECKING:
    from adm_notebook.components import ParameterInfo
    from adm_notebook.display.words import Words

__all__ = ["TABLES", "TableMaker", "Tabled"]


@dataclass(frozen=True, slots=True)
class Tabled:
    """A table before it is drawn."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


TableMaker = Callable[[Mapping[str, Any]], Tabled]
"""Makes a table, given the notebook's variables; registries are read as they are now."""


def _strategies(_: Mapping[str, Any]) -> Tabled:
    from adm_notebook.components import describe

    rows = [(s.name, _defaults(s.parameters), _said(s.sentence, s.aliases)) for s in describe()]
    return Tabled("Strategies", ("strategy", "parameters and defaults", "what it does"), rows)


def _indicators(_: Mapping[str, Any]) -> Tabled:
    from adm_notebook.components import INDICATORS

    rows = []
    for function in INDICATORS.snapshot().values():
        parameters = ", ".join(f"{name}={_value(value)}" for name, value in function.defaults.items())
        rows.append(
            (f"{function.name}({parameters})", ", ".join(function.outputs), function.group, _said(function.sentence))
        )
    return Tabled("Indicators", ("indicator", "outputs", "group", "what it is"), rows)


def _classifiers(_: Mapping[str, Any]) -> Tabled:
    from adm_notebook.components import CLASSIFIERS

    rows = []
    for name, kind in CLASSIFIERS.snapshot().items():
        try:
            labels = ", ".join(kind.build({}, name).labels)
        except (ConfigError, ValueError):  # a function that has a parameter without a default, or refuses its own
            labels = ""
        said = _said(kind.sentence, CLASSIFIERS.aliases_of(name))
        rows.append((name, labels or "what it returns", _defaults(kind.parameters), said))
    columns = ("classifier", "regimes", "parameters and defaults", "how it labels a bar")
    return Tabled("Classifiers", columns, rows)


def _risk(_: Mapping[str, Any]) -> Tabled:
    """Profiles with the settings that they give, those of `backtest_config` by the same names."""
    from adm_notebook.components import RISK_PROFILES
    from adm_notebook.components.risk import PROFILE_SETTINGS
    from adm_notebook.planning.planned import written

    kinds = RISK_PROFILES.snapshot()
    given = {name: {} if kind.identity else _given(kind.parameters) for name, kind in kinds.items()}
    settings = [setting for setting in PROFILE_SETTINGS if any(setting in numbers for numbers in given.values())]
    in_words = {s for s in settings if any(isinstance(n.get(s), (str, Mapping)) for n in given.values())}
    rows = []
    for name, kind in kinds.items():
        said = [kind.sentence] if kind.sentence else []
        if kind.identity:
            said += [f"Gives what its function returns. Parameters: {_defaults(kind.parameters) or 'none'}."]
        elif not given[name]:
            said += [f"Takes {', '.join(PROFILE_SETTINGS)}."]
        numbers = [written(given[name].get(setting, _MISSING[setting in in_words])) for setting in settings]
        rows.append((name, *numbers, _said(" ".join(said), RISK_PROFILES.aliases_of(name))))
    return Tabled("Risk profiles", ("risk profile", *settings, "what it does"), rows)


_MISSING = {True: "–", False: None}
"""What stands for a setting that a profile leaves as it is: in a column of words, and in one of numbers."""


def _given(parameters: Mapping[str, ParameterInfo]) -> dict[str, Any]:
    return {name: info.default for name, info in parameters.items() if info.default is not None}


def _patterns(_: Mapping[str, Any]) -> Tabled:
    from adm_notebook.display import outline
    from adm_notebook.patterns import PATTERNS

    rows = []
    for name, pattern in PATTERNS.snapshot().items():
        extends = f" Extends {pattern.extends}." if pattern.extends else ""
        rows.append((name, outline(pattern), _said(f"{pattern.description}{extends}".strip() or "Your own.")))
    return Tabled("Container patterns", ("pattern", "containers", "what it does"), rows)


def _data(namespace: Mapping[str, Any]) -> Tabled:
    from adm_notebook.market import describe_sources

    rows: list[Sequence[Any]] = []
    for source in describe_sources():
        period = "" if source.first is None else f"{source.first:%Y-%m-%d} to {source.last:%Y-%m-%d}"
        bars = "" if source.bars is None else f"{source.bars:,} {source.timeframe}"
        rows.append((source.source, source.symbol, bars, period, source.origin))
    frames = {name: namespace[name] for name in frames_of(namespace)}
    rows += [("frame", "", f"{len(f):,} rows", "", f"the variable {n}: --data {n}") for n, f in frames.items()]
    return Tabled("Data", ("source", "symbol", "bars", "period", "where from"), rows)


def _defaults(parameters: Mapping[str, ParameterInfo]) -> str:
    return ", ".join(name if p.required else f"{name}={_value(p.default)}" for name, p in parameters.items())


def _said(sentence: str, aliases: Sequence[str] = ()) -> Words:
    """A sentence in which code stands between backticks, and the other names."""
    from adm_notebook.display.words import marked

    return marked(sentence + (f" Also called {', '.join(aliases)}." if aliases else ""))


def _value(value: Any) -> str:
    """A default as a config spells it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return f"{value:.10g}" if isinstance(value, float) else str(value)


TABLES: Mapping[str, TableMaker] = {
    "strategies": _strategies,
    "indicators": _indicators,
    "classifiers": _classifiers,
    "risk": _risk,
    "patterns": _patterns,
    "data": _data,
}
"""Command -> what makes its table."""
