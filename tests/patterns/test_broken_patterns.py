"""Broken patterns, each with the message a user gets; what is written by hand is told with line and column."""
# ruff: noqa: E501  # a message stands on one line, as the user reads it

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pattern_cases import OwnContainer, own, patterns

from adm_notebook.errors import ConfigError
from adm_notebook.patterns import (
    CONTAINERS,
    PATTERNS,
    Node,
    Pattern,
    containers_that_fit,
    flow,
    get,
    pattern_from,
    register_pattern,
    unplaced,
    validate,
)

FLOW = {
    "no execution's orders": (
        "nodes: [data, execution]",
        [
            "nodes[1]: execution at execution consumes orders, which nothing above it produces; add a portfolio before it (line 1, column 15)",
        ],
    ),
    "deep": (
        "nodes:\n  - data\n  - role: risk\n    name: main\n    children:\n      - execution",
        [
            "nodes[1].children[0]: execution at main/execution consumes orders, which nothing above it produces; add a portfolio before it (line 6, column 9)",
        ],
    ),
    "no data": (
        "nodes: [{portfolio: [strategies]}, execution]",
        [
            ": has no data, which all other containers read; add data as the first container",
        ],
    ),
    "data too late": (
        "nodes: [indicators, data, {portfolio: [strategies]}, execution]",
        [
            "nodes[0]: indicator at indicators consumes bars, which data gives only after it; move data before indicators (line 1, column 9)",
        ],
    ),
    "data inside another": (
        "nodes: [{risk: [data]}, {portfolio: [strategies]}, execution]",
        [
            "nodes[1].portfolio[0]: strategy at portfolio/strategies consumes bars, which risk/data gives only to containers inside risk; move it into risk, after risk/data (line 1, column 38)",
            "nodes[2]: execution at execution consumes bars, which risk/data gives only to containers inside risk; move it into risk, after risk/data (line 1, column 52)",
        ],
    ),
    "two data": (
        "nodes: [data, {risk: [data, {portfolio: [strategies]}, execution]}]",
        [
            "nodes[1].risk[0]: data at risk/data is a second data container, beside data; all read one table of prices: remove one of them (line 1, column 23)",
        ],
    ),
    "portfolio without strategies": (
        "nodes: [data, portfolio, execution]",
        [
            "nodes[1]: portfolio at portfolio consumes targets, which nothing above it produces; add strategies inside it or before it (line 1, column 15)",
        ],
    ),
    "ensemble alone": (
        "nodes: [data, {portfolio: [ensemble]}, execution]",
        [
            "nodes[1].portfolio[0]: ensemble at portfolio/ensemble consumes targets, which nothing above it produces; add strategies before it (line 1, column 28)",
        ],
    ),
    "ensemble too early": (
        "nodes: [data, {portfolio: [ensemble, strategies]}, execution]",
        [
            "nodes[1].portfolio[0]: ensemble at portfolio/ensemble consumes targets, which portfolio/strategies gives only after it; move portfolio/strategies before portfolio/ensemble (line 1, column 28)",
        ],
    ),
    "execution too early": (
        "nodes: [data, execution, {portfolio: [strategies]}]",
        [
            "nodes[1]: execution at execution consumes orders, which portfolio gives only after it; move portfolio before execution (line 1, column 15)",
        ],
    ),
    "execution inside its portfolio": (
        "nodes: [data, {portfolio: [strategies, execution]}]",
        [
            "nodes[1].portfolio[1]: execution at portfolio/execution consumes orders, which portfolio gives only once the containers inside it have finished; move it out of portfolio, after it (line 1, column 40)",
        ],
    ),
    "execution outside": (
        "nodes: [data, {risk: [{portfolio: [strategies]}]}, execution]",
        [
            "nodes[2]: execution at execution consumes orders, which risk/portfolio gives only to containers inside risk; move it into risk, after risk/portfolio (line 1, column 52)",
        ],
    ),
    "analysis without fills": (
        "nodes: [data, {portfolio: [strategies]}, analysis, execution]",
        [
            "nodes[2]: analysis at analysis consumes fills, which execution gives only after it; move execution before analysis (line 1, column 42)",
        ],
    ),
    "analysis of nothing": (
        "nodes: [data, analysis]",
        [
            "nodes[1]: analysis at analysis consumes fills, which nothing above it produces; add an execution before it (line 1, column 15)",
        ],
    ),
    "strategy outside": (
        "nodes: [data, {portfolio: [strategies]}, execution, {role: strategy, name: other, container: stored_signals}]",
        [
            "nodes[3]: strategy at other gives targets, which nobody reads; move it inside a portfolio, or add a signal_log after it (line 1, column 53)",
        ],
    ),
    "only strategies": (
        "nodes: [data, strategies]",
        [
            "nodes[1]: strategy at strategies gives targets, which nobody reads; move it inside a portfolio, or add a signal_log after it (line 1, column 15)",
        ],
    ),
    "no execution": (
        "nodes: [data, {portfolio: [strategies]}]",
        [
            "nodes[1]: portfolio at portfolio gives orders, which nobody reads; add an execution after it (line 1, column 15)",
        ],
    ),
    "regimes for nobody": (
        "nodes: [data, {portfolio: [strategies]}, execution, classifier]",
        [
            "nodes[3]: classifier at classifier gives regimes, which nobody reads; put strategies, a risk profile or a portfolio inside it or after it, or remove it (line 1, column 53)",
        ],
    ),
    "settings for nobody": (
        "nodes: [data, {portfolio: [strategies]}, execution, risk]",
        [
            "nodes[3]: risk at risk gives settings, which nobody reads; put a portfolio and an execution inside it or after it, or remove it (line 1, column 53)",
        ],
    ),
    "features for nobody": (
        "nodes: [data, {portfolio: [strategies]}, execution, indicators]",
        [
            "nodes[3]: indicator at indicators gives features, which nobody reads; put strategies, a classifier or a risk profile after it, or remove it (line 1, column 53)",
        ],
    ),
    "hidden strategies": (
        "nodes: [data, {portfolio: [strategies, stored_signals]}, execution]",
        [
            "nodes[1].portfolio[0]: strategy at portfolio/strategies gives targets, which nobody trades: portfolio/stored_signals gives them too and stands nearer; keep one of them (line 1, column 28)",
        ],
    ),
    "signals from outside": (
        "nodes: [data, stored_signals, {portfolio: [ensemble]}, execution]",
        [
            "nodes[2].portfolio[0]: ensemble at portfolio/ensemble gives targets, which nobody trades: stored_signals gives them to portfolio before what is inside it runs; move it into portfolio, or remove it (line 1, column 44)",
        ],
    ),
    "risk between portfolio and execution": (
        "nodes: [data, {portfolio: [strategies]}, risk, execution]",
        [
            "nodes[3]: execution at execution reads the settings of risk, but portfolio, whose orders it fills, does not; move risk before portfolio (line 1, column 48)",
        ],
    ),
    "risk inside the portfolio": (
        "nodes: [data, {portfolio: [risk, strategies]}, execution]",
        [
            "nodes[2]: execution at execution sees no settings, but portfolio, whose orders it fills, reads those of portfolio/risk; move portfolio/risk before portfolio (line 1, column 48)",
        ],
    ),
    "two risks": (
        "nodes: [data, {role: risk, container: calm, parameters: {window: 3}}, {portfolio: [strategies]}, risk, execution]",
        [
            "nodes[4]: execution at execution reads the settings of risk, but portfolio, whose orders it fills, reads those of calm; keep one (line 1, column 104)",
        ],
    ),
    "two classifiers": (
        "nodes: [data, {classifier: [{role: classifier, name: inner, children: [{portfolio: [strategies]}, execution]}]}]",
        [
            "nodes[1].classifier[0]: classifier at classifier/inner is filled from optimization_config.classifiers, as is classifier; remove one of them, or give one a container of its own (line 1, column 29)",
        ],
    ),
    "two indicators": (
        "nodes: [data, indicators, indicators, {portfolio: [strategies]}, execution]",
        [
            "nodes[2]: indicator at indicators_2 does the same as indicators; remove one of them, or give one a container of its own (line 1, column 27)",
        ],
    ),
    "unknown own container": (
        "nodes: [data, {role: risk, container: kelly, children: [{portfolio: [strategies]}, execution]}]",
        [
            "nodes[1]: risk at kelly names the unknown container 'kelly'. Register it first (@adm.container), or leave `container` out (line 1, column 15)",
        ],
    ),
    "misspelt container": (
        "nodes: [data, {portfolio: [{role: strategy, container: stored_signal}]}, execution]",
        [
            "nodes[1].portfolio[0]: strategy at portfolio/stored_signal names the unknown container 'stored_signal'. Did you mean `stored_signals`? (line 1, column 28)",
        ],
    ),
    "container of another role": (
        "nodes: [data, {role: classifier, container: stored_signals, children: [{portfolio: [strategies]}, execution]}]",
        [
            "nodes[1]: classifier at stored_signals names the container stored_signals, whose role is strategy; write `role: strategy`, or name a container of the role classifier (line 1, column 15)",
        ],
    ),
    "parameters of a built-in": (
        "nodes: [data, {role: risk, parameters: {stop_loss: 0.1}, children: [{portfolio: [strategies]}, execution]}]",
        [
            "nodes[1]: risk at risk has the parameter stop_loss, but risk takes none; it is filled from optimization_config.risk_profiles (line 1, column 15)",
        ],
    ),
    "misspelt parameter": (
        "nodes: [data, {role: risk, container: calm, parameters: {windw: 5}, children: [{portfolio: [strategies]}, execution]}]",
        [
            "nodes[1]: risk at calm has the parameter windw, which calm has not. Did you mean `window`? (line 1, column 15)",
        ],
    ),
    "missing parameter": (
        "nodes: [data, {role: risk, container: bold, children: [{portfolio: [strategies]}, execution]}]",
        [
            "nodes[1]: risk at bold lacks the parameter size of bold; write `parameters: {size: ...}` (line 1, column 15)",
        ],
    ),
}  # fmt: skip

WRITING = {
    "nothing": (
        "nodes: []",
        [
            "nodes: is empty; begin with `- data` (line 1, column 1)",
        ],
    ),
    "no nodes": (
        "description: x",
        [
            "nodes: is missing; list the containers, or extend a pattern: `extends: full_backtest`",
        ],
    ),
    "unknown key": (
        "node: [data]\nnodes: [data]",
        [
            "node: unknown key. Did you mean `nodes`? (line 1, column 1)",
        ],
    ),
    "far-off key": (
        "zzz: 1\nnodes: [data]",
        [
            "zzz: unknown key. Known here: name, description, nodes, from, extends, add, remove, replace, move (line 1, column 1)",
        ],
    ),
    "misspelt role": (
        "nodes:\n  - data\n  - portfoli:\n      - strategies",
        [
            "nodes[1].portfoli: unknown container 'portfoli'. Did you mean `portfolio`? (line 3, column 5)",
        ],
    ),
    "unknown role": (
        "nodes: [data, zzzz]",
        [
            "nodes[1]: unknown container 'zzzz'. Roles: data, indicator, classifier, risk, strategy, ensemble, signal_log, portfolio, execution, analysis (line 1, column 15)",
        ],
    ),
    "unknown explicit role": (
        "nodes: [{role: strat, name: x}]",
        [
            "nodes[0].role: unknown role 'strat'. Did you mean `strategy`? (line 1, column 10)",
        ],
    ),
    "key of a container": (
        "nodes: [{role: risk, nam: x}]",
        [
            "nodes[0].nam: unknown key. Did you mean `name`? (line 1, column 22)",
        ],
    ),
    "settings not indented": (
        "nodes:\n  - risk:\n      - portfolio\n    name: calm",
        [
            "nodes[0]: has name beside `risk:`; indent them below it, or write {role: risk, name: ...} (line 2, column 5)",
        ],
    ),
    "two roles in one": (
        "nodes: [{risk: [], portfolio: []}]",
        [
            "nodes[0]: holds 2 containers (risk, portfolio); begin each with `- ` on its own line (line 1, column 9)",
        ],
    ),
    "role forgotten": (
        "nodes: [{name: calm}]",
        [
            "nodes[0]: has only name; add what it is for, e.g. `role: strategy` (line 1, column 9)",
        ],
    ),
    "role twice": (
        "nodes: [{risk: {role: risk}}]",
        [
            "nodes[0].risk.role: the word before it is the role already; leave it out (line 1, column 17)",
        ],
    ),
    "unknown container without role": (
        "nodes: [{container: kelly}]",
        [
            "nodes[0]: has no role, and its container 'kelly' is unknown; add e.g. `role: risk` (line 1, column 9)",
        ],
    ),
    "a word inside": (
        "nodes: [{portfolio: strategies}]",
        [
            "nodes[0].portfolio: must be a list of containers; write a line `- strategies` below it (line 1, column 10)",
        ],
    ),
    "a number inside": (
        "nodes: [{portfolio: 5}]",
        [
            "nodes[0].portfolio: must be a list of containers (`- strategies`), but was 5 (line 1, column 10)",
        ],
    ),
    "a number": (
        "nodes: [data, 5]",
        [
            "nodes[1]: must be a container: `data`, `risk: [...]` or {role, name, ...}, but was 5 (line 1, column 15)",
        ],
    ),
    "not a list": (
        "nodes: data",
        [
            "nodes: must be a list of containers (`- strategies`), but was 'data' (line 1, column 1)",
        ],
    ),
    "a name twice": (
        "nodes: [data, {role: risk, name: x}, {role: risk, name: x}]",
        [
            "nodes[2]: has the name x, as has nodes[1]; rename one of them (line 1, column 38)",
        ],
    ),
    "a name that can't be": (
        "nodes: [{role: risk, name: a/b}]",
        [
            "nodes[0].name: can't be a name: 'a/b'; use letters, digits, `_`, `-`, `.`, `:`, `+` and blanks inside, at most 60 (line 1, column 22)",
        ],
    ),
    "name of the pattern": (
        "name: a/b\nnodes: [data]",
        [
            "name: can't be a name: 'a/b'; use letters, digits, `_`, `-`, `.`, `:`, `+` and blanks inside, at most 60 (line 1, column 1)",
        ],
    ),
    "parameters": (
        "nodes: [{role: risk, parameters: [1]}]",
        [
            "nodes[0].parameters: must be a mapping (name: value), but was [1] (line 1, column 22)",
        ],
    ),
    "limits": (
        "nodes: [{role: risk, limits: {max_memry_mb: 5, timeout_seconds: -1}}]",
        [
            "nodes[0].limits.max_memry_mb: unknown limit. Did you mean `max_memory_mb`? (line 1, column 31)",
            "nodes[0].limits.timeout_seconds: must be a number above 0, but was -1 (line 1, column 48)",
        ],
    ),
    "edits of nothing": (
        "nodes: [data]\nremove: [data]",
        [
            "remove: changes a pattern that this one extends; say which: `extends: full_backtest` (line 2, column 1)",
        ],
    ),
    "extends and nodes": (
        "extends: full_backtest\nnodes: [data]",
        [
            "nodes: stands beside extends; keep one: the whole tree, or the changes to another (line 2, column 1)",
        ],
    ),
    "extends what is not there": (
        "extends: full_backtst",
        [
            "extends: unknown pattern 'full_backtst'. Did you mean `full_backtest`? (line 1, column 1)",
        ],
    ),
    "extends itself": (
        "name: full_backtest\nextends: full_backtest",
        [
            "extends: goes in a circle: full_backtest → full_backtest; give the new pattern another name (line 2, column 1)",
        ],
    ),
    "not a list of edits": (
        "extends: full_backtest\nremove: classifier",
        [
            "remove: must be a list, e.g. `- portfolio/ensemble or {path: classifier, keep_children: true}`, but was 'classifier' (line 2, column 1)",
        ],
    ),
    "removes what is not there": (
        "extends: full_backtest\nremove:\n  - classifier/risc",
        [
            "remove[0].path: my_full_backtest has no container at 'classifier/risc'. Did you mean `classifier/risk`? (line 3, column 5)",
        ],
    ),
    "an edit that is none": (
        "extends: full_backtest\nmove: [classifier]",
        [
            "move[0]: must be like {path: classifier/risk/execution, inside: classifier, after: risk}, but was 'classifier' (line 2, column 8)",
        ],
    ),
    "key of an edit": (
        "extends: full_backtest\nadd: [{node: analysis, insid: classifier}]",
        [
            "add[0].insid: unknown key. Did you mean `inside`? (line 2, column 24)",
        ],
    ),
    "edit without node": (
        "extends: full_backtest\nadd: [{inside: classifier}]",
        [
            "add[0].node: is missing; write e.g. {node: analysis, inside: classifier/risk, after: execution} (line 2, column 7)",
        ],
    ),
    "edit with another type": (
        "extends: full_backtest\nremove: [{path: classifier, keep_children: 1}, {path: 5}]",
        [
            "remove[0].keep_children: must be true or false, but was 1 (line 2, column 29)",
            "remove[1].path: must be text, but was 5 (line 2, column 49)",
        ],
    ),
    "edit around numbers": (
        "extends: full_backtest\nadd: [{node: analysis, around: [1]}]",
        [
            "add[0].around: must be a path or a list of paths, but was [1] (line 2, column 24)",
        ],
    ),
    "node of an edit": (
        "extends: full_backtest\nreplace: [{path: classifier, node: clasifier}]",
        [
            "replace[0].node: unknown container 'clasifier'. Did you mean `classifier`? (line 2, column 30)",
        ],
    ),
    "not YAML": (
        "nodes: [data",
        [
            ": not YAML: expected ',' or ']', but got '<stream end>' while parsing a flow sequence. Is a closing bracket missing? (line 2, column 1)",
        ],
    ),
    "a tag": (
        "nodes: [!!python/name:os.system x]",
        [
            "nodes[0]: has the tag 'tag:yaml.org,2002:python/name:os.system'; tags build objects and are not read. Write the value without it (line 1, column 9)",
        ],
    ),
    "from": (
        "nodes: [data]\nfrom: 5",
        [
            "from: must be the name of the pattern that this one was made from, but was 5 (line 2, column 1)",
        ],
    ),
    "description": (
        "nodes: [data]\ndescription: [1]",
        [
            "description: must be text, but was [1] (line 2, column 1)",
        ],
    ),
}  # fmt: skip


def told(error: ConfigError) -> list[str]:
    """Path, message and place of every problem."""
    return [f"{p.path}: {p.message}{f' ({p.place})' if p.place else ''}" for p in error.problems]


@pytest.mark.parametrize("case", FLOW)
def test_a_pattern_that_can_not_run_says_where_and_what_mends_it(case: str) -> None:
    CONTAINERS.register("calm", own("calm", "risk", window=20))
    CONTAINERS.register("bold", own("bold", "risk", size=...))
    text, messages = FLOW[case]
    with pytest.raises(ConfigError) as caught:
        register_pattern(f"{text}\n", name="custom")
    assert told(caught.value) == messages
    assert "custom" not in PATTERNS.names()


@pytest.mark.parametrize("case", WRITING)
def test_a_pattern_that_can_not_be_read_says_where_and_why(case: str) -> None:
    text, messages = WRITING[case]
    with pytest.raises(ConfigError) as caught:
        Pattern.from_yaml(f"{text}\n")
    assert told(caught.value) == messages


def test_everything_wrong_is_told_at_once_in_reading_order() -> None:
    text = """
        name: mine
        extnds: full_backtest
        nodes:
          - dta
          - risk: {limits: {timeout: 5}, children: [portfolio, {role: execution, nme: x}]}
    """
    with pytest.raises(ConfigError) as caught:
        register_pattern(textwrap.dedent(text))
    assert caught.value.title == "Pattern mine"
    assert told(caught.value) == [
        "extnds: unknown key. Did you mean `extends`? (line 3, column 1)",
        "nodes[0]: unknown container 'dta'. Did you mean `data`? (line 5, column 5)",
        "nodes[1].risk.limits.timeout: unknown limit. Did you mean `timeout_seconds`? (line 6, column 21)",
        "nodes[1].risk.children[1].nme: unknown key. Did you mean `name`? (line 6, column 74)",
    ]


PATTERN_KEYS = ["name", "description", "nodes", "from", "extends", "add", "remove", "replace", "move"]
NODE_KEYS = ["role", "name", "container", "parameters", "limits", "children", "data", "risk", "portfolio", "zzz"]
EDIT_KEYS = ["path", "node", "inside", "before", "after", "around", "keep_children"]
KEYS = st.sampled_from([*PATTERN_KEYS, *NODE_KEYS, *EDIT_KEYS])
WORDS = st.sampled_from(
    ["data", "risk", "strategies", "portfolio", "full_backtest", "classifier/risk", "classifier", "zzz"]
)
GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(KEYS | st.integers(0, 3), GARBAGE, max_size=4), st.booleans())
def test_whatever_is_written_is_a_pattern_or_an_error_with_reasons(values: dict[str, object], extends: bool) -> None:
    problems: list[str] = []
    pattern = None
    try:
        pattern = Pattern.from_mapping({**values, "extends": "full_backtest"} if extends else values)
    except ConfigError as error:
        problems = told(error)
    assert (pattern is None) == bool(problems)
    assert all(problems)
    if pattern is not None:
        assert set(values) <= set(PATTERN_KEYS)
        validate(pattern)


def test_bombs_in_text_are_refused() -> None:
    deep = "nodes: [" + "{risk: [" * 14 + "]}" * 14 + "]"
    with pytest.raises(ConfigError, match="is nested more than 12 levels deep") as caught:
        Pattern.from_yaml(deep)
    assert len(caught.value.problems) == 1
    with pytest.raises(ConfigError, match="holds more than 500 containers"):
        Pattern.from_yaml("nodes:\n" + "  - risk\n" * 501)
    nine = "\n".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" if i else "x0: &x0 [risk]" for i in range(9))
    with pytest.raises(ConfigError, match="once its aliases"):
        Pattern.from_yaml(f"{nine}\nnodes: *x8\n")
    endless: list[object] = []
    endless.append({"risk": endless})
    with pytest.raises(ConfigError, match="nested more than 12 levels deep"):
        Pattern.from_mapping({"nodes": endless})


def test_problems_of_a_pattern_inside_a_config_stand_below_its_key() -> None:
    with pytest.raises(ConfigError) as caught:
        pattern_from({"nodes": ["data", {"portfolio": ["strategy"]}]})
    (problem,) = caught.value.problems
    assert problem.path == "parameters.pattern.nodes[1]"
    with pytest.raises(ConfigError) as caught:
        pattern_from({"nodes": ["dta"]}, "phases[0].pattern")
    assert caught.value.problems[0].path == "phases[0].pattern.nodes[0]"
    with pytest.raises(ConfigError, match=r"parameters.pattern  unknown pattern 'smple_backtest'. Did you mean"):
        pattern_from("smple_backtest")
    with pytest.raises(ConfigError, match=r"parameters\.pattern  must be a pattern: a mapping, a list"):
        pattern_from(5)


def test_problems_of_what_was_extended_stand_at_extends() -> None:
    with pytest.raises(ConfigError) as caught:
        register_pattern("name: mine\nextends: full_backtest\nremove: [classifier/risk/portfolio]\n")
    (problem,) = caught.value.problems
    assert (problem.path, problem.line) == ("extends", 2)
    assert problem.message.startswith("execution at classifier/risk/execution consumes orders, which nothing above")


@pytest.mark.parametrize("name", PATTERNS.snapshot())
def test_the_library_can_run(name: str) -> None:
    assert validate(get(name)) == []
    assert get(name).description


@given(patterns())
def test_problems_name_containers_that_are_there_and_read_as_sentences(pattern: Pattern) -> None:
    for problem in validate(pattern):
        assert problem.path == "" or problem.path in pattern.by_path
        assert not problem.message.endswith(".")
        if problem.path:
            assert problem.message.startswith(f"{pattern.find(problem.path).role} at {problem.path} ")


MOVES = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "lift", "move"]), st.integers(0, 99), st.integers(0, 99)), max_size=3
)


@given(
    st.sampled_from(sorted(PATTERNS.snapshot())),
    MOVES,
    st.sampled_from(["data", "risk", "strategy", "ensemble", "execution"]),
)
def test_what_validation_lets_pass_has_fills_from_orders_from_targets(
    name: str, moves: list[tuple[str, int, int]], role: str
) -> None:
    """Edits near the library: whatever passes has a whole chain from prices to a result."""
    pattern = get(name)
    for kind, i, j in moves:
        paths = pattern.paths()
        if not paths:
            break
        path, other = paths[i % len(paths)], ["", *paths][j % (len(paths) + 1)]
        try:
            if kind == "add":
                pattern = pattern.add(Node(role), other)
            elif kind == "move":
                pattern = pattern.move(path, other)
            else:
                pattern = pattern.remove(path, keep_children=kind == "lift")
        except ConfigError:
            continue
    if validate(pattern):
        return
    flowing = flow(pattern)
    assert not [step for step in flowing.steps.values() if step.missing]
    assert any({"fills", "signals", "report"} & set(step.gives) for step in flowing.steps.values())
    for path, node in pattern.walk():
        if node.role == "execution":
            portfolio = flowing.sources(path)["orders"]
            targets = flowing.sources(portfolio)["targets"]
            while pattern.find(targets).role == "ensemble":
                targets = flowing.sources(targets)["targets"]
            assert pattern.find(targets).role == "strategy"
            assert flowing.sources(path)["bars"] == pattern.of_role("data")[0][0]


def test_config_without_a_place_names_the_key_and_the_line_to_type() -> None:
    simple, full = get("simple_backtest"), get("full_backtest")
    given_ = {
        "optimization_config.classifiers": 2,
        "optimization_config.risk_profiles": 0,
        "optimization_config.strategies": 3,
    }
    (problem,) = unplaced(simple, given_)
    assert problem.path == "optimization_config.classifiers"
    assert problem.message == (
        "simple_backtest has no classifier; use parameters.container_pattern: full_backtest, "
        "or leave optimization_config.classifiers out"
    )
    assert unplaced(full, given_) == []
    (problem,) = unplaced(full, {"analysis_config.signals_path": True})
    assert problem.message == (
        "full_backtest has no stored_signals; use parameters.container_pattern: signal_replay, "
        "or leave analysis_config.signals_path out"
    )
    mine = simple.remove("portfolio/ensemble").named("mine")
    (problem,) = unplaced(mine, {"optimization_config.strategies[type: ensemble]": 1})
    assert problem.path == "optimization_config.strategies"
    assert problem.message == (
        "mine has no ensemble; use parameters.container_pattern: simple_backtest, "
        "or leave the ensembles in optimization_config.strategies out"
    )
    (problem,) = unplaced(
        get("signal_generation"), {"backtest_config.portfolio": True, "optimization_config.classifiers": 1}
    )
    assert problem.message == (
        "signal_generation has no portfolio; add a portfolio to it, or leave backtest_config.portfolio out"
    )


def test_a_container_of_a_users_own_is_not_filled_from_the_config() -> None:
    CONTAINERS.register("kelly", own("kelly", "risk"))
    mine = get("full_backtest").replace("classifier/risk", Node("risk", container="kelly")).named("mine")
    assert validate(mine) == []
    assert [problem.path for problem in unplaced(mine, {"optimization_config.risk_profiles": 1})] == [
        "optimization_config.risk_profiles"
    ]


def test_a_users_execution_need_not_read_settings() -> None:
    CONTAINERS.register("broker", OwnContainer("broker", "execution", ("bars", "orders"), ("fills",)))
    assert (
        validate(get("full_backtest").replace("classifier/risk/execution", Node("execution", container="broker"))) == []
    )


def test_what_fits_inside_a_container_is_told_with_reasons() -> None:
    CONTAINERS.register("kelly", own("kelly", "risk"))
    full = get("full_backtest")
    fits = {fit.name: fit for fit in containers_that_fit(full, "classifier/risk")}
    assert set(fits) == set(CONTAINERS.names())
    ours = {name: fit.reason for name, fit in fits.items() if name == "kelly" or CONTAINERS.is_built_in(name)}
    assert ours == {
        "data": "there is one already: data",
        "indicator": "there is one already: indicators",
        "classifier": "there is one already: classifier",
        "risk": "there is one already: classifier/risk",
        "strategy": "needs a portfolio around it",
        "ensemble": "needs strategies before it",
        "signal_log": "needs strategies before it",
        "portfolio": "there is one already: classifier/risk/portfolio",
        "execution": "there is one already: classifier/risk/execution",
        "analysis": None,
        "stored_signals": "needs a portfolio around it",
        "kelly": None,
    }
    inside = {fit.name: fit for fit in containers_that_fit(full, "classifier/risk/portfolio")}
    assert inside["stored_signals"].reason == "would hide the targets of classifier/risk/portfolio/ensemble"
    empty = full.remove("classifier/risk/portfolio").remove("classifier/risk/execution")
    reasons = {fit.name: fit.reason for fit in containers_that_fit(empty, "classifier/risk")}
    assert reasons["portfolio"] is None
    assert reasons["execution"] == "needs a portfolio before it"
    with pytest.raises(ConfigError, match="has no container at 'risk'"):
        containers_that_fit(full, "risk")
    deep = full
    for i in range(8):
        deep = deep.add(Node("risk", f"r{i}", "kelly"), around=deep.nodes[-1].name)
    ((strategies, _),) = deep.of_role("strategy")
    reasons = {fit.name: fit.reason for fit in containers_that_fit(deep, strategies)}
    assert set(reasons.values()) == {"are nested more than 12 levels deep"}


@pytest.mark.parametrize("name", PATTERNS.snapshot())
def test_what_fits_adds_no_problem_but_that_it_is_not_yet_filled_or_read(name: str) -> None:
    pattern = get(name)
    for path in ("", *pattern.paths()):
        for fit in containers_that_fit(pattern, path):
            if fit.reason is None:
                new = pattern.add(Node(fit.role, container=fit.name), path, before=fit.before)
                (added,) = set(new.paths()) - set(pattern.paths())
                assert {problem.path for problem in validate(new)} <= {added}
