"""The account: `portfolio` and `backtest_config`, commission and slippage; and how a number is read as a share."""

from __future__ import annotations

from typing import Any

from adm_notebook.config.homes import KEYS
from adm_notebook.config.settings import Commission, Slippage, StopDistance, VolatilityEstimate
from adm_notebook.errors import did_you_mean, shown
from adm_notebook.migration.configs.ledger import Ledger, misspelt
from adm_notebook.migration.configs.old import Old
from adm_notebook.migration.names import ACCOUNT, COMMISSIONS

__all__ = ["as_share", "finish_account", "hundredth", "is_number", "plain", "read_account", "setting"]

_SECTION = "backtest_config"
NOT_ENABLED = "It was not enabled, so it is left out; to have it, enable it and migrate again."
"""What to do about an entry that is switched off."""

# ---- portfolio, backtest_config -------------------------------------------------------------------------------------

ACCOUNT_ADVICE = {
    "currency": "Amounts are in the currency of the prices, and nothing is converted: leave it out.",
    "leverage": "Write backtest_config: {margin: 0.5, size_rule: whole} for a leverage of 2.",
    "max_leverage": "Write backtest_config: {margin: 0.5, size_rule: whole} for a leverage of 2.",
    "max_positions": "An account holds one position, and each symbol has an account of its own: leave it out.",
    "rebalance": "Shares of a portfolio are set once, at its start, and not rebalanced: leave it out.",
}


def read_account(ledger: Ledger, section: Old | None) -> None:
    """`portfolio` or `backtest_config`, apart from `strategy`."""
    if section is None:
        return
    if section.value is None:
        ledger.drop(section, "It was empty")
        return
    if not section.fields and section.value != {}:
        ledger.wrong(section, f"must be a section (`name: value`), but was {shown(section.value)}")
        return
    for key, item in section.fields.items():
        name = ACCOUNT.get(key, key)
        reason = "" if name == key else f"Our name of `{key}`"
        if key == "strategy":
            continue
        if name == "commission":
            _commission(ledger, item, reason)
        elif name == "slippage":
            _slippage(ledger, item, reason)
        elif name in KEYS[_SECTION]:
            setting(ledger, name, item, reason)
    if section.value == {}:
        ledger.drop(section, "It was empty")


def finish_account(ledger: Ledger, section: Old | None) -> None:
    """What is left of it, once the strategies have taken their parameters."""
    if section is not None:
        ledger.rest(section, (*KEYS[_SECTION], *ACCOUNT), ACCOUNT_ADVICE)


_PARTS = {
    "commission": tuple(Commission.model_fields),
    "slippage": tuple(Slippage.model_fields),
    "volatility": tuple(VolatilityEstimate.model_fields),
    **dict.fromkeys(("stop_loss", "take_profit"), tuple(StopDistance.model_fields)),
    "portfolio": ("combine",),
}
"""Settings that may be mappings, and their keys."""


def setting(ledger: Ledger, name: str, given: Old, reason: str = "") -> None:
    """A setting as it is, whether it has one value, several or parts."""
    parts = _PARTS.get(name, ())
    if not given.fields.keys() & set(parts):
        ledger.carry((_SECTION, name), given, reason)
        return
    for key, item in given.fields.items():
        if key in parts:
            ledger.carry((_SECTION, name, key), item, reason)
    ledger.rest(given, parts)


_COMMISSION_ADVICE = dict.fromkeys(
    ("min", "minimum", "max", "maximum"), "There is no least or greatest commission here: leave it out."
)


def _commission(ledger: Ledger, given: Old, reason: str) -> None:
    target = (_SECTION, "commission")
    kind, value = given.first("type", "method", "model"), given.first("value", "amount", "rate", "percentage", "fixed")
    if kind is None:
        older_form = given.path.partition(".")[0] == "portfolio"
        if older_form and is_number(given.value) and given.value >= 1:
            share, money = f"{hundredth(given.value):g}", f"{{type: fixed, value: {given.value:g}}}"
            ledger.wrong(given, f"may be {given.value:g}% or money for each fill: write {share} or {money}")
        else:
            setting(ledger, "commission", given, reason)
        return
    called = plain(kind.value) if isinstance(kind.value, str) else ""
    meaning = COMMISSIONS.get(called, "")
    told = f"`{kind.value}` is told by the key that the value stands in"
    if meaning == "none":
        ledger.put(target, 0, kind, "No commission")
        if value is not None:
            ledger.drop(value, "There is no commission that it could be the value of")
    elif called in ("per_share", "per_unit", "per_contract"):
        advice = (
            "A commission here is a share of the traded value, or money for each fill. Write what it comes to, "
            "backtest_config: {commission: 0.0005} for 0.005 a share at a price of 10, or {fixed: 1.0} for 1.0 a fill."
        )
        ledger.leave(given, advice)
    elif called in ("bps", "basis_points") and value is not None and not is_number(value.value):
        ledger.settle(kind)
        ledger.wrong(value, f"must be a number of basis points, such as 5 for 0.05%, but was {shown(value.value)}")
    elif called in ("bps", "basis_points") and value is not None:
        ledger.drop(kind, told)
        ledger.put(target, value.value / 10_000, value, "Basis points are a fraction here")
    elif not meaning and (not called or misspelt(called, COMMISSIONS)):
        near = did_you_mean(kind.value, list(COMMISSIONS))
        ledger.wrong(kind, f"must be percentage or fixed, but was {shown(kind.value)}.{near}".removesuffix("."))
        if value is not None:
            ledger.settle(value)
    elif not meaning:
        advice = "A commission here is a share of the traded value (0.001) or money for each fill ({fixed: 1.0})."
        ledger.leave(given, advice)
    elif value is None:
        ledger.wrong(given, f"has the type {kind.value}, but no value; write {{type: {kind.value}, value: 0.001}}")
    elif meaning == "rate" and is_number(value.value) and value.value >= 1:
        ledger.drop(kind, told)
        ledger.wrong(
            value, f"is a share of the traded value, below 1, but was {value.value:g}; {as_share(value.value)}"
        )
    else:
        ledger.drop(kind, told)
        alone = meaning == "rate" and "fixed_per" not in given
        said = "A share of the traded value" if meaning == "rate" else "Money, each fill"
        ledger.put(target if alone else (*target, meaning), value.value, value, said)
        if "fixed_per" in given:
            ledger.carry((*target, "fixed_per"), given["fixed_per"])
    if not ledger.settled(given):
        ledger.rest(given, ("type", "value"), _COMMISSION_ADVICE)


def _slippage(ledger: Ledger, given: Old, reason: str) -> None:
    target = (_SECTION, "slippage")
    kind, value = given.first("type", "method", "model"), given.first("value", "amount", "rate", "percentage")
    if kind is None:
        setting(ledger, "slippage", given, reason)
    elif COMMISSIONS.get(plain(kind.value)) == "rate" and value is not None:
        ledger.drop(kind, "Slippage is always a fraction of the price")
        if is_number(value.value) and value.value >= 1:
            message = f"is a fraction of the price, below 1, but was {value.value:g}; {as_share(value.value)}"
            ledger.wrong(value, message)
        else:
            ledger.put(target, value.value, value, reason or "A fraction of the price, on both sides")
        ledger.rest(given, ("type", "value"))
    elif COMMISSIONS.get(plain(kind.value)) == "none":
        ledger.drop(given, "No slippage is the default")
    else:
        advice = "Slippage here is a fraction of the price: write backtest_config: {slippage: 0.0005} for 0.05%."
        ledger.leave(given, advice)


# ---- what `risk` reads in the same way ------------------------------------------------------------------------------


def as_share(value: float) -> str:
    """What to write for a share given in per cent."""
    return f"{value:g}% is {hundredth(value):g}"


def hundredth(value: float) -> float:
    """A hundredth without what binary fractions add: 7% is 0.07, not 0.07000000000000001."""
    return float(f"{value / 100:.12g}")


def is_number(value: object) -> bool:
    """Whether it is a number, and no boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def plain(name: Any) -> str:
    """A type as the tables of names have it."""
    return str(name).strip().lower().replace("-", "_").replace(" ", "_")
