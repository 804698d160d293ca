"""Suites for users' components: good components pass, and each kind of mistake fails with its sentence."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adm_notebook.testing import sample_bars

HEAD = """
import numpy as np
import pandas as pd
import pytest
import adm_notebook as adm
from adm_notebook.testing import ClassifierSuite, ContainerSuite, IndicatorSuite, RiskProfileSuite, StrategySuite

def suite(base, fixture, given, **parameters):
    class Suite(base):
        pass
    setattr(Suite, fixture, pytest.fixture(lambda self: given))
    Suite.parameters = pytest.fixture(lambda self: parameters)
    return Suite
"""

GOOD = """
def above(bars, period=5):
    mean = bars["close"].rolling(period).mean()
    return (bars["close"] > mean).astype(float).where(mean.notna())

def flags(bars):
    up = bars["close"] > bars["close"].shift()
    return pd.DataFrame({"long_entry": up, "long_exit": ~up, "strength": 0.5})

def side(bars, period=5):
    mean = bars["close"].rolling(period).mean()
    return (bars["close"] > mean).map({True: "above", False: "below"}).where(mean.notna())

def spread(bars):
    return pd.DataFrame({"wide": bars["high"] - bars["low"], "mid": (bars["high"] + bars["low"]) / 2})

def careful(bars, size=0.02):
    return {"size_mode": "risk", "size": size, "stop_loss": {"atr": 2}}

def small(size=0.02):
    return {"size": size}

TestBuiltInStrategy = suite(StrategySuite, "strategy", "ma_crossover", fast=3, slow=9, direction="both")
TestRule = suite(StrategySuite, "strategy", "rule", entry="close > sma(5)", exit="rsi(4) > 60")
TestOwnStrategy = suite(StrategySuite, "strategy", above, period=7)
TestOwnFlags = suite(StrategySuite, "strategy", flags)
TestBuiltInClassifier = suite(ClassifierSuite, "classifier", "volatility", period=5, average=20)
TestOwnClassifier = suite(ClassifierSuite, "classifier", side)
TestBuiltInIndicator = suite(IndicatorSuite, "indicator", "bbands", timeperiod=7)
TestOwnIndicator = suite(IndicatorSuite, "indicator", spread)
TestBuiltInProfile = suite(RiskProfileSuite, "risk_profile", "moderate")
TestOwnProfile = suite(RiskProfileSuite, "risk_profile", careful, size=0.01)
TestOwnFixedProfile = suite(RiskProfileSuite, "risk_profile", small, size=0.01)
"""

ROLES = """
@adm.container("data")
def quiet(bars):
    return bars.assign(volume=1.0)

@adm.container("indicator")
def mids(bars):
    return ((bars["high"] + bars["low"]) / 2).rename("mid")

@adm.container("indicator")
def beside(bars, features=None):
    return features["sma(3)"].rename("mean")

@adm.container("classifier")
class Swings:
    def __init__(self, window=10):
        self.window = window
    def process(self, bars):
        swing = bars["close"].pct_change().rolling(self.window).std()
        return (swing < 0.02).map({True: "calm", False: "wild"}).where(swing.notna())

@adm.container("risk")
def by_atr(bars, multiple=2.0):
    return {"size_mode": "risk", "size": 0.01, "stop_loss": {"atr": multiple}}

@adm.container("strategy")
def above_mean(bars, features, n=5):
    mean = features[f"sma({n})"]
    return (bars["close"] > mean).astype(float).where(mean.notna())

@adm.container("ensemble")
def only_up(targets, regimes):
    return targets.where(regimes == "up", 0)

@adm.container("portfolio")
def plain(targets, settings=None):
    return targets

@adm.container("execution")
def at_the_close(bars, orders):
    return adm.simulate(bars, orders, fill="close")

class Count:
    def process(self, fills):
        return {"trades": len(fills.trades), "end": float(fills.equity.iloc[-1])}

count = adm.container("analysis", "counted_trades")(Count())

@adm.container("signal_log")
def last_target(targets):
    return float(targets.iloc[-1])

TestData = suite(ContainerSuite, "container", quiet)
TestIndicator = suite(ContainerSuite, "container", "mids")
TestIndicatorBeside = suite(ContainerSuite, "container", "beside")
TestClass = suite(ContainerSuite, "container", Swings, window=4)
TestRisk = suite(ContainerSuite, "container", by_atr, multiple=3)
TestStrategy = suite(ContainerSuite, "container", above_mean, n=3)
TestEnsemble = suite(ContainerSuite, "container", only_up)
TestPortfolio = suite(ContainerSuite, "container", plain)
TestExecution = suite(ContainerSuite, "container", at_the_close)
TestObject = suite(ContainerSuite, "container", "counted_trades")
TestSignalLog = suite(ContainerSuite, "container", last_target)
"""

BROKEN = {
    "looks ahead by a bar": (
        """
def f(bars):
    return (bars['close'].shift(-1) > bars['close']).astype(int)
""",
        "StrategySuite",
        "strategy",
        "strategy f looks ahead: with bars up to *, with all bars it is +1*",
    ),
    "knows the mean of all bars": (
        """
def f(bars):
    return (bars['close'] > bars['close'].mean()).map({True: 'high', False: 'low'})
""",
        "ClassifierSuite",
        "classifier",
        "classifier f looks ahead: with bars up to * bar * was *, with all bars it is *",
    ),
    "scales by the last close": (
        """
def f(bars):
    return bars['close'] / bars['close'].iloc[-1]
""",
        "IndicatorSuite",
        "indicator",
        "indicator f looks ahead: *",
    ),
    "stops by later prices": (
        """
def f(bars):
    return {'stop_loss': float(bars['close'].pct_change().std())}
""",
        "RiskProfileSuite",
        "risk_profile",
        "risk profile f looks ahead: with * bars stop_loss was *write what follows the market as a setting that does*",
    ),
    "settings at odds": (
        """
def f(bars):
    return {'trailing': True}
""",
        "RiskProfileSuite",
        "risk_profile",
        "risk profile f gives settings that don't fit together: *trailing*",
    ),
    "writes to its bars": (
        """
def f(bars):
    bars['mean'] = bars['close'].rolling(3).mean()
    return (bars['close'] > bars['mean']).astype(int)
""",
        "StrategySuite",
        "strategy",
        "strategy f changes what it is handed: its bars were others after the call; work on a copy",
    ),
    "remembers": (
        """
seen = []
def f(bars):
    seen.append(1)
    return pd.Series(len(seen) % 3 - 1, index=bars.index)
""",
        "StrategySuite",
        "strategy",
        "strategy f keeps something between calls: bar 0 was * (target), and * when asked again",
    ),
    "fails on one bar": (
        """
def f(bars):
    return pd.Series(float(bars['close'].iloc[1] > 1), index=bars.index)
""",
        "StrategySuite",
        "strategy",
        "strategy f fails on one bar: strategy f raised IndexError: *",
    ),
    "shortens": (
        """
def f(bars):
    return bars['close'].rolling(3).mean().dropna()
""",
        "IndicatorSuite",
        "indicator",
        "indicator f fails: indicator f returned * values for * bars; give one for each*",
    ),
    "a container that looks ahead": (
        """
@adm.container('classifier', 'ahead')
def f(bars):
    return (bars['close'].shift(-1) > bars['close']).map({True: 'up', False: 'down'})
""",
        "ContainerSuite",
        "container",
        "container ahead looks ahead: with bars up to * bar * was down, with all bars it is up",
    ),
    "a container that remembers": (
        """
@adm.container('strategy', 'memory')
class F:
    calls = 0
    def process(self, bars):
        F.calls += 1
        return pd.Series(F.calls % 3 - 1, index=bars.index)
""",
        "ContainerSuite",
        "container",
        "container memory keeps something between calls: bar 0 was * (target), and * when asked again",
    ),
    "a container whose report remembers": (
        """
calls = []
@adm.container('analysis', 'diary')
def f(fills):
    calls.append(1)
    return {'calls': len(calls)}
""",
        "ContainerSuite",
        "container",
        "container diary keeps something between calls: report was *",
    ),
    "a container that writes": (
        """
@adm.container('ensemble', 'writer')
def f(targets):
    targets.iloc[0] = 0
    targets.iloc[-1] = 1
    return targets
""",
        "ContainerSuite",
        "container",
        "container writer changes what it is handed: its targets were others after the call; work on a copy",
    ),
    "a container that fails": (
        """
@adm.container('risk', 'hasty')
def f(bars):
    return {'stop_loss': bars['close'].iloc[4] * 0.001}
""",
        "ContainerSuite",
        "container",
        "container hasty fails on one bar: container hasty raised IndexError: *",
    ),
    "a container that is not registered": (
        """
def f(bars):
    return bars['close']
""",
        "ContainerSuite",
        "container",
        "f is not registered; put @adm.container(ROLE) before it, or give its registered name",
    ),
}


def run(folder: Path, **files: str) -> str:
    """What pytest prints about these test files, each a module of its own."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(HEAD + text)
    options = ["-p", "no:nbval", "-p", "no:cacheprovider", "-q", "-W", "error", "--tb=short"]
    command = [sys.executable, "-m", "pytest", *options, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=folder).stdout


@pytest.fixture(scope="module")
def said_of_mistakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """For each mistake, the lines of what its suite prints."""
    files = {}
    for k, (code, suite, fixture, _) in enumerate(BROKEN.values()):
        name = "F" if "class F" in code else "f"
        files[f"m{k:02}"] = f"{code}\nTestIt{k:02} = suite({suite}, '{fixture}', {name})\n"
    found: dict[str, list[str]] = {mistake: [] for mistake in BROKEN}
    names = list(BROKEN)
    at = None
    for line in run(tmp_path_factory.mktemp("mistakes"), **files).splitlines():
        title = re.match(r"_+ .*TestIt(\d\d)\.", line)
        if title:
            at = names[int(title[1])]
        elif at is not None:
            found[at].append(line)
    return found


@pytest.mark.parametrize("text", [GOOD, ROLES], ids=["components", "containers"])
def test_good_components_pass(tmp_path: Path, text: str) -> None:
    last = run(tmp_path, good=text).splitlines()[-1]
    assert "failed" not in last
    assert "error" not in last
    assert int(re.search(r"(\d+) passed", last)[1]) > 60  # type: ignore[index]  # none is no number


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_fails_its_suite_with_a_sentence(said_of_mistakes: dict[str, list[str]], mistake: str) -> None:
    sentence = BROKEN[mistake][3]
    said = said_of_mistakes[mistake]
    assert any(fnmatch.fnmatchcase(line, sentence) for line in said), "\n".join(said[:40])


def test_a_suite_without_its_fixture_says_what_it_needs(tmp_path: Path) -> None:
    said = run(tmp_path, it="class TestIt(StrategySuite):\n    pass\n")
    assert "TestIt needs a fixture `strategy`: its registered name, or the function itself" in said


def test_the_package_does_without_pytest() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "import adm_notebook.testing as t\n"
        "print(len(t.sample_bars(5)))\n"
        "try:\n    t.ContainerSuite\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    told = "ContainerSuite is a suite of tests for pytest; install it: pip install pytest"
    assert done.stdout.splitlines() == ["5", told]


def test_sample_bars_are_bars() -> None:
    bars = sample_bars(50, seed=3)
    assert bars.equals(sample_bars(50, seed=3))
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert not bars.equals(sample_bars(50, seed=4))
