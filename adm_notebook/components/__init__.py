"""Components: indicators, strategies and classifiers, each a registry, the built-ins, and the user's own."""

from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.classifier import Classifier, ClassifierType
from adm_notebook.components.classifiers import CLASSIFIERS, classifier, make_classifier
from adm_notebook.components.decision import Decision, Flags
from adm_notebook.components.expressions import ExpressionError
from adm_notebook.components.indicators import INDICATORS, Indicator, make_indicator
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.library import (
    STRATEGIES,
    StrategyRow,
    canonical_parameters,
    canonical_type,
    describe,
    make_strategy,
    names,
    parameters_of,
    strategy,
)
from adm_notebook.components.regimes import Regimes
from adm_notebook.components.registry import Registry
from adm_notebook.components.risk import RISK_PROFILES, RiskProfile, RiskProfileType, risk_profile
from adm_notebook.components.strategy import InvalidParameters, Strategy, StrategyType
from adm_notebook.components.user_indicators import indicator

__all__ = [
    "CLASSIFIERS",
    "INDICATORS",
    "RISK_PROFILES",
    "STRATEGIES",
    "BarsLike",
    "Classifier",
    "ClassifierType",
    "Decision",
    "ExpressionError",
    "FeatureOf",
    "Flags",
    "Indicator",
    "InvalidParameters",
    "ParameterInfo",
    "Regimes",
    "Registry",
    "RiskProfile",
    "RiskProfileType",
    "Strategy",
    "StrategyRow",
    "StrategyType",
    "canonical_parameters",
    "canonical_type",
    "classifier",
    "describe",
    "indicator",
    "make_classifier",
    "make_indicator",
    "make_strategy",
    "names",
    "parameters_of",
    "risk_profile",
    "strategy",
]
