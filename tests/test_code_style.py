"""Lint and types are part of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("check", ["lint", "format", "types"])
def test_the_code_passes(check: str, request: pytest.FixtureRequest) -> None:
    if check == "types":
        status, said = request.getfixturevalue("types_checked")
    else:
        command = ["check", "."] if check == "lint" else ["format", "--check", "."]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        status, said = done.returncode, done.stdout + done.stderr
    assert status == 0, said[-4000:]
