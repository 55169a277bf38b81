"""Functions that call one another, and messages that a full core does not take."""

from __future__ import annotations

import asyncio
import json
from http.client import responses
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.exchange import Message
from greengrass_sim.invocation import Invocation, Reply
from tests.greengrass_sim.groups import function, function_arn, group
from tests.greengrass_sim.workers.functions import Running, run
from tests.waiting import BUSY_S


def manifold(name: str, **config: Any) -> dict[str, Any]:
    return function(name, "manifold.handler", **config)


CALLER_AND_CALLED = group([manifold("caller"), manifold("called", Pinned=False)], [])


def test_a_call_with_its_context(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        context = {"client": {"a": 1}, "custom": {"subject": "s", "b": 2}, "env": {"c": 3}}
        for arn in (function_arn("called"), function_arn("called").removesuffix(":1")):
            event = {"do": "call", "arn": arn, "payload": {"do": "seen_context"}, "context": context}
            answer = await running.returned("caller", event)
            assert answer["error"] == ""
            assert json.loads(answer["body"])["client_context"] == [
                {"a": 1},
                {"subject": "s", "b": 2},
                {"c": 3},
            ]

    run(tmp_path, CALLER_AND_CALLED, scenario)


@pytest.mark.parametrize(
    ("payload", "kind", "text"),
    [
        ({"do": "fail", "text": "oh"}, "Handled", "oh"),
        ({"do": "die"}, "Unhandled", "it exited with status 3"),
    ],
)
def test_a_call_that_fails(tmp_path: Path, payload: dict[str, str], kind: str, text: str) -> None:
    async def scenario(running: Running) -> None:
        event = {"do": "call", "arn": function_arn("called"), "payload": payload}
        answer = await running.returned("caller", event)
        assert answer["error"] == kind
        assert text in json.loads(answer["body"])["errorMessage"]

    run(tmp_path, CALLER_AND_CALLED, scenario)


class Slow:
    """A service that answers when it is told to."""

    def __init__(self) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def invoke(self, _: Invocation) -> Reply:
        self.asked.set()
        await self.go.wait()
        return Reply(b'"late"')


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("end", ["stop", "reload"])
def test_a_handler_that_ends_still_gets_its_answers(tmp_path: Path, end: str, pinned: bool) -> None:
    """An event that was begun is finished; else its handler would fail, and the event be lost."""

    async def scenario(running: Running) -> None:
        slow, arn = Slow(), function_arn("slow")
        running.exchange.register(arn, slow)
        event = {"do": "call", "arn": arn, "payload": None}
        answer = asyncio.create_task(running.returned("caller", event))
        await asyncio.wait_for(slow.asked.wait(), BUSY_S)
        ending = asyncio.create_task(ended(running))
        await asyncio.sleep(0.1)  # the worker's process has seen it
        slow.go.set()
        assert await answer == {"error": "", "body": '"late"'}
        await ending

    async def ended(running: Running) -> None:
        if end == "stop":
            await running.functions.stop()
        else:
            running.functions.reload(function_arn("caller"))

    run(tmp_path, group([manifold("caller", Pinned=pinned, Timeout=20)], []), scenario)


def test_a_call_that_nobody_waits_for(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        event = {
            "arn": function_arn("called"),
            "kind": "Event",
            "payload": {"do": "publish", "topic": "out/x"},
        }
        answer = await running.returned("caller", {"do": "call", **event})
        assert answer == {"error": "", "body": ""}
        async with asyncio.timeout(BUSY_S):
            while not running.messages:
                await asyncio.sleep(0.01)
        assert running.messages[0].source == function_arn("called")

    routes = [("called", "out/#", "cloud")]
    run(tmp_path, group([manifold("caller"), manifold("called", Pinned=False)], routes), scenario)


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_call_of_nothing(tmp_path: Path, kind: str) -> None:
    async def scenario(running: Running) -> None:
        event = {"do": "refused", "arn": function_arn("nobody"), "payload": {}, "kind": kind}
        answer = await running.returned("caller", event)
        assert answer == {"raised": "Failed to invoke function due to HTTP Error 404: Not Found"}

    run(tmp_path, CALLER_AND_CALLED, scenario)


def test_a_function_that_calls_itself_ends_by_its_timeout(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        reply = await running.call("manifold", {"do": "calls_itself"})
        error = json.loads(reply.payload)["errorMessage"]
        arn = function_arn("manifold")
        assert error == f"Task timed out after 1.00 seconds while it waited for the answer of {arn}"
        assert reply.error == "Unhandled"
        assert (await running.returned("manifold", {"do": "process"}))["seen"] == 1

    run(tmp_path, group([manifold("manifold", Timeout=1)], []), scenario)


def test_calls_and_events_at_the_same_time(tmp_path: Path) -> None:
    """Callers are answered in any order, from handlers and from threads of theirs."""

    async def scenario(running: Running) -> None:
        payload = {"do": "process", "seconds": 0.02}
        event = {"do": "call", "arn": function_arn("called"), "payload": payload}
        answers = await asyncio.gather(*(running.returned(f"caller{n % 2}", event) for n in range(40)))
        assert sorted(answer["error"] for answer in answers) == [""] * 40

    functions = [manifold("caller0"), manifold("caller1", Pinned=False), manifold("called", Pinned=False)]
    run(tmp_path, group(functions, []), scenario)


@pytest.mark.parametrize(
    ("policy", "published"),
    [
        ("", None),
        ("BestEffort", None),
        ("AllOrException", "Failed to invoke function due to HTTP Error 503: Service Unavailable"),
    ],
)
def test_a_full_core(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    published: str | None,
) -> None:
    """`stuck` never handles anything; its events take all the room that there is."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "stuck.py").write_text("import threading\nthreading.Event().wait()\n")
    stuck = {**function("stuck"), "LocalPath": str(tmp_path / "code")}

    async def scenario(running: Running) -> None:
        items = running.functions.items
        items.limit = 10
        for _ in range(10):
            running.exchange.hand_over(function_arn("stuck"), Message("cloud", "in", b"1"))
        items.limit = 11  # the event itself needs room until it is under way, then the first message takes it
        event = {"do": "publish_twice", "topic": "both", "policy": policy}
        assert await running.returned("manifold", event) == [None, published]
        assert len(running.messages) == (2 if published is None else 1)

    routes = [("manifold", "both", "stuck"), ("manifold", "both", "cloud")]
    monkeypatch.setattr("greengrass_sim.functions.IMPORT_S", 3.0)
    run(tmp_path, group([manifold("manifold"), stuck], routes), scenario)
    assert ("has no room" in caplog.text) == (published is None)


@pytest.mark.parametrize(
    ("topic", "size", "refusal"),
    [
        ("out/x", 128 * 1024, None),
        ("out/x", 128 * 1024 + 1, 413),
        ("out/1/2/3/4/5/6/7", 1, None),
        ("out/1/2/3/4/5/6/7/8", 1, 400),
        ("out/" + "ü" * 126, 1, None),
        ("out/" + "ü" * 127, 1, 400),
    ],
)
@pytest.mark.parametrize("policy", ["", "AllOrException"])
def test_a_message_beyond_the_limits_raises(
    tmp_path: Path, topic: str, size: int, refusal: int | None, policy: str
) -> None:
    told = refusal and f"Failed to invoke function due to HTTP Error {refusal}: {responses[refusal]}"

    async def scenario(running: Running) -> None:
        said = await running.returned(
            "one", {"do": "publish", "topic": topic, "size": size, "policy": policy}
        )
        assert said == told
        assert len(running.messages) == (refusal is None)

    run(tmp_path, group([manifold("one")], [("one", "out/#", "cloud")]), scenario)
