"""`adm.compat`: the older project's own imports give our objects, so that an old notebook runs unchanged.

`install()` puts a finder behind all others: it is asked for `src...` only where nobody else has it, so that a real
`src` package always comes first. One that appears later is noticed at the next import, or the next name that is taken
from a module of ours, and from then on that package answers.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from adm_notebook.errors import CompatError
from adm_notebook.migration.sources.older_modules import MODULES, PACKAGES, ROOT, covered

__all__ = ["install", "installed", "state", "uninstall"]


def install() -> str:
    """Let the imports of the migration guide give adm_notebook's objects; the second time changes nothing.

    Returns
    -------
    str
        what is so now: which imports work, or which real `src` package has them.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> said = adm.compat.install()
    >>> from src.core.coordinator.coordinator import Coordinator
    >>> Coordinator is adm.Coordinator
    True
    >>> print(adm.compat.uninstall())
    compat is off: 4 modules of it are gone from sys.modules. Names that were imported before stay.
    """
    if not _is_installed():
        sys.meta_path.append(_FINDER)
    return state()


def uninstall() -> str:
    """Take back what `install` did, and the modules that came of it; names that were imported stay what they are.

    Returns
    -------
    str
        what was done.
    """
    was = _is_installed()
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _FINDER]
    removed = _remove_ours()
    if not was and not removed:
        return "compat is off; it was not on."
    if not removed:
        return "compat is off. Nothing had been imported through it."
    modules, are = ("1 module", "is") if removed == 1 else (f"{removed} modules", "are")
    return f"compat is off: {modules} of it {are} gone from sys.modules. Names that were imported before stay."


def state() -> str:
    """Whether compat is on, and what that means now: a sentence."""
    if not _is_installed():
        return "compat is off. `adm.compat.install()`, or `%adm compat on`, lets the older project's imports work."
    real = _real_source()
    if real is not None:
        return f"compat is on, but imports from `{ROOT}` are those of {real}, which it never shadows."
    return (
        f"compat is on: imports from {', '.join(f'`{module}`' for module in MODULES)} give adm_notebook's objects. "
        "`adm.compat.uninstall()`, or `%adm compat off`, ends that."
    )


def _is_installed() -> bool:
    return _FINDER in sys.meta_path


def __getattr__(name: str) -> Any:
    if name == "installed":
        return _is_installed()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


installed: bool  # whether compat is on; answered by `__getattr__`, since it may change


class _Older(ModuleType):
    """A module of the older project, as compat gives it: its names are looked up when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        if _real_source() is not None:
            _remove_ours()
            return getattr(importlib.import_module(self.__name__), name)
        ours = MODULES.get(self.__name__, {}).get(name)
        below = f"{self.__name__}.{name}"
        if below in MODULES or below in PACKAGES:  # which the older package imports itself
            return importlib.import_module(below)
        if ours is None:
            raise AttributeError(f"compat has no {name} in {self.__name__}", name=name, obj=self)
        return getattr(importlib.import_module("adm_notebook"), ours)

    def __dir__(self) -> list[str]:
        return sorted([*self.__dict__, *MODULES.get(self.__name__, {})])


class _Finder(MetaPathFinder, Loader):
    """Finds and makes the modules of the older project, where nobody else has them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parts = fullname.split(".")
        if parts[0] != ROOT:
            return None
        above = sys.modules.get(ROOT)
        if above is not None and not isinstance(above, _Older):
            return None  # a real one, which lacks this module
        if _real_source() is not None:
            if above is None:
                return None
            _remove_ours()  # it has appeared since
            return importlib.util.find_spec(fullname)
        if fullname in MODULES or fullname in PACKAGES:
            return ModuleSpec(fullname, self, origin="adm_notebook.compat", is_package=True)
        raise CompatError(f"compat has no {fullname}: adm_notebook has nothing that stands for it. It has\n{covered()}")

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Older(spec.name, f"{spec.name} of the older project: its names, and adm_notebook's objects.")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__all__"] = sorted(MODULES.get(module.__name__, {}))


_FINDER = _Finder()


def _real_source() -> str | None:
    """Where there is a real `src` package, or that there is one; None if nobody but us has it."""
    loaded = sys.modules.get(ROOT)
    if loaded is not None and not isinstance(loaded, _Older):
        return _place(getattr(loaded, "__spec__", None))
    PathFinder.invalidate_caches()  # a folder made a moment ago counts
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        if finder is _FINDER or find is None:
            continue
        spec = find(ROOT, None)
        if spec is not None:
            return _place(spec)
    return None


def _place(spec: ModuleSpec | None) -> str:
    if spec is not None and spec.origin and spec.has_location:
        return spec.origin
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return str(folders[0]) if folders else f"another package `{ROOT}`"


def _remove_ours() -> int:
    """Take the modules that we made out of `sys.modules`; how many there were."""
    ours = [name for name, module in list(sys.modules.items()) if isinstance(module, _Older)]
    for name in ours:
        del sys.modules[name]
    return len(ours)
