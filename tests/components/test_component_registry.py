"""Registries: names whatever their case, aliases, and snapshots that later registrations leave alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from adm_notebook.components import Registry
from adm_notebook.errors import ConfigError


def registry() -> Registry[int]:
    return Registry("thing", lambda: {"one": 1, "two_three": 23}, {"uno": "one"})


def test_names_are_found_in_any_spelling_and_by_alias() -> None:
    things = registry()
    assert things.get("one") == things.get("ONE") == things.get(" uno ") == 1
    assert things.get("Two-Three") == things.get("two three") == 23
    assert things.canonical("Uno") == "one"
    assert things.aliases_of("one") == ("uno",)
    assert things.names() == ["one", "two_three"]


def test_unknown_names_are_told_what_is_known() -> None:
    with pytest.raises(ConfigError, match=r"here  unknown thing 'onne'. Did you mean `one`\?"):
        registry().get("onne", "here")
    with pytest.raises(ConfigError, match="Known: one, two_three"):
        registry().get("zzzzzz")
    with pytest.raises(ConfigError, match="must be the name of a thing, but was 5"):
        registry().get(5)
    assert registry().find("onne") is None


def test_registering_says_whether_it_replaced() -> None:
    things = registry()
    assert things.register("four", 4) == ""
    assert "`four` was there already" in things.register("Four", 44)
    assert things.get("four") == 44


@pytest.mark.parametrize("name", ["one", "One", "uno"])
def test_what_is_built_in_is_not_replaced(name: str) -> None:
    things = registry()
    with pytest.raises(ConfigError, match="is built in and is not replaced"):
        things.register(name, 111)
    assert things.get("one") == 1


def test_a_snapshot_stays_as_it_was() -> None:
    things = registry()
    things.register("mine", 1)
    before = things.snapshot()
    things.register("mine", 9)
    assert before["mine"] == 1
    assert things.snapshot()["mine"] == 9


def test_threads_lose_no_registration() -> None:
    things = registry()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: things.register(f"n{n}", n), range(200)))
    assert len(things.names()) == 202
