"""The older YAML form, read a second time: what it says, as the workflow that the traditional coordinator runs.

`migrate_config` reads the same form, apart from this: only the table of names is common to both. A key that one of them
drops is then seen by the other, when `verify_migration` runs what each of them made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.migration.changes import Unmapped
from adm_notebook.migration.names import CLASSIFIERS, STRATEGIES, Renamed, renamed

__all__ = ["Older", "is_older", "read_older"]

_FORM = frozenset(
    {
        "name", "type", "description", "data", "portfolio", "strategies", "strategy", "risk", "classifiers",
        "base_config", "optimization", "parameter_space", "analysis", "coordinator", "phases", "parallel", "output",
        "validation",
    }
)  # fmt: skip
"""Outermost keys of the older form that ours has not."""

_OURS = (*SECTIONS, "workflow_type", "parallel_execution", "max_workers", "timeout_seconds", "memory_limit_mb")

_WORKFLOWS = {"signal_generation": "analysis", "signal_replay": "analysis", "live": "live_trading"}

_DATA = {
    "symbols": "symbols", "source": "source", "file_path": "path", "start_date": "start", "end_date": "end",
    "frequency": "timeframe", "max_bars": "max_bars",
}  # fmt: skip

_METRICS = {
    "sharpe_ratio": "sharpe", "sortino_ratio": "sortino", "calmar_ratio": "calmar", "annualized_return": "annual_return",
    "returns": "total_return", "return": "total_return", "drawdown": "max_drawdown", "profit": "total_return",
    "num_trades": "n_trades", "total_trades": "n_trades", "volatility": "volatility",
}  # fmt: skip

_METHODS = {
    "grid": "grid", "grid_search": "grid", "random": "random", "random_search": "random", "bayesian": "optuna",
    "optuna": "optuna",
}  # fmt: skip

_SAYS_NOTHING = "It changes no figure of a run"


@dataclass(slots=True)
class Older:
    """What a config of the older form says.

    config    the workflow, in our sections
    origins   path in that config -> the older key that it came from
    left_out  keys that can't be run: the run goes without them
    """

    sections: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in SECTIONS})
    outer: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    left_out: list[Unmapped] = field(default_factory=list)

    @property
    def config(self) -> WorkflowConfig:
        """The workflow; a ConfigError where it can be none."""
        return WorkflowConfig.from_mapping({**self.outer, **{k: v for k, v in self.sections.items() if v}})

    def put(self, section: str, key: str, value: Any, origin: str) -> None:
        """Note a value, and where it came from."""
        self.sections[section][key] = value
        self.origins[f"{section}.{key}"] = origin

    def leave(self, path: str, value: Any, why: str) -> None:
        """Note a key that the run goes without."""
        self.left_out.append(Unmapped(path, value, why))


def is_older(values: Mapping[str, Any]) -> bool:
    """Whether a mapping is of the older form: it has an outermost key that only that form has."""
    return bool(_FORM & {str(key) for key in values})


def read_older(values: Mapping[str, Any]) -> Older:
    """What a config of the older form says.

    Raises
    ------
    ConfigError
        where it says what no workflow can hold.
    """
    found = Older()
    for name in (n for n in _OURS if values.get(n) is not None):  # sections of ours, in a file of both forms
        if name in SECTIONS and isinstance(values[name], Mapping):
            found.sections[name].update(values[name])
        else:
            found.outer[name] = values[name]
    whole = _with_base(values)
    readers = {
        "data": _data, "portfolio": _portfolio, "risk": _risk, "classifiers": _classifiers, "analysis": _analysis,
        "coordinator": _coordinator,
    }  # fmt: skip
    kind = str(whole.get("type", "")).strip().lower()
    if kind and "workflow_type" not in found.outer:
        found.outer["workflow_type"] = _WORKFLOWS.get(kind, kind)
    for key, reader in readers.items():
        if whole.get(key) is not None:
            reader(found, whole[key], key)
    _strategies(found, whole)
    for key, name in (("parallel", "parallel_execution"), ("max_workers", "max_workers")):
        if whole.get(key) is not None:
            found.outer[name] = whole[key]
    for key in whole:
        if key in ("phases", "output", "validation", "backtest") or (key not in _FORM and key not in _OURS):
            found.leave(str(key), whole[key], _SAYS_NOTHING if key == "output" else "The runs go without it")
    return found


def _with_base(values: Mapping[str, Any]) -> dict[str, Any]:
    """The config laid over its `base_config`, section by section."""
    base = values.get("base_config")
    whole = dict(base) if isinstance(base, Mapping) else {}
    for key, value in values.items():
        if key == "base_config":
            continue
        under = whole.get(key)
        whole[key] = {**under, **value} if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return whole


# ---- sections -------------------------------------------------------------------------------------------------------


def _data(found: Older, section: Any, path: str) -> None:
    for key, value in _items(found, section, path):
        if key not in _DATA:
            found.leave(f"{path}.{key}", value, "Times keep the zone of the data, and files are read by their ending")
        elif value is not None:
            found.put("data_config", _DATA[key], value, f"{path}.{key}")


def _portfolio(found: Older, section: Any, path: str) -> None:
    for key, value in _items(found, section, path):
        here = f"{path}.{key}"
        if key == "initial_capital":
            found.put("backtest_config", key, value, here)
        elif key in ("commission", "slippage"):
            _cost(found, key, value, here)
        elif key == "currency":
            found.leave(here, value, _SAYS_NOTHING)
        else:
            found.leave(here, value, "The runs go without it")


def _cost(found: Older, key: str, value: Any, path: str) -> None:
    """Commission or slippage: a fraction of the traded value, or money for each fill."""
    if not isinstance(value, Mapping):
        found.put("backtest_config", key, value, path)
        return
    kind, amount = str(value.get("type", "percentage")).lower(), value.get("value")
    origin = f"{path}.value"
    if amount is None:
        found.leave(path, dict(value), "It has no `value`")
    elif kind == "percentage":
        found.put("backtest_config", key, amount, origin)
    elif kind == "fixed" and key == "commission":
        found.put("backtest_config", key, {"fixed": amount}, origin)
    else:
        found.leave(path, dict(value), f"A {key} of type {kind} can't be run")


def _risk(found: Older, section: Any, path: str) -> None:
    for key, value in _items(found, section, path):
        here = f"{path}.{key}"
        listed = value if isinstance(value, Sequence) and not isinstance(value, str) else []
        if key == "position_sizers":
            for at, sizer in enumerate(listed):
                if at == 0:
                    _sizer(found, _flat(sizer), f"{here}[0]")
                else:
                    found.leave(f"{here}[{at}]", sizer, "Of several sizers the first one counts")
        elif key == "limits":
            for at, limit in enumerate(listed):
                _limit(found, _flat(limit), f"{here}[{at}]")
        else:
            found.leave(here, value, "The runs go without it")


def _flat(entry: Any) -> dict[str, Any]:
    """An entry with its parameters beside its type."""
    if not isinstance(entry, Mapping):
        return {"type": entry}
    inner = entry.get("parameters")
    return {**{k: v for k, v in entry.items() if k != "parameters"}, **(inner if isinstance(inner, Mapping) else {})}


def _sizer(found: Older, sizer: dict[str, Any], path: str) -> None:
    kind = str(sizer.pop("type", "")).lower()
    sizer.pop("name", None)
    if sizer.pop("enabled", True) is False:
        found.leave(path, kind, "It is not enabled")
        return
    mode, names = {
        "fixed": ("units", ("size", "quantity", "units", "shares")),
        "fixed_percentage": ("fraction", ("percentage", "percent", "position_size_pct", "size")),
        "percentage": ("fraction", ("percentage", "percent", "position_size_pct", "size")),
        "volatility": ("volatility", ("target_volatility",)),
    }.get(kind, ("", ()))
    name = next((n for n in names if sizer.get(n) is not None), None)
    if name is None:
        found.leave(path, {"type": kind, **sizer}, "This sizer can't be run; all the cash goes into each trade")
        return
    size = sizer.pop(name)
    found.put("backtest_config", "size_mode", mode, f"{path}.type")
    found.put("backtest_config", "size", size if mode == "units" else _fraction(size), f"{path}.{name}")
    period = next((n for n in ("lookback_period", "lookback_days", "lookback", "period") if n in sizer), None)
    if mode == "volatility" and period is not None:
        found.put("backtest_config", "volatility", {"method": "std", "period": sizer.pop(period)}, f"{path}.{period}")
    for key, value in sizer.items():
        found.leave(f"{path}.{key}", value, "The runs go without it")


def _limit(found: Older, limit: dict[str, Any], path: str) -> None:
    kind = str(limit.pop("type", "")).lower()
    if limit.pop("enabled", True) is False:
        found.leave(path, kind, "It is not enabled")
        return
    setting, names = {
        "position": ("max_position_value", ("max_position", "max_position_value", "max_value")),
        "max_position_value": ("max_position_value", ("max_value", "value", "max_position")),
        "drawdown": ("max_drawdown", ("max_drawdown_pct", "max_drawdown")),
        "daily_loss": ("max_daily_loss", ("max_daily_loss_pct",)),
    }.get(kind, ("", ()))
    name = next((n for n in names if limit.get(n) is not None), None)
    if name is None:
        found.leave(path, {"type": kind, **limit}, "A limit across accounts, or in money, can't be run")
        return
    value = limit.pop(name)
    in_money = setting == "max_position_value"
    found.put("backtest_config", setting, value if in_money else _fraction(value), f"{path}.{name}")
    for key, rest in limit.items():
        found.leave(f"{path}.{key}", rest, "The runs go without it")


def _fraction(value: Any) -> Any:
    """15 and 0.15 both are 15 percent; one is all of it."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value / 100 if number and value > 1 else value


def _classifiers(found: Older, section: Any, path: str) -> None:
    entries = [_entry(found, item, f"{path}[{i}]", CLASSIFIERS) for i, item in enumerate(_listed(section))]
    if entries:
        found.put("optimization_config", "classifiers", entries, path)


def _analysis(found: Older, section: Any, path: str) -> None:
    for key, value in _items(found, section, path):
        if key in ("mode", "output_path", "signals_path"):
            found.put("analysis_config", key, value, f"{path}.{key}")
        else:
            found.leave(f"{path}.{key}", value, _SAYS_NOTHING)


def _coordinator(found: Older, section: Any, path: str) -> None:
    for key, value in _items(found, section, path):
        if key == "container_pattern":
            found.put("parameters", key, value, f"{path}.{key}")
        elif key != "execution_mode":  # this run is the traditional one whatever it says
            found.leave(f"{path}.{key}", value, "The runs go without it")


# ---- strategies, and what is searched over --------------------------------------------------------------------------


def _strategies(found: Older, whole: Mapping[str, Any]) -> None:
    given = _listed(whole.get("strategies") if whole.get("strategies") is not None else whole.get("strategy"))
    entries = [_entry(found, item, f"strategies[{i}]", STRATEGIES) for i, item in enumerate(given)]
    optimization = whole.get("optimization")
    search = dict(optimization) if isinstance(optimization, Mapping) else {}
    spaces = [("optimization.parameter_space", search.pop("parameter_space", None))]
    spaces += [("parameter_space", whole.get("parameter_space"))]
    for path, space in spaces:
        if space is not None:
            entries = entries or [{"type": "momentum"}]
            _sweep(found, space, entries, path)
    if entries:
        found.sections["optimization_config"]["strategies"] = entries
    on = [e for e in entries if e.get("enabled", True) is not False]
    if len(on) > 1 and any(e.get("allocation") is not None for e in on):
        found.put("backtest_config", "portfolio", {"combine": True}, "strategies")
    _search(found, search, entries)


def _entry(found: Older, item: Any, path: str, table: Mapping[str, Renamed]) -> dict[str, Any]:
    """A strategy or classifier with our names, and its origins noted."""
    given = dict(item) if isinstance(item, Mapping) else {"type": item}
    home = "optimization_config." + path
    kind = str(given.pop("type", given.pop("class", "")))
    ours = renamed(table, kind) or Renamed(kind)
    entry: dict[str, Any] = {"type": ours.type}
    found.origins[f"{home}.type"] = f"{path}.type"
    parameters = given.pop("parameters", given.pop("params", None))
    if isinstance(parameters, Mapping) and parameters:
        entry["parameters"] = {}
        for name, value in parameters.items():
            own = ours.parameters.get(str(name), str(name))
            entry["parameters"][own] = _values(value)
            found.origins[f"{home}.parameters.{own}"] = f"{path}.parameters.{name}"
    for key, value in given.items():
        if key in ("name", "enabled", "allocation", "regimes"):
            entry[key] = value
            found.origins[f"{home}.{key}"] = f"{path}.{key}"
        else:
            found.leave(f"{path}.{key}", value, "The runs go without it")
    return entry


def _values(value: Any) -> Any:
    """A value, a list of them, or a range as we write it: without its type."""
    if not isinstance(value, Mapping):
        return value
    for key in ("choices", "values"):
        if isinstance(value.get(key), Sequence):
            return list(value[key])
    if {"min", "max"} <= value.keys():
        return {k: value[k] for k in ("min", "max", "step") if value.get(k) is not None}
    return dict(value)


def _sweep(found: Older, space: Any, entries: list[dict[str, Any]], path: str) -> None:
    """Lay a parameter space over the strategies: `name.parameter`, {name: {parameter: ...}}, or a parameter alone."""
    for key, value in _items(found, space, path):
        target, _, parameter = key.rpartition(".")
        own = {e.get("name") or e["type"]: e for e in entries}
        if not target and key in own and isinstance(value, Mapping):
            _sweep(found, {f"{key}.{inner}": v for inner, v in value.items()}, entries, path)
            continue
        meant = [own[target]] if target in own else [e for e in entries if not target or e["type"] == target]
        if not target and len(entries) > 1:
            meant = [e for e in entries if _our_name(e, parameter) in e.get("parameters", {})]
        for entry in meant:
            name = _our_name(entry, parameter)
            entry.setdefault("parameters", {})[name] = _values(value)
            at = next(i for i, e in enumerate(entries) if e is entry)
            found.origins[f"optimization_config.strategies[{at}].parameters.{name}"] = f"{path}.{key}"
        if not meant:
            found.leave(f"{path}.{key}", value, "No strategy has this name or parameter")


def _our_name(entry: Mapping[str, Any], parameter: str) -> str:
    """Our name of a parameter, by the older names of the strategies that are of this type with us."""
    names = {
        older: own
        for known in STRATEGIES.values()
        if known.type == entry["type"]
        for older, own in known.parameters.items()
    }
    return names.get(parameter, parameter)


def _search(found: Older, search: Mapping[str, Any], entries: list[dict[str, Any]]) -> None:
    method = str(search.get("method", "grid")).lower()
    for key, value in search.items():
        here = f"optimization.{key}"
        if key == "method":
            if method in _METHODS:
                found.put("optimization_config", "method", _METHODS[method], here)
            else:
                found.leave(here, value, "This way of searching can't be run; every combination is tried")
        elif key in ("n_trials", "seed"):
            if _METHODS.get(method, "grid") == "grid":
                found.leave(here, value, "Every combination is tried")
            else:
                found.put("optimization_config", key, value, here)
        elif key in ("objective", "objectives", "metric"):
            _objectives(found, value, here)
        elif key == "constraints":
            texts = [_constraint(item, entries) for item in _listed(value)]
            found.put("optimization_config", key, [t for t in texts if t], here)
        elif key == "direction":
            found.put("optimization_config", key, value, here)
        else:
            found.leave(here, value, "The runs go without it")


def _objectives(found: Older, value: Any, path: str) -> None:
    """Metrics by our names; a drawdown is negative with us, so that less of it is more."""
    metrics, ways = [], []
    for item in _listed(value):
        given = item if isinstance(item, Mapping) else {"metric": item}
        metric = str(given.get("metric", given.get("name", "sharpe")))
        metric = _METRICS.get(metric, metric)
        way = str(given.get("direction", "minimize" if metric == "max_drawdown" else "maximize"))
        if metric == "max_drawdown":
            way = "minimize" if way == "maximize" else "maximize"
        metrics.append(metric)
        ways.append(way)
    if metrics:
        found.put("optimization_config", "objective", metrics if len(metrics) > 1 else metrics[0], path)
        found.put("optimization_config", "direction", ways if len(ways) > 1 else ways[0], path)


def _constraint(item: Any, entries: list[dict[str, Any]]) -> str:
    """A condition with our names of the parameters, without the strategy before them."""
    text = str(item.get("expression", "")) if isinstance(item, Mapping) else str(item)

    def named(match: re.Match[str]) -> str:
        target, _, parameter = match[0].rpartition(".")
        for entry in entries:
            if target in ("", entry.get("name"), entry["type"]):
                own = _our_name(entry, parameter)
                if own != parameter or target:
                    return own
        return match[0]

    return re.sub(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?", named, text)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _items(found: Older, section: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(section, Mapping):
        yield from ((str(key), value) for key, value in section.items())
    else:
        found.leave(path, section, "It is no mapping of names to values")
