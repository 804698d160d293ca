"""The root of the package: sorted, lazy, and quick to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import adm_notebook as adm


def test_dir_is_the_sorted_list_of_names_and_each_is_there() -> None:
    assert dir(adm) == sorted(adm.__all__)
    for name in adm.__all__:
        assert getattr(adm, name).__doc__


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="Did you mean `WorkflowConfig`"):
        _ = adm.WorkflowConfg  # type: ignore[attr-defined]  # the mistake under test


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, adm_notebook; "
        "heavy = ('numpy', 'pandas', 'numba', 'matplotlib', 'pydantic', 'yaml', 'talib', 'IPython'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_folders_import_only_from_folders_above_them() -> None:
    import ast
    from pathlib import Path

    order = [
        "_version", "errors", "folders", "jit", "config", "market", "components", "engine", "signals", "results",
        "patterns", "planning", "containers", "coordinator", "migration", "display", "widgets", "magics", "cli",
        "testing",
    ]  # fmt: skip
    root = Path(adm.__file__).parent
    wrong = []
    for path in root.rglob("*.py"):
        home = path.relative_to(root).parts[0].removesuffix(".py")
        if home not in order:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("adm_notebook."):
                used = (node.module or "").split(".")[1]
                if order.index(used) > order.index(home):
                    wrong.append(f"{path.relative_to(root)} imports {node.module}")
    assert not wrong
