"""What a container can be for: its role, what flows into it and out of it, and the config key that fills it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["ENSEMBLES", "KINDS", "RESULTS", "ROLES", "Role", "canonical_role", "plain_word", "role_words"]

KINDS = ("bars", "features", "regimes", "settings", "targets", "signals", "orders", "fills", "report")
"""What containers hand to each other, from prices to a report."""

RESULTS = frozenset({"signals", "fills", "report"})
"""Kinds that the workflow's result reads: a container that gives one of them needs no other reader."""

ENSEMBLES = "optimization_config.strategies[type: ensemble]"
"""Ensembles stand among the strategies of a config; this names the share of them that an ensemble container takes."""


@dataclass(frozen=True, slots=True)
class Role:
    """One kind of container.

    name         as a pattern has it: `signal_log`
    consumes     kinds that it can't run without
    may_consume  kinds that it reads where they are there
    produces     kinds that it gives
    sentence     what it does, for tables and forms
    section      the config key that fills a container of this role; None where no key does
    default_name what a node of this role is called unless it is named: `strategies`
    """

    name: str
    consumes: tuple[str, ...]
    may_consume: tuple[str, ...]
    produces: tuple[str, ...]
    sentence: str
    section: str | None
    default_name: str


_ALL = (
    Role("data", (), (), ("bars",), "Reads and checks the prices.", "data_config", "data"),
    Role(
        "indicator", ("bars",), (), ("features",),
        "Computes each indicator that another container asks for once.", None, "indicators",
    ),
    Role(
        "classifier", ("bars",), ("features",), ("regimes",),
        "Labels every bar with the regime that the market is in.", "optimization_config.classifiers", "classifier",
    ),
    Role(
        "risk", ("bars",), ("features", "regimes"), ("settings",),
        "Sets size, stops and limits.", "optimization_config.risk_profiles", "risk",
    ),
    Role(
        "strategy", ("bars",), ("features", "regimes"), ("targets",),
        "Says for every bar which position it wants.", "optimization_config.strategies", "strategies",
    ),
    Role(
        "ensemble", ("targets",), ("bars", "features", "regimes"), ("targets",),
        "Lets strategies vote; where the config has no ensemble it hands their targets on.", ENSEMBLES, "ensemble",
    ),
    Role(
        "signal_log", ("targets",), ("bars", "regimes"), ("signals",),
        "Keeps the signals for a later run.", "analysis_config.output_path", "signal_log",
    ),
    Role(
        "portfolio", ("targets",), ("bars", "settings", "regimes"), ("orders",),
        "Turns targets into orders, with capital for each strategy.", "backtest_config.portfolio", "portfolio",
    ),
    Role(
        "execution", ("bars", "orders"), ("settings",), ("fills",),
        "Fills orders at prices of the bars, with costs and stops.", "backtest_config", "execution",
    ),
    Role(
        "analysis", ("fills",), ("bars", "orders", "regimes", "settings"), ("report",),
        "Reports on fills.", None, "analysis",
    ),
)  # fmt: skip

ROLES: Mapping[str, Role] = MappingProxyType({role.name: role for role in _ALL})

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{role.name: role.name for role in _ALL},
        **{role.default_name: role.name for role in _ALL},
        "classifiers": "classifier",
        "risk_profile": "risk",
        "risk_profiles": "risk",
        "risks": "risk",
        "ensembles": "ensemble",
        "signal_logs": "signal_log",
        "portfolios": "portfolio",
        "executions": "execution",
        "analyses": "analysis",
    }
)


def plain_word(text: str) -> str:
    """A word as it is compared: `Signal-Log` is `signal_log`."""
    return text.strip().lower().replace("-", "_").replace(" ", "_")


def role_words() -> tuple[str, ...]:
    """What a user may write for a role, plurals included."""
    return tuple(_WORDS)


def canonical_role(word: object, path: str = "role") -> str:
    """The role that a word means, singular or plural, whatever its case.

    Raises
    ------
    ConfigError
        at `path`, with the roles there are and what was probably meant.

    >>> canonical_role("strategies")
    'strategy'
    """
    if not isinstance(word, str):
        raise ConfigError(Problem(path, f"must be a role ({', '.join(ROLES)}), but was {shown(word)}"), "Pattern")
    plain = plain_word(word)
    if plain in _WORDS:
        return _WORDS[plain]
    near = did_you_mean(plain, role_words())
    known = near or f" Roles: {', '.join(ROLES)}"
    raise ConfigError(Problem(path, f"unknown role {shown(word)}.{known}"), "Pattern")
