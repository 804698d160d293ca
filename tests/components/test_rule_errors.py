"""What a user reads when a rule can't be: what is wrong, in which column, and what to type."""

from __future__ import annotations

from typing import Any

import pytest

from adm_notebook.components import make_strategy
from adm_notebook.errors import ConfigError

MALFORMED = [
    # rule, column, words of the message
    ("smaa(10) > 3", 1, "unknown indicator `smaa`. Did you mean `sma`?"),
    ("close > opn", 9, "unknown name `opn`. Did you mean `open`?"),
    ("close > slow_ma", 9, "give it a value beside the rule: `slow_ma: 10`"),
    ("sma > 3", 1, "write it with parentheses: sma(30)"),
    ("rsi(14)", 1, "is a number, not a condition"),
    ("close > 3 and rsi(14)", 15, "`and` needs a condition here"),
    ("(close > 3) + 1 > 2", 2, "`+` needs a number here"),
    ("sma(10) >", 10, "ends too early"),
    ("sma(10", 4, "`(` is never closed"),
    ("sma(10))", 8, "`)` closes nothing"),
    ("rsi(14 70) > 3", 5, "a comma"),
    ("close crosses_above open", 7, "can't be read"),
    ("close = 3", 7, "write `==`"),
    ("rsi(14) < 70 && close > open", 14, "write `and`"),
    ("close > 3 AND open < 3", 11, "write `and` in lower case"),
    ("close ≥ 3", 7, "write `>=`"),
    ("close ** 2 > 1", 7, "there are no powers"),
    ("close > 3%", 10, "write 0.05 for 5%"),
    ("close > 1.2.3", 9, "`1.2.3` is no number"),
    ("close > 1e999", 9, "too large a number"),
    ("close[-1] > 3", 7, "looks into the future"),
    ("close[1.5] > 3", 7, "a whole number or a parameter"),
    ("3[1] > 2", 1, "only prices and indicators have a bar before"),
    ("bbands(20, 2, 2) > close", 1, "say which: bbands(20, 2, 2).upper"),
    ("bbands(20, 2, 2).uper > close", 18, "Did you mean `upper`?"),
    ("macd(12, 26, 9)[1].signal > 0", 20, "name the output before the bar"),
    ("close.upper > 3", 7, "only indicators have outputs"),
    ("sma(0) > close", 1, "timeperiod must be 1 to 100000, but was 0"),
    ("rsi(1) > 30", 1, "timeperiod must be 2 to 100000, but was 1"),
    ("sma(10.5) > close", 1, "must be a whole number, but was 10.5"),
    ("sma(10, 20) > close", 1, "sma takes timeperiod, but was given 2 numbers"),
    ("sma(period=10) > close", 1, "no parameter `period`. Did you mean `timeperiod`?"),
    ("sma(20, close) > 1", 9, "its series first"),
    ("atr(close, 14) > 1", 1, "atr always reads high, low, close"),
    ("mavp(close) > 1", 1, "needs two series"),
    ("max(20) > close", 1, "highest(high, 20)"),
    ("crosses_above(close)", 1, "takes two values, but 1 was given"),
    ("close / 0 > 1", 9, "divides by zero"),
    ("1 if close else 0", 3, "`if` is not part of the rule language"),
    ("[close] > 1", 1, "is not part of the rule language"),
    ("close.__class__ > 1", 7, "double underscores"),
    ("lambda: 1", 1, "`lambda` is not part"),
    ("__import__('os').system('true')", 1, "double underscores"),
    ("close > 'a'", 9, "leave the quotes out"),
    ("close, open", 1, "holds several values"),
    ("(" * 60 + "close > 1" + ")" * 60, 41, "more than 40 deep"),
    ("-" * 1500 + "close > 1", None, "more than 40 deep"),
    ("not " * 400 + "close > 1", None, "more than 40 deep"),
    ("close > " + "1 + " * 400 + "1", None, "more than 40 deep"),
    ("close > 1 " * 300, 2001, "at most 2,000"),
    ("   ", None, "is empty"),
]


def problem_of(parameters: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        make_strategy({"type": "rule", "parameters": parameters}, "strategies[0]")
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].path, caught.value.problems[0].message


@pytest.mark.parametrize(("rule", "column", "words"), MALFORMED, ids=[rule[:30] for rule, _, _ in MALFORMED])
def test_a_malformed_rule_is_pointed_at(rule: str, column: int | None, words: str) -> None:
    path, message = problem_of({"entry": rule})
    assert path == "strategies[0].parameters.entry"
    assert words in message
    if column is not None:
        assert f"(column {column})" in message
        _, shown, caret = message.split("\n")
        if len(rule) <= 76:
            assert shown == f"    {rule}"
            assert caret == "    " + " " * (column - 1) + "^"
        else:
            assert shown[caret.index("^") : caret.index("^") + 1] in (rule[column - 1 : column] or "… ")


WRONG_PARAMETERS = [
    ({}, "strategies[0].parameters", "needs a condition to enter"),
    ({"exit": "close > 1"}, "strategies[0].parameters.exit", "has nothing to leave without entry"),
    ({"entry": 3}, "strategies[0].parameters.entry", "must be a condition such as"),
    ({"entry": "close > 1", "fast": 10}, "strategies[0].parameters.fast", "no condition uses it"),
    ({"entry": "close > 1", "exits": "close < 1"}, "strategies[0].parameters.exits", "Did you mean `exit`?"),
    ({"entry": "close > a", "a": "ten"}, "strategies[0].parameters.entry", "must be a number here, but was 'ten'"),
    ({"entry": "close > close[a]", "a": -1}, "strategies[0].parameters.entry", "a whole number from 0, but was -1"),
    ({"entry": "sma(a) > 1", "a": True}, "strategies[0].parameters.entry", "must be a number, but was True"),
    ({"entry": "close > 1", "close": 10}, "strategies[0].parameters.close", "means something else in a rule"),
    ({"entry": "close > 1", "my-name": 1}, "strategies[0].parameters.my-name", "can't be used in a rule"),
    ({"entry": "close > 1", "long_entry": "close > 2"}, "strategies[0].parameters.long_entry", "keep one"),
    (
        {"entry": "close > 1", "short_entry": "close < 1", "direction": "long"},
        "strategies[0].parameters.direction",
        "leave short_entry and short_exit out",
    ),
    ({"entry": "close > 1", "direction": "short"}, "strategies[0].parameters.direction", "for the other side"),
    ({"entry": "close > 1", "direction": "both"}, "strategies[0].parameters.direction", "there is no short_entry"),
    ({"entry": "close > 1", "direction": "up"}, "strategies[0].parameters.direction", "must be long, short or both"),
]


@pytest.mark.parametrize(("parameters", "path", "words"), WRONG_PARAMETERS, ids=[w for _, _, w in WRONG_PARAMETERS])
def test_wrong_parameters_of_a_rule_are_named(parameters: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_strategy({"type": "rule", "parameters": parameters}, "strategies[0]")
    assert any(problem.path == path and words in problem.message for problem in caught.value.problems)


def test_all_that_is_wrong_with_a_rule_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        make_strategy(
            {"type": "rule", "parameters": {"entry": "clos > 1", "exit": "sma(", "short_exit": "close > 1"}}, "s"
        )
    assert [p.path for p in caught.value.problems] == [f"s.parameters.{n}" for n in ("entry", "exit", "short_exit")]


def test_a_rule_takes_its_direction_from_its_conditions() -> None:
    def direction(**parameters: str) -> str:
        return make_strategy({"type": "rule", "parameters": parameters}).direction

    assert direction(entry="close > 1") == "long"
    assert direction(short_entry="close > 1") == "short"
    assert direction(entry="close > 1", short_entry="close < 1") == "both"
    assert direction(entry="close > 1", direction="long") == "long"
