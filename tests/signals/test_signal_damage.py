"""A store that is damaged, foreign, of another format, or made from other bars is refused, saying why."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_cases import assert_same_decision, bars_of, draft_of, index_of, some_flags, some_targets

import adm_notebook as adm
from adm_notebook.components import Regimes
from adm_notebook.config.frozen import digest_of
from adm_notebook.market import Bars, Prices
from adm_notebook.signals import SignalWriter

N = 300
BARS = bars_of("A", index_of(N, "Europe/Paris"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, to be copied before it is changed."""
    path = tmp_path_factory.mktemp("made") / "signals"
    with SignalWriter(path, draft_of(BARS)) as writer:
        writer.add_regimes("A", "trend", Regimes(("up",), np.zeros(N, np.int8), 3))
        for k in range(10):
            writer.add("A", "mine", some_targets(N, k) if k % 2 else some_flags(N, k), parameters={"k": k})
        writer.commit()
    return path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "signals"))


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_files_are_few_and_named(folder: Path) -> None:
    assert files(folder) == [
        "classifiers.parquet", "combinations.parquet", "manifest.json", "regimes.parquet", "signals.parquet",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["classifiers.parquet", "combinations.parquet", "regimes.parquet", "signals.parquet"])
def test_a_file_that_is_gone_or_cut_short_is_noticed_when_the_store_is_opened(name: str, folder: Path) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-10])
    with pytest.raises(adm.RunError, match=rf"is damaged and can't be read: {name} has [\d,]+ bytes, but had"):
        adm.SignalStore(folder)
    (folder / name).unlink()
    with pytest.raises(adm.RunError, match=f"is damaged and can't be read: {name} is missing"):
        adm.SignalStore(folder)


@settings(max_examples=60)
@given(data=st.data())
def test_a_byte_that_changed_is_noticed(
    data: st.DataObject, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Always by `verify`; and what is read all the same is either right or refused."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("flipped") / "signals"))
    name = data.draw(st.sampled_from(files(folder)))
    content = bytearray((folder / name).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (folder / name).write_bytes(bytes(content))
    if name == "manifest.json":
        with pytest.raises(adm.RunError, match=r"manifest\.json|not a signal store|this version reads"):
            adm.SignalStore(folder)
        return
    store = adm.SignalStore(folder)
    with pytest.raises(adm.RunError, match=f"{re.escape(name)} is not "):
        store.verify()


@settings(max_examples=60)
@given(at=st.integers(4, 10_000), bit=st.integers(0, 7))
def test_a_decision_from_changed_pages_is_right_or_refused(
    at: int, bit: int, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("flipped") / "signals"))
    content = bytearray((folder / "signals.parquet").read_bytes())
    content[at % (len(content) // 2)] ^= 1 << bit
    (folder / "signals.parquet").write_bytes(bytes(content))
    store = adm.SignalStore(folder)
    for k in range(10):
        right = some_targets(N, k) if k % 2 else some_flags(N, k)
        found = right
        with refused() as refusals:
            found = store.decision(k)
        assert_same_decision(found, right)
        assert all("is damaged and can't be read: signals.parquet" in said for said in refusals)


@contextmanager
def refused() -> Iterator[list[str]]:
    """What an error said, if there was one."""
    said: list[str] = []
    try:
        yield said
    except adm.RunError as error:
        said.append(str(error))


def in_manifest(sealed: bool = True, **changes: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        values = json.loads((folder / "manifest.json").read_text()) | changes
        checksum = values.pop("checksum")
        (folder / "manifest.json").write_text(
            json.dumps({**values, "checksum": digest_of(values) if sealed else checksum})
        )

    return damage


def text(content: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "manifest.json").write_text(content)

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: shutil.rmtree(f), "is not there; a workflow with analysis_config.mode: signal_generation makes"),
        (lambda f: (f / "manifest.json").unlink(), "is not a signal store: there is no manifest.json in it"),
        (text("{"), "is damaged and can't be read: manifest.json is not the JSON that was written"),
        (text("[1]"), "is not a signal store: its manifest.json was written by another program"),
        (text("{}"), "is not a signal store: its manifest.json was written by another program"),
        (
            in_manifest(format=3),
            "has format 3, written by adm_notebook '0.1.0'; this version reads 1 and 2: install a newer",
        ),
        (in_manifest(format=0), "this version reads 1 and 2: generate the signals again"),
        (in_manifest(format="1"), "is damaged and can't be read: `format` in manifest.json can't be '1'"),
        (in_manifest(False, digest="x"), "is damaged and can't be read: manifest.json was changed after"),
        (in_manifest(counts=None), "is damaged and can't be read: `counts` in manifest.json can't be None"),
        (in_manifest(files={}), "is damaged and can't be read: combinations.parquet is not among its files"),
        (
            in_manifest(
                counts={"combinations": 10, "ensembles": 0, "classifiers": 1, "signals": 3, "regime_changes": 1}
            ),
            "is damaged and can't be read: combinations.parquet does not fit the signals",
        ),
    ],
)
def test_what_is_no_store_or_no_longer_one_is_refused(damage: Any, said: str, folder: Path) -> None:
    damage(folder)
    with pytest.raises(adm.RunError, match=re.escape(said)):
        adm.SignalStore(folder).signals()


def test_what_a_later_version_adds_is_left_out_and_another_version_warns(folder: Path) -> None:
    assert adm.SignalStore(folder).warnings == ()
    in_manifest(created_by="0.0.9", newer=[1])(folder)
    (warning,) = adm.SignalStore(folder).warnings
    assert warning.startswith("The signals were made by adm_notebook 0.0.9; this is ")


@pytest.mark.parametrize("name", [None, 3, "no\0where"])
def test_what_names_no_folder_is_said(name: Any) -> None:
    with pytest.raises(adm.RunError, match="name a folder"):
        adm.SignalStore(name)


# ---- other bars -----------------------------------------------------------------------------------------------------


def test_the_same_bars_are_accepted_in_any_unit(made: Path) -> None:
    store = adm.SignalStore(made)
    store.check({"A": BARS})
    store.check({"A": Bars("A", index_of(N, "Europe/Paris", "ns"), BARS.prices)})


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        (BARS.slice(0, N - 1), "there were 300, and are 299; the last was 2021-01-13 00:00:00+01:00, and is"),
        (BARS.slice(1, N), "the first was 2020-03-20 00:00:00+01:00, and is 2020-03-21 00:00:00+01:00"),
        (bars_of("A", index_of(N, "Europe/Paris"), seed=1), "prices differ"),
        (bars_of("A", index_of(N)), "their times were Europe/Paris, and are naive"),
        (bars_of("A", pd.RangeIndex(N)), "their times were Europe/Paris, and are integers"),
        (Bars("A", BARS.index, Prices(*BARS.prices[:4], np.ones(N))), "volumes differ"),
        (
            Bars("A", BARS.index[:5].append(BARS.index[5:6] + pd.Timedelta("1h")).append(BARS.index[6:]), BARS.prices),
            "times between the first and the last differ",
        ),
    ],
)
def test_other_bars_are_refused_saying_what_is_different(bars: Bars, said: str, made: Path) -> None:
    with pytest.raises(adm.DataError, match=re.escape(said)) as raised:
        adm.SignalStore(made).check({"A": bars})
    assert str(raised.value).startswith("The bars of A are not those that the signals were made from")


def test_a_symbol_without_signals_is_refused(made: Path) -> None:
    with pytest.raises(adm.DataError, match=r"holds no signals of B\. It holds A\."):
        adm.SignalStore(made).check({"A": BARS, "B": BARS})


# ---- writing over something -----------------------------------------------------------------------------------------


def test_a_folder_that_is_no_store_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.md").write_text("years of work")
    with pytest.raises(adm.RunError, match=r"is there and is not a signal store: it holds notes\.md"):
        SignalWriter(tmp_path / "mine", draft_of(BARS))
    assert files(tmp_path) == ["mine"]


def test_a_file_beside_the_store_keeps_it_from_being_replaced(folder: Path) -> None:
    (folder / "notes.md").write_text("years of work")
    with pytest.raises(adm.RunError, match=r"holds notes\.md beside a signal store"):
        SignalWriter(folder, draft_of(BARS))
    assert len(files(folder)) == 6


def test_an_older_store_is_replaced_when_the_new_one_is_complete(folder: Path) -> None:
    with SignalWriter(folder, draft_of(BARS)) as writer:
        writer.add("A", "new", some_targets(N, 0))
        assert adm.SignalStore(folder).strategies == ("mine",)
        writer.commit()
    assert adm.SignalStore(folder).strategies == ("new",)
    assert files(folder.parent) == ["signals"]


@pytest.mark.parametrize("how", ["left", "raised"])
def test_what_was_not_committed_is_gone(how: str, folder: Path) -> None:
    with suppress(KeyboardInterrupt), SignalWriter(folder, draft_of(BARS)) as writer:
        writer.add("A", "new", some_targets(N, 0))
        if how == "raised":
            raise KeyboardInterrupt
    assert adm.SignalStore(folder).strategies == ("mine",)
    assert files(folder.parent) == ["signals"]


def test_a_disk_that_is_full_leaves_the_older_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with SignalWriter(folder, draft_of(BARS)) as writer:
        writer.add("A", "new", some_targets(N, 0))
        monkeypatch.setattr(Path, "write_text", full)
        with pytest.raises(adm.RunError, match="can't be written: No space left on device"):
            writer.commit()
    assert adm.SignalStore(folder).strategies == ("mine",)
    assert files(folder.parent) == ["signals"]


def test_what_json_can_not_hold_is_said_before_anything_is_written(tmp_path: Path) -> None:
    draft = draft_of(BARS)
    wrong = type(draft)(draft.digest, draft.market, "", {"columns": {"time": object}})
    with pytest.raises(adm.RunError, match=r"data_config\.columns\.time can't be kept in a signal store"):
        SignalWriter(tmp_path / "s", wrong)
    assert not list(tmp_path.iterdir())
