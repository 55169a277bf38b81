"""Functions that fetch their events by HTTP: a program in C, modules for Node.js with the SDK from npm."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.exchange import Message
from greengrass_sim.group import load_group
from greengrass_sim.receipt import Receipt
from greengrass_sim.runtimes import EXECUTABLE
from greengrass_sim.shadow.part import ShadowPart
from tests.greengrass_sim.groups import HANDLERS, function, function_arn, group, write_group
from tests.greengrass_sim.npm import installed
from tests.greengrass_sim.workers.functions import Running, run
from tests.waiting import BUSY_S

NODE = Path(__file__).parent / "node"
ANSWERS = ("answer/#", "cloud")


@pytest.fixture(scope="session")
def echo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the program `echo`, compiled."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("c")
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-O1", str(HANDLERS / "c" / "echo.c"), "-o", "echo"]
    subprocess.run(command, cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the module `index`, and the SDK from npm."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "node_modules").symlink_to(installed(NODE) / "node_modules")
    shutil.copy(HANDLERS / "node" / "index.js", folder)
    return folder


def program(folder: Path, pinned: bool = True, **config: Any) -> dict[str, Any]:
    settings = {"Pinned": pinned, "EncodingType": "binary", "FunctionRuntimeOverride": EXECUTABLE, **config}
    return {**function("echo", "echo", **settings), "LocalPath": str(folder)}


def node(folder: Path, handler: str = "handler", **config: Any) -> dict[str, Any]:
    settings = {"FunctionRuntimeOverride": "nodejs12.x", **config}
    return {**function("node", f"index.{handler}", **settings), "LocalPath": str(folder)}


@pytest.mark.parametrize("pinned", [True, False])
def test_an_executable_answers_and_publishes(tmp_path: Path, echo_folder: Path, pinned: bool) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.call("echo", b"hello")).payload == b"HELLO"
        assert (await running.call("echo", b"publish one")).payload == b"202"
        (message,) = running.messages
        assert (message.source, message.topic, message.payload) == (function_arn("echo"), "answer/c", b"one")
        failed = await running.call("echo", b"fail")
        assert (failed.error, json.loads(failed.payload)["errorMessage"]) == ("Handled", "as you wish")
        ended = await running.call("echo", b"exit")
        assert ended.error == "Unhandled"
        assert "it exited with status 3" in ended.payload.decode()
        assert (await running.call("echo", b"again")).payload == b"AGAIN"

    run(tmp_path, group([program(echo_folder, pinned)], [("echo", *ANSWERS)]), scenario)


def test_arguments_and_prints(tmp_path: Path, echo_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def scenario(running: Running) -> None:
        await running.call("echo", b"x")

    run(tmp_path, group([program(echo_folder, ExecArgs="-v 'a b'")], []), scenario)
    assert "3 words, the last is a b" in caplog.messages


def test_resources_lie_where_the_group_says(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "note").write_text("here it is")
    code = tmp_path / "code"
    code.mkdir()
    (code / "echo").write_text("#!/bin/sh\ncat $AWS_GG_RESOURCE_PREFIX/data/note\ncat /data/note\n")
    (code / "echo").chmod(0o755)
    access = {"ResourceAccessPolicies": [{"ResourceId": "v", "Permission": "ro"}]}
    document = group([program(code, pinned=False, Environment=access)], [])
    volume = {"SourcePath": str(tmp_path / "volume"), "DestinationPath": "/data"}
    document["Resources"] = [
        {"Id": "v", "Name": "v", "ResourceDataContainer": {"LocalVolumeResourceData": volume}}
    ]

    async def scenario(running: Running) -> None:
        assert "it exited with status" in (await running.call("echo", b"")).payload.decode()

    run(tmp_path, document, scenario)
    said = "\n".join(caplog.messages)
    assert said.count("here it is") == (1 if "/data: not there" in said else 2)


def test_an_executable_that_says_why_it_cannot_start(
    tmp_path: Path, echo_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = program(echo_folder, Environment={"Variables": {"BROKEN": "1"}})

    async def scenario(running: Running) -> None:
        (status,) = running.functions.status()
        assert status["state"] == "failed"

    run(tmp_path, group([broken], []), scenario)
    assert any("due to exception: no camera" in text for text in caplog.messages)


def test_a_message_is_settled_when_the_result_is_posted(tmp_path: Path, echo_folder: Path) -> None:
    """Also over the end of the process: what it has not answered is given to the next one."""
    settled: list[int] = []

    async def scenario(running: Running) -> None:
        arn = function_arn("echo")
        for number in range(300):
            receipt = Receipt(lambda number=number: settled.append(number))
            payload = b"publish %d" % number
            running.exchange.hand_over(arn, Message("cloud", "request/x", payload, receipt))
            receipt.release()
        for seen in (50, 150):
            await until(lambda seen=seen: len(running.messages) > seen)
            (status,) = running.functions.status()
            os.kill(status["pids"][0], signal.SIGKILL)
        await until(lambda: len(settled) == 300)

        assert settled == list(range(300))
        assert [message.payload for message in running.messages] == [b"%d" % number for number in range(300)]

    run(
        tmp_path,
        group([program(echo_folder)], [("cloud", "request/#", "echo"), ("echo", *ANSWERS)]),
        scenario,
    )


async def until(condition: Callable[[], bool], timeout: float = BUSY_S) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"EncodingType": "json"}, "must be binary for executables"),
        ({"Executable": "nothing"}, "nothing is not there"),
        ({"Executable": "../echo"}, "must name the program in the function's folder"),
    ],
)
def test_what_no_executable_can_be(
    tmp_path: Path, echo_folder: Path, change: dict[str, str], problem: str
) -> None:
    with pytest.raises(GroupError, match=problem):
        load_group(write_group(tmp_path, group([program(echo_folder, **change)], [])))


def test_a_handler_for_node(tmp_path: Path, node_folder: Path) -> None:
    async def scenario(running: Running) -> None:
        assert await running.returned("node", {"do": "count"}) == 1
        assert await running.returned("node", {"do": "count"}) == 2
        seen = await running.returned("node", {"do": "seen"}, subject="request/x")
        assert (seen["topic"], seen["function"]) == ("request/x", "node:1")
        assert 0 < seen["left"] <= 3000
        assert (
            await running.returned("node", {"do": "publish", "topic": "answer/1", "payload": {"a": "ü"}})
            is None
        )
        (message,) = running.messages
        assert (message.topic, json.loads(message.payload)) == ("answer/1", {"a": "ü"})
        failed = await running.call("node", {"do": "fail"})
        body = json.loads(failed.payload)
        assert (failed.error, body["errorType"], body["errorMessage"]) == (
            "Handled",
            "RangeError",
            "as you wish",
        )
        refused = await running.call("node", {"do": "publish", "topic": "elsewhere", "payload": 1})
        assert "HTTP Error 400:Bad Request, No subscription exists for the source" in refused.payload.decode()
        not_json = await running.call("node", b"{")
        assert "the payload is not JSON" in not_json.payload.decode()

    run(tmp_path, group([node(node_folder)], [("node", *ANSWERS)]), scenario)


def test_node_ends_and_hangs(tmp_path: Path, node_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(running: Running) -> None:
        assert await running.returned("node", {"do": "forget"}) is None
        hung = await running.call("node", {"do": "hang"})
        assert json.loads(hung.payload)["errorMessage"] == "Task timed out after 1.00 seconds"
        died = await running.call("node", {"do": "die"})
        assert "it exited with status" in died.payload.decode()
        assert await running.returned("node", {"do": "count"}) == 1

    run(tmp_path, group([node(node_folder, Pinned=False, Timeout=1)], []), scenario)
    assert any("out of the blue" in text for text in caplog.messages)


@pytest.mark.parametrize(("handler", "returned"), [("byCallback", "called back"), ("byNeither", None)])
def test_how_a_node_handler_ends(
    tmp_path: Path, node_folder: Path, handler: str, returned: str | None
) -> None:
    async def scenario(running: Running) -> None:
        assert await running.returned("node", [1]) == returned
        assert [message.payload for message in running.messages] == [b"[1]"]

    run(tmp_path, group([node(node_folder, handler)], [("node", *ANSWERS)]), scenario)


def test_node_calls_functions_and_shadows(tmp_path: Path, node_folder: Path) -> None:
    document = group([node(node_folder), function("manifold", Pinned=False)], [])

    async def scenario(running: Running) -> None:
        part = ShadowPart(load_group(write_group(tmp_path, document)), running.exchange, tmp_path)
        await part.start()
        try:
            assert (await running.returned("node", {"do": "shadow"}))["reported"] == {"on": True}
        finally:
            await part.stop()
        event = {"do": "call", "arn": function_arn("manifold"), "payload": {"do": "process"}}
        error, body = await running.returned("node", event)
        assert (error, body["seen"]) == ("", 1)
        event["payload"] = {"do": "fail", "text": "oh"}
        error, body = await running.returned("node", event)
        assert (error, body["errorMessage"]) == ("Handled", "oh")

    run(tmp_path, document, scenario)


def test_a_node_module_that_cannot_be_loaded(
    tmp_path: Path, node_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(running: Running) -> None:
        (status,) = running.functions.status()
        assert "exports no function nothing" in status["failure"]

    run(tmp_path, group([node(node_folder, "nothing")], []), scenario)
