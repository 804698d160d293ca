"""Days that no calendar has: refused with their text, never moved to another day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm

PATTERNS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+02:00", "%d.%m.%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%b-%Y"]


def texts(pattern: str) -> list[str]:
    return [day.strftime(pattern) for day in pd.date_range("2022-01-20", periods=80, freq="D")]


def csv(path: Path, times: list[str]) -> Path:
    close = 100 + np.sin(np.arange(len(times)) / 5)
    frame = pd.DataFrame({"Date": times, "Open": close, "High": close + 1, "Low": close - 1, "Close": close})
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("day", ["29", "30", "31"])
def test_a_day_that_is_not_there_is_named_and_not_moved(pattern: str, day: str, tmp_path: Path) -> None:
    to_february_28 = texts(pattern)[:40]
    wrong = to_february_28[-1].replace("28", day)
    path = csv(tmp_path / "p.csv", [*to_february_28[:-1], wrong])
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"path": str(path)}))
    assert not result.success
    assert wrong in result.errors[0]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_real_day_is_read_as_it_stands(pattern: str, tmp_path: Path) -> None:
    path = csv(tmp_path / "p.csv", texts(pattern))
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"path": str(path)}))
    assert result.success, result.errors
    assert (result.facts.first[:10], result.facts.n_bars) == ("2022-01-20", 80)
