"""The risk profiles by name, and how a user adds one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from adm_notebook.components.registry import Registry
from adm_notebook.components.risk.built_in import BUILT_IN
from adm_notebook.components.risk.profile import RiskProfileType
from adm_notebook.components.risk.user import UserProfileType
from adm_notebook.components.user_code import check_signature

__all__ = ["RISK_PROFILES", "risk_profile"]

F = TypeVar("F", bound=Callable[..., Any])


def _built_in() -> Mapping[str, RiskProfileType]:
    return {kind.name: kind for kind in BUILT_IN}


RISK_PROFILES: Registry[RiskProfileType] = Registry(
    "risk profile",
    _built_in,
    {
        "low_risk": "conservative",
        "medium_risk": "moderate",
        "balanced": "moderate",
        "high_risk": "aggressive",
    },
)
"""All risk profiles by name: the built-ins, and those of `@adm.risk_profile`."""


@overload
def risk_profile(function: F) -> F: ...
@overload
def risk_profile(function: str | None = None) -> Callable[[F], F]: ...
def risk_profile(function: F | str | None = None) -> F | Callable[[F], F]:
    """Register a function as a risk profile: `@adm.risk_profile`, or `@adm.risk_profile("name")`.

    Parameters
    ----------
    function
        `f(bars, **params)`: `bars` is a DataFrame open, high, low, close[, volume] of one symbol, the function's own;
        its keyword defaults are the profile's parameters. One that needs no bars is `f(**params)`: its first parameter
        has a default. It returns a dict of sizing, stops and limits, written as in
        `backtest_config`. It is called once for a backtest and sees all its bars: a number computed from their prices
        knows the future. Sizes and stops that follow the market bar by bar are settings: `size_mode: volatility`,
        `stop_loss: {atr: 2}`.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> @adm.risk_profile
    ... def by_timeframe(bars, risk=0.01):
    ...     \"\"\"Tighter stops within the day.\"\"\"
    ...     intraday = bars.index.to_series().diff().median().total_seconds() < 86_400
    ...     return {"size_mode": "risk", "size": risk, "stop_loss": 0.005 if intraday else 0.05}
    >>> spec = {"type": "by_timeframe", "parameters": {"risk": 0.02}}
    """

    def register(code: F) -> F:
        check_signature(code, "risk_profile", needs_bars=False)
        name = (function if isinstance(function, str) else code.__name__).strip().lower()
        said = RISK_PROFILES.register(name, UserProfileType(name, code))
        if said:
            print(said)
        return code

    return register if function is None or isinstance(function, str) else register(function)
