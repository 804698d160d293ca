"""The settings of a simulated account: names, values and presets of the specification, section 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from adm_notebook.config.frozen import Clashes, FrozenConfig, parse
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = [
    "LIMITS",
    "PRESETS",
    "RISK_SETTINGS",
    "Commission",
    "Preset",
    "Settings",
    "Slippage",
    "StopDistance",
    "VolatilityEstimate",
]

Preset = Literal["default", "backtesting.py", "vectorbt"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "backtesting.py": {
        "initial_capital": 10_000.0,
        "size": 1 - 2**-52,
        "size_rule": "whole",
        "stop_base": "signal_close",
        "shortfall": "cancel",
        "metrics_style": "backtesting.py",
    },
    "vectorbt": {
        "initial_capital": 100.0,
        "fill": "close",
        "commission": {"fixed_per": "order"},
        "stop_base": "signal_close",
        "after_stop": "drop",
        "ruin": False,
        "warmup": 0,
        "periods_per_year": "spacing",
    },
}
"""What each preset sets differently from `default`; the reasons and the peers' versions are in the specification."""

RISK_SETTINGS = ("size_mode", "size", "volatility", "stop_loss", "take_profit", "trailing")
"""Settings that a risk profile may give, and then wins (marked R in the specification)."""

LIMITS = ("max_position_value", "max_drawdown", "max_daily_loss")
"""Limits of an account (specification, section 7, and docs/risk.md)."""

LONGEST_PERIOD = 100_000  # bars; TA-Lib takes no more


class Commission(FrozenConfig):
    """What each fill pays: `rate` of the traded value, plus `fixed` in money."""

    rate: float = Field(0.0, ge=0, description="fraction of the traded value, each fill")
    fixed: float = Field(0.0, ge=0, description="money, each fill")
    fixed_per: Literal["leg", "order"] = Field("leg", description="whether a reversal pays `fixed` twice or once")


class Slippage(FrozenConfig):
    """How much worse than the reference price a fill is, as a fraction of it."""

    entry: float = Field(0.0, ge=0, lt=1, description="fraction, opening fills")
    exit: float = Field(0.0, ge=0, lt=1, description="fraction, closing fills")


class VolatilityEstimate(FrozenConfig):
    """How `size_mode: volatility` estimates the volatility of a year (docs/risk.md)."""

    method: Literal["std", "atr"] = Field("std", description="deviation of simple returns, or ATR over the close")
    period: int = Field(20, ge=2, le=LONGEST_PERIOD, description="bars")


class StopDistance(FrozenConfig):
    """A stop as a multiple of how far prices move: `{atr: 2, period: 14}` or `{std: 2, period: 20}` (docs/risk.md)."""

    atr: float | None = Field(None, gt=0, description="multiple of the average true range")
    std: float | None = Field(None, gt=0, description="multiple of the standard deviation of closes")
    period: int = Field(ge=2, le=LONGEST_PERIOD, description="bars; 14 for atr, 20 for std")

    @model_validator(mode="before")
    @classmethod
    def _usual_period(cls, given: Any) -> Any:
        """Filled in before anything else reads it, so that a distance is the same however it was written."""
        if isinstance(given, Mapping) and given.get("period") is None:
            return {**given, "period": 14 if given.get("std") is None else 20}
        return given

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.atr is None) == (self.std is None):
            seen = "neither is given" if self.atr is None else "both are given"
            raise ValueError(f"must be a multiple of atr or of std, but {seen}; write {{atr: 2, period: 14}}")
        return self

    @property
    def multiple(self) -> float:
        """How many times the measure."""
        return self.std if self.atr is None else self.atr  # type: ignore[return-value]  # one of them is given

    def __str__(self) -> str:
        return f"{self.multiple:.10g} {'ATR' if self.std is None else 'std'}({self.period})"


def _number_or_distance(value: Any) -> str:
    """Which of the two a stop is meant to be: errors then speak of that one alone."""
    return "(distance)" if isinstance(value, (Mapping, StopDistance)) else "(number)"


Stop = Annotated[
    Annotated[Annotated[float, Field(gt=0)], Tag("(number)")] | Annotated[StopDistance, Tag("(distance)")],
    Discriminator(_number_or_distance),
]
"""A fraction of the base price, or a distance; tags in parentheses are left out of the paths in errors."""


class Settings(FrozenConfig):
    """All that an engine needs to know about an account, apart from bars and signals."""

    preset: Preset = Field("default", description="whose conventions the other settings start from")
    initial_capital: float = Field(100_000.0, gt=0, description="money")
    fill: Literal["next_open", "close", "prev_close"] = Field("next_open", description="where an order fills")
    size_mode: Literal["fraction", "units", "value", "volatility", "risk"] = Field(
        "fraction", description="what `size` means"
    )
    size: float = Field(
        1.0,
        gt=0,
        description="fraction of the cash, units, or money in each trade; volatility a year; share of the cash at risk",
    )
    volatility: VolatilityEstimate = Field(
        VolatilityEstimate(), description="{method: std | atr, period: 20}; size_mode volatility only"
    )
    size_rule: Literal["whole", "fractional"] = Field("fractional", description="whole units or any fraction")
    lot_size: float = Field(0.0, ge=0, description="units are a multiple of it; 0 = any fraction")
    commission: Commission = Field(Commission(), description="a rate, or {rate, fixed, fixed_per}")
    slippage: Slippage = Field(Slippage(), description="a fraction, or {entry, exit}")
    margin: float = Field(1.0, gt=0, le=1, description="leverage is 1 / margin; size_rule whole only")
    stop_loss: Stop | None = Field(
        None, description="fraction below (above) the base price, {atr: 2, period: 14}, {std: 2, period: 20}, or none"
    )
    take_profit: Stop | None = Field(
        None, description="fraction above (below) the base price, {atr: 4, period: 14}, {std: 4, period: 20}, or none"
    )
    trailing: bool = Field(False, description="the stop-loss follows the best price")
    stop_base: Literal["signal_close", "fill"] = Field("fill", description="the price that stops are measured from")
    opposite: Literal["reverse", "close", "ignore"] = Field("reverse", description="what an opposite entry does")
    shortfall: Literal["cancel", "partial"] = Field("partial", description="what happens when cash is short")
    after_stop: Literal["keep", "drop"] = Field("keep", description="whether a stop's bar may still decide")
    finalize: Literal["none", "last_open", "last_close"] = Field("none", description="how the last position ends")
    ruin: bool = Field(True, description="an account without equity is closed for good")
    warmup: Literal["auto"] | int = Field("auto", description="first bar that may trade")
    periods_per_year: Literal["auto", "spacing"] | float = Field(
        "auto", description="bars in a year; `spacing` = 365 days over the median bar spacing"
    )
    metrics_style: Literal["standard", "backtesting.py"] = Field("standard", description="how metrics are computed")
    max_position_value: float | None = Field(None, gt=0, description="money in one position at most, or none")
    max_drawdown: float | None = Field(
        None, gt=0, le=1, description="fraction from the peak that ends trading, or none"
    )
    max_daily_loss: float | None = Field(
        None, gt=0, le=1, description="fraction of the last day's equity that ends a day's trading, or none"
    )

    @classmethod
    def resolve(cls, given: Mapping[str, Any], path: str = "backtest_config") -> Settings:
        """`given` settings over those of its preset.

        Parameters
        ----------
        given
            settings by name, as in `backtest_config`: `commission` and `slippage` may be plain numbers,
            `commission` also the older `{type: percentage | fixed, value: v}`; `preset` chooses the defaults.
        path
            where they stand in the config, for the error.

        Raises
        ------
        ConfigError
            for unknown names, values out of range, and settings that exclude each other.
        """
        given = dict(given)
        preset = given.get("preset", "default")
        if not isinstance(preset, str) or preset not in PRESETS:
            message = (
                f"must be one of {', '.join(PRESETS)}, but was {shown(preset)}.{did_you_mean(preset, list(PRESETS))}"
            )
            raise ConfigError(Problem("preset", message.removesuffix(".")).under(path))
        problems: list[Problem] = []
        values: dict[str, Any] = dict(PRESETS[preset])
        if given.get("size_mode") in ("volatility", "risk"):
            values.pop("size", None)  # a preset's share of the cash is neither a volatility nor a risk
        for name, value in given.items():
            if name == "commission":
                value = {**values.get("commission", {}), **_commission(value, path)}
            elif name == "slippage" and _is_number(value):
                value = {"entry": value} if preset == "backtesting.py" else {"entry": value, "exit": value}
            elif name in ("stop_loss", "take_profit") and isinstance(value, Mapping):
                value, wrong = _distance(value, f"{path}.{name}" if path else name)
                problems += wrong
                if wrong:
                    continue
            values[name] = value
        try:
            parsed = parse(cls, values, path)
        except ConfigError as error:
            raise ConfigError([*problems, *(p for p in error.problems if not problems or p.path != path)]) from None
        if problems:
            raise ConfigError(problems)
        return parsed

    @field_validator("stop_loss", "take_profit", *LIMITS, mode="before")
    @classmethod
    def _none_in_words(cls, value: Any) -> Any:
        """`none` is what tables call it; YAML's own word is null."""
        return None if isinstance(value, str) and value.lower() == "none" else value

    @field_validator("trailing", "ruin", mode="before")
    @classmethod
    def _yes_and_no(cls, value: Any) -> Any:
        """`yes` and `no`, as tables and older YAML have them."""
        return {"yes": True, "no": False}.get(value.lower(), value) if isinstance(value, str) else value

    @field_validator("warmup", mode="before")
    @classmethod
    def _bar_or_auto(cls, value: Any) -> Any:
        if value == "auto" or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        raise ValueError(f"must be `auto` or a whole number, 0 or more, but was {shown(value)}")

    @field_validator("periods_per_year", mode="before")
    @classmethod
    def _number_or_auto(cls, value: Any) -> Any:
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")
        if number or value in ("auto", "spacing"):
            return value
        raise ValueError(f"must be `auto` or a number above 0, but was {shown(value)}")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong: list[str] = []
        if self.size_rule == "whole":
            if self.size_mode == "value":
                wrong.append("size_mode value goes with size_rule fractional; with whole units use fraction or units")
            if self.lot_size not in (0, 1):  # 0 is what a whole account has where nobody says anything
                wrong.append(f"size_rule whole has lots of 1, but lot_size was {self.lot_size:g}; leave it out")
            if self.size_mode == "units" and self.size != int(self.size):
                wrong.append(f"size_rule whole needs a whole number of units, but size was {self.size:g}")
        elif self.margin < 1:
            wrong.append(f"margin {self.margin:g} needs size_rule whole; with fractional sizes it must be 1")
        if self.scaled:
            if "size" not in self.model_fields_set:
                wrong.append(f"size_mode {self.size_mode} needs a size: {_SIZES[self.size_mode]}")
            if self.size_mode == "risk" and self.stop_loss is None:
                wrong.append("size_mode risk needs a stop_loss: without one nobody knows what a trade risks")
            if self.margin < 1 and self.size_rule == "whole":
                wrong.append(
                    f"margin {self.margin:g} does not go with size_mode {self.size_mode}, which knows no leverage"
                )
        if self.trailing and self.stop_loss is None:
            wrong.append("trailing needs a stop_loss to trail")
        if self.finalize == "last_open" and self.fill == "close":
            wrong.append("finalize last_open does not go with fill close; use last_close")
        if wrong:
            raise Clashes(wrong)
        return self

    @property
    def scaled(self) -> bool:
        """Whether the size is a fraction of the cash that every bar has its own of (`engine.exposure`)."""
        return self.size_mode in ("volatility", "risk")

    @property
    def slips(self) -> list[str]:
        """Sentences on what is allowed, but hardly meant: percentages as whole numbers, and settings nobody reads."""
        fractions: dict[str, object] = {
            "commission": self.commission.rate,
            "size": self.size if self.scaled else None,
            "stop_loss": self.stop_loss,
            "take_profit": self.take_profit,
        }
        found = [
            f"`{name}` is a fraction: {value:g} means {100 * value:,.12g}%. For {value:g}% write {value / 100:g}."
            for name, value in fractions.items()
            if isinstance(value, float) and value >= (0.02 if name == "commission" else 1)
        ]
        if self.size_mode != "volatility" and self.volatility != VolatilityEstimate():
            found.append(f"`volatility` is not used: size_mode is {self.size_mode}.")
        return found

    @property
    def lot(self) -> float:
        """The lot in force: 1 for whole units, else `lot_size` (0 = any fraction)."""
        return 1.0 if self.size_rule == "whole" else self.lot_size


_SIZES = {
    "volatility": "the volatility a year to aim at, such as 0.15",
    "risk": "the share of the cash that a trade may lose, such as 0.01",
}


def _distance(value: Mapping[str, Any], path: str) -> tuple[StopDistance | None, list[Problem]]:
    """A stop that was written as a mapping; what is wrong with it is said with its own names."""
    try:
        return parse(StopDistance, value, path), []
    except ConfigError as error:
        return None, list(error.problems)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _commission(value: Any, path: str) -> dict[str, Any]:
    """`0.001`, `{rate, fixed, fixed_per}` or the older `{type, value}` as fields of Commission."""
    if not isinstance(value, Mapping):
        return dict(value) if isinstance(value, Commission) else {"rate": value}
    if "type" not in value and "value" not in value:
        return dict(value)
    rest = {k: v for k, v in value.items() if k not in ("type", "value")}
    twice = [name for name in ("rate", "fixed") if name in rest]
    if twice:
        message = "stands beside `type` and `value`, which say the same; keep one of the two forms"
        raise ConfigError(Problem(f"commission.{twice[0]}", message).under(path))
    if "type" not in value:
        message = "is missing beside `value`: percentage or fixed; or write commission: 0.001"
        raise ConfigError(Problem("commission.type", message).under(path))
    kind = value["type"]
    if kind not in ("percentage", "fixed"):
        near = did_you_mean(kind, ["percentage", "fixed"])
        message = f"must be percentage or fixed, but was {shown(kind)}.{near}".removesuffix(".")
        raise ConfigError(Problem("commission.type", message).under(path))
    if "value" not in value:
        raise ConfigError(
            Problem("commission.value", "is missing beside `type`; or write commission: 0.001").under(path)
        )
    return {**rest, "rate" if kind == "percentage" else "fixed": value["value"]}
