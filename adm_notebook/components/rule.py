"""`rule`: a strategy that the config itself states, as expressions."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from adm_notebook.components.expressions import COLUMNS, Expression, ExpressionError, Template, bind, parse_condition
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.numbers import is_number
from adm_notebook.components.rules import Direction, FlagRules
from adm_notebook.components.strategy import RuleStrategy, label_of
from adm_notebook.components.talib_functions import MA_TYPES
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["RuleType"]

_CONDITIONS = ("entry", "exit", "short_entry", "short_exit")

_INFO: Mapping[str, ParameterInfo] = {
    "entry": ParameterInfo(str, None, "condition that buys: sma(10) > sma(50) and rsi(14) < 70"),
    "exit": ParameterInfo(str, None, "condition that sells"),
    "short_entry": ParameterInfo(str, None, "condition that goes short"),
    "short_exit": ParameterInfo(str, None, "condition that covers"),
    "direction": ParameterInfo(str, None, "long, short or both; given by the conditions, and checked against them"),
}


class RuleType:
    """Conditions in the rule language; every other name is a parameter that they may use, and that may be swept."""

    name = "rule"
    identity = ""
    sentence = (
        "Buys where `entry` is true, sells where `exit` is; short_entry and short_exit likewise; "
        "any other name is a parameter of the rules."
    )
    source = (
        "yours: comparisons of prices and indicators; and, or, not; crosses_above(a, b); close[1] is the bar before"
    )
    parameters = _INFO
    older_names: Mapping[str, str] = {"long_entry": "entry", "long_exit": "exit", "buy": "entry", "sell": "exit"}

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The conditions under their names, parameters as they are.

        Raises
        ------
        ConfigError
            for names that can't be parameters of a rule.
        """
        problems: list[Problem] = []
        found: dict[str, Any] = {}
        for name, value in given.items():
            plain = self.older_names.get(name, name)
            if plain in found:
                problems.append(
                    Problem(f"{path}.{name}", f"is another name for `{plain}`, which is given too; keep one")
                )
            elif plain not in _INFO and (refused := _no_parameter(name)):
                problems.append(Problem(f"{path}.{name}", refused))
            found[plain] = value
        if problems:
            raise ConfigError(problems)
        return found

    def build(self, given: Mapping[str, Any], path: str) -> RuleStrategy:
        """The strategy; all that is wrong with its conditions and parameters is reported at once."""
        given = {n: _plain(v) for n, v in given.items()}
        values = {n: v for n, v in given.items() if n not in _INFO}
        unfit = {
            n for n, v in values.items() if not isinstance(v, (str, bool, int, float))
        }  # told below, with its name
        problems: list[Problem] = []
        bound: dict[str, Expression] = {}
        used: set[str] = set()
        for name in _CONDITIONS:
            text = given.get(name)
            if text is None:
                continue
            if not isinstance(text, (str, bool)):
                problems.append(
                    Problem(f"{path}.{name}", f"must be a condition such as `close > sma(20)`, but was {shown(text)}")
                )
                continue
            try:
                template: Template = parse_condition(str(text))
                used |= template.names.keys()
                if unfit.isdisjoint(template.names):
                    bound[name] = bind(template, values)
            except ExpressionError as error:
                problems.append(error.problem(f"{path}.{name}"))
        broken = bool(problems)
        for name, value in values.items():
            wrong = _wrong_value(value)
            if wrong:
                guess = did_you_mean(name, _CONDITIONS) if isinstance(value, str) else ""
                if guess and _is_condition(value):
                    wrong = f"no condition of a rule has that name; they are {', '.join(_CONDITIONS)}"
                problems.append(Problem(f"{path}.{name}", f"{wrong}.{guess}" if guess else wrong))
            elif name not in used and not broken:
                guess = did_you_mean(name, [*_CONDITIONS, "direction"])
                problems.append(
                    Problem(f"{path}.{name}", f"no condition uses it.{guess or ' Use it in a rule or leave it out'}")
                )
        direction = _direction(given, path, problems)
        if problems:
            raise ConfigError(problems)
        rules = FlagRules(bound.get("entry"), bound.get("exit"), bound.get("short_entry"), bound.get("short_exit"))
        parameters = {
            **{n: given.get(n) for n in _CONDITIONS if given.get(n) is not None},
            "direction": direction,
            **values,
        }
        return RuleStrategy(self.name, parameters, direction, rules, label_of(values.values()))

    def open_rules(self, given: Mapping[str, Any], path: str = "") -> tuple[FlagRules, Direction] | None:
        """The rules with their parameters left open, and the sides they trade.

        None where `build` refuses them whatever the values: a condition can't be read, a name is used but not given
        or given but not used, the sides don't fit `direction`.
        """
        used: set[str] = set()
        roots: dict[str, Expression] = {}
        for name in _CONDITIONS:
            text = given.get(name)
            if text is None:
                continue
            try:
                template = parse_condition(str(text)) if isinstance(text, (str, bool)) else None
            except ExpressionError:
                template = None
            if template is None:
                return None
            used |= template.names.keys()
            roots[name] = template.root
        problems: list[Problem] = []
        direction = _direction(given, path, problems)
        if problems or not used >= {name for name in given if name not in _INFO}:
            return None
        rules = FlagRules(roots.get("entry"), roots.get("exit"), roots.get("short_entry"), roots.get("short_exit"))
        return rules, direction

    @staticmethod
    def takes(value: object) -> bool:
        """Whether a parameter may have this value."""
        return not _wrong_value(_plain(value))


def _direction(given: Mapping[str, Any], path: str, problems: list[Problem]) -> Direction:
    """The sides that the conditions trade; an explicit `direction` has to agree with them."""
    sides: dict[Direction, tuple[str, str]] = {"long": ("entry", "exit"), "short": ("short_entry", "short_exit")}
    traded: list[Direction] = []
    for side, (entry, leave) in sides.items():
        if given.get(entry) is not None:
            traded.append(side)
        elif given.get(leave) is not None:
            problems.append(Problem(f"{path}.{leave}", f"has nothing to leave without {entry}"))
    if not traded and not problems:
        problems.append(
            Problem(
                path, 'a rule needs a condition to enter: entry, short_entry or both, such as entry: "close > sma(20)"'
            )
        )
    direction: Direction = "both" if len(traded) == 2 else traded[0] if traded else "long"
    said = given.get("direction")
    if said is None or said == direction or not traded:
        return direction
    where = f"{path}.direction"
    if said not in ("long", "short", "both"):
        problems.append(Problem(where, f"must be long, short or both, but was {shown(said)}"))
    elif said == "both":
        missing = "short_entry" if direction == "long" else "entry"
        problems.append(Problem(where, f"is both, but there is no {missing}; add it, or leave direction out"))
    else:
        other = "short_entry and short_exit" if said == "long" else "entry and exit"
        problems.append(
            Problem(where, f"is {said}, but there are conditions for the other side; leave {other} out, or direction")
        )
    return direction


def _is_condition(text: str) -> bool:
    """Whether a text that stands for a parameter reads as a condition."""
    try:
        parse_condition(text)
    except ExpressionError:
        return False
    return True


def _no_parameter(name: object) -> str:
    """Why a name can't be that of a parameter, or nothing."""
    if (
        not isinstance(name, str)
        or not name.isascii()
        or not name.isidentifier()
        or keyword.iskeyword(name)
        or "__" in name
    ):
        return f"{shown(name)} can't be used in a rule; name parameters with letters, digits and _"
    if name.lower() in (*COLUMNS, "true", "false"):
        return f"`{name}` means something else in a rule; choose another name"
    return ""


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value


def _wrong_value(value: object) -> str:
    if isinstance(value, str):
        return (
            ""
            if value.lower() in MA_TYPES
            else f"must be a number, or one of {', '.join(MA_TYPES)}, but was {shown(value)}"
        )
    if not is_number(value):
        return f"must be a number, but was {shown(value)}"
    return ""
