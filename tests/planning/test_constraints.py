"""Constraints: conditions over parameters, parsed against a whitelist, never evaluated as Python."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.errors import ConfigError
from adm_notebook.planning.constraints import parse_constraint

TEXTS = [
    "fast < slow",
    "fast * 2 <= slow",
    "fast + 3 != slow and not slow > 20",
    "1 <= fast < slow <= 30 or fast == 5",
    "slow - fast >= 4",
    "fast % 2 == 0",
    "slow // 2 > fast",
    "-fast < 0",
]


@given(st.sampled_from(TEXTS), st.integers(1, 40), st.integers(1, 40))
def test_a_condition_means_what_python_means(text: str, fast: int, slow: int) -> None:
    constraint = parse_constraint(text, "c")
    names = {"fast": fast, "slow": slow}
    assert constraint.holds(names) is bool(eval(text, {}, names))  # the oracle; the texts are ours
    assert constraint.names <= set(names)


def test_text_is_compared_and_not_computed_with() -> None:
    for text in ("'a' * 99999999999 == fast", "fast + 'a' > 2", "fast * 9999999999999999 > 2"):
        with pytest.raises(TypeError, match="is no number to compute with"):
            parse_constraint(text, "c").holds({"fast": 3})


def test_parameters_of_an_ensembles_members_have_a_dot() -> None:
    constraint = parse_constraint("quick.fast < quick.slow", "c")
    assert constraint.names == {"quick.fast", "quick.slow"}
    assert constraint.holds({"quick.fast": 3, "quick.slow": 5})


def test_text_parameters_can_be_compared() -> None:
    assert parse_constraint("ma_type == 'ema'", "c").holds({"ma_type": "ema"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fast <", "can't be read as a condition"),
        ("fast < 3 slow", "can't be read as a condition at column"),
        ("fast", "is not a condition; compare something"),
        ("fast + slow", "is not a condition"),
        ("__import__('os').system('true')", "can't hold"),
        ("fast.real.imag < 3", "can't hold; use parameters, numbers"),
        ("[1][0] < fast", "at column 1"),
        ("fast < (lambda: 3)()", "at column"),
        ("(fast := 3) < 4", "can't hold"),
        ("fast in (1, 2)", "can't hold"),
        ("2 ** 99999999 > fast", "can't hold"),
        ("1 < 2", "speaks of no parameter"),
        ("'fast' < 'slow'", "speaks of no parameter"),
        ("fast and slow", "is not a condition"),
        ("not fast", "is not a condition"),
        ("", "must be a condition"),
        (3, "must be a condition such as `fast < slow`, but was 3"),
        ("fast < slow " * 200, "at most 1,000"),
        ("(" * 300 + "1 < fast" + ")" * 300, "c"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: object, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_constraint(text, "c")
    assert said in str(caught.value)
    assert caught.value.problems[0].path == "c"
