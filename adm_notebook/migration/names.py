"""The one table of names: what the older project calls strategies, classifiers, their parameters and a few keys.

Both readers of the older form use it (`migrate_config`, and the one that `verify_migration` runs the old side with),
and nothing else of each other. Most older names of a component stand with the component, which takes them in any
config; here are those that only files of the older project have.

What both readers take for granted of the older form, beyond names:

- An allocation is a share of one portfolio: where an older file gives one, strategies and symbols are combined.
- A share is a fraction: 0.05 is 5%. A key that ends in `_pct` holds per cent where it is above 1; at 1 or below
  nobody can tell, and it is refused, as any other share above 1 is. But the size of a trade is a fraction below 1
  whatever its key: `position_size_pct: 0.02` is 2%.
- The numbers of a sizer or limit stand beside its type, or in `parameters`, `params` or `config`.
- A position limit is in money; an account has one sizer, the first that is enabled.
- `max_drawdown` is a positive number there and a negative one here: to minimize it there is to maximize it here.
- A `parameter_space` replaces what `parameters` say, and its order is that of the grid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adm_notebook.components.classifiers import BUILT_IN as BUILT_IN_CLASSIFIERS
from adm_notebook.components.rule import RuleType
from adm_notebook.components.strategies import BUILT_IN as BUILT_IN_STRATEGIES
from adm_notebook.config.data import WRITE_INSTEAD

__all__ = [
    "ACCOUNT",
    "CLASSIFIERS",
    "COMMISSIONS",
    "DATA",
    "LIMITS",
    "METHODS",
    "METRICS",
    "SEARCH",
    "SIZERS",
    "STRATEGIES",
    "WORKFLOW_TYPES",
    "Renamed",
    "renamed",
]


@dataclass(frozen=True)
class Renamed:
    """What an older name stands for.

    type        our name of the component
    parameters  older parameter name -> ours; a name that is not here is taken as it is
    """

    type: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def _words(**names: str) -> Mapping[str, str]:
    """Older names from those of today: `_words(fast="fast_length short")`."""
    return {old: name for name, many in names.items() for old in many.split()}


# ---- strategies -----------------------------------------------------------------------------------------------------

_AVERAGES = _words(
    fast="fast_length fast_ma_period fast_ma_window short short_length short_ma_period fast_sma fast_ema short_sma "
    "short_ema ma_fast sma_fast ema_fast fastperiod short_term",
    slow="slow_length slow_ma_period slow_ma_window long long_length long_ma_period slow_sma slow_ema long_sma "
    "long_ema ma_slow sma_slow ema_slow slowperiod long_term",
    ma_type="average_type moving_average_type avg_type",
)
_MACD = _words(
    fast="fast_length fast_ema short_period short_window fast_ema_period",
    slow="slow_length slow_ema long_period long_window slow_ema_period",
    signal="signal_length signal_line signal_ema",
)
_LEVELS = _words(
    entry="entry_threshold entry_level oversold_level lower_threshold lower_level lower_band buy_level low_threshold",
    exit="exit_threshold exit_level overbought_level upper_threshold upper_level upper_band sell_level high_threshold",
)
_BANDS = _words(
    period="length n ma_period sma_period bollinger_period",
    width="num_std_dev n_std std_multiplier std_devs band_width bollinger_std entry_std",
)

_ALSO_STRATEGIES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ma_crossover": ("simple_moving_average_crossover dual_ma_crossover sma_ma_crossover ma_cross_over ma", _AVERAGES),
    "ema_crossover": ("dual_ema_crossover ema_ma_crossover exponential_crossover", _AVERAGES),
    "dema_crossover": ("double_exponential_crossover", _AVERAGES),
    "tema_crossover": ("triple_exponential_crossover", _AVERAGES),
    "kama_crossover": ("adaptive_moving_average_crossover", _AVERAGES),
    "triple_crossover": (
        "triple_sma_crossover",
        {**_AVERAGES, **_words(medium="medium_length mid_window mid_length medium_ma_period")},
    ),
    "price_crossover": ("price_ma_crossover price_vs_ma", _words(period="length n slow_period")),
    "mean_reversion": (
        "mean_revert statistical_mean_reversion bollinger_mean_reversion zscore z_score_reversion",
        _words(
            period="lookback_days length n mean_period",
            entry="entry_std entry_deviation deviation_threshold num_std_dev zscore_threshold threshold z_entry",
            exit="exit_std exit_deviation z_exit",
        ),
    ),
    "momentum": (
        "time_series_momentum trend_momentum momentum_breakout simple_momentum_strategy tsmom",
        _words(
            lookback="lookback_days lookback_bars momentum_lookback momentum_window length n",
            threshold="entry_threshold min_threshold signal_threshold momentum_min",
        ),
    ),
    "roc": ("rate_of_change_strategy roc_threshold roc_trend", _words(period="length n", threshold="min_roc")),
    "macd": ("macd_signal_crossover moving_average_convergence_divergence", _MACD),
    "ppo": ("ppo_signal", _MACD),
    "trix": ("triple_exponential_oscillator", _words(period="length n", signal="signal_length signal_line")),
    "rsi": (
        "relative_strength_index rsi_threshold rsi_bands rsi_oscillator",
        {**_words(period="length n rsi_length rsi_window"), **_LEVELS},
    ),
    "rsi2": (
        "connors_rsi rsi2_strategy",
        _words(
            period="length n rsi_length",
            entry="entry_threshold entry_level oversold_level lower_threshold",
            trend="trend_ma trend_ma_period trend_window long_ma long_period",
            exit="exit_ma exit_ma_period exit_window short_ma short_period",
        ),
    ),
    "stochastic": (
        "stochastic_strategy stoch_crossover stochastic_k_d",
        {
            **_words(period="length n k_length k_window", smooth="smoothing slow_k", signal="d_length d_window"),
            **_LEVELS,
        },
    ),
    "stochrsi": (
        "stochastic_rsi_strategy stochastic_rsi_threshold",
        {**_words(period="length n rsi_length", stoch="stoch_length", smooth="smoothing"), **_LEVELS},
    ),
    "williams_r": (
        "williams_r_threshold williams_percent_range williams_r_strategy",
        {**_words(period="length n williams_period"), **_LEVELS},
    ),
    "cci": ("cci_threshold cci_bands", {**_words(period="length n cci_length"), **_LEVELS}),
    "cci_breakout": ("cci_trend_following", _words(period="length n cci_length", threshold="entry_threshold")),
    "ultimate_oscillator": (
        "ultimate_oscillator_threshold",
        {**_words(fast="fast_length", medium="medium_length", slow="slow_length"), **_LEVELS},
    ),
    "breakout": (
        "price_breakout donchian_channels donchian_channel_breakout high_low_breakout range_breakout",
        _words(
            entry="breakout_period breakout_window breakout_lookback entry_lookback length n high_period "
            "donchian_period lookback_days",
            exit="exit_length low_period",
        ),
    ),
    "pivot_points": ("pivot_points_strategy pivot_channel_breaks", _words(session="length n lookback_days")),
    "buy_and_hold": ("buy_and_hold_strategy benchmark passive", {}),
    "bollinger": ("bollinger_bands_strategy bollinger_strategy bollinger_mean_reversion_bands", _BANDS),
    "bollinger_breakout": ("bollinger_bands_breakout_strategy bollinger_squeeze_breakout", _BANDS),
    "keltner": (
        "keltner_channel_reversion keltner_strategy",
        _words(period="length n ma_period", width="channel_width band_width atr_mult"),
    ),
    "keltner_breakout": (
        "keltner_channels_breakout",
        _words(period="length n ma_period", width="channel_width band_width atr_mult"),
    ),
    "atr_channel": ("atr_channel_strategy", _words(period="length n", upper="atr_mult channel_width")),
    "supertrend": ("supertrend_indicator", _words(period="lookback_period n atr_length", multiplier="atr_mult")),
    "parabolic_sar": ("parabolic_sar_strategy psar_flip", _words(acceleration="af_start af_step", maximum="af_max")),
    "adx": ("adx_trend_strength average_directional_index", _words(period="lookback_period n", threshold="min_trend")),
    "aroon": ("aroon_oscillator", _words(period="n", threshold="min_aroon")),
    "vortex": ("vortex_trend vortex_strategy", _words(period="n")),
    "ichimoku": (
        "ichimoku_cloud_position ichimoku_cloud_strategy",
        _words(
            conversion="conversion_line tenkan_window conversion_line_period",
            base="base_line kijun_window base_line_period",
            span="senkou_window leading_span_b_period leading_span_b",
            displacement="displacement_period lag",
        ),
    ),
    "linreg_slope": (
        "linear_regression_strategy linear_regression_trend",
        _words(period="n regression_period", threshold="entry_threshold"),
    ),
    "mfi": ("mfi_bands mfi_threshold", {**_words(period="length n mfi_length"), **_LEVELS}),
    "obv": ("on_balance_volume_strategy obv_trend_following", _words(period="length n sma_period obv_ma_period")),
    "accumulation_distribution": (
        "accumulation_distribution_strategy chaikin_ad",
        _words(fast="fast_length", slow="slow_length"),
    ),
    "vwap_deviation": (
        "vwap_strategy vwap_reversal",
        _words(period="length n", entry="entry_deviation std_threshold", exit="exit_deviation"),
    ),
}
"""Ours -> older types that only older files have, and older names of parameters."""

# ---- classifiers ----------------------------------------------------------------------------------------------------

_ALSO_CLASSIFIERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "trend": (
        "trend_regime_classifier ma_trend_classifier simple_trend_classifier trend_momentum_regime",
        {**_AVERAGES, **_words(threshold="trend_strength min_trend_strength threshold_pct")},
    ),
    "volatility": (
        "volatility_regime_classifier vol_classifier atr_volatility simple_volatility_classifier",
        _words(
            period="length n vol_period volatility_period volatility_lookback vol_window",
            average="average_window baseline_period baseline_window long_lookback slow_period",
            low_ratio="low_vol_threshold low_vol low_vol_ratio low_multiplier",
            high_ratio="high_vol_threshold high_vol high_vol_ratio high_multiplier",
        ),
    ),
    "momentum_regime": (
        "momentum_regime_classifier simple_momentum_classifier",
        _words(fast="fast_length fast_lookback", slow="slow_length slow_lookback"),
    ),
    "market_structure": (
        "market_structure_classifier structure_classifier",
        _words(period="length n structure_period structure_window"),
    ),
    "hmm": (
        "hmm_regime_classifier hidden_markov_classifier hidden_markov_regime markov_classifier",
        _words(
            n_states="num_states number_of_states hidden_states",
            train_bars="train_size training_window lookback_period window fit_window min_train_bars",
            seed="rng_seed",
            starts="n_starts num_starts",
        ),
    ),
}


def _table(models: Iterable[Any], also: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, Renamed]:
    """A row for each older type, from what the components know of themselves and what only stands here.

    models  parameter models of built-in components
    also    ours -> further types, separated by blanks, and further names of parameters
    """
    found: dict[str, Renamed] = {}
    for model in models:
        types, parameters = also.get(model.name, ("", {}))
        own = {
            old: new for old, new in parameters.items() if old not in model.model_fields and new in model.model_fields
        }
        row = Renamed(model.name, {**own, **model.older_names})
        for name in (model.name, *model.__dict__.get("aliases", ()), *types.split()):
            found[name] = row
    return found


STRATEGIES: Mapping[str, Renamed] = {
    **_table(BUILT_IN_STRATEGIES, _ALSO_STRATEGIES),
    **dict.fromkeys(("rule", "custom_rule", "rules"), Renamed("rule", RuleType.older_names)),
    "ensemble": Renamed("ensemble"),
}
"""Older strategy types, lower case with `_` for `-` and space."""

CLASSIFIERS: Mapping[str, Renamed] = _table(BUILT_IN_CLASSIFIERS, _ALSO_CLASSIFIERS)
"""Older classifier types, in the same way."""


def renamed(table: Mapping[str, Renamed], name: str) -> Renamed | None:
    """What `name` stands for, whatever its case; None where the table doesn't have it.

    `-` and space count as `_`; the name of a class does too, with or without its module, and with `Strategy` or
    `Classifier` at its end or without.

    Examples
    --------
    >>> renamed(STRATEGIES, "strategies.momentum.MomentumStrategy").type
    'momentum'
    >>> renamed(STRATEGIES, "RSI").type
    'rsi'
    """
    plain = name.strip().replace("-", "_").replace(" ", "_")
    last = plain.rpartition(".")[2]
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", last).lower()
    for spelled in (plain.lower(), last.lower(), snake):
        for short in (spelled, spelled.removesuffix("_strategy"), spelled.removesuffix("_classifier")):
            if short in table:
                return table[short]
    return None


# ---- keys and values ------------------------------------------------------------------------------------------------

DATA: Mapping[str, str] = WRITE_INSTEAD
"""Keys of `data` -> ours of `data_config`."""

ACCOUNT: Mapping[str, str] = _words(
    initial_capital="initial_cash starting_capital starting_cash initial_balance cash capital",
    commission="commissions fee fees commission_rate transaction_cost transaction_costs",
    slippage="slip slippage_rate",
)
"""Keys of `portfolio` -> ours of `backtest_config`."""

COMMISSIONS: Mapping[str, str] = {
    **dict.fromkeys(("percentage", "percent", "pct", "rate", "proportional", "relative", "fraction"), "rate"),
    **dict.fromkeys(("fixed", "flat", "per_trade", "per_order", "absolute", "per_fill"), "fixed"),
    **dict.fromkeys(("none", "zero", "free"), "none"),
}
"""Types of commission -> the field of ours that they fill; `none` is no commission."""

SIZERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("fixed", "fixed_size", "fixed_quantity", "fixed_units", "fixed_shares"),
        ("units", ("size", "quantity", "units", "shares", "fixed_size", "position_size", "value")),
    ),
    **dict.fromkeys(
        ("fixed_percentage", "percentage", "percent", "fixed_percent", "percent_equity", "percent_of_equity",
         "fixed_fraction", "fraction"),
        ("fraction", ("percentage", "size", "percent", "fraction", "value", "percentage_pct", "size_pct",
                      "position_size", "position_size_pct", "percentage_of_equity", "allocation")),
    ),
    **dict.fromkeys(
        ("fixed_value", "fixed_dollar", "fixed_amount", "fixed_notional", "notional"),
        ("value", ("value", "amount", "size", "notional", "dollar_amount")),
    ),
    **dict.fromkeys(
        ("volatility", "volatility_target", "target_volatility", "volatility_based", "vol_target"),
        ("volatility", ("target_volatility", "volatility_target", "target_vol", "vol_target", "target", "size",
                        "target_volatility_pct")),
    ),
}  # fmt: skip
"""Types of sizers -> our `size_mode`, and the keys that hold its `size`."""

LIMITS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("position", "max_position", "position_size", "position_limit", "max_position_value", "position_value"),
        ("max_position_value", ("max_position_value", "max_value", "max_position", "max_size", "max_notional",
                                "max_amount", "limit", "value")),
    ),
    **dict.fromkeys(
        ("drawdown", "max_drawdown", "drawdown_limit"),
        ("max_drawdown", ("max_drawdown", "max_drawdown_pct", "limit", "threshold", "value", "max_loss")),
    ),
    **dict.fromkeys(
        ("daily_loss", "max_daily_loss", "daily_loss_limit"),
        ("max_daily_loss", ("max_daily_loss", "max_daily_loss_pct", "max_loss", "max_loss_pct", "limit", "threshold",
                            "value", "daily_loss")),
    ),
}  # fmt: skip
"""Types of limits that one account has -> ours, and the keys that hold them; all others have no place."""

METHODS: Mapping[str, str] = {
    **dict.fromkeys(("grid", "grid_search", "exhaustive", "brute_force"), "grid"),
    **dict.fromkeys(("random", "random_search"), "random"),
    **dict.fromkeys(("optuna", "bayesian", "bayesian_optimization", "tpe"), "optuna"),
}
"""`optimization.method` -> ours."""

SEARCH: Mapping[str, str] = _words(
    n_trials="n_iter n_iterations num_trials max_trials iterations max_iterations max_evals n_calls trials",
    seed="random_seed random_state",
    constraints="constraint",
)
"""Keys of `optimization` -> ours of `optimization_config`."""

METRICS: Mapping[str, str] = _words(
    total_return="return returns total_returns cumulative_return net_return",
    annual_return="annualized_return annualised_return cagr annual_returns",
    volatility="annual_volatility annualized_volatility",
    sharpe="sharpe_ratio risk_adjusted_return",
    sortino="sortino_ratio",
    calmar="calmar_ratio",
    max_drawdown="drawdown maximum_drawdown max_dd",
    win_rate="hit_rate win_ratio winning_rate",
    profit_factor="profit_ratio",
    n_trades="num_trades total_trades trade_count trades",
    avg_trade="average_trade avg_trade_return",
    expectancy="expected_value",
    final_equity="final_value ending_equity ending_capital final_capital",
    sqn="system_quality_number",
)
"""Names of metrics -> ours."""

WORKFLOW_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("backtest", "backtesting", "simple_backtest", "full_backtest"), "backtest"),
    **dict.fromkeys(("optimization", "optimisation", "optimize", "parameter_optimization"), "optimization"),
    **dict.fromkeys(("analysis", "signal_generation", "signal_replay"), "analysis"),
    "validation": "validation",
    **dict.fromkeys(("live_trading", "live", "paper_trading"), "live_trading"),
}
"""`type` of an older file -> our `workflow_type`."""
