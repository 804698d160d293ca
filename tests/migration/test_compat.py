"""adm.compat: the guide's imports give our objects, and a real `src` package is never shadowed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import adm_notebook as adm
from adm_notebook.errors import CompatError
from adm_notebook.migration.sources.older_modules import MODULES


@pytest.fixture(autouse=True)
def without_src() -> Iterator[None]:
    yield
    adm.compat.uninstall()
    for name in [name for name in sys.modules if name.partition(".")[0] == "src"]:
        del sys.modules[name]


def real_package(folder: Path, text: str = "mine = 1\n") -> Path:
    """A `src` package of the user's, with the modules of the older project."""
    home = folder / "src" / "core" / "coordinator"
    home.mkdir(parents=True)
    for each in (home, home.parent, home.parent.parent):
        (each / "__init__.py").write_text("")
    (home / "coordinator.py").write_text(f"class Coordinator:\n    {text}")
    return folder


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in MODULES.items() for name in names])
def test_an_import_of_the_guide_gives_our_object(module: str, name: str) -> None:
    adm.compat.install()
    scope: dict[str, object] = {}
    exec(f"from {module} import {name} as taken\nimport {module} as whole", scope)
    assert scope["taken"] is getattr(adm, name)
    assert getattr(scope["whole"], name) is scope["taken"]


@pytest.mark.parametrize(
    "text",
    [
        "import src.core.coordinator.coordinator\nmade = src.core.coordinator.coordinator.Coordinator()",
        "from src.core.coordinator import coordinator\nmade = coordinator.Coordinator()",
        "from src.core.coordinator.coordinator import *\nmade = Coordinator()",
        "from src.core import coordinator as c\nmade = c.Coordinator()",
        "import src\nmade = src.core.coordinator.coordinator.Coordinator()",
        "from importlib import import_module\nmade = import_module('src.core.coordinator.coordinator').Coordinator()",
    ],
)
def test_every_spelling_of_an_import_works(text: str) -> None:
    adm.compat.install()
    scope: dict[str, object] = {}
    exec(text, scope)
    assert type(scope["made"]) is adm.Coordinator


def test_it_is_off_before_and_after() -> None:
    before = list(sys.meta_path)
    with pytest.raises(ModuleNotFoundError, match="src"):
        importlib.import_module("src.core")
    adm.compat.install()
    assert adm.compat.installed
    taken = importlib.import_module("src.core.coordinator.coordinator").Coordinator
    adm.compat.uninstall()
    assert not adm.compat.installed
    assert sys.meta_path == before
    assert not [name for name in sys.modules if name.partition(".")[0] == "src"]
    with pytest.raises(ModuleNotFoundError, match="src"):
        importlib.import_module("src.core")
    assert taken is adm.Coordinator


def test_it_says_what_it_did_and_twice_is_once() -> None:
    before = len(sys.meta_path)
    said = adm.compat.install()
    assert said == adm.compat.install() == adm.compat.state()
    assert len(sys.meta_path) == before + 1
    assert said.startswith("compat is on: imports from `src.core.coordinator`")
    assert adm.compat.uninstall() == "compat is off. Nothing had been imported through it."
    assert adm.compat.uninstall() == "compat is off; it was not on."
    assert adm.compat.state().startswith("compat is off.")


@pytest.mark.parametrize(
    "text",
    [
        "from src.core.coordinator.coordinator import ExecutionContext",
        "from src.execution.containers import Container",
        "import src.data.loader",
        "from src import strategy",
    ],
)
def test_what_it_has_not_is_said_with_what_it_has(text: str) -> None:
    adm.compat.install()
    with pytest.raises(
        ImportError, match=r"(?s)compat has no src\..*src.core.coordinator.simple_types: WorkflowConfig"
    ):
        exec(text, {})


def test_asking_a_module_for_a_name_that_it_has_not_is_an_attribute_error() -> None:
    adm.compat.install()
    module = importlib.import_module("src.core.coordinator.simple_types")
    assert not hasattr(module, "Nonsense")
    assert {"WorkflowConfig", "WorkflowType"} < set(dir(module))
    assert issubclass(CompatError, adm.AdmError)


def test_a_real_package_is_never_shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(real_package(tmp_path))
    said = adm.compat.install()
    assert f"are those of {tmp_path}" in said
    module = importlib.import_module("src.core.coordinator.coordinator")
    assert module.Coordinator.mine == 1
    with pytest.raises(ModuleNotFoundError) as raised:  # what it lacks it goes on lacking
        importlib.import_module("src.execution.containers")
    assert not isinstance(raised.value, CompatError)
    adm.compat.uninstall()
    assert sys.modules["src.core.coordinator.coordinator"] is module


def test_a_folder_of_that_name_that_python_could_import_counts_as_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.py").write_text("here = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert str(tmp_path / "src") in adm.compat.install()
    assert importlib.import_module("src.mine").here
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("src.core.coordinator.coordinator")


@pytest.mark.parametrize(
    "text",
    [
        "from src.core.coordinator.coordinator import Coordinator",
        "import src.core.coordinator.coordinator as c\nCoordinator = c.Coordinator",
        "import src.core.coordinator.coordinator\nCoordinator = src.core.coordinator.coordinator.Coordinator",
        "from src.core.coordinator import coordinator as c\nCoordinator = c.Coordinator",
    ],
)
def test_a_package_that_appears_later_answers_from_then_on(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    adm.compat.install()
    scope: dict[str, object] = {}
    exec(text, scope)
    assert scope["Coordinator"] is adm.Coordinator
    real_package(tmp_path)
    exec(text, scope)
    assert scope["Coordinator"].mine == 1  # type: ignore[attr-defined]  # the user's class
    assert sys.modules["src.core.coordinator.coordinator"].__file__ == str(
        tmp_path / "src" / "core" / "coordinator" / "coordinator.py"
    )


def test_a_module_that_only_a_later_package_has_is_found_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    adm.compat.install()
    importlib.import_module("src.core.coordinator.coordinator")
    real_package(tmp_path)
    (tmp_path / "src" / "mine.py").write_text("here = True\n")
    assert importlib.import_module("src.mine").here
    assert sys.modules["src"].__file__ == str(tmp_path / "src" / "__init__.py")


def test_a_finder_that_comes_after_ours_goes_first_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of packages that are installed for editing."""

    class Editable:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            if name != "src":
                return None
            place = tmp_path / "src" / "__init__.py"
            return importlib.util.spec_from_file_location(name, place, submodule_search_locations=[str(place.parent)])

    real_package(tmp_path)
    adm.compat.install()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Editable])
    assert importlib.import_module("src.core.coordinator.coordinator").Coordinator.mine == 1
