"""Which section a key of a config stands in, and what to type for one that was written elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from adm_notebook.config.data import DataConfig
from adm_notebook.config.settings import Settings

__all__ = ["KEYS", "stands_elsewhere"]

KEYS: Mapping[str, tuple[str, ...]] = {
    "parameters": ("container_pattern", "max_indicators", "max_memory_mb", "phases", "pattern"),
    "data_config": (*DataConfig.model_fields, "frame"),
    "backtest_config": ("strategy", "portfolio", *Settings.model_fields),
    "optimization_config": (
        "strategies", "classifiers", "risk_profiles", "constraints", "objective", "direction", "method", "n_trials",
        "seed", "storage", "ensembles",
    ),
    "analysis_config": ("mode", "output_path", "signals_path"),
    "validation_config": (),
    "infrastructure_config": ("results",),
}  # fmt: skip
"""The keys of each section."""

_OUTERMOST = ("workflow_type", "parallel_execution", "max_workers", "timeout_seconds", "memory_limit_mb")
_MODES = ("mode", "execution_mode")


def stands_elsewhere(key: object, section: str) -> str:
    """What is wrong with a key that is known, but not in `section` ("" is the outermost level); else nothing.

    Examples
    --------
    >>> stands_elsewhere("symbols", "backtest_config")
    'stands in data_config: write data_config: {symbols: ...}'
    """
    if section in ("", "parameters") and key in _MODES:
        message = (
            "is chosen when a config is run: --mode in the first line of a cell, or run(config, execution_mode=...)"
        )
        return f"{message}; analysis_config.mode chooses signals" if key == "mode" else message
    if section and key in _OUTERMOST:
        return f"stands at the outermost level, beside the sections: write {key}: ... there"
    home = next((name for name, keys in KEYS.items() if key in keys and name != section), None)
    return "" if home is None else f"stands in {home}: write {home}: {{{key}: ...}}"
