"""Writes docs/strategies.md from the models of the built-in strategies: `python docs/strategies.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adm_notebook.components import ParameterInfo, parameters_of
from adm_notebook.components.expressions import text_of
from adm_notebook.components.rules import TargetRules
from adm_notebook.components.strategies import BUILT_IN, FAMILIES, BuiltIn

PAGE = Path(__file__).with_name("strategies.md")

INTRODUCTION = f"""\
# Built-in strategies

<!-- Written by `python docs/strategies.py` from the models in adm_notebook/components/strategies/. Don't edit. -->

{len(BUILT_IN)} strategies, and `rule` for your own. `%adm strategies` shows them in a notebook, `%adm strategies WORD`
those that speak of a word.

```yaml
optimization_config:
  strategies:
    - macd                                     # with its defaults
    - type: bollinger
      parameters: {{period: [10, 20, 50], width: 2.5, direction: both}}
```

- **direction**: every strategy takes `direction: long | short | both`; the default is `long`. Where a sentence names a
  short side, or says "shorts mirrored", that is what `short` and `both` do; with `long` it is flat there.
- **Time**: everything is known at the close of the bar that it is said of; with the default settings the order fills at
  the next open. A window counts bars, and includes the bar at hand unless it says "before".
- **Warm-up**: nothing trades until the longest of a strategy's indicators has its first value, plus one bar.
  Offsets such as `close[1]` don't count; before the first bar there is no value, and no position.
- **Targets and flags**: some strategies want a position on each bar (`long while ...`); the others have conditions to
  enter and to leave, and hold in between. Where "equal changes nothing", the position stays.
- **Volume**: strategies that read volume refuse bars that have none.
- **Flat prices**: where nothing moves, TA-Lib gives RSI, MFI, %R and the ultimate oscillator the value 0, and
  supertrend an upward trend; strategies take that as it is.
- **Invalid**: a combination that contradicts itself, such as `fast: 30, slow: 10`, is a row with the status `invalid`.

The conditions under each strategy are its rules with the default parameters, in the language that `rule` takes. Any
function of TA-Lib is an indicator there, and so is `supertrend`, which older versions of TA-Lib lack; `%adm indicators`
lists them.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([INTRODUCTION, *_overview(), *_details(), _RULE])


def _overview() -> Iterator[str]:
    for family, models in FAMILIES.items():
        yield f"## {family}\n"
        yield "| strategy | what it does | parameters and defaults | source |"
        yield "|---|---|---|---|"
        for model in models:
            given = ", ".join(f"{n}={_value(p.default)}" for n, p in _parameters(model).items()) or "-"
            yield f"| [`{model.name}`](#{model.name}) | {_cell(_sentence(model))} | `{given}` | {_cell(model.source)} |"
        yield ""


def _details() -> Iterator[str]:
    yield "## Each in detail\n"
    for model in BUILT_IN:
        yield f"### {model.name}\n"
        first, *rest = (model.__doc__ or "").strip().splitlines()
        yield "\n".join([first, *(line.strip() for line in rest)]) + "\n"
        yield f"Source: {model.source}.  "
        yield f"Also called: {', '.join(f'`{alias}`' for alias in model.aliases)}.\n"
        parameters = _parameters(model)
        if parameters:
            yield "| parameter | default | values | what it is | also called |"
            yield "|---|---|---|---|---|"
            for name, info in parameters.items():
                also = ", ".join(f"`{old}`" for old, today in model.older_names.items() if today == name)
                described = _cell(info.description)
                yield f"| `{name}` | `{_value(info.default)}` | {_values(model, name)} | {described} | {also} |"
            yield ""
        yield f"```text\n{_rules(model)}\n```\n"


def _parameters(model: type[BuiltIn]) -> dict[str, ParameterInfo]:
    return {name: info for name, info in parameters_of(model.name).items() if name != "direction"}


def _sentence(model: type[BuiltIn]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _value(default: Any) -> str:
    return f"{default:.10g}" if isinstance(default, float) else str(default)


def _values(model: type[BuiltIn], name: str) -> str:
    """What a parameter may be: `2 to 100000`, `above 0`, `sma, ema, ...`."""
    field = model.model_fields[name]
    words = getattr(field.annotation, "__args__", None)
    if words:
        return ", ".join(words)
    limits = {
        key: getattr(part, key) for part in field.metadata for key in ("ge", "gt", "le", "lt") if hasattr(part, key)
    }
    low = f"{limits['ge']:g}" if "ge" in limits else f"above {limits['gt']:g}" if "gt" in limits else ""
    high = f"{limits['le']:.10g}" if "le" in limits else f"below {limits['lt']:g}" if "lt" in limits else ""
    if low and high:
        return f"{low} to {high}" if "le" in limits else f"{low}, {high}"
    return f"{low} or more" if "ge" in limits else low or high or "any number"


def _rules(model: type[BuiltIn]) -> str:
    """The conditions with the default parameters, both sides."""
    rules = model(direction="both").rules()
    if isinstance(rules, TargetRules):
        rest = "as on the bar before" if rules.keep else "flat"
        found = [("long while", rules.up), ("short while", rules.down)]
        return "\n".join([*(f"{label + ':':<13}{text_of(e)}" for label, e in found), f"{'else:':<13}{rest}"])
    flags = [("long_entry", rules.long_entry), ("long_exit", rules.long_exit)]
    flags += [("short_entry", rules.short_entry), ("short_exit", rules.short_exit)]
    return "\n".join(f"{label + ':':<13}{text_of(e)}" for label, e in flags if e is not None)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_RULE = """\
### rule

Your own: conditions over prices and indicators, in the language above.

```yaml
- type: rule
  parameters:
    entry: "close > highest(high, n)[1] and adx(14) > strength"
    exit: "close < sma(m)"
    n: [20, 55]          # parameters of your own, swept like any other
    m: 50
    strength: 20
```
"""

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
