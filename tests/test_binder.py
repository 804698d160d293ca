"""What mybinder.org does with binder/, done here: the environment from these files, and the quickstart in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.notebook
def test_the_quickstart_runs_in_an_environment_from_these_files(tmp_path: Path) -> None:
    source, environment = tmp_path / "repository", tmp_path / "environment"
    kept = ("adm_notebook", "binder", "notebooks", "pyproject.toml", "README.md", "LICENSE")
    source.mkdir()
    for name in kept:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    programs = environment / "bin"
    path = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(environment)}
    path.pop("PYTHONPATH", None)

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=source, env=path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    run(str(programs / "python"), "-m", "pip", "install", "-q", "-r", "binder/requirements.txt")
    assert "The engine is compiled" in run("bash", "binder/postBuild")
    shutil.rmtree(source / "adm_notebook")  # from here on it is the installed package or nothing
    notebook = "notebooks/01_quickstart.ipynb"
    run("jupyter", "nbconvert", "--to", "notebook", "--execute", "--output", "executed.ipynb", notebook)
    cells = nbformat.read(source / "notebooks" / "executed.ipynb", as_version=4).cells
    assert any(
        "image/png" in output.get("data", {}) for cell in cells if cell.cell_type == "code" for output in cell.outputs
    )


def test_the_python_that_binder_is_asked_for_is_one_that_we_support() -> None:
    asked = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f'"Programming Language :: Python :: {asked}"' in (ROOT / "pyproject.toml").read_text()


def test_the_build_stops_at_its_first_error() -> None:
    assert "set -e" in (ROOT / "binder" / "postBuild").read_text().splitlines()
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)
