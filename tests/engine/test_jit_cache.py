"""Compiled code is kept between processes where a folder can be written, and no run breaks where none can."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import adm_notebook

PACKAGE = Path(adm_notebook.__file__).parent

SIMULATE = """
import json, sys
import pandas as pd
import adm_notebook as adm
from numba.core.dispatcher import Dispatcher

bars = pd.DataFrame({"open": [10.0, 10, 11, 12], "high": 13.0, "low": 9.0, "close": [10.0, 11, 12, 12]})
result = adm.simulate(bars, {"long_entry": [0, 1, 0, 0], "long_exit": [0, 0, 1, 0]}, initial_capital=110)
modules = [m for name, m in list(sys.modules.items()) if name.startswith("adm_notebook")]
kernels = {id(k): k for m in modules for k in vars(m).values() if isinstance(k, Dispatcher)}.values()
print(json.dumps({
    "package": adm.__file__,
    "pnl": result.trades["pnl"].tolist(),
    "hits": sum(sum(k.stats.cache_hits.values()) for k in kernels),
    "misses": sum(sum(k.stats.cache_misses.values()) for k in kernels),
}))
"""


def run(code: str, folder: Path, **environment: str) -> str:
    """What `code` prints in a fresh process that starts in `folder` and imports from there first."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_any_folder_to_write_to_a_simulation_still_runs(tmp_path: Path) -> None:
    """Plain files stand where folders are needed: unlike missing permissions, they stop the superuser too."""
    copy = tmp_path / "adm_notebook"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(f for f in copy.rglob("*") if f.is_dir())]:
        (folder / "__pycache__").touch()
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "home")
    said = json.loads(run(SIMULATE, tmp_path, HOME=nowhere, XDG_CACHE_HOME=nowhere, LOCALAPPDATA=nowhere))
    assert Path(said["package"]).parent == copy
    assert said["pnl"] == [10.0]
    assert said["hits"] == 0
    assert not list(tmp_path.rglob("*.nb[ic]"))


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    run(SIMULATE, tmp_path, NUMBA_CACHE_DIR=cache)
    said = json.loads(run(SIMULATE, tmp_path, NUMBA_CACHE_DIR=cache))
    assert said["misses"] == 0
    assert said["hits"] > 0


def test_without_the_compiler_the_same_kernels_run_as_plain_python(tmp_path: Path) -> None:
    assert json.loads(run(SIMULATE, tmp_path, NUMBA_DISABLE_JIT="1"))["pnl"] == [10.0]


BOTH_ENGINES = """
import numpy as np, pandas as pd, adm_notebook as adm
steps = np.random.default_rng(1).normal(size=(2, 60))
close = 100 + steps[0].cumsum()
opens = close + 0.2 * steps[1]
high, low = np.maximum(opens, close) + 0.5, np.minimum(opens, close) - 0.5
index = pd.date_range("2020-01-01", periods=60)
bars = pd.DataFrame({"open": opens, "high": high, "low": low, "close": close, "volume": 1.0}, index)
rises, falls = steps[1] > 0, steps[1] < 0
signals = {"long_entry": rises, "long_exit": falls, "short_entry": steps[1] < -0.3, "short_exit": rises}
for fill in ("next_open", "close", "prev_close"):
    for stops in ({}, {"stop_loss": 0.01, "trailing": True}):
        runs = [
            adm.simulate(bars, signals, engine=engine, fill=fill, size=0.5, **stops).trades
            for engine in ("reference", "compiled")
        ]
        pd.testing.assert_frame_equal(*runs, rtol=1e-9, atol=1e-9)
        print(len(runs[0]))
"""


def test_without_the_compiler_both_engines_fill_at_the_same_prices(tmp_path: Path) -> None:
    trades = run(BOTH_ENGINES, tmp_path, NUMBA_DISABLE_JIT="1").split()
    assert len(trades) == 6
    assert all(int(n) > 10 for n in trades)


HOW = ("jit", "inner", "inlined")
"""How a kernel that another calls may be compiled; each process tries them all: starting one is what takes time."""

CALLEE = "from adm_notebook.jit import {0}\n\n@{0}\ndef rate_{0}(x):\n    return {1} * x\n"
CALLER = (
    "from callee import rate_{0}\nfrom adm_notebook.jit import jit\n\n@jit\ndef fee_{0}(x):\n    return rate_{0}(x)\n"
)
EACH = "import callee, caller; rates = [{}]; fees = [{}]; ".format(
    ", ".join(f"callee.rate_{how}" for how in HOW), ", ".join(f"caller.fee_{how}" for how in HOW)
)


def written(template: str, *numbers: float) -> str:
    return "\n\n".join(template.format(how, *numbers) for how in HOW)


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    (tmp_path / "callee.py").write_text(written(CALLEE, 2.0))
    (tmp_path / "caller.py").write_text(written(CALLER))
    return tmp_path


def test_a_change_in_a_called_kernel_discards_its_callers_code(kernels: Path) -> None:
    """The caller's machine code contains the callee's; its own source has not changed."""
    code = EACH + "print(*(word for fee in fees for word in (fee(1.0), len(fee.stats.cache_hits))))"
    assert run(code, kernels).split() == ["2.0", "0"] * len(HOW)
    assert run(code, kernels).split() == ["2.0", "1"] * len(HOW)
    (kernels / "callee.py").write_text(written(CALLEE, 3.0))
    assert run(code, kernels).split() == ["3.0", "0"] * len(HOW)


LATE = """
from callee import PAIR, TABLE, rate_inner, SPREAD
from adm_notebook.jit import inner, jit

@jit
def fee(x):
    return through(x) + SPREAD + PAIR[1] + TABLE[0]

@inner
def through(x):
    return rate_inner(x)
"""


def test_callees_that_follow_their_caller_and_values_of_other_modules_count_too(kernels: Path) -> None:
    callee = kernels / "callee.py"
    (kernels / "caller.py").write_text(LATE)
    code = "from caller import fee; print(fee(1.0), len(fee.stats.cache_hits))"
    values = [
        (2.0, 0.5, 0.0, 0.0),
        (3.0, 0.5, 0.0, 0.0),
        (3.0, 0.25, 0.0, 0.0),
        (3.0, 0.25, 1.0, 0.0),
        (3.0, 0.25, 1.0, 2.0),
    ]
    for rate, spread, second, first in values:
        others = f"import numpy as np\nSPREAD, PAIR, TABLE = {spread}, (0, {second}), np.array([{first}])\n"
        callee.write_text(f"{written(CALLEE, rate)}\n{others}")
        found = str(rate + spread + second + first)
        assert run(code, kernels).split() == [found, "0"]
        assert run(code, kernels).split() == [found, "1"]


@pytest.mark.parametrize("changed", ["callee", "caller"])
def test_code_is_kept_as_made_from_the_source_that_was_imported(kernels: Path, changed: str) -> None:
    """A file may change between the import and the first call: an update while a notebook is open."""
    others = "; ".join(f"fee_{how}(1.0)" for how in HOW)
    names = ", ".join(f"fee_{how}" for how in HOW)
    text = (kernels / f"{changed}.py").read_text()
    newer = text.replace("2.0", "3.0") if changed == "callee" else text.replace("return rate", "return 1.5 * rate")
    assert newer != text
    code = f"""
from caller import {names}
from pathlib import Path
Path({str(kernels / f"{changed}.py")!r}).write_text({newer!r})
{others}
"""
    run(code, kernels)
    assert (
        run(f"from caller import {names}; print({names.replace(',', '(1.0),')}(1.0))", kernels).split() == ["3.0"] * 3
    )


def test_a_kernel_that_is_compiled_for_others_can_be_called_before_and_after_them(kernels: Path) -> None:
    code = (
        EACH + "print(*(word for rate, fee in zip(rates, fees) for word in (rate(1.0), fee(1), rate(1), rate(x=2.0))))"
    )
    assert run(code, kernels).split() == ["2.0", "2.0", "2.0", "4.0"] * len(HOW)
    assert run(code, kernels, NUMBA_DISABLE_JIT="1").split() == ["2.0", "2.0", "2.0", "4.0"] * len(HOW)


@pytest.mark.parametrize(
    "harm",
    [
        "shutil.rmtree('__pycache__'); open('__pycache__', 'w').close()",  # the folder vanishes
        "[f.write_bytes(b'') for f in pathlib.Path('__pycache__').glob('*.nb?')]",  # the files are damaged
    ],
)
def test_a_cache_that_breaks_after_import_does_not_break_the_run(kernels: Path, harm: str) -> None:
    fees = "print(*(fee(1.0) for fee in fees))"
    run(EACH + fees, kernels)
    assert list((kernels / "__pycache__").glob("*.nbc"))
    code = f"import pathlib, shutil; {EACH}{harm}; {fees}"
    assert run(code, kernels).split() == ["2.0"] * len(HOW)


def test_compiling_leaves_the_search_for_cycles_as_it_was(kernels: Path) -> None:
    code = EACH + "import gc; {}; print(*(bool(fee(1.0)) and gc.isenabled() for fee in fees))"
    assert run(code.format("gc.enable()"), kernels).split() == ["True"] * len(HOW)
    shutil.rmtree(kernels / "__pycache__")  # or else nothing is compiled
    assert run(code.format("gc.disable()"), kernels).split() == ["False"] * len(HOW)
