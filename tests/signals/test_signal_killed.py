"""A process that is killed while it writes leaves no store, the old one, or a readable one; and nothing for good."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from signal_cases import assert_same_decision, bars_of, draft_of, index_of, some_flags, some_targets

import adm_notebook as adm
from adm_notebook.signals import SignalWriter

N = 2_000

WRITER = f"""
import os, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from signal_cases import bars_of, draft_of, index_of, some_flags, some_targets
from adm_notebook.signals import SignalWriter

bars = bars_of("A", index_of({N}))
decisions = [some_targets({N}, k) if k % 2 else some_flags({N}, k) for k in range(8)]

def write(path, generation):
    with SignalWriter(path, draft_of(bars)) as writer:
        for repeat in range(5):
            for k, decision in enumerate(decisions):
                parameters = dict(k=k, repeat=repeat, generation=generation)
                writer.add("A", "mine", decision, parameters=parameters)
        writer.commit()

print("ready", flush=True)
for path in sys.stdin:
    child = os.fork()
    if not child:
        for generation in range(10**6):
            write(path.strip(), generation)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def assert_readable(path: Path) -> int:
    """That the store is one whole generation; which one."""
    store = adm.SignalStore(path)
    store.verify()
    frame = store.combinations
    assert len(frame) == 40
    (generation,) = frame["generation"].unique()
    for number, k in zip(frame["combination"], frame["k"], strict=True):
        assert_same_decision(store.decision(number), some_targets(N, k) if k % 2 else some_flags(N, k))
    return int(generation)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes as Unix does")
def test_killed_at_twenty_random_moments(tmp_path: Path) -> None:
    moments = random.Random(4)
    path = tmp_path / "signals"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        found = []
        for round_ in range(20):
            here = tmp_path / f"new{round_}" if round_ % 4 == 0 else path  # now and then there is no older store
            existed = here.exists()
            process.stdin.write(f"{here}\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            time.sleep(moments.uniform(0, 0.5))
            os.kill(child, signal.SIGKILL)
            assert process.stdout.readline() == "gone\n"
            if here.exists():
                found.append(assert_readable(here))
            assert here.exists() or not existed
        process.stdin.close()
    assert found  # some were killed after a store was complete
    names = sorted(["signals", *(f"new{round_}" for round_ in range(0, 20, 4))])
    for name in names:  # also where no store came to be
        write_over(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == names


def write_over(path: Path) -> None:
    with SignalWriter(path, draft_of(bars_of("A", index_of(50)))) as writer:
        writer.add("A", "mine", some_targets(50, 0))
        writer.commit()
    assert len(adm.SignalStore(path).combinations) == 1


def test_writers_at_the_same_time_leave_each_other_alone(tmp_path: Path) -> None:
    bars = bars_of("A", index_of(50))
    path = tmp_path / "signals"
    with SignalWriter(path, draft_of(bars)) as first, SignalWriter(path, draft_of(bars)) as second:
        for k, writer in enumerate((first, second)):
            writer.add("A", f"writer{k}", some_targets(50, 0))
        first.commit()
        assert adm.SignalStore(path).strategies == ("writer0",)
        second.commit()
    assert adm.SignalStore(path).strategies == ("writer1",)
    assert [p.name for p in tmp_path.iterdir()] == ["signals"]
