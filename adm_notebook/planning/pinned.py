"""A row of a sweep as a config of its own: the same workflow with that row's parameters fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adm_notebook.config import WorkflowConfig, WorkflowType
from adm_notebook.errors import RunError
from adm_notebook.planning.plan import Plan, Row
from adm_notebook.planning.planned import Pick, Planned
from adm_notebook.planning.sweeps import is_swept

__all__ = ["pinned"]

_OF_SWEEPS = ("constraints", "method", "n_trials", "seed", "storage")
"""Keys of `optimization_config` that say which combinations of many run."""


def pinned(plan: Plan, number: int) -> WorkflowConfig:
    """The config of a plan with the parameters of one row in place of those it sweeps.

    Where the sweep writes to folders (rows, signals), the row's config does not: it would replace what they hold.

    Raises
    ------
    RunError
        where no config says the same: a replay trades all that its store holds.
    """
    row, config = plan.row(number), plan.config.copy()
    if plan.store is not None and len(plan.strategy_stack) * len(plan.classifier_stack) > 1:
        raise RunError(
            "This row replays one of several strategies in a store of signals, and a replay trades all of them. "
            "Sweep the strategy itself to go on with one row."
        )
    for axis, at in zip(plan.setting_axes, plan.given.positions(row.setting), strict=True):
        _set(config.backtest_config, axis.name, axis.values[at])
    if plan.store is None:
        _pin_strategies(config, plan, row)
        _pin(config, "classifiers", plan.classifiers, row.classifier)
    _pin(config, "risk_profiles", plan.risk_profiles, row.risk)
    if len(plan.symbols) > 1 and not plan.combined:
        config.data_config["symbols"] = [row.sleeves[0].symbol]
    for section, keys in (
        (config.optimization_config, _OF_SWEEPS),
        (config.infrastructure_config, ("results",)),
        (config.analysis_config, ("output_path",)),
    ):
        for key in keys:
            section.pop(key, None)
    if config.workflow_type == WorkflowType.OPTIMIZATION:
        config.workflow_type = WorkflowType.BACKTEST
    return config


def _pin_strategies(config: WorkflowConfig, plan: Plan, row: Row) -> None:
    """The strategies of a row, each with its combination: one, or all of a combined portfolio."""
    if any(not planned.path.startswith(("backtest_config.", "optimization_config.")) for planned in plan.strategies):
        return  # the default, or a strategy that stands in the pattern: nothing of it is swept
    picks = {sleeve.strategy: sleeve.combination for sleeve in row.sleeves}
    given = config.backtest_config.get("strategy")
    if given is not None:
        config.backtest_config["strategy"] = _fixed(given, plan.strategies[0], picks[0])
        return
    listed = config.optimization_config["strategies"]
    config.optimization_config["strategies"] = [
        _fixed(listed[_place(plan.strategies[at].path)], plan.strategies[at], combination)
        for at, combination in sorted(picks.items())
    ]


def _pin(config: WorkflowConfig, key: str, planned: tuple[Planned[Any], ...], pick: Pick | None) -> None:
    """The one classifier or risk profile of a row."""
    if pick is None:
        return
    entry = planned[pick.entry]
    listed = config.optimization_config[key]
    config.optimization_config[key] = [_fixed(listed[_place(entry.path)], entry, pick.combination)]


def _place(path: str) -> int:
    """The position in its list of the entry whose parameters stand at `path`."""
    return int(path.partition("[")[2].partition("]")[0])


def _fixed(given: Any, planned: Planned[Any], combination: int) -> Any:
    """An entry as it was given, with one value for each parameter that it sweeps, and the label of its rows."""
    if not planned.axes and (isinstance(given, str) or planned.label == given.get("name", given["type"])):
        return given
    entry: dict[str, Any] = {"type": given} if isinstance(given, str) else dict(given)
    if planned.label != entry.get("name", entry["type"]):
        entry["name"] = planned.label
    if not planned.axes:
        return entry
    if "members" in entry:
        return _ensemble(entry, planned, combination)
    values = planned.parameters(combination)  # under their own names, whatever other names they were given by
    if planned.path.endswith(".parameters"):
        entry["parameters"] = values
        return entry
    return {**{key: entry[key] for key in ("type", "name") if key in entry}, **values}  # they stand beside the type


def _ensemble(entry: dict[str, Any], planned: Planned[Any], combination: int) -> dict[str, Any]:
    """An ensemble whose members' parameters are named from outside: `cross.fast`."""
    members = [member if isinstance(member, str) else dict(member) for member in entry["members"]]
    for member in members:
        if isinstance(member, dict) and member.get("parameters"):
            member["parameters"] = _unswept(member["parameters"])
    parameters = _unswept(entry.get("parameters") or {})
    for axis, at in zip(planned.axes, planned.grid[combination], strict=True):
        value = axis.values[at]
        if axis.name in entry:  # its own weights or threshold
            entry[axis.name] = list(value) if isinstance(value, tuple) else value
        else:
            parameters[axis.name] = value
    return {**entry, "members": members, "parameters": parameters}


def _unswept(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if not is_swept(value)}


def _set(holder: dict[str, Any], name: str, value: Any) -> None:
    """`stop_loss.atr` inside the mapping `stop_loss`, where there is one; any other name as it is."""
    outer, _, inner = name.partition(".")
    if inner and isinstance(holder.get(outer), Mapping):
        holder[outer] = {**holder[outer], inner: value}
    else:
        holder[name] = value
