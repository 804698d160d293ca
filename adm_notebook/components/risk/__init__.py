"""Risk profiles: sizes, stops and limits under one name; a registry, the built-ins, and the user's own (docs/risk.md).

profile    the protocols: a profile with its parameters, and a kind of profile
entry      reading `{type, name, parameters}`, and laying a profile over `backtest_config`
built_in   conservative, moderate, aggressive, custom
user       `@adm.risk_profile`: a function as a profile
library    all of them by name
"""

from adm_notebook.components.risk.entry import overlay, profile_entry
from adm_notebook.components.risk.library import RISK_PROFILES, risk_profile
from adm_notebook.components.risk.profile import PROFILE_SETTINGS, RiskProfile, RiskProfileType

__all__ = [
    "PROFILE_SETTINGS",
    "RISK_PROFILES",
    "RiskProfile",
    "RiskProfileType",
    "overlay",
    "profile_entry",
    "risk_profile",
]
