"""One SMA(10)/SMA(50) backtest on a million one-minute bars: ours, vectorbt, raptorbt and backtesting.py in one run.

    python benchmarks/single.py [--bars 1000000] [--runs 7]

Times are medians of warm runs: everything is compiled, and our frame has been checked and fingerprinted once. What a
first run from memory costs is measured apart, on a fresh frame each time; reading files is not part of either.
Equality with vectorbt is checked at a commission of 0.001%, at which a one-minute account survives: trade by trade, and
every metric that both have. backtesting.py walks bars in Python, so it runs on a part and is scaled up, and said so.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import numpy as np
import pandas as pd
from common import close_enough, minutes, timed

import adm_notebook as adm

FAST, SLOW = 10, 50


def config(frame: pd.DataFrame, commission: float, preset: str = "default") -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        data_config={"frame": frame},
        backtest_config={
            "preset": preset,
            "commission": commission,
            "strategy": {"type": "ma_crossover", "parameters": {"fast": FAST, "slow": SLOW}},
        },
    )


def crossings(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Entries and exits for the peers: the same targets as ours, from pandas' averages, computed by the peer's user."""
    fast, slow = frame["close"].rolling(FAST).mean(), frame["close"].rolling(SLOW).mean()
    near = np.isclose(fast, slow, rtol=1e-12, atol=0)
    target = (
        pd.Series(np.where(near, np.nan, (fast > slow).astype(float)), frame.index).where(slow.notna(), 0.0).ffill()
    )
    before = target.shift(fill_value=0.0)
    return (target == 1) & (before == 0), (target == 0) & (before == 1)


def vectorbt_run(close: pd.Series, commission: float) -> object:
    """Averages, signals, simulation and the same figures as ours; on plain arrays, where it is fastest."""
    import vectorbt as vbt

    fast, slow = (vbt.MA.run(close, window).ma.to_numpy() for window in (FAST, SLOW))
    above = fast > slow
    entries, exits = above.copy(), ~above
    entries[1:] &= ~above[:-1]
    exits[1:] &= above[:-1]
    portfolio = vbt.Portfolio.from_signals(close, entries, exits, fees=commission, init_cash=100.0, freq="1min")
    return portfolio.total_return(), portfolio.sharpe_ratio(), portfolio.max_drawdown(), portfolio.trades.count()


def raptorbt_run(arrays: dict[str, np.ndarray], entries: np.ndarray, exits: np.ndarray, commission: float) -> object:
    import raptorbt

    fast, slow = raptorbt.sma(arrays["close"], FAST), raptorbt.sma(arrays["close"], SLOW)
    assert len(fast) == len(slow)  # its users compute averages too; the flags themselves are given
    settings = raptorbt.BacktestConfig(initial_capital=100_000.0, fees=commission)
    return raptorbt.run_single_backtest(
        **arrays, entries=entries, exits=exits, direction=1, weight=1.0, symbol="SPY", config=settings
    )


def backtesting_run(frame: pd.DataFrame, commission: float) -> object:
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover

    class Crossover(Strategy):
        def init(self) -> None:
            self.fast = self.I(lambda c: pd.Series(c).rolling(FAST).mean(), self.data.Close)
            self.slow = self.I(lambda c: pd.Series(c).rolling(SLOW).mean(), self.data.Close)

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.buy()
            elif crossover(self.slow, self.fast):
                self.position.close()

    renamed = frame.rename(columns=str.capitalize).tz_localize(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Backtest(renamed, Crossover, cash=1e6, commission=commission).run()


def check_equality(frame: pd.DataFrame) -> list[str]:
    """Our vectorbt preset against vectorbt itself, at a commission that an account survives."""
    import vectorbt as vbt

    commission = 0.00001
    result = adm.EnhancedCoordinator().run(config(frame, commission, "vectorbt"), execution_mode="composable")
    entries, exits = crossings(frame)
    close = frame["close"].reset_index(drop=True)
    flags = entries.to_numpy(), exits.to_numpy()
    theirs = vbt.Portfolio.from_signals(close, *flags, fees=commission, init_cash=100.0, freq="1min")
    records = theirs.trades.records
    closed = result.trades[result.trades["exit_reason"] != "open"]
    status = records[records["status"] == 1]
    lines = [f"equality with vectorbt at {commission:.3%} commission, {len(closed):,} closed trades:"]
    same = len(closed) == len(status) and bool(
        (closed["entry_bar"].to_numpy() == status["entry_idx"].to_numpy()).all()
        and (closed["exit_bar"].to_numpy() == status["exit_idx"].to_numpy()).all()
        and np.allclose(closed["pnl"], status["pnl"], rtol=1e-8, atol=1e-9)
        and np.allclose(closed["size"], status["size"], rtol=1e-9)
    )
    lines.append(f"  trades, bar by bar and to 1e-8 in profit: {'equal' if same else 'DIFFERENT'}")
    spacing = 365 * 24 * 60  # its year for one-minute bars
    returns = theirs.returns().to_numpy()
    figures = {
        "total_return": theirs.total_return(),
        "max_drawdown": theirs.max_drawdown(),
        "sharpe": returns.mean() / returns.std(ddof=1) * np.sqrt(spacing),
        "win_rate": theirs.trades.closed.win_rate(),
        "profit_factor": theirs.trades.closed.profit_factor(),
        "final_equity": theirs.final_value(),
    }
    for name, value in figures.items():
        agreed = close_enough(result.metrics[name], float(value))
        lines.append(
            f"  {name:<14} {result.metrics[name]:>18.10g} {float(value):>18.10g}  {'equal' if agreed else 'DIFFERENT'}"
        )
        same &= agreed
    if not same:
        lines.append("  NOT EQUAL")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    try:
        import backtesting
        import raptorbt
        import vectorbt
    except ImportError as error:
        sys.exit(f'{error.name} is not installed. Type: pip install "adm-notebook[bench]"')
    versions = (
        f"vectorbt {vectorbt.__version__}, raptorbt {raptorbt.__version__}, backtesting.py {backtesting.__version__}"
    )
    frame = minutes(options.bars)
    n = len(frame)
    print(f"{n:,} one-minute bars; {versions}; medians of {options.runs} warm runs, 0.1% commission")
    commission = 0.001
    coordinator = adm.EnhancedCoordinator()
    workflow = config(frame, commission)
    ours = lambda: coordinator.run(workflow, execution_mode="composable")  # noqa: E731
    ours()
    warm, result = timed(ours, options.runs)
    fresh = iter([frame.copy(deep=True) for _ in range(3)])
    first, _ = timed(lambda: coordinator.run(config(next(fresh), commission), execution_mode="composable"), 3)
    rows = [("adm_notebook, warm", warm), ("adm_notebook, first run from memory", first)]
    close = frame["close"].reset_index(drop=True)
    vectorbt_run(close, commission)
    rows.append(("vectorbt", timed(lambda: vectorbt_run(close, commission), options.runs)[0]))
    entries, exits = crossings(frame)
    arrays = {name: frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close", "volume")}
    arrays["timestamps"] = frame.index.as_unit("ns").asi8
    flags = entries.to_numpy(), exits.to_numpy()
    rows.append(("raptorbt", timed(lambda: raptorbt_run(arrays, *flags, commission), options.runs)[0]))
    part = min(n, 100_000)
    backtesting_run(frame.iloc[:2000], commission)
    rows.append(
        (
            f"backtesting.py (from {part:,} bars)",
            timed(lambda: backtesting_run(frame.iloc[:part], commission), 1)[0] * n / part,
        )
    )
    for name, seconds in rows:
        print(f"  {name:<38} {seconds * 1e3:>10.1f} ms {seconds / n * 1e9:>10.1f} ns/bar {seconds / warm:>8.1f} x")
    print(f"  ({result.metrics['n_trades']:,} closed trades, {result.mode})")
    lines = check_equality(frame)
    print("\n".join(lines))
    targets = [
        ("warm, at most 30 ns/bar", warm / n * 1e9 <= 30),
        ("first run, at most 150 ns/bar", first / n * 1e9 <= 150),
    ]
    targets.append(("equal to vectorbt", not any("DIFFERENT" in line for line in lines)))
    for name, met in targets:
        print(f"  {'met    ' if met else 'NOT MET'} {name}")
    return 0 if all(met for _, met in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
