"""Plans in words: the conditions of a run as a sentence, the config with its defaults filled in, a plan as text."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.ensembles import EnsembleType
from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.config.yaml_text import dump
from adm_notebook.planning.planned import Planned, PlannedStrategy, nested, written

if TYPE_CHECKING:
    from adm_notebook.planning.plan import Plan

__all__ = ["conditions", "plan_text", "resolved_yaml"]

_SIDES = {"long": "Long only", "short": "Short only", "both": "Long and short"}


def conditions(settings: Settings, directions: Iterable[str], swept: Iterable[str]) -> str:
    """`Long only, all capital in each trade, 0.1% commission.`: what a reader must know to believe the figures."""
    swept = set(swept)
    sides = set(directions)
    parts = [_SIDES[sides.pop() if len(sides) == 1 else "both"]]
    if not swept & {"size", "size_mode", "initial_capital"}:
        parts.append(_size(settings))
    if not any(name.split(".")[0] == "commission" for name in swept):
        parts.append(_commission(settings))
    if not any(name.split(".")[0] == "slippage" for name in swept) and (
        settings.slippage.entry or settings.slippage.exit
    ):
        entry, leave = settings.slippage.entry, settings.slippage.exit
        parts.append(
            f"{_percent(entry)} slippage" if entry == leave else f"slippage {_percent(entry)} in, {_percent(leave)} out"
        )
    if settings.stop_loss is not None and "stop_loss" not in swept:
        parts.append(f"{_stop(settings.stop_loss)} {'trailing stop' if settings.trailing else 'stop-loss'}")
    if settings.take_profit is not None and "take_profit" not in swept:
        parts.append(f"{_stop(settings.take_profit)} take-profit")
    if settings.margin < 1 and "margin" not in swept:
        parts.append(f"leverage {1 / settings.margin:g}")
    if settings.max_drawdown is not None and "max_drawdown" not in swept:
        parts.append(f"trading ends at {_percent(settings.max_drawdown)} drawdown")
    if settings.max_daily_loss is not None and "max_daily_loss" not in swept:
        parts.append(f"a day ends at {_percent(settings.max_daily_loss)} loss")
    if settings.max_position_value is not None and "max_position_value" not in swept:
        parts.append(f"positions up to {settings.max_position_value:,.0f}")
    if settings.fill != "next_open" and "fill" not in swept:
        parts.append(
            {"close": "filled at the signal's close", "prev_close": "filled at the close before"}[settings.fill]
        )
    if settings.preset != "default":
        parts.append(f"rules of {settings.preset}")
    return ", ".join(parts) + "."


def _size(settings: Settings) -> str:
    if settings.size_mode == "units":
        return f"{settings.size:,g} units in each trade"
    if settings.size_mode == "value":
        return f"{settings.size:,.0f} in each trade"
    if settings.size_mode == "volatility":
        return f"sized for {_percent(settings.size)} volatility a year"
    if settings.size_mode == "risk":
        return f"{_percent(settings.size)} of the capital at risk in each trade"
    return (
        "all capital in each trade"
        if settings.size > 1 - 1e-9
        else f"{_percent(settings.size)} of the capital in each trade"
    )


def _stop(stop: float | StopDistance) -> str:
    return str(stop) if isinstance(stop, StopDistance) else _percent(stop)


def _commission(settings: Settings) -> str:
    rate, fixed = settings.commission.rate, settings.commission.fixed
    if rate and fixed:
        return f"{_percent(rate)} + {fixed:,g} commission"
    if fixed:
        return f"{fixed:,g} commission each fill"
    return f"{_percent(rate)} commission" if rate else "no commission"


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.10g}%"


def resolved_yaml(plan: Plan) -> str:
    """The config with its defaults filled in, as YAML that runs as it stands."""
    optimization: dict[str, Any] = {}
    if plan.strategies and plan.strategies[0].path != "parameters.pattern":
        optimization["strategies"] = [_strategy(s) for s in plan.strategies]
    if plan.classifiers:
        optimization["classifiers"] = [_entry(c) for c in plan.classifiers]
    if plan.risk_profiles:
        optimization["risk_profiles"] = [_entry(r) for r in plan.risk_profiles]
    if plan.constraints:
        optimization["constraints"] = list(plan.constraints)
    optimization |= _chosen_by(plan)
    inline = plan.config.parameters.get("pattern") is not None
    return dump(
        _short(
            {
                "workflow_type": plan.workflow_type,
                "parameters": {"pattern": plan.tree.to_dict()} if inline else {"container_pattern": plan.pattern},
                "data_config": _data(plan),
                "backtest_config": _backtest(plan),
                "optimization_config": optimization,
            }
        )
    )


def _chosen_by(plan: Plan) -> dict[str, Any]:
    """Objectives and the way of searching, where they are not the plain ones."""
    given = plan.config.optimization_config
    chosen = {key: given[key] for key in ("method", "n_trials", "seed", "storage") if given.get(key) is not None}
    if len(plan.objectives) > 1:
        ways = ["maximize" if objective.maximise else "minimize" for objective in plan.objectives]
        return {**chosen, "objective": [objective.metric for objective in plan.objectives], "direction": ways}
    if plan.objective != "sharpe" or not plan.maximise:
        chosen |= {"objective": plan.objective, "direction": "maximize" if plan.maximise else "minimize"}
    return chosen


def _backtest(plan: Plan) -> dict[str, Any]:
    """Settings that differ from the defaults of their preset, and those that a reader always wants to know."""
    first = Settings.resolve(plan.given[0])
    base = Settings.resolve({"preset": first.preset})
    swept = {axis.name: _range_of(axis.values) for axis in plan.setting_axes}
    shown_always = ("initial_capital", "commission", "fill", "size_mode", "size")
    backtest: dict[str, Any] = {} if first.preset == "default" else {"preset": first.preset}
    for name in Settings.model_fields:
        if name == "preset":
            continue
        if name in swept:
            backtest[name] = swept[name]
        elif name in shown_always or getattr(first, name) != getattr(base, name):
            value = getattr(first, name)
            if hasattr(
                value, "model_dump"
            ):  # commission, slippage: their parts, some of them swept; 0 if there is none
                inner = {n.split(".", 1)[1]: v for n, v in swept.items() if n.startswith(f"{name}.")}
                value = {**value.model_dump(exclude_defaults=True), **inner} or 0
            backtest[name] = value
    if plan.combined:
        backtest["portfolio"] = {"combine": True}
    return backtest


def _entry(planned: Planned[Any]) -> dict[str, Any]:
    """An entry with its defaults filled in; what has no default and was not given is left out."""
    known = planned.kind.parameters.items()
    filled = {name: p.default for name, p in known if not p.required and p.default is not None}
    entry: dict[str, Any] = {"type": planned.type}
    if planned.label != planned.type:
        entry["name"] = planned.label
    given = {**planned.fixed, **{axis.name: _range_of(axis.values) for axis in planned.axes}}
    if parameters := nested({**filled, **given}):
        entry["parameters"] = parameters
    return entry


def _strategy(planned: PlannedStrategy) -> dict[str, Any]:
    """A strategy likewise; of an ensemble or a strategy limited to regimes, what the config says of it."""
    if isinstance(planned.kind, (EnsembleType, RegimeLimitedType)) and planned.given is not None:
        return {**planned.given, "name": planned.label}
    entry = _entry(planned)
    if planned.allocation is not None:
        entry["allocation"] = planned.allocation
    return entry


def _range_of(values: tuple[Any, ...]) -> Any:
    """Swept values as they are shortest to read: evenly spaced whole numbers as a range, others as a list."""
    whole = all(isinstance(v, int) and not isinstance(v, bool) for v in values)
    if len(values) > 4 and whole and len({b - a for a, b in itertools.pairwise(values)}) == 1 and values[1] > values[0]:
        return {"min": values[0], "max": values[-1], "step": values[1] - values[0]}
    return list(values)


def _short(value: Any) -> Any:
    """Whole numbers without a fraction: 100000 rather than 100000.0; they are typed by their field when read."""
    if isinstance(value, dict):
        return {k: _short(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_short(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _data(plan: Plan) -> dict[str, Any]:
    """The data section: what was set, with source and symbols always said."""
    given = plan.data.model_dump(exclude_defaults=True, exclude_none=True)
    described: dict[str, Any] = {"source": plan.data.source, **given, "symbols": list(plan.symbols)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in described.items()}


def plan_text(plan: Plan) -> str:
    """A plan as a few lines of text: what runs, on what, in which mode and why."""
    bars = next(iter(plan.market.values()))
    rows = f"{plan.n_rows:,} combination{'' if plan.n_rows == 1 else 's'}"
    lines = [f"Plan: {' and '.join(s.label for s in plan.strategies)} on {', '.join(plan.symbols)}, {rows}"]
    lines.append(f"  mode      {plan.mode_reason[:1].lower()}{plan.mode_reason[1:]}")  # it names the mode first
    lines.append(f"  pattern   {plan.pattern}: {' > '.join(_outline(plan))}")
    lines.append(
        f"  bars      {bars.n_bars:,} {bars.calendar.label} bars, {bars.index[0]:%Y-%m-%d} to {bars.index[-1]:%Y-%m-%d}"
        if bars.calendar.has_time
        else f"  bars      {bars.n_bars:,} bars without times"
    )
    if plan.promised is not None:
        phase = plan.promised.phase
        lines.append(f"  signals   those that the phase {phase} is going to keep; opened, and checked, once it has")
    for s in plan.strategies:
        axes = ", ".join(f"{a.name} {_values(a.values)}" for a in s.axes)
        lines.append(
            f"  strategy  {s.label}: {s.n_combinations:,} parameter set{'' if s.n_combinations == 1 else 's'}"
            + (f" ({axes})" if axes else "")
        )
    lines += [f"  regimes   {_entry_text(classifier)}" for classifier in plan.classifiers]
    lines += [f"  risk      {_entry_text(profile)}" for profile in plan.risk_profiles]
    lines += [f"  setting   {axis.name} {_values(axis.values)}" for axis in plan.setting_axes]
    lines += [f"  signals   {way}" for way in plan.ways.signals]
    if plan.simulates:
        lines.append(f"  accounts  {plan.ways.accounts}")
    if plan.search is not None:
        lines.append(f"  search    {plan.n_planned:,} of them are tried, as Optuna chooses")
    if limits := _limits(plan):
        lines.append(f"  limits    {limits}")
    lines += [f"  left out  {count:,} by {text}" for text, count in plan.left_out.items()]
    lines += [f"  note      {sentence}" for sentence in (*plan.defaults, *plan.warnings)]
    return "\n".join(lines)


def _outline(plan: Plan) -> list[str]:
    """The names of the outermost containers, and of what leads down from them, in the order in which they run."""
    return list(dict.fromkeys(node.name for _, node in plan.tree.walk()))


def _entry_text(planned: Planned[Any]) -> str:
    """`trend: 3 parameter sets (period 20, 50, 100)`."""
    axes = ", ".join(f"{a.name} {_values(a.values)}" for a in planned.axes)
    sets = f"{planned.n_combinations:,} parameter set{'' if planned.n_combinations == 1 else 's'}"
    name = planned.label if planned.label == planned.type else f"{planned.label} ({planned.type})"
    return f"{name}: {sets}" + (f" ({axes})" if axes else "")


def _limits(plan: Plan) -> str:
    """The limits that were set: those of the config, not how many threads there happen to be."""
    limits = plan.limits
    parts = []
    if plan.config.max_workers is not None:
        parts.append(f"{limits.workers:,} thread{'' if limits.workers == 1 else 's'}")
    if limits.timeout_seconds is not None:
        parts.append(f"{limits.timeout_seconds:g} s")
    if limits.memory_mb is not None:
        parts.append(f"{limits.memory_mb:g} MB of memory")
    if limits.indicators is not None:
        parts.append(f"{limits.indicators:,} indicator{'' if limits.indicators == 1 else 's'} at once")
    return ", ".join(parts)


def _values(values: tuple[Any, ...]) -> str:
    said = [str(written(value)) for value in values]
    if len(said) <= 6:
        return ", ".join(said)
    return f"{said[0]}, {said[1]}, ... {said[-1]} ({len(said):,} values)"
