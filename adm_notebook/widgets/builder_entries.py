"""Entries of the config builder's form: strategies, classifiers and risk profiles, their parameters as fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from adm_notebook.components import CLASSIFIERS, STRATEGIES
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.registry import Registry
from adm_notebook.components.risk import RISK_PROFILES
from adm_notebook.config.settings import LIMITS, RISK_SETTINGS, Settings
from adm_notebook.config.yaml_text import dump
from adm_notebook.widgets.builder_fields import PERCENT, Field, Kind, field_of, shown_value
from adm_notebook.widgets.yaml_edit import value_at

__all__ = ["LISTS", "Entry", "entries_of", "plain_sentence", "setting_field"]

LISTS: Mapping[str, tuple[str, Registry[Any]]] = {
    "strategies": ("optimization_config.strategies", STRATEGIES),
    "classifiers": ("optimization_config.classifiers", CLASSIFIERS),
    "risk_profiles": ("optimization_config.risk_profiles", RISK_PROFILES),
}
"""What is listed in a config: where, and what may stand there."""


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


def entries_of(values: Mapping[str, Any], name: str, opened: Sequence[str]) -> Iterator[Entry]:
    """What is listed under a name of LISTS, as it is written."""
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
    if unknown or not isinstance(given.get("parameters", {}), (Mapping, type(None))):
        rest["parameters"] = unknown or given["parameters"]
    return Entry(path, str(kind), plain_sentence(found.sentence), tuple(fields), tuple(more), _lines(rest))


def _lines(values: Mapping[str, Any]) -> str:
    return dump(values).rstrip("\n") if values else ""


def _parameter(path: str, value: Any, kind: Any, name: str, info: ParameterInfo) -> Field:
    model = getattr(kind, "model", None)
    field = model.model_fields.get(name) if model is not None else None
    if name in (*RISK_SETTINGS, *LIMITS) and field is None and name in Settings.model_fields:
        return setting_field(path, value, Settings.model_fields[name].annotation, info.default, info.description)
    options = _words(field.annotation if field is not None else info.type)
    if options:
        options = _offered(options, info.default, value)
        return field_of(
            path, value, kind="choice", sweeps=True, usual=info.default, said=info.description, options=options
        )
    number = info.type in (int, float)
    return field_of(
        path, value, kind="number" if number else "text", sweeps=True, usual=info.default, said=info.description
    )


def setting_field(path: str, value: Any, annotation: Any, usual: Any, said: str, label: str = "") -> Field:
    name = path.rsplit(".", 1)[-1]
    options = _words(annotation)
    kind: Kind = "choice" if options else "number"
    if name == "volatility":
        kind, usual = "yaml", None
    if name in ("warmup", "periods_per_year"):
        kind = "text"
    unit = "%" if name in PERCENT and kind == "number" else ""
    if options:
        options = _offered(options, usual, value)
    return field_of(
        path, value, kind=kind, label=label, sweeps=kind in ("number", "choice"), usual=usual, said=said,
        options=options, unit=unit,
    )  # fmt: skip


def _offered(options: list[tuple[str, str]], usual: Any, value: Any) -> list[tuple[str, str]]:
    """The options, in which the usual one is that of leaving the key out, unless it is written."""
    word = shown_value(usual)
    if usual is None:
        return [("", "as it is"), *options]
    return [(option, said) if option != word or value == usual else ("", said) for option, said in options]


def _words(annotation: Any) -> list[tuple[str, str]]:
    """The values of a literal or a boolean, as options; none for other types."""
    if annotation is bool:
        return [("true", "true"), ("false", "false")]
    if get_origin(annotation) is Literal:
        return [(str(word), str(word)) for word in get_args(annotation)]
    return []


def plain_sentence(sentence: str) -> str:
    return sentence.replace("`", "").rstrip(".")
