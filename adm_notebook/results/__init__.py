"""What a run leaves behind: the result, its rows in detail, the difference between two, and their form on disk."""

from adm_notebook.results.detail import Benchmark, Detail
from adm_notebook.results.diff import ResultDiff, compare_results
from adm_notebook.results.facts import RunFacts
from adm_notebook.results.result import WorkflowResult

__all__ = ["Benchmark", "Detail", "ResultDiff", "RunFacts", "WorkflowResult", "compare_results"]
