"""A config as it ran, with its defaults filled in and everything written in one way, so that two can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adm_notebook.components import CLASSIFIERS, STRATEGIES
from adm_notebook.config.settings import Commission, Settings, Slippage, StopDistance, VolatilityEstimate
from adm_notebook.config.yaml_text import load_mapping
from adm_notebook.errors import AdmError
from adm_notebook.planning.sweeps import is_swept, values_of

if TYPE_CHECKING:
    from adm_notebook.results import WorkflowResult

__all__ = ["filled", "plain"]


def filled(result: WorkflowResult) -> dict[str, Any]:
    """What a result was computed from, as a config in one spelling; of one that could not begin, what was typed.

    Sweeps are lists; each entry has its name, and its parameters by our names with their defaults; each setting of the
    account is there, commission, slippage and stops as one value each.
    """
    if not result.facts.resolved:
        return result.config.to_dict()
    config = load_mapping(result.facts.resolved)[0]
    optimization = dict(config.get("optimization_config", {}))
    for name, registry in (("strategies", STRATEGIES), ("classifiers", CLASSIFIERS), ("risk_profiles", None)):
        if name in optimization:
            optimization[name] = [_entry(item, registry) for item in optimization[name]]
    optimization = {"objective": "sharpe", "direction": "maximize", "method": "grid", **optimization}
    analysis = {k: v for k, v in result.config.analysis_config.items() if k == "mode"}
    data = {k: str(v) if k in ("start", "end") else v for k, v in config.get("data_config", {}).items()}
    return {
        **config,
        "data_config": {"start": None, "end": None, "max_bars": None, "timeframe": None, **data},
        "backtest_config": _settings(config.get("backtest_config", {})),
        "optimization_config": optimization,
        **({"analysis_config": analysis} if analysis else {}),
    }


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    preset = str(given.get("preset", "default"))
    base = Settings.resolve({"preset": preset})
    values = {"portfolio": False, **{name: getattr(base, name) for name in Settings.model_fields}}
    for name, value in given.items():
        values[name] = _setting(name, value, values.get(name))
    return values


def _setting(name: str, value: Any, base: Any) -> Any:
    """A setting as one value; one that is swept in parts stays a mapping of lists."""
    if name == "portfolio":
        return bool(value.get("combine")) if isinstance(value, Mapping) else value
    if is_swept(value):
        return list(values_of(value, name))
    kinds: dict[str, Any] = {"commission": Commission, "slippage": Slippage, "volatility": VolatilityEstimate}
    kind = kinds.get(name, StopDistance if isinstance(value, Mapping) and value.keys() & {"atr", "std"} else None)
    if kind is None:
        return float(value) if isinstance(base, float) and isinstance(value, int) else value
    if isinstance(value, Mapping):
        swept = {k: list(values_of(v, k)) for k, v in value.items() if is_swept(v)}
        return {**value, **swept} if swept else kind(**value)
    return kind() if not value else kind(rate=value) if name == "commission" else kind(entry=value, exit=value)


def _entry(item: Mapping[str, Any], registry: Any) -> dict[str, Any]:
    """A strategy, classifier or risk profile with its name and the defaults of its parameters."""
    entry = dict(item)
    kind = str(entry.get("type", ""))
    entry.setdefault("name", kind)
    if kind == "ensemble":
        return _ensemble(entry, registry)
    if entry.get("parameters") or registry is not None:
        entry["parameters"] = _parameters(kind, entry.get("parameters") or {}, registry)
    return entry


def _ensemble(entry: dict[str, Any], registry: Any) -> dict[str, Any]:
    members = entry.get("members")
    if isinstance(members, Mapping):
        entry["members"] = {label: _entry(_mapping(m), registry) for label, m in members.items()}
    elif isinstance(members, list):
        entry["members"] = [_entry(_mapping(m), registry) for m in members]
    return entry


def _mapping(item: Any) -> Mapping[str, Any]:
    return item if isinstance(item, Mapping) else {"type": item}


def _parameters(kind: str, given: Mapping[str, Any], registry: Any) -> dict[str, Any]:
    """Parameters by our names, with their defaults; of a component that is gone meanwhile, as they are."""
    known: dict[str, Any] = {}
    if registry is not None:
        try:
            found = registry.get(kind)
            given = found.canonical(given, "parameters")
            known = {name: info.default for name, info in found.parameters.items() if not info.required}
        except AdmError:
            known = {}
    values = {name: value for name, value in {**known, **given}.items() if value is not None}
    return {
        name: _setting(name, value, known.get(name)) if registry is None else _swept(value)
        for name, value in values.items()
    }


def _swept(value: Any) -> Any:
    return list(values_of(value, "parameters")) if is_swept(value) else value


def plain(value: Any) -> Any:
    """A value as it is typed: a commission that is only a rate as that number."""
    if isinstance(value, Commission) and value == Commission(rate=value.rate):
        return value.rate
    if isinstance(value, Slippage) and value.entry == value.exit:
        return value.entry
    if isinstance(value, (Commission, Slippage, StopDistance, VolatilityEstimate)):
        return value.model_dump(exclude_defaults=True, exclude_none=True) or 0
    return value
