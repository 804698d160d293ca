"""What a Migration says of itself: a title with counts, then rows in columns; the same in every process."""

from __future__ import annotations

import pytest

import adm_notebook as adm
from adm_notebook.results import hooks

OLD = """\
name: my old one
data: {source: sample, symbols: [SP500], max_bars: 250}
portfolio: {initial_capital: 50000}
strategies: [{name: fast, type: momentum_strategy, parameters: {lookback_period: 10}}]
risk: {limits: [{type: drawdown, max_drawdown_pct: 20}, {type: exposure, max_exposure_pct: 90}]}
"""

SAID = """\
Migration: 11 keys change, 0 stay as they are, 2 have no place here.
  path                                                   old                  new                why
+ workflow_type                                                               'backtest'         What it runs as
+ parameters.container_pattern                                                'simple_backtest'  The pattern that it runs in
> data_config.source                                     'sample'             'sample'           was data.source
> data_config.symbols                                    ['SP500']            ['SP500']          was data.symbols
> data_config.max_bars                                   250                  250                was data.max_bars
> backtest_config.initial_capital                        50000                50000              was portfolio.initial_capital
~ backtest_config.max_drawdown                           20                   0.2                A fraction, here: 20% is 0.2 (was risk.limits[0].max_drawdown_pct)
~ optimization_config.strategies[0].type                 'momentum_strategy'  'momentum'         Our name of momentum_strategy (was strategies[0].type)
> optimization_config.strategies[0].name                 'fast'               'fast'             was strategies[0].name
> optimization_config.strategies[0].parameters.lookback  10                   10                 Our name of the same parameter (was strategies[0].parameters.lookback_period)
- risk.limits[0].type                                    'drawdown'                              The setting says what it limits

Without a place here:
! risk.limits[1]  {'type': 'exposure', 'max_exposure_pct'…  Limits across accounts are not there yet: each symbol and strategy has an account of its own. Leave it out.
! name            'my old one'                              A workflow has no name: the variable that its result lands in has one, %%adm run NAME."""  # noqa: E501  # as it is shown


def test_rows_of_glyph_path_old_new_and_reason() -> None:
    migration = adm.migrate_config(OLD)
    assert repr(migration) == SAID
    assert repr(migration) == repr(adm.migrate_config(OLD))
    assert migration.diff == SAID.partition("\n")[2]


def test_a_date_is_written_as_in_yaml_and_a_key_is_compared_with_those_that_are_near() -> None:
    text = OLD.replace("max_bars: 250", "start_date: 2008-01-02").replace("name: my old one", "train_size: 3")
    migration = adm.migrate_config(text)
    (row,) = (line for line in migration.diff.splitlines() if "start" in line)
    assert row.split()[:4] == [">", "data_config.start", "2008-01-02", "2008-01-02"]
    assert {key.advice for key in migration.unmapped if key.path == "train_size"} == {
        "Nothing here reads `train_size`: leave it out, or keep it as a comment."
    }


def test_what_stays_is_a_count() -> None:
    migration = adm.migrate_config(adm.WorkflowConfig(backtest_config={"commission": 0.001, "strategy": "rsi"}))
    assert migration.diff.splitlines()[-1] == "= 2 keys stay as they are"
    again = adm.migrate_config(migration.config)
    assert repr(again) == ("Migration: nothing changes; the config is one of today already.\n= 4 keys stay as they are")


def test_html_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    migration = adm.migrate_config(OLD)
    asked = []
    monkeypatch.setattr(hooks, "call", lambda hook, *args: asked.append((hook, *args)) or "<p>html</p>")
    assert migration._repr_html_() == "<p>html</p>"
    assert asked == [("migration_html", migration)]
