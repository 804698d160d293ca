"""The form of the config builder: sections, entries and fields, from the models and registries that planning reads.

A form is made anew from a config whenever that changes; it holds nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

from adm_notebook.components import CLASSIFIERS, STRATEGIES
from adm_notebook.components.registry import Registry
from adm_notebook.components.risk import RISK_PROFILES
from adm_notebook.components.strategies import FAMILIES
from adm_notebook.components.strategy import ParameterInfo
from adm_notebook.config.data import DataConfig
from adm_notebook.config.homes import KEYS
from adm_notebook.config.settings import LIMITS, RISK_SETTINGS, Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.market import sample_symbols, source_names
from adm_notebook.patterns import PATTERNS, get
from adm_notebook.widgets.builder_fields import PERCENT, Field, Kind, field_of
from adm_notebook.widgets.yaml_edit import value_at

__all__ = ["LISTS", "Entry", "Form", "choices", "make_form"]

LISTS: Mapping[str, tuple[str, Registry[Any]]] = {
    "strategies": ("optimization_config.strategies", STRATEGIES),
    "classifiers": ("optimization_config.classifiers", CLASSIFIERS),
    "risk_profiles": ("optimization_config.risk_profiles", RISK_PROFILES),
}
"""What is listed in a config: where, and what may stand there."""

_MAIN = ("initial_capital", "commission", "slippage", "fill")
_LABELS = {"initial_capital": "Capital", "max_bars": "Bars", "on_bad_data": "Bad rows", "n_trials": "Trials"}
_TIMEFRAMES = ("1min", "5min", "15min", "30min", "1h", "4h", "1d", "1w", "1mo")


@dataclass(frozen=True, slots=True)
class Entry:
    """One strategy, classifier or risk profile in the form.

    path      where it stands
    type      as it was written; `sentence` says what it does, or nothing where it is not known
    fields    its parameters
    more      names of parameters that have no field yet
    rest      keys that have no field, as YAML
    """

    path: str
    type: str
    sentence: str
    fields: tuple[Field, ...]
    more: tuple[str, ...] = ()
    rest: str = ""


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
            groups.setdefault(group, []).append([kind.name, _plain(kind.sentence)])
        found[name] = [[group, items] for group, items in groups.items()]
    return found


def _plain(sentence: str) -> str:
    return sentence.replace("`", "").rstrip(".")


def make_form(values: Mapping[str, Any], opened: Sequence[str] = ()) -> Form:
    """The form of a config, as its YAML says it.

    opened  paths of fields that were asked for, whether or not there is a value
    """
    lists = {name: tuple(_entries(values, name, opened)) for name in LISTS}
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
        options = [("", known[0]), *((name, name) for name in known[1:]), (", ".join(known), " and ".join(known))]
        shown = data.get("symbols")
        text = shown if isinstance(shown, str) or shown is None else ", ".join(map(str, shown))
        if text == known[0]:
            options[0] = (known[0], known[0])
        yield field_of(
            "data_config.symbols", text, kind="choice", label="Symbol", options=options, said=helps["symbols"]
        )
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
            yield _setting(path, backtest.get(name), info.annotation, usual, info.description or "", label)


def _setting(path: str, value: Any, annotation: Any, usual: Any, said: str, label: str = "") -> Field:
    name = path.rsplit(".", 1)[-1]
    options = _words(annotation)
    kind: Kind = "choice" if options else "number"
    if name == "volatility":
        kind, usual = "yaml", None
    if name in ("warmup", "periods_per_year"):
        kind = "text"
    unit = "%" if name in PERCENT and kind == "number" else ""
    if options:
        options = [("", f"{_as_word(usual)} (usual)" if usual is not None else "as it is"), *options]
    return field_of(
        path, value, kind=kind, label=label, sweeps=kind in ("number", "choice"), usual=usual, said=said,
        options=options, unit=unit,
    )  # fmt: skip


def _as_word(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _words(annotation: Any) -> list[tuple[str, str]]:
    """The values of a literal or a boolean, as options; none for other types."""
    if annotation is bool:
        return [("true", "true"), ("false", "false")]
    if get_origin(annotation) is Literal:
        return [(str(word), str(word)) for word in get_args(annotation)]
    return []


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


# ---- entries --------------------------------------------------------------------------------------------------------


def _entries(values: Mapping[str, Any], name: str, opened: Sequence[str]) -> Iterator[Entry]:
    where, registry = LISTS[name]
    short = value_at(values, ("backtest_config", "strategy")) if name == "strategies" else None
    if short is not None:
        yield _entry(short, "backtest_config.strategy", registry, opened)
    items = value_at(values, tuple(where.split(".")))
    for i, item in enumerate(items if isinstance(items, (list, tuple)) else []):
        yield _entry(item, f"{where}[{i}]", registry, opened)


def _entry(item: Any, path: str, registry: Registry[Any], opened: Sequence[str]) -> Entry:
    given = item if isinstance(item, Mapping) else {"type": item}
    kind = given.get("type")
    found = registry.find(kind) if isinstance(kind, str) else None
    if found is None:
        sentence = "lets its members vote" if kind == "ensemble" else ""
        return Entry(path, str(kind or ""), sentence, (), rest=_lines(given) if len(given) > 1 else "")
    inner = given.get("parameters")
    inner = inner if isinstance(inner, Mapping) else {}
    aliases: Mapping[str, str] = getattr(found, "older_names", {})
    fields, more, seen = [], [], set()
    for name, info in found.parameters.items():
        written = next((key for key in inner if key == name or aliases.get(key) == name), None)
        beside = written is None and name in given and registry is RISK_PROFILES
        at = f"{path}.{name}" if beside else f"{path}.parameters.{written or name}"
        value = given.get(name) if beside else inner.get(written) if written else None
        seen.add(name if beside else written)
        few = len(found.parameters) <= 8 or info.default is not None or info.required
        if value is None and not few and at not in opened:
            more.append(name)
            continue
        fields.append(_parameter(at, value, found, name, info))
    rest = {k: v for k, v in given.items() if k not in ("type", "parameters") and k not in seen}
    unknown = {k: v for k, v in inner.items() if k not in seen}
    if unknown:
        rest["parameters"] = unknown
    return Entry(path, str(kind), _plain(found.sentence), tuple(fields), tuple(more), _lines(rest))


def _lines(values: Mapping[str, Any]) -> str:
    from adm_notebook.config.yaml_text import dump

    return dump(values).rstrip("\n") if values else ""


def _parameter(path: str, value: Any, kind: Any, name: str, info: ParameterInfo) -> Field:
    model = getattr(kind, "model", None)
    field = model.model_fields.get(name) if model is not None else None
    if name in (*RISK_SETTINGS, *LIMITS) and field is None and name in Settings.model_fields:
        return _setting(path, value, Settings.model_fields[name].annotation, info.default, info.description)
    options = _words(field.annotation if field is not None else info.type)
    if options:
        words = [("", f"{_as_word(info.default)} (usual)"), *options]
        return field_of(
            path, value, kind="choice", sweeps=True, usual=info.default, said=info.description, options=words
        )
    number = info.type in (int, float)
    return field_of(
        path, value, kind="number" if number else "text", sweeps=True, usual=info.default, said=info.description
    )
