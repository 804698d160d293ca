"""The built wheel, outside the source tree: package, sample prices, tutorials, command."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_runs_a_workflow_far_from_the_source(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "installed")
    assert not [n for n in names if "__pycache__" in n or n.endswith((".nbi", ".nbc"))]
    workflow = tmp_path / "workflow.yaml"
    workflow.write_text(
        "data_config: {symbols: [NASDAQ], max_bars: 500}\nbacktest_config: {strategy: momentum, commission: 0.001}\n"
    )
    code = (
        "import sys, adm_notebook, adm_notebook.cli as cli; print(adm_notebook.__file__); print(cli.tutorials()); "
        f"sys.exit(cli.main(['run', {str(workflow)!r}, '--out', 'saved']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    where, tutorials, title = done.stdout.splitlines()[:3]
    assert Path(where).is_relative_to(tmp_path)
    assert Path(tutorials).is_relative_to(tmp_path)
    assert title.startswith("momentum")
    assert (tmp_path / "saved" / "result.json").is_file()
