"""docs/signals.md: its Python prints what it says, its SQL runs, and its tables name what is there."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pytest

import adm_notebook as adm
from adm_notebook.signals.schema import CLASSIFIER_COLUMNS, COMBINATION_COLUMNS, regime_schema, signal_schema

TEXT = (Path(__file__).parents[2] / "docs" / "signals.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL))


def test_its_python_prints_what_it_says_and_its_sql_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with redirect_stdout(StringIO()) as out:
        exec(compile(BLOCKS["python"], "docs/signals.md", "exec"), {})
    assert out.getvalue() == BLOCKS["text"]
    duckdb = pytest.importorskip("duckdb")
    assert duckdb.sql(BLOCKS["sql"]).fetchall() == [(1, 2), (2, 2)]


def test_its_workflows_keep_signals_and_replay_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    configs = [adm.WorkflowConfig.from_yaml(block) for block in blocks]
    kept, replayed, voted = (adm.EnhancedCoordinator().run(config) for config in configs[:3])
    assert kept.success
    assert adm.SignalStore("signals").strategies == ("ma_crossover", "momentum", "vote")
    assert replayed.success
    assert len(replayed.stats) == 2 * len(kept.stats)
    assert voted.success
    assert len(voted.stats) == len(kept.stats) + 5 * len(kept.stats[kept.stats["strategy"] == "vote"])
    assert set(voted.stats["weights"].dropna()) == {"1:1:1", "2:1:1", "1:1:3"}
    (phases,) = configs[3:]
    traded = adm.EnhancedCoordinator().run(phases, "hybrid")
    assert traded.success
    assert list(traded.phases) == ["keep", "trade"]
    assert len(traded.stats) == 2 * 3 * len(set(traded.stats["symbol"]))


def test_it_names_every_column_and_every_method() -> None:
    for schema in (signal_schema(pa.int64()), regime_schema(pa.int64()), COMBINATION_COLUMNS):
        for name in schema.names:
            assert f"`{name}`" in TEXT
    assert {"parameters", "labels", "lookback"} <= set(CLASSIFIER_COLUMNS.names)
    for name in set(re.findall(r"store\.(\w+)", TEXT)):
        assert hasattr(adm.SignalStore, name) or name == "manifest"
