"""Pinned functions with real worker processes."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.exchange import Exchange, Message
from greengrass_sim.group import load_group
from greengrass_sim.invocation import Invocation, Refusal
from greengrass_sim.receipt import Receipt
from greengrass_sim.router import Router
from greengrass_sim.workers.launch import Launch, make_launches
from greengrass_sim.workers.pinned import PinnedWorker
from greengrass_sim.workers.queue import MAX_WORK_ITEMS, WorkItems
from greengrass_sim.workers.sandbox import MAX_PAYLOAD
from greengrass_sim.workers.work import Outcome, Work
from tests.greengrass_sim.groups import HANDLERS, function_arn, group, thing_arn, write_group
from tests.greengrass_sim.groups import function as make_function
from tests.waiting import BUSY_S


@dataclass(eq=False)
class Running:
    worker: PinnedWorker
    published: list[tuple[str, bytes]] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)

    async def call(self, event: object, topic: str = "request/x", timeout: float = BUSY_S) -> Outcome:
        """Sends an event (bytes as they are, all else as JSON) and waits for what becomes of it."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        return await asyncio.wait_for(self.worker.run(Work((None, {"subject": topic}, {}), payload)), timeout)

    def submit(self, event: bytes, number: int) -> None:
        receipt = Receipt(lambda: self.settled.append(number))
        self.worker.deliver(Message("cloud", "request/x", event, receipt))
        receipt.release()

    def has_room(self, _message: Message) -> bool:
        return True

    def deliver(self, message: Message) -> None:
        """What the function publishes."""
        self.published.append((message.topic, message.payload))

    async def until(self, condition: Callable[[], bool], timeout: float = BUSY_S) -> None:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.01)


def run(folder: Path, name: str, scenario: Callable[[Running], Awaitable[None]], **config: Any) -> None:
    """Runs `scenario` with the worker of one function of the tests' handlers."""
    local_path, executable = config.pop("local_path", None), config.pop("executable", "")
    document = group([make_function(name, executable, **config)], [(name, "answer/#", "cloud")])
    if local_path:
        document["Functions"][0]["LocalPath"] = str(local_path)
    loaded = load_group(write_group(folder, document))
    launch = make_launches(loaded, folder / "work")[function_arn(name)]

    async def main() -> None:
        async with started(launch, Exchange(Router(loaded.subscriptions))) as running:
            await scenario(running)

    asyncio.run(main())


@asynccontextmanager
async def started(launch: Launch, exchange: Exchange) -> AsyncIterator[Running]:
    running = Running(PinnedWorker(launch, exchange, WorkItems()))
    exchange.attach("cloud", running)
    running.worker.start()
    try:
        yield running
    finally:
        await running.worker.stop()


def test_events_are_handled_in_order(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for number in range(200):
            running.submit(b"%d" % number, number)
        await running.until(lambda: len(running.settled) == 200)
        assert running.settled == list(range(200))
        assert running.published == [("answer/x", b"%d" % number) for number in range(200)]

    run(tmp_path, "echo", scenario, EncodingType="binary")


def test_what_a_handler_sees(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        outcome = await running.call({"a": [1, "ü", None]}, "request/a/b")
        seen = json.loads(outcome.returned)
        assert json.loads(running.published[0][1]) == seen
        assert seen["event"] == {"a": [1, "ü", None]}
        assert seen["custom"] == {"subject": "request/a/b"}
        assert seen["client"] is None
        assert seen["env"] == {}
        assert seen["identity"] is None
        assert (seen["function_name"], seen["function_version"]) == ("described", "1")
        assert seen["invoked_function_arn"] == function_arn("described")
        assert 6000 < seen["remaining"] <= 7000
        other = json.loads((await running.call(None)).returned)
        assert other["event"] is None
        assert len({seen["aws_request_id"], other["aws_request_id"]}) == 2
        assert seen["folder"] == str(HANDLERS)
        assert seen["path"][0] == str(HANDLERS)
        assert seen["path"][-1].endswith("shims")
        environment = seen["environment"]
        assert environment["MY_FUNCTION_ARN"] == function_arn("described")
        assert environment["ENCODING_TYPE"] == "json"
        assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
        assert environment["AWS_IOT_THING_NAME"] == "test-core"
        assert environment["AWS_IOT_THING_ARN"] == thing_arn("test-core")
        assert environment["GROUP_ID"] == "local"
        assert environment["OWN"] == "value"
        assert Path(environment["AWS_GG_RESOURCE_PREFIX"]).is_dir()
        assert "PYTEST_CURRENT_TEST" not in environment

    run(tmp_path, "described", scenario, Timeout=7, Environment={"Variables": {"OWN": "value"}})


@pytest.mark.parametrize("event", [None, True, 1.5, "text", [1], {"a": {}}])
def test_an_event_is_any_json(tmp_path: Path, event: object) -> None:
    async def scenario(running: Running) -> None:
        outcome = await running.call(event)
        assert json.loads(outcome.returned) == event
        assert running.published == [("answer/relayed", json.dumps(event).encode())]

    run(tmp_path, "relay", scenario)


@pytest.mark.parametrize(
    ("event", "returned", "error"),
    [
        (b"text", "ü".encode(), None),
        (b"bytes", b"\xff", None),
        (b"none", b"", None),
        (b"else", b"", "returns bytes or str, not float"),
    ],
)
def test_binary_encoding(tmp_path: Path, event: bytes, returned: bytes, error: str | None) -> None:
    async def scenario(running: Running) -> None:
        outcome = await running.call(event)
        assert outcome.returned == returned
        assert (error is None) == (outcome.error is None)
        assert (error or "") in (outcome.error or "")

    run(tmp_path, "mean", scenario, EncodingType="binary")


def test_a_payload_that_is_not_json_is_not_handled(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        outcome = await running.call(b"{")
        assert "the handler was not called, the payload is not JSON" in str(outcome.error)
        assert (await running.call("next")).returned == b'"next"'

    run(tmp_path, "relay", scenario)


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ("unprintable", "TypeError: the handler returned what JSON cannot hold"),
        ("flooded", "the handler's answer is too large: 67108"),
        ("raised", "KeyError: 'no such thing'"),
        ("exited", "SystemExit: enough"),
        ("nonsense", "KeyError: 'nonsense'"),
    ],
)
def test_a_handler_that_fails_is_logged_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, event: str, error: str
) -> None:
    async def scenario(running: Running) -> None:
        await running.call("returned")
        pid_before = running.worker.pid
        outcome = await running.call(event)
        assert error in str(outcome.error)
        assert (await running.call("returned")).returned == b'{"a": [1, null, "\\u00fc"]}'
        assert running.worker.pid == pid_before

    run(tmp_path, "awkward", scenario, Timeout=20)
    assert f"the handler failed on topic 'request/x': {error}" in caplog.text
    if event == "raised":
        assert 'awkward.py", line' in caplog.text
        assert "worker.py" not in caplog.text


@pytest.mark.parametrize(
    ("event", "reason"), [("died", "it exited with status 3"), ("segfaulted", "it was ended by SIGSEGV")]
)
def test_an_event_that_kills_the_worker_is_given_up_in_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, event: str, reason: str
) -> None:
    async def scenario(running: Running) -> None:
        first = asyncio.ensure_future(running.call(event))
        second = asyncio.ensure_future(running.call("returned"))
        assert (
            str((await first).error) == f"the worker ended over this event 3 times, the last time: {reason}"
        )
        assert (await second).error is None

    run(tmp_path, "awkward", scenario)
    assert "restarted in 0.1 s" in caplog.text
    assert "restarted in 0.2 s" in caplog.text
    if event == "segfaulted":
        assert "Segmentation fault" in caplog.text
        assert "in segfaulted" in caplog.text


def test_a_handler_that_does_not_return_is_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(running: Running) -> None:
        slept = asyncio.ensure_future(running.call("slept"))
        after = [asyncio.ensure_future(running.call("counted")) for _ in range(2)]
        assert (await slept).error == "Task timed out after 1.00 seconds"
        assert [(await one).error for one in after] == [None, None]
        assert [payload for _, payload in running.published] == [b"sleeping with 1 s left", b"1", b"2"]

    run(tmp_path, "awkward", scenario, Timeout=1)
    assert "the event is given up, the worker is ended" in caplog.text
    assert "in slept" in caplog.text  # where it hung


def test_what_was_published_before_a_crash_is_not_published_again(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.call("died_once")).error is None
        assert running.published == [("answer/before", b"before"), ("answer/after", b"after")]

    marker = {"Variables": {"MARKER": str(tmp_path / "marker")}}
    run(tmp_path, "awkward", scenario, Environment=marker)


def test_a_killed_worker_loses_no_event(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.worker.settled.wait()
        for number in range(300):
            running.submit(b"%d" % number, number)
        killed: list[int | None] = [None]
        for share in (30, 120, 210):
            await running.until(
                lambda share=share: len(running.settled) > share and running.worker.pid not in killed
            )
            killed.append(running.worker.pid)
            os.kill(running.worker.pid, signal.SIGKILL)
        await running.until(lambda: len(running.settled) == 300)
        assert running.settled == list(range(300))
        assert [payload for _, payload in running.published] == [b"%d" % number for number in range(300)]

    run(tmp_path, "echo", scenario, EncodingType="binary")


def test_prints_go_to_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(running: Running) -> None:
        await running.call("printed")
        await running.until(lambda: "perhaps" in caplog.text)

    caplog.set_level(logging.INFO)
    run(tmp_path, "awkward", scenario)
    lines = [(row.levelname, row.getMessage()) for row in caplog.records if row.name == "function.awkward"]
    assert ("INFO", "a line to stdout") in lines
    assert ("WARNING", "a line to stderr") in lines
    assert ("INFO", "written by C, perhaps") in lines
    assert ("INFO", "no end of line, \N{SNOWMAN}") in lines


def test_a_publish_without_a_subscription_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.call("refused")).error is None
        ((_, text),) = running.published
        assert b"Failed to invoke function due to HTTP Error 400: Bad Request" in text

    run(tmp_path, "awkward", scenario)
    arn = function_arn("awkward")
    assert f"refused: No subscription exists for the source {arn} and subject nowhere" in caplog.text


def test_threads_may_publish(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.call("threaded")
        assert sorted(running.published) == [("answer/awkward", b"%d" % number) for number in range(8)]

    run(tmp_path, "awkward", scenario)


@pytest.mark.parametrize(
    ("executable", "files", "texts"),
    [
        ("gone.handler", {}, ["No module named 'gone'", "put it into"]),
        (
            "needy.handler",
            {"needy.py": "import a_missing_one\n\n\ndef handler(e, c): ..."},
            ["No module named 'a_missing_one'", 'needy.py", line 1', "Install what provides 'a_missing_one'"],
        ),
        ("broken.handler", {"broken.py": "def handler(e, c:\n"}, ["SyntaxError", 'broken.py", line 1']),
        ("other.handler", {"other.py": "x = 1"}, ["has no attribute 'handler'"]),
        ("exits.handler", {"exits.py": "raise SystemExit('not today')"}, ["SystemExit: not today"]),
        ("raises.handler", {"raises.py": "1 / 0"}, ["ZeroDivisionError", 'raises.py", line 1']),
    ],
)
def test_a_handler_that_does_not_import(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, executable: str, files: dict[str, str], texts: list[str]
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    for name, text in files.items():
        (code / name).write_text(text)

    async def scenario(running: Running) -> None:
        await running.worker.settled.wait()
        assert running.worker.failure
        running.submit(b"1", 1)
        await running.until(lambda: "restarted in" in caplog.text)
        module = executable.partition(".")[0]
        (code / f"{module}.py").write_text("def handler(event, context):\n    return event + 1\n")
        assert (await running.call(2)).returned == b"3"  # mended while it was tried again
        assert running.settled == [1]

    run(tmp_path, "f", scenario, executable=executable, local_path=code)
    for text in ["Failed to import handler function", *texts]:
        assert text in caplog.text
    assert "runtime/worker.py" not in caplog.text


def test_a_module_that_never_returns_publishes(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.until(lambda: len(running.published) >= 3)
        assert running.published[:2] == [("answer/tick", b"0"), ("answer/tick", b"1")]
        assert not running.worker.settled.is_set()

    run(tmp_path, "publisher", scenario)


def test_a_copy_of_the_sdk_in_the_function_wins(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "greengrasssdk").mkdir(parents=True)
    (code / "greengrasssdk" / "__init__.py").write_text("MINE = 'mine'")
    (code / "f.py").write_text("import greengrasssdk\n\n\ndef handler(e, c):\n    return greengrasssdk.MINE")

    async def scenario(running: Running) -> None:
        assert (await running.call(1)).returned == b'"mine"'

    run(tmp_path, "f", scenario, local_path=code)


def test_a_full_queue_takes_only_what_would_be_sent_again(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        message = Message("cloud", "t", b"1")
        for _ in range(MAX_WORK_ITEMS):
            assert running.worker.has_room(message)
            running.worker.deliver(message)
        assert not running.worker.has_room(message)
        assert running.worker.has_room(Message("cloud", "t", b"1", Receipt(lambda: None)))
        large = bytes(MAX_PAYLOAD + 1)
        assert not running.worker.has_room(Message("cloud", "t", large, Receipt(lambda: None)))
        with pytest.raises(Refusal, match=r"503: the queue of .* is full"):
            await running.worker.invoke(Invocation("arn", b"1", "other"))

    run(tmp_path, "publisher", scenario)


def test_large_payloads(tmp_path: Path) -> None:
    payload = os.urandom(3_000_000)

    async def scenario(running: Running) -> None:
        for number in range(5):
            running.submit(payload, number)
        await running.until(lambda: len(running.settled) == 5)
        assert [body for _, body in running.published] == [payload] * 5

    run(tmp_path, "echo", scenario, EncodingType="binary")


def test_stopping_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.workers.sandbox.STOP_S", 0.3)
    pids = []

    async def scenario(running: Running) -> None:
        running.submit(b'"slept"', 1)
        await running.until(lambda: bool(running.published))
        pids.append(running.worker.pid)

    run(tmp_path, "awkward", scenario, Timeout=60)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
