"""A result on disk: what is loaded equals what was saved, and nothing is left half-written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm

SINGLE = adm.WorkflowConfig(
    data_config={"max_bars": 400}, backtest_config={"strategy": "ma_crossover", "commission": 0.001}
)
SWEEP = adm.WorkflowConfig(
    data_config={"symbols": ["SP500", "NASDAQ"], "max_bars": 400},
    backtest_config={"commission": [0, 0.001], "stop_loss": 0.05},
    optimization_config={
        "strategies": [{"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": [10, 20]}}, "rsi"]
    },
)
COMBINED = adm.WorkflowConfig(
    data_config={"symbols": ["SP500", "NASDAQ"], "max_bars": 400},
    backtest_config={"portfolio": {"combine": True}},
    optimization_config={"strategies": [{"type": "ma_crossover", "parameters": {"fast": [5, 10]}}, "rsi"]},
)


def assert_equal(a: adm.WorkflowResult, b: adm.WorkflowResult) -> None:
    fields = "success errors warnings workflow_id workflow_type mode pattern config metadata facts"
    for name in fields.split():
        assert getattr(a, name) == getattr(b, name), name
    assert a.duration_seconds == b.duration_seconds
    pd.testing.assert_frame_equal(a.stats, b.stats, check_exact=True)
    pd.testing.assert_frame_equal(a.trades, b.trades, check_exact=True)
    pd.testing.assert_series_equal(a.equity, b.equity, check_exact=True, check_freq=False)
    assert repr(a) == repr(b)
    assert str(a.metrics) == str(b.metrics)
    if a.best is not None:
        pd.testing.assert_series_equal(a.best, b.best)
        assert a.benchmark.metrics == b.benchmark.metrics


@pytest.mark.parametrize("config", [SINGLE, SWEEP, COMBINED], ids=["single", "sweep", "combined"])
@pytest.mark.parametrize("mode", ["traditional", "composable"])
def test_what_is_loaded_equals_what_was_saved(config: adm.WorkflowConfig, mode: str, tmp_path: Path) -> None:
    result = adm.EnhancedCoordinator().run(config, execution_mode=mode)
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "deep" / "result"))
    assert_equal(result, loaded)
    assert not result.compare(loaded)
    row = int(result.stats.index[result.stats["status"] == "ok"][-1])
    again, before = loaded.detail(row), result.detail(row)
    pd.testing.assert_frame_equal(again.trades, before.trades)


def test_there_is_no_pickle_in_the_folder(tmp_path: Path) -> None:
    folder = adm.EnhancedCoordinator().run(SINGLE).save(tmp_path / "result")
    names = {p.name for p in folder.iterdir()}
    assert names == {"result.json", "stats.parquet", "equity.parquet", "trades.parquet", "unfilled.parquet"}
    json.loads((folder / "result.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_result_of_a_frame_loads_and_says_what_it_cannot_do(tmp_path: Path) -> None:
    close = 100 + np.sin(np.arange(80) / 4) * 5
    frame = pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close})
    entry = {"type": "momentum", "parameters": {"lookback": [2, 5]}}
    config = adm.WorkflowConfig(data_config={"frame": frame}, optimization_config={"strategies": [entry]})
    result = adm.EnhancedCoordinator().run(config)
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "result"))
    pd.testing.assert_frame_equal(loaded.trades, result.trades)
    other = 1 - int(result.best["portfolio"])
    with pytest.raises(adm.RunError, match="its bars were a DataFrame of the notebook"):
        loaded.detail(other)


def test_failed_results_keep_what_they_say(tmp_path: Path) -> None:
    close = np.full(30, 100.0)
    frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close * 2})
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"frame": frame}))
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "result"))
    assert not loaded.success
    assert loaded.errors == result.errors
    assert repr(loaded) == repr(result)


def test_saving_again_replaces_a_result_and_nothing_else(tmp_path: Path) -> None:
    result = adm.EnhancedCoordinator().run(SINGLE)
    result.save(tmp_path / "result")
    result.save(tmp_path / "result")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(adm.RunError, match="is there and is not a saved result"):
        result.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "result"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved result, to be copied before it is changed."""
    return adm.EnhancedCoordinator().run(SINGLE).save(tmp_path_factory.mktemp("saved") / "result")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "result"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["notes.md"], "holds notes.md beside a saved result; name a new folder, or move it"),
        (["a", "b"], "holds a, b beside a saved result; name a new folder, or move them"),
        (["a", "b", "c", "d"], "holds a, b, c and 1 more beside"),
    ],
)
def test_files_of_the_user_beside_a_result_are_never_lost(names: list[str], said: str, folder: Path) -> None:
    for name in names:
        (folder / name).write_text("years of work")
    before, result = contents(folder), adm.WorkflowResult.load(folder)
    with pytest.raises(adm.RunError, match=said):
        result.save(folder)
    assert contents(folder) == before


@pytest.mark.parametrize("text", ['{"format": 1}', "[]", "{", '{"format": "other", "version": 1}'])
def test_a_result_of_another_program_is_neither_replaced_nor_read(text: str, folder: Path) -> None:
    result, foreign = adm.WorkflowResult.load(folder), folder.parent / "foreign"
    foreign.mkdir()
    (foreign / "result.json").write_text(text)
    with pytest.raises(adm.RunError, match=r"is not a saved result: it holds result\.json; name a new folder"):
        result.save(foreign)
    assert contents(foreign) == {"result.json": text.encode()}
    with pytest.raises(adm.RunError, match=r"another program|is damaged"):
        adm.WorkflowResult.load(foreign)


UNFIT = (None, 3, "", ".", "a\0b", b"x", "/dev/null", "n" * 300, "a/b/" + "n" * 300, "file/x", "~nobody-here/x", "loop")


@pytest.mark.parametrize("target", UNFIT, ids=lambda t: repr(t)[:12])
def test_a_place_that_can_hold_no_result_is_refused_and_left_as_it_was(
    target: object, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = adm.WorkflowResult.load(saved)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(adm.RunError, match=r"name a|name one|can't be written: "):
        result.save(target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "loop"]


def test_home_and_links_are_followed(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = adm.WorkflowResult.load(saved)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert result.save("~/x") == tmp_path / "home" / "x"
    assert result.save("link") == result.save("link") == tmp_path / "real"
    assert (tmp_path / "link").is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "link", "real"]
    assert_equal(adm.WorkflowResult.load("~/x"), adm.WorkflowResult.load("link"))


def test_a_save_that_fails_leaves_the_older_result_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, before = adm.WorkflowResult.load(folder), contents(folder)

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    for target in (folder, folder.parent / "new" / "deep"):
        with pytest.raises(adm.RunError, match="can't be written: No space left on device"):
            result.save(target)
    assert [p.name for p in folder.parent.iterdir()] == ["result"]
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["auto", 50], ["auto", 50]),
        ([True, "x", 1, 1.5], [True, "x", 1, 1.5]),
        ([None, "none", np.nan], [None, "none", np.nan]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        ([0.001, {"type": "fixed", "value": 5}], [0.001, {"type": "fixed", "value": 5}]),
        ([np.inf, "inf", np.int64(3)], [np.inf, "inf", 3]),
    ],
)
def test_columns_of_several_types_are_loaded_as_they_were(
    values: list[object], kept: list[object], tmp_path: Path
) -> None:
    lookback = {"type": "momentum", "parameters": {"lookback": list(range(2, 2 + len(values)))}}
    config = adm.WorkflowConfig(data_config={"max_bars": 60}, optimization_config={"strategies": [lookback]})
    result = adm.EnhancedCoordinator().run(config)
    result._stats["lookback"] = pd.Series(values, dtype=object)
    column = adm.WorkflowResult.load(result.save(tmp_path / "result")).stats["lookback"]
    assert column.dtype == object
    assert repr(column.tolist()) == repr(kept)


@pytest.mark.parametrize(
    "settings",
    [
        {"commission": [0.001, {"type": "fixed", "value": 5}]},
        {"warmup": ["auto", 50]},
        {"stop_loss": [None, 0.05]},
        {"stop_loss": ["none", 0.05]},
        {"periods_per_year": ["auto", 252, 365.0]},
        {"ruin": [True, False]},
    ],
    ids=str,
)
def test_swept_settings_are_loaded_as_they_were(settings: dict[str, object], tmp_path: Path) -> None:
    config = adm.WorkflowConfig(data_config={"max_bars": 120}, backtest_config={"strategy": "momentum", **settings})
    result = adm.EnhancedCoordinator().run(config)
    assert_equal(result, adm.WorkflowResult.load(result.save(tmp_path / "result")))


def in_json(*path: str, value: object = None, drop: bool = False):  # type: ignore[no-untyped-def]  # a change to a folder
    def damage(folder: Path) -> None:
        state = json.loads((folder / "result.json").read_text())
        place = state
        for name in path[:-1]:
            place = place[name]
        if drop:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        (folder / "result.json").write_text(json.dumps(state))

    return damage


def in_table(name: str, change):  # type: ignore[no-untyped-def]  # a change to a folder
    def damage(folder: Path) -> None:
        change(pd.read_parquet(folder / name)).to_parquet(folder / name)

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "result.json").unlink(), "holds no saved result"),
        (lambda f: (f / "result.json").write_text("{"), "is damaged and can't be read: result.json is not the JSON"),
        (lambda f: (f / "equity.parquet").write_bytes(b"no"), "equity.parquet is not the Parquet file"),
        (lambda f: (f / "stats.parquet").unlink(), "stats.parquet is missing"),
        (in_json("version", value=99), "was written in version 99 of the format; this one reads 1"),
        (in_json("facts"), "`facts` in result.json can't be None"),
        (in_json("facts", value=[1]), r"`facts` in result.json can't be \[1\]"),
        (in_json("facts", value="text"), "`facts` in result.json can't be 'text'"),
        (in_json("facts", "n_bars", value="many"), "`facts.n_bars` in result.json can't be 'many'"),
        (in_json("facts", "objective", value="luck"), "`facts.objective` in result.json can't be 'luck'"),
        (in_json("config", drop=True), "`config` in result.json is missing"),
        (in_json("config", value="a: ["), "`config` in result.json: not YAML"),
        (in_json("config", value="other.yaml"), "`config` in result.json: must be sections"),
        (in_json("success", value="yes"), "`success` in result.json can't be 'yes'"),
        (in_json("best", value=[]), r"`best` in result.json can't be \[\]"),
        (in_json("best", "row", value=7), "the best row is number 7, which is not in stats.parquet"),
        (in_json("best", "row", value="0"), "`best.row` in result.json can't be '0'"),
        (in_json("best", "symbols", value=[]), r"`best.symbols` in result.json can't be \[\]"),
        (in_json("best", "sleeve", value=[0]), "`best.sleeve` in result.json has 1 trades"),
        (in_json("best", "freq", value="D"), "not those of the frequency 'D'"),
        (in_json("best", "settings", value={"x": 1}), "best.settings.x unknown field"),
        (in_json("mixed_columns", value=["sharpe"]), "column sharpe of stats.parquet is not what was written"),
        (in_table("equity.parquet", lambda t: t.iloc[:-1]), "equity.parquet has 399 rows, but had 400 rows"),
        (in_table("trades.parquet", lambda t: t.assign(exit_bar=400)), "exit_bar of trades.parquet is not within"),
        (in_table("trades.parquet", lambda t: t.drop(columns="pnl")), "trades.parquet has no column pnl"),
        (in_table("trades.parquet", lambda t: t.astype(str)), "column direction of trades.parquet holds no numbers"),
        (in_table("stats.parquet", lambda t: t.assign(status="failed")), "row is number 0, which is not ok"),
        (in_table("stats.parquet", lambda t: t.assign(sharpe="x")), "no numbers in a column sharpe"),
    ],
)  # fmt: skip
def test_a_damaged_folder_is_refused_in_a_sentence(damage, said: str, folder: Path) -> None:  # type: ignore[no-untyped-def]
    damage(folder)
    with pytest.raises(adm.RunError, match=said) as caught:
        adm.WorkflowResult.load(folder)
    assert "pydantic" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_facts_that_a_later_version_added_are_left_out(folder: Path) -> None:
    before = adm.WorkflowResult.load(folder)
    in_json("facts", "new", value=1)(folder)
    in_json("newer", value=1)(folder)
    assert_equal(adm.WorkflowResult.load(folder), before)


@pytest.mark.parametrize("target", [None, "nothing", "n" * 300, "a\0b"], ids=lambda t: repr(t)[:12])
def test_where_there_is_no_result_load_says_so(target: object) -> None:
    with pytest.raises(adm.RunError, match=r"name a folder|holds no saved result|can't be read: File name too long"):
        adm.WorkflowResult.load(target)
