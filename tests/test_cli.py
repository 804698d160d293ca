"""`adm-notebook` in a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import adm_notebook as adm
from adm_notebook.cli import main


def test_a_folder_that_holds_something_else_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "notes.txt").write_text("mine")
    workflow = tmp_path / "workflow.yaml"
    workflow.write_text("data_config: {max_bars: 300}")
    assert main(["run", str(workflow), "--out", str(tmp_path / "busy")]) == 2
    said = capsys.readouterr()
    assert "it holds notes.txt" in said.err
    assert said.out == "", "nothing has run"


def test_run_prints_the_card_and_saves_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workflow = tmp_path / "workflow.yaml"
    workflow.write_text("data_config: {max_bars: 300}\nbacktest_config: {strategy: momentum}\n")
    assert main(["run", str(workflow), "--mode", "traditional", "--out", str(tmp_path / "saved")]) == 0
    printed = capsys.readouterr().out
    assert "momentum 20 on SP500" in printed
    assert "Buy and hold" in printed
    assert adm.WorkflowResult.load(tmp_path / "saved").mode == "traditional"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("backtest_config: {strategy: momentm}", 2, "Did you mean `momentum`?"),
        ("data_config: {path: none.csv}", 2, "data_config.path"),
        ("a: {", 2, "not YAML"),
    ],
)
def test_run_answers_mistakes_in_a_few_lines(
    text: str, status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow = tmp_path / "workflow.yaml"
    workflow.write_text(text)
    assert main(["run", str(workflow)]) == status
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_prices_that_cannot_be_used_end_with_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prices.csv").write_text("date,open,high,low,close\n2020-01-01,1,2,1,1.5\n2020-01-02,1,1,1,9\n")
    workflow = tmp_path / "workflow.yaml"
    workflow.write_text(f"data_config: {{path: '{tmp_path / 'prices.csv'}'}}")
    assert main(["run", str(workflow)]) == 1
    assert "prices.csv" in capsys.readouterr().err


@pytest.mark.notebook
def test_the_demo_runs_the_quickstart_and_writes_a_report(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adm_notebook", "demo", "--out", "report.html"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ma_crossover 50/200 on SP500" in done.stdout
    assert "+216.5%" in done.stdout
    report = (tmp_path / "report.html").read_text()
    assert str(tmp_path / "report.html") in done.stdout
    assert "data:image/png;base64" in report


@pytest.mark.notebook
def test_lab_opens_copies_of_the_tutorials_and_leaves_changed_ones_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    changed = tmp_path / "mine" / "01_quickstart.ipynb"
    changed.write_text("{}")
    for folder in ("fresh", "mine"):
        command = [sys.executable, "-m", "adm_notebook", "lab", "--dir", folder, "--", "--version"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert str(tmp_path / folder) in done.stdout
    assert json.loads((tmp_path / "fresh" / "01_quickstart.ipynb").read_text())["cells"]
    assert changed.read_text() == "{}"
