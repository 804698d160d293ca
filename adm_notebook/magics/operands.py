"""What a word of `%adm diff` stands for: a run, a config or a pattern; of the notebook, of a file, or by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from adm_notebook.errors import ConfigError, Problem, RunError, did_you_mean, shown
from adm_notebook.magics.insert import Undefined, look_up
from adm_notebook.magics.line import usage_error
from adm_notebook.magics.runs import find_run, run_names

if TYPE_CHECKING:
    from adm_notebook.patterns import Pattern
    from adm_notebook.results import WorkflowResult

__all__ = ["Kind", "Operand", "comparable", "operand", "operand_names"]

Kind = Literal["run", "config", "pattern"]

_FILES = (".yaml", ".yml")
_OF_IPYTHON = ("In", "Out")


@dataclass(frozen=True)
class Operand:
    """One side of a comparison; `word` is what the user typed for it."""

    word: str
    kind: Kind
    value: Any

    @property
    def result(self) -> WorkflowResult:
        """The result of a run."""
        result: WorkflowResult = self.value
        return result

    @property
    def config(self) -> Mapping[str, Any]:
        """The keys of a config."""
        from adm_notebook.config import WorkflowConfig

        config = self.value
        return config.to_dict() if isinstance(config, WorkflowConfig) else config

    @property
    def pattern(self) -> Pattern:
        pattern: Pattern = self.value
        return pattern


def operand(word: str, namespace: Mapping[str, Any]) -> Operand:
    """What a word stands for: a variable first, then a file or folder, then a pattern's name.

    Raises
    ------
    ConfigError
        where it is none of these, and where a file can't be read.
    RunError
        for a run that is still going on.
    """
    from adm_notebook.patterns import PATTERNS

    bare = word.removesuffix(".result()")
    if bare in run_names(namespace):
        return Operand(word, "run", _finished(word, namespace))
    if (found := _variable(word, namespace)) is not None:
        return found
    path = Path(word).expanduser()
    if path.suffix.lower() in _FILES or path.is_file():
        return Operand(word, "config", _read(path))
    if path.is_dir():
        from adm_notebook.results import WorkflowResult

        return Operand(word, "run", WorkflowResult.load(path))
    pattern = PATTERNS.find(word)
    if pattern is not None:
        return Operand(word, "pattern", pattern)
    guess = did_you_mean(word, operand_names(namespace)).removesuffix(".")
    message = "is no run, config or pattern: neither a variable of this notebook, nor a file, nor a pattern's name"
    runs = list(run_names(namespace))
    known = f". Runs here: {', '.join(runs[-8:])}" if runs else ""
    raise usage_error("%adm diff", Problem(shown(word), f"{message}.{guess}" if guess else message + known))


def operand_names(namespace: Mapping[str, Any], kind: Kind | None = None) -> list[str]:
    """What can be compared: runs, variables that hold a config or a pattern, and patterns; of one kind, if given."""
    from adm_notebook.patterns import PATTERNS

    kinds: dict[str, Kind] = dict.fromkeys(run_names(namespace), "run")
    for name, value in list(namespace.items()):
        if not name.startswith("_") and name not in _OF_IPYTHON and (held := _kind(value)) is not None:
            kinds.setdefault(name, held)
    for name in PATTERNS.names():
        kinds.setdefault(name, "pattern")
    return [name for name, held in kinds.items() if kind in (None, held)]


def comparable(namespace: Mapping[str, Any], fragment: str, before: Sequence[str]) -> list[str]:
    """What Tab offers: names, and YAML files; after a first word those of its kind."""
    kind: Kind | None = None
    if before:
        kinds: tuple[Kind, ...] = ("run", "config", "pattern")
        kind = next((k for k in kinds if before[0] in operand_names(namespace, k)), None)
        kind = "config" if kind is None and Path(before[0]).suffix.lower() in _FILES else kind
    names = [name for name in operand_names(namespace, kind) if name not in before]
    return [*names, *(_files_like(fragment) if kind in (None, "config") else [])]


def _files_like(fragment: str) -> list[str]:
    """YAML files whose path begins so."""
    folder = Path(fragment).parent if "/" in fragment else Path()
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _FILES)
    except OSError:
        return []
    return [str(path) for path in found[:50] if " " not in str(path)]


def _finished(word: str, namespace: Mapping[str, Any]) -> WorkflowResult:
    from adm_notebook.results import WorkflowResult

    run = find_run(word, namespace, "diff")
    if isinstance(run, WorkflowResult):
        return run
    if run.status in ("running", "paused"):
        raise RunError(f"{word} is {run.status}: it can be compared when it is done.")
    return run.result()


def _variable(word: str, namespace: Mapping[str, Any]) -> Operand | None:
    """What a variable holds, or an attribute of one: `result.config`; None where there is no such variable."""
    if word.partition(".")[0] not in namespace:
        return None
    try:
        value = look_up(word, namespace)
    except Undefined as error:
        if "." in word and Path(word).exists():  # `old.yaml` beside a variable `old`
            return None
        raise usage_error("%adm diff", Problem(shown(word), str(error).partition(": ")[2] or str(error))) from None
    value = getattr(value, "config", value) if type(value).__name__ == "Migration" else value
    kind = _kind(value)
    if kind is None:
        article = "an" if type(value).__name__[0].lower() in "aeiou" else "a"
        message = f"holds {article} {type(value).__name__}, which is no run, config or pattern"
        raise usage_error("%adm diff", Problem(word, message))
    return Operand(word, kind, value)


def _kind(value: object) -> Kind | None:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.patterns import Pattern
    from adm_notebook.results import WorkflowResult

    if isinstance(value, WorkflowResult):
        return "run"
    if isinstance(value, Pattern):
        return "pattern"
    return "config" if isinstance(value, (WorkflowConfig, dict)) else None


def _read(path: Path) -> Mapping[str, Any]:
    """The keys of a YAML file, whichever form it has."""
    from adm_notebook.config.yaml_text import load_mapping

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise usage_error("%adm diff", Problem(str(path), "is not UTF-8 text; save it as UTF-8")) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise usage_error("%adm diff", Problem(str(path), f"can't be read: {why}")) from None
    try:
        return load_mapping(text)[0]
    except ConfigError as error:
        raise ConfigError(error.problems, title=str(path)) from None
