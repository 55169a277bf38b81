"""`greengrass-sim deploy` against a core that runs, while messages travel."""

from __future__ import annotations

import copy
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import ExitCode
from tests.greengrass_sim.brokers import KINDS
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import echo_group, function, function_arn, group, subscription, thing_arn
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator
from tests.waiting import BUSY_S

ECHO = echo_group(EncodingType="binary")
COUNT = 3_000


def deploy(folder: Path, document: dict[str, Any], *options: str) -> tuple[int, str]:
    path = folder / "next.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    result = run_command("deploy", str(path), "--work", str(folder / "work"), *options)
    return result.returncode, result.stderr.decode()


def simulator_of(folder: Path, kind: str) -> Simulator:
    return Simulator(folder, ECHO, kind, "--work", str(folder / "work"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_accepted_message_is_lost_when_groups_are_replaced(tmp_path: Path, kind: str) -> None:
    other = copy.deepcopy(ECHO)
    other["Name"] = "other"
    other["Functions"].append(function("described"))
    other["Subscriptions"].append(subscription(9, "cloud", "described", function_arn("described")))
    with simulator_of(tmp_path, kind) as simulator, Probe(simulator.port, "client", clean=False) as client:
        client.subscribe("answer/#")
        room = threading.Semaphore(100)
        seen: list[bytes] = []
        enough = threading.Event()

        def on_answer(_client: object, _data: object, message: Any) -> None:
            seen.append(message.payload)
            room.release()
            if len(set(seen)) == COUNT:
                enough.set()

        def ask() -> None:
            for number in range(COUNT):
                if not room.acquire(timeout=BUSY_S):
                    return
                client.client.publish("request/x", b"%d" % number, 1)

        client.client.on_message = on_answer
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        for document in (other, ECHO, other):
            code, log = deploy(tmp_path, document)
            assert code == ExitCode.OK, log
        asking.join(BUSY_S)
        assert enough.wait(BUSY_S), f"{COUNT - len(set(seen))} are missing"
        assert "the group other is replaced by group" in simulator.log
        status = run_command("status", "--json", "--work", str(tmp_path / "work"))
        found = json.loads(status.stdout)
        assert (found["group"], [one["name"] for one in found["functions"]]) == (
            "other",
            ["echo", "described"],
        )


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_group_does_not_subscribe_to_any_more_is_not_kept(tmp_path: Path, kind: str) -> None:
    """Neither in the session of a function that has gone, nor in one that is subscribed to something else."""
    two = group(
        [function("echo", EncodingType="binary"), function("relay")],
        [("cloud", "a", "echo"), ("echo", "answer/#", "cloud"), ("cloud", "b", "relay")],
    )
    two["Subscriptions"].append(subscription(9, function_arn("relay"), "answer/#", "cloud"))
    with simulator_of(tmp_path, kind) as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        assert deploy(tmp_path, two)[0] == ExitCode.OK
        client.publish("b", b"1")
        assert client.take().payload == b"1"
        assert deploy(tmp_path, ECHO)[0] == ExitCode.OK
        for topic in ("a", "b"):
            client.publish(topic, b"2")
        client.publish("request/x", b"3")
        assert client.take().payload == b"3"
        assert deploy(tmp_path, two)[0] == ExitCode.OK
        client.publish("b", b"4")
        assert client.take().payload == b"4"
        if (
            kind == "mosquitto"
        ):  # iotcore goes on sending what a session has unsubscribed from; it is discarded
            assert "No subscription leads from here" not in simulator.log


def test_what_cannot_be_deployed_leaves_the_group_as_it_is(tmp_path: Path) -> None:
    stranger = {**ECHO, "Cores": [{"Id": "core", "ThingArn": thing_arn("another")}]}
    shadows = copy.deepcopy(ECHO)
    shadows["Subscriptions"].append(subscription(9, "cloud", "$aws/things/t/shadow/get", "GGShadowService"))
    with simulator_of(tmp_path, "embedded") as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        code, log = deploy(tmp_path, stranger)
        assert code == ExitCode.USAGE
        assert "the core keeps the group that it has: the group is for the core another" in log
        code, log = deploy(tmp_path, shadows)
        assert code == ExitCode.USAGE
        assert "the embedded broker takes no topics that begin with $" in log
        assert deploy(tmp_path, {**ECHO, "Name": "checked"}, "--check")[0] == ExitCode.OK
        client.publish("request/x", b"still here")
        assert client.take().payload == b"still here"
        assert "is replaced by" not in simulator.log


def test_a_group_that_does_not_start_gives_way_to_the_one_before(tmp_path: Path) -> None:
    """Here the work folder, such as a full disk, does not take what the new group needs."""
    inline = copy.deepcopy(ECHO)
    inline["Functions"].append(function("other"))
    inline["Functions"][1]["InlineCode"] = "def handler(event, context): pass"
    with simulator_of(tmp_path, "embedded") as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        (tmp_path / "work" / "code").write_text("no folder")
        code, log = deploy(tmp_path, inline)
        assert code == ExitCode.USAGE, log
        assert f"the core keeps the group that it has: {tmp_path / 'work'}: cannot be used" in log
        client.publish("request/x", b"still here")
        assert client.take().payload == b"still here"


def test_without_a_core(tmp_path: Path) -> None:
    code, log = deploy(tmp_path, ECHO)
    assert code == ExitCode.UNREACHABLE
    assert "no core is running with --work" in log
