"""Numbers only: prices and signals in, an account and its metrics out. Two engines, written apart, that agree.

account            Signals, Account, and the words for codes
compiled           the compiled engine (its loop in kernels, its fills in fills), metrics beside it
reference          the engine in plain Python, bar by bar; reference_metrics beside it
simulate           `adm.simulate`, the public entry point, and the tables of trades
warmup             compiling in the background
"""

from adm_notebook.engine.account import EXIT_REASONS, METRICS, UNFILLED_REASONS, Account, Signals

__all__ = ["EXIT_REASONS", "METRICS", "UNFILLED_REASONS", "Account", "Signals"]
