"""The magics in a real kernel: the live line, Interrupt, reruns, and what a notebook under test sees."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel
from jupyter_core.utils import ensure_event_loop

pytestmark = pytest.mark.notebook

SLOW = """
%load_ext adm_notebook
import os, time
import adm_notebook as adm

@adm.strategy
def slow(bars, window=5):
    time.sleep(0.1)
    return (bars.close > bars.close.rolling(window).mean()).astype(int)
"""
SWEEP = """%%adm {line} --mode traditional
data_config: {{max_bars: 200}}
backtest_config: {{strategy: {{type: slow, parameters: {{window: {{min: 2, max: 13}}}}}}}}
"""


class Kernel:
    """A kernel that runs cells and gives back their messages."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, code: str, interrupt_after: float | None = None) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
        """Status, and the outputs as (type, content)."""
        messages: list[dict[str, Any]] = []
        timer = None
        if interrupt_after is not None:  # by signal: the manager would open an event loop in the timer's thread
            timer = threading.Timer(interrupt_after, os.kill, (int(self.value("os.getpid()")), signal.SIGINT))
        if timer:
            timer.start()
        reply = self.client.execute_interactive(code, timeout=60, output_hook=messages.append)
        if timer:
            timer.join()
        outputs = [(m["msg_type"], m["content"]) for m in messages if m["msg_type"] not in ("status", "execute_input")]
        return reply["content"]["status"], outputs

    def value(self, expression: str) -> str:
        """`repr` of an expression in the kernel."""
        _, ((_, content),) = self.run(f"print(repr(({expression})))")
        return str(content["text"]).strip()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    environment = {**os.environ, "ADM_NOTEBOOK_LIVE": "1"}
    manager, client = start_new_kernel(kernel_name="python3", env=environment)
    kernel = Kernel(client)
    try:
        status, _ = kernel.run(SLOW)
        assert status == "ok"
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        ensure_event_loop().close()  # the client's own, which it leaves open
        asyncio.set_event_loop(None)


def shown(outputs: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """The outputs that a notebook holds: what widgets say to their pages is none of them."""
    return [(kind, content) for kind, content in outputs if not kind.startswith("comm_")]


def test_the_live_view_becomes_the_card(kernel: Kernel) -> None:
    status, told = kernel.run(SWEEP.format(line="whole"))
    assert status == "ok"
    outputs = shown(told)
    assert [kind for kind, _ in outputs] == ["display_data", "update_display_data", "display_data", "display_data"]
    (_, live), (_, card), *_ = outputs
    assert live["data"]["text/plain"] == "Running slow on SP500: 12 combinations"
    assert "application/vnd.jupyter.widget-view+json" in live["data"]
    assert live["transient"] == card["transient"]
    assert card["data"]["text/plain"].startswith("slow on SP500: best of 12")
    assert "application/vnd.jupyter.widget-view+json" not in card["data"]
    kinds = [kind for kind, _ in told]
    assert kinds[-1] == "comm_close" or "comm_close" in kinds[kinds.index("update_display_data") :]
    assert kinds.count("comm_open") == kinds.count("comm_close")


def test_an_update_is_small_and_says_how_far_the_run_is(kernel: Kernel) -> None:
    _, told = kernel.run(SWEEP.format(line="whole"))
    updates = [c["data"]["state"] for kind, c in told if kind == "comm_msg" and c["data"].get("method") == "update"]
    done = [state["head"]["done"] for state in updates if "head" in state]
    assert done == sorted(done)
    assert 1 <= len(done) <= 12
    assert all(len(json.dumps(state)) < 16_000 for state in updates)


def test_interrupt_keeps_what_was_finished_and_rerun_joins_the_rest(kernel: Kernel) -> None:
    status, outputs = kernel.run(SWEEP.format(line="cut"), interrupt_after=0.7)
    assert status == "error"
    (error,) = [content for kind, content in outputs if kind == "error"]
    (line,) = error["traceback"]
    assert line.startswith("Interrupted: cut holds ")
    assert line.endswith("`%adm rerun cut` runs the rest.")
    assert any("Stopped, partial" in c["data"].get("text/plain", "") for kind, c in shown(outputs) if kind != "error")
    done = int(kernel.value("len(cut.stats)"))
    assert 0 < done < 12
    assert kernel.value("cut.success, cut.metadata['partial']") == "(False, True)"
    kernel.run("before = cut.stats")
    status, _ = kernel.run("%adm rerun cut")
    assert status == "ok"
    assert kernel.value("len(cut.stats), cut.success, cut.metadata['partial']") == "(12, True, False)"
    assert kernel.value("cut.stats.loc[before.index].equals(before)") == "True"


def test_without_live_displays_only_the_card_is_emitted(kernel: Kernel) -> None:
    kernel.run("os.environ['ADM_NOTEBOOK_LIVE'] = '0'")
    _, outputs = kernel.run(SWEEP.format(line="still"))
    kernel.run("os.environ['ADM_NOTEBOOK_LIVE'] = '1'")
    assert [(kind, sorted(c["data"])) for kind, c in outputs] == [
        ("display_data", ["text/html", "text/plain"]),
        ("display_data", ["image/png"]),
        ("display_data", ["text/html"]),
    ]


def test_a_run_in_the_background_fills_the_outputs_it_reserved(kernel: Kernel) -> None:
    status, reserved = kernel.run(SWEEP.format(line="later --background"))
    assert status == "ok"
    ids = [content["transient"]["display_id"] for _, content in shown(reserved)]
    assert len(set(ids)) == 3
    status, outputs = kernel.run("%adm show later")
    assert (status, outputs[-1][0]) == ("error", "error")
    assert "later is running" in outputs[-1][1]["evalue"]
    _, filled = kernel.run("done = later.result(); time.sleep(1.5)")
    updates = [content for kind, content in filled if kind == "update_display_data"]
    assert [content["transient"]["display_id"] for content in updates[-3:]] == ids
    assert {content["transient"]["display_id"] for content in updates[:-3]} <= {ids[0]}
    assert kernel.value("len(done.stats)") == "12"


def test_a_run_in_the_background_is_attached_and_each_place_gets_the_card(kernel: Kernel) -> None:
    kernel.run(SWEEP.format(line="far --background"))
    status, reserved = kernel.run("%adm attach far")
    assert status == "ok"
    ids = [content["transient"]["display_id"] for kind, content in shown(reserved) if kind == "display_data"]
    assert len(set(ids)) == 3
    _, filled = kernel.run("far.result(); time.sleep(2)")
    cards = [c for kind, c in filled if kind == "update_display_data" and "adm-card" in c["data"].get("text/html", "")]
    assert len({c["transient"]["display_id"] for c in cards}) >= 4  # head and tail, here and where it began
    status, card = kernel.run("%adm attach far")
    assert status == "ok"
    assert shown(card)[0][1]["data"]["text/plain"].startswith("slow on SP500: best of 12")
    assert kernel.value("len(get_ipython().kernel.comm_manager.comms)") == "0"


def test_an_error_reaches_the_frontend_as_its_few_lines(kernel: Kernel) -> None:
    status, ((kind, content),) = kernel.run("%%adm --mod x\nbacktest_config: {}")
    assert (status, kind, content["ename"]) == ("error", "error", "ConfigError")
    assert content["traceback"][1:] == ["  --mod  unknown option. Did you mean `--mode`?"]
