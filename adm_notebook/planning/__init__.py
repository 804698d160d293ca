"""Config and bars in, a Plan out: what will run, in which mode and why; nothing is run here."""

from adm_notebook.planning.plan import Plan, Row, Sleeve
from adm_notebook.planning.planned import PlannedStrategy
from adm_notebook.planning.planner import is_simple_backtest, make_plan

__all__ = ["Plan", "PlannedStrategy", "Row", "Sleeve", "is_simple_backtest", "make_plan"]
