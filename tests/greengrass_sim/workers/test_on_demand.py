"""On-demand functions with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.exchange import Message
from tests.greengrass_sim.groups import function, group
from tests.greengrass_sim.simulator import eventually, is_running
from tests.greengrass_sim.workers.functions import Running, run

SYSTEMS_PYTHON = "/usr/bin/python3"
OLDER = next(Path.home().glob(".pyenv/versions/3.[789].*/bin/python3"), None)
WHO = "import os\n\n\ndef handler(e, c):\n    return [os.getuid(), os.getgid(), os.getgroups()]\n"


def on_demand(name: str = "manifold", **config: Any) -> dict[str, Any]:
    return function(name, "manifold.handler", **{"Pinned": False, **config})


def test_a_process_starts_with_the_first_event_and_is_used_again(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        answers = [await running.returned("manifold", {"do": "process"}) for _ in range(3)]
        assert [answer["seen"] for answer in answers] == [1, 2, 3]
        assert len({answer["pid"] for answer in answers}) == 1
        pids.append(answers[0]["pid"])

    pids: list[int] = []
    run(tmp_path, group([on_demand()], []), scenario)
    assert eventually(lambda: not is_running(pids[0]))


def test_events_at_the_same_time_have_a_process_each(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        event = {"do": "process", "seconds": 0.5}
        answers = await asyncio.gather(*(running.returned("manifold", event) for _ in range(4)))
        assert len({answer["pid"] for answer in answers}) == 4

    run(tmp_path, group([on_demand()], []), scenario)


def test_there_are_only_so_many_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slots for two functions: idle processes make room, and nobody waits for ever."""
    monkeypatch.setattr("greengrass_sim.workers.slots.Slots.__init__.__defaults__", (2,))

    async def scenario(running: Running) -> None:
        event = {"do": "process", "seconds": 0.05}
        answers = await asyncio.gather(
            *(running.returned(name, event) for _ in range(6) for name in ("one", "two"))
        )
        assert len(answers) == 12
        first = await running.returned("one", event)
        second = await running.returned("two", event)
        third = await running.returned("one", event)
        assert first["pid"] == third["pid"] != second["pid"]

    run(tmp_path, group([on_demand("one"), on_demand("two")], []), scenario)


def test_an_idle_process_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.workers.on_demand.IDLE_S", 0.2)

    async def scenario(running: Running) -> None:
        first = await running.returned("manifold", {"do": "process"})
        async with asyncio.timeout(10):
            while is_running(first["pid"]):
                await asyncio.sleep(0.02)
        assert (await running.returned("manifold", {"do": "process"}))["seen"] == 1

    run(tmp_path, group([on_demand()], []), scenario)


def test_messages_come_by_subscriptions(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for number in range(5):
            target = running.functions.names[0]
            running.exchange.hand_over(target, Message("cloud", "request/x", b"%d" % number))
        async with asyncio.timeout(20):
            while len(running.messages) < 5:
                await asyncio.sleep(0.01)
        assert sorted(message.payload for message in running.messages) == [b"%d" % n for n in range(5)]

    functions = [function("echo", Pinned=False, EncodingType="binary")]
    run(tmp_path, group(functions, [("cloud", "request/#", "echo"), ("echo", "answer/#", "cloud")]), scenario)


@pytest.mark.parametrize(
    ("do", "kind", "text"),
    [
        ({"do": "fail", "text": "no such thing"}, "Handled", "no such thing"),
        ({"do": "die"}, "Unhandled", "the worker ended over this event: it exited with status 3"),
        ({"do": "process", "seconds": 60}, "Unhandled", "Task timed out after 1.00 seconds"),
        (b"{", "Handled", "the payload is not JSON"),
    ],
)
def test_what_goes_wrong_reaches_the_caller(tmp_path: Path, do: object, kind: str, text: str) -> None:
    async def scenario(running: Running) -> None:
        reply = await running.call("manifold", do)
        assert reply.error == kind
        described = json.loads(reply.payload)
        assert text in described["errorMessage"]
        if do == {"do": "fail", "text": "no such thing"}:
            assert described["errorType"] == "ValueError"
            assert any("manifold.py" in line for line in described["stackTrace"])
        assert await running.returned("manifold", {"do": "process"})

    run(tmp_path, group([on_demand(Timeout=1)], []), scenario)


def test_a_handler_that_cannot_be_imported_costs_the_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(running: Running) -> None:
        for _ in range(2):
            reply = await running.call("no_package", b"1")
            assert reply.error == "Unhandled"
            assert b"No module named 'a_package_that_nobody_has'" in reply.payload

    run(tmp_path, group([function("no_package", Pinned=False)], []), scenario)
    assert 'Failed to import handler function "no_package.handler" due to exception' in caplog.text
    assert "Failed to initialize Lambda runtime due to exception" in caplog.text


def test_an_import_that_never_returns_costs_the_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greengrass_sim.workers.on_demand.START_S", 0.5)

    async def scenario(running: Running) -> None:
        reply = await running.call("publisher", b"1")
        assert b"still being imported after 0.5 s" in reply.payload

    run(
        tmp_path, group([function("publisher", Pinned=False)], [("publisher", "answer/#", "cloud")]), scenario
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process as another user")
@pytest.mark.skipif(
    not Path(SYSTEMS_PYTHON).exists(), reason="another user needs an interpreter of the system"
)
def test_a_function_runs_as_another_user(tmp_path: Path) -> None:
    one = function(
        "who",
        Pinned=False,
        FunctionRuntimeOverride="python3",
        Environment={"Execution": {"RunAs": {"Uid": 1234, "Gid": 5678}}},
    )

    async def scenario(running: Running) -> None:
        reply = await running.call("who", b"1")
        if reply.error:
            pytest.skip(f"another user cannot read our code: {reply.payload.decode()}")
        assert json.loads(reply.payload) == [1234, 5678, []]

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        one["LocalPath"] = folder
        (Path(folder) / "who.py").write_text(WHO)
        run(tmp_path, group([one], []), scenario, interpreters={"python3": SYSTEMS_PYTHON})


def test_a_process_that_takes_too_much_memory_is_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(running: Running) -> None:
        assert await running.returned("manifold", {"do": "process"})
        for event in ({"do": "fill", "megabytes": 60}, {"do": "fill", "megabytes": 60, "child": True}):
            reply = await running.call("manifold", event)
            assert reply.error == "Unhandled"
            assert b"its MemorySize is 40000 KB" in reply.payload

    run(tmp_path, group([on_demand(MemorySize=40_000, Timeout=20)], []), scenario)
    assert caplog.text.count("Worker consumed all allocated memory! Memory Usage (KB). {") == 2
    assert '"memSize":40000,"memUsed":' in caplog.text
    assert "Worker is ungracefully killed." in caplog.text


def test_a_small_handler_fits_into_the_default_of_a_core(tmp_path: Path) -> None:
    """16 MB, of which the interpreter, our part of the process and the SDK take less than that."""

    async def scenario(running: Running) -> None:
        for _ in range(5):
            assert await running.returned("manifold", {"do": "process", "seconds": 0.1})

    run(tmp_path, group([on_demand(MemorySize=16_384)], []), scenario)


@pytest.mark.skipif(OLDER is None, reason="needs Python 3.7, 3.8 or 3.9")
def test_an_older_python_runs_a_function(tmp_path: Path) -> None:
    one = on_demand(FunctionRuntimeOverride="python3.7")

    async def scenario(running: Running) -> None:
        assert await running.returned("manifold", {"do": "version"}) in ("3.7", "3.8", "3.9")
        answer = await running.call("manifold", {"do": "fail", "text": "ü"})
        assert json.loads(answer.payload)["errorMessage"] == "ü"
        assert await running.returned("manifold", {"do": "publish", "topic": "out"}) is None

    routes = [("manifold", "out", "cloud")]
    run(tmp_path, group([one], routes), scenario, interpreters={"python3.7": str(OLDER)})


@pytest.mark.parametrize("strict", [False, True])
def test_the_context(tmp_path: Path, strict: bool) -> None:
    core = {
        "aws_request_id",
        "client_context",
        "function_name",
        "function_version",
        "identity",
        "invoked_function_arn",
    }
    beyond = {"get_remaining_time_in_millis", "memory_limit_in_mb", "log_group_name", "log_stream_name"}

    async def scenario(running: Running) -> None:
        seen = await running.returned("manifold", {"do": "seen_context"}, subject="a/b")
        assert set(seen["names"]) == (core if strict else core | beyond)
        assert seen["client_context"] == [None, {"subject": "a/b"}, None]
        assert (await running.returned("manifold", {"do": "seen_context"}))["client_context"] is None

    run(tmp_path, group([on_demand()], []), scenario, strict=strict)
