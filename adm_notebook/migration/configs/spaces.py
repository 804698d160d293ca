"""Parameter spaces of an old config, laid over its strategies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adm_notebook.config.settings import Settings
from adm_notebook.errors import did_you_mean, shown
from adm_notebook.migration import names
from adm_notebook.migration.configs.entries import CHOICES, Entry, put_value
from adm_notebook.migration.configs.ledger import Ledger, misspelt
from adm_notebook.migration.configs.old import Old

__all__ = ["read_spaces"]

_SECTIONS = ("portfolio", "backtest_config", "risk", "account")


def read_spaces(ledger: Ledger, spaces: Sequence[Old], entries: Sequence[Entry], others: Collection[str]) -> None:
    """Lay `parameter_space` over the strategies: `strategy.param`, `param` alone, or nested mappings.

    others  what strategies are called that are none: of them something else is told
    """
    for space in spaces:
        if not space.fields:
            if space.value in ({}, [], None):
                ledger.drop(space, "It was empty")
            else:
                message = 'must be a mapping such as {"momentum.lookback": [10, 20]}, but was'
                ledger.wrong(space, f"{message} {shown(space.value)}")
            continue
        for key, item in space.fields.items():
            plain = not item.fields or item.fields.keys() & {"min", "max", "step", "type", "value", *CHOICES}
            if not plain and (_meant(key, entries) or key in _SECTIONS):
                below = item.first("parameters", "params") or item
                for name, inner in below.fields.items():
                    _axis(ledger, f"{key}.{name}", inner, entries, others)
            else:
                _axis(ledger, key, item, entries, others)


def _axis(ledger: Ledger, key: str, item: Old, entries: Sequence[Entry], others: Collection[str]) -> None:
    """One parameter of the space."""
    parts = [part for part in key.split(".") if part not in ("strategies", "strategy", "parameters", "params")]
    owner, name = ".".join(parts[:-1]), parts[-1] if parts else ""
    if owner in _SECTIONS:
        ours = names.ACCOUNT.get(name, name)
        if ours in Settings.model_fields:
            if ledger.get("backtest_config", ours) is not None:
                ledger.wrong(item, f"sweeps {ours}, which has a value, too; leave one of them out")
            else:
                put_value(ledger, ("backtest_config", ours), item, None, "A setting of the account, swept")
        else:
            ledger.leave(item, "Settings of backtest_config can be swept, others can't: leave it out.")
        return
    found = _meant(owner, entries) if owner else [entry for entry in entries if entry.known and entry.ours(name)]
    if len(found) == 1:
        entry = found[0]
        plain = entry.ours(name)
        if plain and plain in entry.swept:
            ledger.wrong(item, f"says the same as {entry.swept[plain][0].path}; keep one of them")
        elif plain:
            entry.swept[plain] = (item, f"Swept values stand with the strategy that they are for, {entry.name}")
        elif meant := misspelt(name, (*(entry.known or ()), *entry.older)):
            ledger.wrong(item, f"{entry.type} has no such parameter. Did you mean `{meant}`?")
        else:
            ledger.leave(
                item, f"{entry.type} has no such parameter (it has {', '.join(entry.known or ())}): leave it out."
            )
    elif found:
        called = list(dict.fromkeys(entry.name for entry in found))
        several = " and ".join(f"{each}.{name}" for each in called[:3])
        alike = f"may be that of {len(found)} strategies that are called {called[0]}; give each a name of its own"
        ledger.wrong(item, f"may be that of several strategies; write {several}" if len(called) > 1 else alike)
    elif owner:
        if owner in others:
            return  # what is wrong with that strategy is told
        there = [e.name for e in entries] + list(others)
        near = did_you_mean(owner, there)
        listed = f" They are {', '.join(there)}" if there and not near else ""
        ledger.wrong(item, f"names no strategy that there is.{near or listed}".removesuffix("."))
    elif meant := misspelt(name, [p for e in entries for p in (*(e.known or ()), *e.older)]):
        ledger.wrong(item, f"no strategy here has such a parameter. Did you mean `{meant}`?")
    else:
        ledger.leave(item, "No strategy here has such a parameter: leave it out.")


def _meant(owner: str, entries: Sequence[Entry]) -> list[Entry]:
    """The entries of a name, else of a type as it was written, else of a type of ours."""
    row = names.renamed(names.STRATEGIES, owner)
    for matches in (
        [e for e in entries if e.name == owner],
        [e for e in entries if e.written == owner],
        [e for e in entries if row is not None and e.type == row.type],
    ):
        if matches:
            return matches
    return []
