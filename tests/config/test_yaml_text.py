"""What users type as YAML: read safely, with places, and written back without loss."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.config.yaml_text import dump, load_mapping
from adm_notebook.errors import ConfigError

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda name: name != "<<"
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
    | st.dates()
)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(names, v, max_size=4), max_leaves=12)


@given(st.dictionaries(names, values, min_size=1, max_size=5))
def test_what_is_written_reads_back_equal(value: dict[str, object]) -> None:
    back, _ = load_mapping(dump(value))
    assert back == value
    assert repr(back) == repr(value)  # 1 stays 1 and does not become 1.0 or True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1_000_000", 1_000_000),
        (".5", 0.5),
        ("5.", 5.0),
        ("+7", 7),
        ("012", 12),
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0x1F", "0x1F"),
        ("~", None),
        ("true", True),
        ("1999-01-04", dt.date(1999, 1, 4)),
        (".inf", float("inf")),
        ("'10'", "10"),
    ],
)
def test_a_plain_word_means_what_a_reader_expects(text: str, value: object) -> None:
    read = load_mapping(f"key: {text}")[0]["key"]
    assert read == value
    assert type(read) is type(value)


def test_each_key_and_item_knows_its_line_and_column() -> None:
    _, places = load_mapping("a: 1\nb:\n  c: [10, 20]\n")
    assert places["a",] == (1, 1)
    assert places["b", "c"] == (3, 3)
    assert places["b", "c", 1] == (3, 11)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the text is empty"),
        ("# only a remark", "the text is empty"),
        ("just words", "must be sections"),
        ("- a\n- b", "must be sections"),
        ("a: {b: 1", "Is a closing bracket missing?"),
        ("a:\n\tb: 1", "Indent with spaces, not with a tab"),
        ("a: b: c", "needs quotes"),
        ("a: 1\na: 2", "stands here twice"),
        ("a: {b: 1, b: 2}", "a.b  stands here twice"),
        ("a: !!python/object/apply:os.system ['true']", "tags build objects and are not read"),
        ("a: !custom 1", "tags build objects and are not read"),
        (BOMB, "aliases"),
        ("a: &a [*a]", "nested more than"),
        ("a: " + "[" * 2000 + "]" * 2000, "nested more than"),
        ("a: 2024-13-45", "'2024-13-45' can't be read: month must be in 1..12"),
        ("a: " + "9" * 5000, "can't be read"),
        ("a: \x00", "not YAML"),
        ("? [a, b]\n: 1", "a key must be a plain word"),
        ("a: " + "x" * 1_000_001, "at most 1,000,000 are read"),
    ],
)
def test_text_that_is_unsafe_or_ambiguous_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_mapping(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_merge_key_and_an_alias_work_as_yaml_means_them() -> None:
    value, _ = load_mapping("base: &base {x: 1, y: 2}\nother:\n  <<: *base\n  y: 3\n")
    assert value["other"] == {"x": 1, "y": 3}
