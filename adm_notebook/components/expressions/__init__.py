"""The rule language: expressions over prices and indicators, parsed once, evaluated in two ways."""

from adm_notebook.components.expressions.binder import Derived, bind
from adm_notebook.components.expressions.by_bar import ByBar
from adm_notebook.components.expressions.errors import ExpressionError
from adm_notebook.components.expressions.nodes import COLUMNS, Expression, columns_read, features, text_of
from adm_notebook.components.expressions.parser import Template, parse, parse_condition
from adm_notebook.components.expressions.whole import Whole

__all__ = [
    "COLUMNS",
    "ByBar",
    "Derived",
    "Expression",
    "ExpressionError",
    "Template",
    "Whole",
    "bind",
    "columns_read",
    "features",
    "parse",
    "parse_condition",
    "text_of",
]
