"""The form of the config builder: sections, entries and fields, from the models and registries that planning reads.

A form is made anew from a config whenever that changes; it holds nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adm_notebook.components.strategies import FAMILIES
from adm_notebook.config.data import DataConfig
from adm_notebook.config.homes import KEYS
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.market import sample_symbols, source_names
from adm_notebook.patterns import PATTERNS, get
from adm_notebook.widgets.builder_entries import LISTS, Entry, entries_of, plain_sentence, setting_field
from adm_notebook.widgets.builder_fields import Field, field_of

__all__ = ["Form", "choices", "make_form"]

_MAIN = ("initial_capital", "commission", "slippage", "fill")
_LABELS = {"initial_capital": "Capital", "max_bars": "Bars", "on_bad_data": "Bad rows", "n_trials": "Trials"}
_TIMEFRAMES = ("1min", "5min", "15min", "30min", "1h", "4h", "1d", "1w", "1mo")


@dataclass(frozen=True, slots=True)
class Form:
    """What is in the form: fields by section, entries by list, and what the YAML alone holds."""

    title: str
    workflow_type: str
    sections: Mapping[str, tuple[Field, ...]]
    lists: Mapping[str, tuple[Entry, ...]]
    more: tuple[str, ...]
    note: str
    rest: tuple[str, ...]

    @property
    def fields(self) -> Iterator[Field]:
        """All fields, in reading order."""
        for fields in self.sections.values():
            yield from fields
        for entries in self.lists.values():
            for entry in entries:
                yield from entry.fields

    def place_of(self, path: str) -> str:
        """The path of the field, entry or section beside which a problem at `path` is shown; "" for the whole."""
        known = {field.path for field in self.fields} | {e.path for es in self.lists.values() for e in es}
        known |= {where for where, _ in LISTS.values()} | {"workflow_type", *KEYS}
        while path and path not in known:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return path

    @property
    def state(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "title": self.title,
            "workflow_type": self.workflow_type,
            "sections": {name: [field.state for field in fields] for name, fields in self.sections.items()},
            "lists": {
                name: [
                    {
                        "path": e.path, "type": e.type, "sentence": e.sentence, "more": list(e.more), "rest": e.rest,
                        "fields": [field.state for field in e.fields],
                    }
                    for e in entries
                ]
                for name, entries in self.lists.items()
            },
            "more": list(self.more),
            "note": self.note,
            "rest": list(self.rest),
        }  # fmt: skip


def choices() -> dict[str, Any]:
    """What may be added: names with their sentences, strategies by family."""
    families = {model.name: family for family, models in FAMILIES.items() for model in models}
    found: dict[str, Any] = {}
    for name, (_, registry) in LISTS.items():
        groups: dict[str, list[list[str]]] = {}
        for kind in registry.snapshot().values():
            group = families.get(kind.name, "Others") if name == "strategies" else ""
            groups.setdefault(group, []).append([kind.name, plain_sentence(kind.sentence)])
        found[name] = [[group, items] for group, items in groups.items()]
    return found


def make_form(values: Mapping[str, Any], opened: Sequence[str] = ()) -> Form:
    """The form of a config, as its YAML says it.

    opened  paths of fields that were asked for, whether or not there is a value
    """
    lists = {name: tuple(entries_of(values, name, opened)) for name in LISTS}
    sections = {
        "data": tuple(_data(values, opened)),
        "pattern": tuple(_pattern(values)),
        "costs": tuple(_costs(values, opened)),
        "search": tuple(_search(values, lists)),
        "analysis": tuple(_analysis(values)),
        "limits": tuple(_limits(values)),
    }
    have = {field.name for field in sections["costs"]}
    more = tuple(name for name in Settings.model_fields if name not in have)
    names = [_named(e) for e in lists["strategies"]] or ["momentum"]
    form = Form(
        title=f"{' and '.join(names)} on {_subject(values)}",
        workflow_type=str(values.get("workflow_type", "backtest")),
        sections=sections,
        lists=lists,
        more=more,
        note=_pattern_note(values),
        rest=(),
    )
    known = {field.path for field in form.fields} | {"workflow_type"}
    known |= {path for es in lists.values() for e in es for path in (e.path, e.path.rsplit("[", 1)[0])}
    return replace(form, rest=tuple(path for path in _leaves(values) if path not in known))


def _leaves(values: Mapping[str, Any]) -> Iterator[str]:
    """Keys of the sections, and outermost ones that are none."""
    for name, value in values.items():
        if name in KEYS and isinstance(value, Mapping):
            yield from (f"{name}.{key}" for key in value)
        elif value is not None:
            yield name


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _named(entry: Entry) -> str:
    return entry.type or "?"


def _subject(values: Mapping[str, Any]) -> str:
    data = _mapping(values.get("data_config"))
    symbols = data.get("symbols")
    if isinstance(symbols, str):
        return symbols
    if isinstance(symbols, (list, tuple)) and symbols:
        return ", ".join(map(str, symbols))
    for key in ("path", "frame"):
        if data.get(key) is not None:
            return str(data[key])
    source = data.get("source")
    return sample_symbols()[0] if source in (None, "sample") else str(source)


# ---- sections -------------------------------------------------------------------------------------------------------


def _data(values: Mapping[str, Any], opened: Sequence[str]) -> Iterator[Field]:
    data = _mapping(values.get("data_config"))
    told = "By the path" if data.get("path") is not None else "By the frame" if "frame" in data else "Bundled sample"
    own = [name for name in source_names() if name not in ("sample", "csv", "parquet", "frame")]
    sources = [("", told), *([("sample", "Bundled sample")] if told != "Bundled sample" or data.get("source") else [])]
    sources += [("csv", "CSV files"), ("parquet", "Parquet files"), *((name, name) for name in own)]
    helps = {name: field.description or "" for name, field in DataConfig.model_fields.items()}

    def one(name: str, **more: Any) -> Field:
        label = _LABELS.get(name, name.capitalize())
        return field_of(f"data_config.{name}", data.get(name), label=label, said=helps.get(name, ""), **more)

    yield one("source", kind="choice", options=sources)
    if data.get("path") is not None or data.get("source") in ("csv", "parquet"):
        yield one("path", kind="text" if isinstance(data.get("path"), (str, type(None))) else "yaml")
    if data.get("frame") is not None:
        yield field_of("data_config.frame", data["frame"], label="Frame", said="a DataFrame of this notebook, by name")
    if data.get("source") in (None, "sample") and data.get("path") is None and "frame" not in data:
        known = sample_symbols()
        options = [("", known[0]), *((name, name) for name in known[1:]), (", ".join(known), "both")]
        if data.get("symbols") in (known[0], [known[0]]):
            options[0] = (known[0], known[0])
        yield one("symbols", kind="names", options=options)
    else:
        yield one("symbols", kind="names", usual="all")
    yield one("start")
    yield one("end")
    frames = [("", "as they come"), *((frame, frame) for frame in _TIMEFRAMES)]
    yield one("timeframe", kind="choice", options=frames)
    yield one("max_bars", kind="number", usual="all")
    for name, kind in (("on_bad_data", "choice"), ("columns", "yaml")):
        if name in data or f"data_config.{name}" in opened:
            yield one(name, kind=kind, options=[("error", "error"), ("drop", "drop")] if kind == "choice" else ())


def _pattern(values: Mapping[str, Any]) -> Iterator[Field]:
    parameters = _mapping(values.get("parameters"))
    if "pattern" in parameters:
        return  # one of its own: the YAML has it
    options = [("", "the one that suits it"), *((name, name) for name in PATTERNS.names())]
    yield field_of(
        "parameters.container_pattern", parameters.get("container_pattern"), kind="choice", label="",
        options=options, said="the tree of containers that runs",
    )  # fmt: skip


def _pattern_note(values: Mapping[str, Any]) -> str:
    parameters = _mapping(values.get("parameters"))
    if "pattern" in parameters:
        return "A pattern of this config's own: the YAML has it."
    name = parameters.get("container_pattern")
    if isinstance(name, str) and name in PATTERNS.snapshot():
        return get(name).description
    return ""


def _costs(values: Mapping[str, Any], opened: Sequence[str]) -> Iterator[Field]:
    backtest = _mapping(values.get("backtest_config"))
    for name in dict.fromkeys((*_MAIN, *Settings.model_fields)):
        path = f"backtest_config.{name}"
        if name in _MAIN or name in backtest or path in opened:
            info = Settings.model_fields[name]
            usual = {"commission": 0.0, "slippage": 0.0}.get(name, info.get_default())
            label = _LABELS.get(name, name.capitalize()) if name in _MAIN else ""
            yield setting_field(path, backtest.get(name), info.annotation, usual, info.description or "", label)


def _search(values: Mapping[str, Any], lists: Mapping[str, tuple[Entry, ...]]) -> Iterator[Field]:
    section = _mapping(values.get("optimization_config"))
    path = "optimization_config"
    swept = any(f.mode in ("list", "range") for es in lists.values() for e in es for f in e.fields)
    metrics = [("", "sharpe"), *((name, name) for name in METRICS if name != "sharpe" or section.get("objective"))]
    if section.get("objective") == "sharpe":
        metrics[0] = ("sharpe", "sharpe")
    if swept or "objective" in section:
        yield field_of(
            f"{path}.objective", section.get("objective"), kind="choice", label="Best", options=metrics,
            said="the metric that ranks the combinations",
        )  # fmt: skip
    if swept or "constraints" in section:
        yield field_of(
            f"{path}.constraints", section.get("constraints"), kind="names", label="Only where", usual="fast < slow",
            said="conditions that a combination must meet, such as fast < slow; commas between them",
        )  # fmt: skip
    if swept or "method" in section:
        methods = [("", "grid: all of them"), ("random", "random: some of them"), ("optuna", "optuna: led by results")]
        if section.get("method") == "grid":
            methods[0] = ("grid", "grid: all of them")
        yield field_of(f"{path}.method", section.get("method"), kind="choice", label="Method", options=methods)
    if section.get("method") in ("random", "optuna") or "n_trials" in section:
        yield field_of(f"{path}.n_trials", section.get("n_trials"), kind="number", label="Trials", usual=100)


def _analysis(values: Mapping[str, Any]) -> Iterator[Field]:
    section = _mapping(values.get("analysis_config"))
    if values.get("workflow_type") != "analysis" and not section:
        return
    modes = [("", "choose"), ("signal_generation", "signal_generation"), ("signal_replay", "signal_replay")]
    yield field_of("analysis_config.mode", section.get("mode"), kind="choice", label="Mode", options=modes)
    if section.get("mode") == "signal_generation" or "output_path" in section:
        yield field_of("analysis_config.output_path", section.get("output_path"), label="Keep in")
    if section.get("mode") == "signal_replay" or "signals_path" in section:
        yield field_of("analysis_config.signals_path", section.get("signals_path"), label="Signals")


def _limits(values: Mapping[str, Any]) -> Iterator[Field]:
    parameters = _mapping(values.get("parameters"))
    for name, label, said in (
        ("memory_limit_mb", "Memory, MB", "growth of the process's memory that a run may cause"),
        ("timeout_seconds", "Seconds", "after which the run is stopped and what it has is kept"),
        ("max_workers", "Threads", "threads at most"),
    ):
        usual = "all" if name == "max_workers" else "none"
        yield field_of(name, values.get(name), kind="number", label=label, usual=usual, said=said)
    yield field_of(
        "parameters.max_indicators", parameters.get("max_indicators"), kind="number", label="Indicators", usual="none",
        said="distinct indicator columns held at once",
    )  # fmt: skip
    if "max_memory_mb" in parameters:
        path = "parameters.max_memory_mb"
        yield field_of(path, parameters["max_memory_mb"], kind="number", label="Memory, MB", said="as memory_limit_mb")
    if "parallel_execution" in values:
        options = [("true", "true"), ("false", "false")]
        yield field_of(
            "parallel_execution", values["parallel_execution"], kind="choice", label="Parallel", options=options
        )
