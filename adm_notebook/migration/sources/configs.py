"""`WorkflowConfig(...)` literals, as the guide's "Container Pattern Migration" writes them.

A config names the pattern that its sections imply, and its strategies stand in `optimization_config`. What is not
written out in the call, or is changed later in the program, can't be known here and is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import libcst as cst

from adm_notebook.config.homes import KEYS
from adm_notebook.migration.names import CLASSIFIERS, STRATEGIES, Renamed, renamed
from adm_notebook.migration.sources.program import AMBIGUOUS, Program
from adm_notebook.migration.sources.rewriting import Rewriting

__all__ = ["rewrite_configs"]

_SIGNALS = ("signal_generation", "signal_replay")
_FULL, _SIMPLE = "full_backtest", "simple_backtest"
_SECTIONS = ("optimization_config", "backtest_config", "analysis_config", "parameters")
_REASON = "the guide's container pattern"


def rewrite_configs(work: Rewriting, names_failed: set[str]) -> None:
    """Rewrite every literal that is known to be an older WorkflowConfig; mark what can't be. Those that are made with
    a name from `adm_notebook` are today's."""
    program = work.program
    changed_later = _named_elsewhere(program)
    for node in program.nodes:
        if not isinstance(node, cst.Call) or program.in_fstring(node):
            continue
        meaning = program.meaning(node.func)
        free = isinstance(node.func, cst.Name) and node.func.value == "WorkflowConfig" and program.is_free(node.func)
        if meaning == "old:WorkflowConfig" or free:
            if _base(node.func) not in names_failed:
                _Literal(work, node, changed_later).rewrite()
        elif meaning == AMBIGUOUS and program.source(node.func) == "WorkflowConfig":
            work.leave(node, "WorkflowConfig is bound in several places", "check which one is called here")


def _base(node: cst.CSTNode) -> str:
    while isinstance(node, cst.Attribute):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def _named_elsewhere(program: Program) -> set[str]:
    """Sections that the program also reads or changes by attribute, so that a literal doesn't say all about them."""
    found = {n.attr.value for n in program.nodes if isinstance(n, cst.Attribute) and n.attr.value in _SECTIONS}
    found |= {name for name in _SECTIONS if any(re.search(rf"\.{name}\b", text) for text in program.foreign)}
    if any(name.value in ("setattr", "vars") for name in program.loads):
        return set(_SECTIONS)
    said = any(program.string(node) == "pattern" for node in program.nodes)
    return found if said else found - {"parameters"}


class _Literal:
    """One call of WorkflowConfig."""

    def __init__(self, work: Rewriting, call: cst.Call, elsewhere: set[str]) -> None:
        self.work, self.program, self.call, self.elsewhere = work, work.program, call, elsewhere
        self.quote = "'" if (text := self.program.source(call)).count("'") > text.count('"') else '"'
        self.arguments: dict[str, cst.Arg] = {}

    def rewrite(self) -> None:
        args = self.call.args
        if any(arg.star for arg in args) or sum(arg.keyword is None for arg in args) > 1:
            self._leave("this config is not written out", "name its container_pattern in parameters")
            return
        self.arguments = {"workflow_type" if a.keyword is None else a.keyword.value: a for a in args}
        self._older_names()
        self._pattern()
        self._strategy()

    def _leave(self, what: str, advice: str) -> None:
        self.work.leave(self.call, what, advice)

    def _quoted(self, text: str) -> str:
        return f"{self.quote}{text}{self.quote}"

    def _section(self, name: str) -> Mapping[str, cst.DictElement] | None:
        """The keys of a section that is written out; None where it is not."""
        if name not in self.arguments:
            return {}
        value = self.arguments[name].value
        if isinstance(value, cst.Name) and value.value == "None":
            return {}
        return _written_out(self.program, value)

    def _dict(self, name: str) -> cst.Dict | None:
        value = self.arguments[name].value if name in self.arguments else None
        return value if isinstance(value, cst.Dict) else None

    # ---- the pattern ------------------------------------------------------------------------------------------------

    def _pattern(self) -> None:
        """`parameters={'container_pattern': ...}`, where none is named."""
        parameters, add = self._section("parameters"), "name its container_pattern in parameters"
        if parameters is None:
            self._leave("parameters is not written out here", "see that it names a container_pattern")
            return
        if {"container_pattern", "pattern", "phases"} & parameters.keys():
            return
        kind = self.program.source(self.arguments["workflow_type"].value) if "workflow_type" in self.arguments else ""
        if kind.strip("'\"").rpartition(".")[2].lower() in ("validation", "live_trading"):
            self._leave("this type of workflow is not run by adm_notebook", "use a backtest")
            return
        pattern = self._implied()
        if pattern is None:
            self._leave("its sections are not all written out here", add)
        elif later := sorted(self.elsewhere - {"backtest_config"}):
            self._leave(f"{later[0]} is used elsewhere, too", add)
        else:
            self._name_pattern(pattern, parameters)

    def _implied(self) -> str | None:
        """The pattern that the sections imply, or the one that was asked for; None where they are not written out."""
        analysis, optimization = self._section("analysis_config"), self._section("optimization_config")
        if analysis is None or optimization is None:
            return None
        if "mode" in analysis:
            mode = self.program.string(analysis["mode"].value)
            return mode if mode in _SIGNALS else None
        nested = [optimization[key].value for key in ("classifiers", "risk_profiles") if key in optimization]
        full = any(not (isinstance(value, cst.List) and not value.elements) for value in nested)
        if self.work.pattern is None or (full and self.work.pattern == _SIMPLE):
            return _FULL if full else _SIMPLE
        return self.work.pattern

    def _name_pattern(self, pattern: str, parameters: Mapping[str, cst.DictElement]) -> None:
        program, work = self.program, self.work
        entry = f"{self._quoted('container_pattern')}: {self._quoted(pattern)}"
        given = self._dict("parameters")
        if given is not None:
            work.add_item(list(parameters.values()), len(parameters), program.span(given)[1] - 1, entry, _REASON)
        elif "parameters" in self.arguments:  # None
            work.edits.replace(*program.span(self.arguments["parameters"].value), f"{{{entry}}}", _REASON)
        else:
            first = list(self.arguments)[:1] == ["workflow_type"]
            self._add_argument(int(first), f"parameters={{{entry}}}")

    def _add_argument(self, index: int, text: str) -> None:
        self.work.add_item(self.call.args, index, self.program.span(self.call)[1] - 1, text, _REASON)

    # ---- the strategy -----------------------------------------------------------------------------------------------

    def _strategy(self) -> None:
        """`backtest_config={'strategy': 'momentum'}` becomes `optimization_config={'strategies': [...]}`."""
        program, work = self.program, self.work
        backtest, given = self._section("backtest_config"), self._dict("backtest_config")
        if not backtest or given is None or "strategy" not in backtest:
            return
        element = backtest["strategy"]
        advice = "write it as optimization_config={'strategies': [{'type': ...}]}"
        optimization = self._section("optimization_config")
        later = sorted(self.elsewhere & {"backtest_config", "optimization_config"})
        gap = program.text[program.span(element.key)[1] : program.span(element.value)[0]]
        if not isinstance(element.value, (cst.SimpleString, cst.Dict)) or program.string(element.value) == "":
            self._leave("strategy is not written out here", advice)
        elif later:
            self._leave(f"strategy is written in backtest_config, and {later[0]} is used elsewhere, too", advice)
        elif unknown := sorted(backtest.keys() - set(KEYS["backtest_config"])):
            self._leave(
                f"{unknown[0]} stands beside strategy, and is no setting of an account",
                "write strategy={'type': ..., 'parameters': {...}} with what belongs to it",
            )
        elif optimization is None or "strategies" in optimization:
            self._leave("strategy stands beside optimization_config", advice)
        elif "#" in gap:
            self._leave("a comment stands inside strategy", advice)
        else:
            entry = self._entry(element.value)
            strategies = f"{self._quoted('strategies')}: [{entry}]"
            index, keys = list(backtest).index("strategy"), list(backtest.values())
            old = self._dict("optimization_config")
            if len(keys) == 1 and "optimization_config" not in self.arguments:
                keyword = self.arguments["backtest_config"].keyword
                assert keyword is not None
                work.edits.replace(*program.span(keyword), "optimization_config", _REASON)
                start, end = program.span(element.key)[0], program.span(element.value)[1]
                work.edits.replace(start, end, strategies, _REASON)
                return
            work.remove_item(keys, index, program.span(given)[1] - 1, _REASON)
            if old is not None:
                work.add_item(list((optimization or {}).values()), 0, program.span(old)[1] - 1, strategies, _REASON)
            elif "optimization_config" in self.arguments:  # None
                value = self.arguments["optimization_config"].value
                work.edits.replace(*program.span(value), f"{{{strategies}}}", _REASON)
            else:
                at = list(self.arguments).index("backtest_config")
                self._add_argument(at, f"optimization_config={{{strategies}}}")

    def _entry(self, value: cst.BaseExpression) -> str:
        """A strategy as an entry of the list: its text, with what was rewritten in it."""
        text = self.work.edits.take(*self.program.span(value))
        return text if isinstance(value, cst.Dict) else f"{{{self._quoted('type')}: {text}}}"

    # ---- names ------------------------------------------------------------------------------------------------------

    def _older_names(self) -> None:
        """Types and parameters of strategies and classifiers, by the table of older names."""
        backtest, optimization = self._section("backtest_config") or {}, self._section("optimization_config") or {}
        if "strategy" in backtest:
            self._rename(backtest["strategy"].value, STRATEGIES)
        for key, table in (("strategies", STRATEGIES), ("classifiers", CLASSIFIERS)):
            value = optimization[key].value if key in optimization else None
            for element in value.elements if isinstance(value, (cst.List, cst.Tuple)) else ():
                self._rename(element.value, table)

    def _rename(self, entry: cst.BaseExpression, table: Mapping[str, Renamed]) -> None:
        keys = _written_out(self.program, entry)
        kind = entry if keys is None else keys["type"].value if "type" in keys else None
        name = self.program.string(kind) if kind is not None else None
        ours = renamed(table, name) if name else None
        if kind is None or ours is None:
            return
        if name != ours.type:
            self._replace_string(kind, ours.type)
        parameters = _written_out(self.program, keys["parameters"].value) if keys and "parameters" in keys else None
        for older, element in (parameters or {}).items():
            new = ours.parameters.get(older)
            if new is not None and new not in (parameters or {}):
                self._replace_string(element.key, new)

    def _replace_string(self, node: cst.BaseExpression, text: str) -> None:
        quote = self.program.source(node)[-1]
        self.work.edits.replace(*self.program.span(node), f"{quote}{text}{quote}", "its name in adm_notebook")


def _written_out(program: Program, value: cst.BaseExpression) -> Mapping[str, cst.DictElement] | None:
    """The elements of a dict by their keys, if it is one whose keys are all plain, different strings; else None."""
    if not isinstance(value, cst.Dict):
        return None
    elements: Sequence[cst.BaseDictElement] = value.elements
    found = {}
    for element in elements:
        key = program.string(element.key) if isinstance(element, cst.DictElement) else None
        if key is None or not isinstance(element, cst.DictElement) or key in found:
            return None
        found[key] = element
    return found
