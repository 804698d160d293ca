"""Programs for the older coordinator, assembled from fragments: every spelling, every place, comments everywhere."""

from __future__ import annotations

import itertools
import textwrap

from hypothesis import strategies as st

_PACKAGE = "src.core.coordinator"

COORDINATORS = [  # an import, and how the constructor is then called
    (f"from {_PACKAGE}.coordinator import Coordinator", "Coordinator"),
    (f"from {_PACKAGE}.coordinator import Coordinator as Boss", "Boss"),
    (f"from {_PACKAGE}.coordinator import (\n    Coordinator,NOTE\n)", "Coordinator"),
    (f"from {_PACKAGE} import Coordinator", "Coordinator"),
    (f"from {_PACKAGE}.coordinator import \\\n    Coordinator", "Coordinator"),
    (f"from {_PACKAGE}.coordinator import *", "Coordinator"),
    (f"import {_PACKAGE}.coordinator", f"{_PACKAGE}.coordinator.Coordinator"),
    (f"import os, {_PACKAGE}.coordinator as c, sys", "c.Coordinator"),
    (f"from {_PACKAGE} import coordinator", "coordinator.Coordinator"),
    (f"from {_PACKAGE} import (coordinator as mod,NOTE\n    Coordinator as Third)", "mod.Coordinator"),
    ("from src.core import coordinator as package", "package.coordinator.Coordinator"),
    (f"from {_PACKAGE}.enhanced_coordinator import EnhancedCoordinator", "EnhancedCoordinator"),
    (
        f"try:\n    from {_PACKAGE}.coordinator import CoordinatorNOTE\nexcept ImportError:\n    Coordinator = None",
        "Coordinator",
    ),
]

CONFIGS = [  # an import, the call, and its type of workflow
    (f"from {_PACKAGE}.simple_types import WorkflowConfig, WorkflowType", "WorkflowConfig", "WorkflowType.BACKTEST"),
    (f"from {_PACKAGE}.simple_types import WorkflowConfig as Config", "Config", "'backtest'"),
    (f"from {_PACKAGE}.simple_types import *", "WorkflowConfig", "WorkflowType.OPTIMIZATION"),
    (f"import {_PACKAGE}.simple_types as types", "types.WorkflowConfig", "types.WorkflowType.BACKTEST"),
    (f"from {_PACKAGE} import simple_types", "simple_types.WorkflowConfig", "simple_types.WorkflowType.BACKTEST"),
]

_DATA = "data_config={'max_bars': 80}"
SECTIONS = [
    [_DATA],
    [_DATA, "backtest_config={'strategy': 'momentum'}"],
    [_DATA, "backtest_config={'strategy': 'momentum', 'commission': 0.001}"],
    ["backtest_config={'commission': 0.001,NOTE\n 'strategy': 'momentum'NOTE\n}", _DATA],
    ["backtest_config={\n 'strategy': 'momentum',NOTE\n 'commission': 0.001,NOTE\n}", _DATA],
    [_DATA, "backtest_config={'strategy': {'type': 'ma_crossover',NOTE\n 'parameters': {'fast': [3, 5], 'slow': 12}}}"],
    [_DATA, "parameters={'max_indicators': 20}", "backtest_config={'strategy': 'momentum'}"],
    [_DATA, "parameters={}", "optimization_config={'strategies': ['momentum'], 'classifiers': ['trend']}"],
    [_DATA, "optimization_config={'risk_profiles': ['moderate']}", "backtest_config={'strategy': 'momentum'}"],
    [_DATA, "optimization_config=None", "backtest_config={'strategy':NOTE\n 'momentum', 'commission': 0.002,}"],
    [_DATA, "backtest_config={'strategy': named}"],
    [_DATA, "parameters={'container_pattern': 'full_backtest'}", "backtest_config=dict(strategy='momentum')"],
    [_DATA, "**more"],
]

AFTER = [
    "",
    "config.parameters['max_indicators'] = 30",
    "config.backtest_config['commission'] = 0.003",
    "config.optimization_config['risk_profiles'] = ['conservative']",
]

RUNS = [
    "results.append(asyncio.run(made.execute_workflow(config)))",
    "results.append(asyncio.run(made.execute_workflow(NOTE\n    config,NOTE\n)))",
    "results.append(asyncio.run(made.execute_workflow(config=config, execution_mode='traditional')))",
    "results.append(made.run(config))",
    "boss: object = made; results.append(asyncio.run(boss.execute_workflow(config)))",
]

NOISE = [
    "def noise(Coordinator=3, *, WorkflowConfig=None):NOTE\n    return Coordinator",
    "EnhancedCoordinator = 'mine'NOTE",
    "label = 'Coordinator'",
    "label = f\"{'src'}: {1 + 1}\"",
    "'''Coordinator of src.core.coordinator.coordinator'''",
    "key = (lambda WorkflowConfig: WorkflowConfig)(1)",
    "text = 'src.core.coordinator.coordinator'",
    "class Shadow:\n    Coordinator = 1NOTE\n    WorkflowConfig: int = 2",
    "pass",
]


@st.composite
def statements(draw: st.DrawFn) -> list[str]:
    """The statements of a program that leaves its results in `results`; each comment in it is said once."""
    numbers = itertools.count()

    def noted(text: str) -> str:
        while "NOTE" in text:
            text = text.replace("NOTE", f"  # note {next(numbers)}." if draw(st.booleans()) else "", 1)
        above = f"# note {next(numbers)}.\n" if draw(st.booleans()) else ""
        after = f"  # note {next(numbers)}." if draw(st.booleans()) and not text.endswith("'''") else ""
        return f"{above}{text}{after}"

    program = [
        "import asyncio",
        "results = []",
        "named = 'momentum'",
        "more = {'backtest_config': {'strategy': 'momentum'}}",
    ]
    for run in range(draw(st.integers(1, 2))):
        program += [noted(text) for text in draw(st.lists(st.sampled_from(NOISE), max_size=2))]
        boss, call = draw(st.sampled_from(COORDINATORS))
        types, config, kind = draw(st.sampled_from(CONFIGS))
        imports = [noted(boss), noted(types)]
        sections = [f"workflow_type={kind}", *draw(st.sampled_from(SECTIONS))]
        if draw(st.booleans()):
            written = ", ".join(sections)
        else:
            written = "".join(f"\n    {section},NOTE" for section in sections) + "\n"
        work = [
            f"made = {call}({draw(st.sampled_from(['', ' ', chr(10)]))})",
            f"config = {config}({written})",
            draw(st.sampled_from(AFTER)),
            draw(st.sampled_from(RUNS)),
        ]
        body = [noted(text) for text in work if text]
        here = draw(st.booleans()) and not any("import *" in text for text in imports)
        inside = [*imports, *body] if here else body
        program += [] if here else imports
        where = draw(st.sampled_from(["top", "function", "nested", "method", "if", "try"]))
        program += _placed("\n".join(inside), where, run)
    return program


def _placed(text: str, where: str, run: int) -> list[str]:
    if where == "top":
        return [text]
    block = textwrap.indent(text, "    ")
    if where == "if":
        return [f"if results is not None:\n{block}\nelse:\n    pass"]
    if where == "try":
        return [f"try:\n{block}\nfinally:\n    pass"]
    if where == "function":
        return [f"def work{run}():\n{block}", f"work{run}()"]
    inner = textwrap.indent(f"def inner(self=None):\n{block}", "    ")
    if where == "nested":
        return [f"def work{run}():\n{inner}\n    inner()", f"work{run}()"]
    return [f"class Work{run}:\n{inner}", f"Work{run}().inner()"]
