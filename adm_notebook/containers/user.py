"""`@adm.container`: a user's function, class or object as a container."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from adm_notebook.components import Indicator, ParameterInfo
from adm_notebook.components.user_code import called, identity_of, type_problem
from adm_notebook.config.frozen import canonical_json
from adm_notebook.containers.given import handed
from adm_notebook.containers.protocol import Place
from adm_notebook.containers.returned import Reading, read
from adm_notebook.errors import ConfigError, Problem, SignatureError, StrategyError, did_you_mean, shown
from adm_notebook.patterns import CONTAINERS, KINDS, ROLES
from adm_notebook.patterns.roles import canonical_role

if TYPE_CHECKING:
    from adm_notebook.containers.stages import Stages
    from adm_notebook.market import Bars
    from adm_notebook.market.arrays import F64
    from adm_notebook.planning import Plan

__all__ = ["UserContainer", "UserContainerType", "container"]

F = TypeVar("F")

UNSHARED = ("portfolio", "execution", "analysis", "signal_log")
"""Roles whose work belongs to one row: nothing of it could be shared."""


@dataclass(frozen=True, eq=False)
class UserContainerType:
    """A user's container in the registry.

    code  a function, a class with `process`, or an object with `process`
    """

    name: str
    role: str
    code: Any
    consumes: tuple[str, ...]
    may_consume: tuple[str, ...]
    produces: tuple[str, ...]

    @property
    def is_class(self) -> bool:
        """Whether each run makes an object of its own."""
        return inspect.isclass(self.code)

    @property
    def process(self) -> Callable[..., Any]:
        """What is called: the function, or `process`."""
        found: Callable[..., Any] = self.code if inspect.isfunction(self.code) else self.code.process
        return found

    @property
    def sentence(self) -> str:
        """The first line of its docstring."""
        return next(iter((inspect.getdoc(self.code) or "").strip().splitlines()), "")

    @cached_property
    def identity(self) -> str:
        """A digest of the code."""
        return identity_of(self.code if inspect.isfunction(self.code) or self.is_class else type(self.code))

    @cached_property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """A function's keywords that are no kinds; what a class is made with; an object has none."""
        if inspect.isfunction(self.code):
            return _parameters(self.code)
        return _parameters(self.code.__init__) if self.is_class else {}

    def checked(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """All parameters, typed like their defaults.

        Raises
        ------
        ConfigError
            for names that it does not have, values of another type, and those that are missing.
        """
        problems = []
        values = {name: info.default for name, info in self.parameters.items()}
        for name, value in given.items():
            info = self.parameters.get(name)
            if info is None:
                known = f" Known here: {', '.join(self.parameters)}" if self.parameters else " It has none"
                guess = did_you_mean(name, list(self.parameters)) or known
                problems.append(Problem(f"{path}.{name}", f"{self.name} has no such parameter.{guess}"))
            elif wrong := type_problem(info, value):
                problems.append(Problem(f"{path}.{name}", wrong))
            else:
                values[name] = info.type(value) if info.type in (int, float) else value
        for name, info in self.parameters.items():
            if info.required and name not in given:
                problems.append(Problem(f"{path}.{name}", "is missing: it has no default"))
        if problems:
            raise ConfigError(problems)
        return values


def _parameters(function: Callable[..., Any]) -> dict[str, ParameterInfo]:
    found: dict[str, ParameterInfo] = {}
    for parameter in inspect.signature(function).parameters.values():
        kept = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not kept or parameter.name in KINDS or parameter.name == "self":
            continue
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        kind = type(default) if isinstance(default, (bool, int, float, str)) else None
        found[parameter.name] = ParameterInfo(kind, default, "", required)
    return found


class UserContainer:
    """A user's container at one place of a tree, with its parameters.

    It is handed copies, and an object is copied for each call: nothing that it keeps can reach another row.
    """

    def __init__(
        self,
        kind: UserContainerType,
        parameters: Mapping[str, Any],
        plan: Plan,
        stages: Stages,
        features: Callable[[Bars, Indicator], tuple[F64, ...]],
    ) -> None:
        self.kind, self.plan, self.stages, self.features = kind, plan, stages, features
        self.role, self.consumes, self.may_consume = kind.role, kind.consumes, kind.may_consume
        self.produces, self.shares = kind.produces, kind.role not in UNSHARED
        self._parameters = kind.checked(parameters, "parameters")
        self._key = canonical_json(self._parameters)
        self._object: Any = None

    @property
    def what(self) -> str:
        """What an error calls it."""
        return f"container {self.kind.name}"

    def reads(self, place: Place) -> tuple[str, ...]:
        """All that it declares."""
        return (*self.consumes, *self.may_consume)

    def key(self, place: Place) -> Hashable:
        """Its parameters and the symbol; and where it gives settings, those that they are laid over."""
        setting = place.row.setting if "settings" in self.produces else None
        return self._key, place.sleeve.symbol, setting

    def initialise(self) -> None:
        """Make the object of a class, and let it prepare itself if it has `initialise`."""
        if inspect.isfunction(self.kind.code):
            return
        if self.kind.is_class:
            self._object = self.kind.code(**copy.deepcopy(self._parameters))
        else:
            self._object = copy.deepcopy(self.kind.code)
        _own_attributes(self._object)
        prepare = getattr(self._object, "initialise", None)
        if prepare is not None:
            prepare()

    def dispose(self) -> None:
        """Let the object give back what it holds, if it has `dispose`."""
        made, self._object = self._object, None
        give_back = getattr(made, "dispose", None)
        if give_back is not None:
            give_back()

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call the user's code and read what it gives.

        Raises
        ------
        StrategyError
            if it raises, or gives what can't be read.
        """
        inputs = {kind: handed(kind, value, place.bars) for kind, value in given.items()}
        if inspect.isfunction(self.kind.code):
            returned = called(self.what, self.kind.code, **inputs, **self._parameters)
        else:
            returned = called(self.what, copy.deepcopy(self._object).process, **inputs)
        return {
            kind: read(kind, value, Reading(self.what, given, place, self.plan, self.stages, self.features))
            for kind, value in self._by_kind(returned).items()
        }

    def _by_kind(self, returned: Any) -> Mapping[str, Any]:
        """What it returned for each kind that it gives: the one value, or a dict by kind where there are several."""
        if len(self.produces) == 1:
            return {self.produces[0]: returned}
        if not isinstance(returned, Mapping) or set(returned) != set(self.produces):
            wanted = ", ".join(repr(kind) for kind in self.produces)
            raise StrategyError(f"{self.what} must return a dict with the keys {wanted}, not {shown(returned)}")
        return returned


def _own_attributes(made: Any) -> None:
    """Give an object its own copy of what its class holds and anybody could add to: `seen = []` in a class body."""
    held = getattr(made, "__dict__", None)
    if held is None:
        return
    for kind in type(made).__mro__:
        for name, value in vars(kind).items():
            if isinstance(value, (list, dict, set, bytearray, np.ndarray)) and not name.startswith("__"):
                held.setdefault(name, copy.deepcopy(value))


def container(
    role: str,
    name: str | None = None,
    *,
    consumes: Sequence[str] | None = None,
    may_consume: Sequence[str] = (),
    produces: Sequence[str] | None = None,
) -> Callable[[F], F]:
    """Register a function, a class or an object as a container: `@adm.container("classifier")`.

    Parameters
    ----------
    role
        what it is for: data, indicator, classifier, strategy, ensemble, risk, portfolio, execution, analysis,
        signal_log.
    name
        what a pattern calls it; the function's or class's own name if left out.
    consumes
        kinds that it can't run without: bars, features, regimes, settings, targets, signals, orders, fills, report. If
        left out, those of them that are parameters of the function (of `process`) without a default.
    may_consume
        kinds that it reads where they are there; parameters of these names need a default (None).
    produces
        kinds that it gives; those of its role if left out. With several, it returns a dict by kind.

    What it is handed and what it may return, in pandas' terms: bars a DataFrame; features a mapping, of which
    `features["sma(20)"]` is a Series; regimes a Series of labels; targets a Series of -1, 0, +1 or a DataFrame of the
    four flags; settings a dict; orders a DataFrame of the four flags; fills what `adm.simulate` returns; report
    anything.

    Raises
    ------
    ConfigError
        for an unknown role or kind, and for the name of a built-in.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> @adm.container("classifier")
    ... def calm_or_not(bars, window=20):
    ...     swing = bars.close.pct_change().rolling(window).std()
    ...     return (swing < swing.expanding().median()).map({True: "calm", False: "wild"}).where(swing.notna())
    """
    given: object = role
    if not isinstance(given, str):
        code = getattr(given, "__name__", shown(given))
        message = (
            f'stands before {code} without a role; write @adm.container("strategy"), or another of {", ".join(ROLES)}'
        )
        raise ConfigError(Problem("@adm.container", message), "The container")
    word = canonical_role(role, "role")
    _check_kinds((*(consumes or ()), *may_consume, *(produces or ())))

    def register(code: F) -> F:
        own = name or getattr(code, "__name__", None) or type(code).__name__
        process = code if inspect.isfunction(code) else getattr(code, "process", None)
        if not callable(process):
            raise SignatureError(f"a container is a function, or has a method process; this is {shown(code)}")
        kind = UserContainerType(
            name=own.strip().lower(),
            role=word,
            code=code,
            consumes=tuple(consumes) if consumes is not None else _consumed(process),
            may_consume=tuple(may_consume) or _offered(process),
            produces=tuple(produces) if produces is not None else ROLES[word].produces,
        )
        said = CONTAINERS.register(kind.name, kind)
        if said:
            print(said)
        return code

    return register


def _consumed(process: Callable[..., Any]) -> tuple[str, ...]:
    """Kinds among the parameters that have no default."""
    found = inspect.signature(process).parameters.values()
    return tuple(p.name for p in found if p.name in KINDS and p.default is p.empty)


def _offered(process: Callable[..., Any]) -> tuple[str, ...]:
    """Kinds among the parameters that have one."""
    found = inspect.signature(process).parameters.values()
    return tuple(p.name for p in found if p.name in KINDS and p.default is not p.empty)


def _check_kinds(kinds: Sequence[str]) -> None:
    for kind in kinds:
        if kind not in KINDS:
            guess = did_you_mean(kind, KINDS) or f" Kinds: {', '.join(KINDS)}"
            raise ConfigError(Problem("container", f"there is no kind {shown(kind)}.{guess}"), "The container")
