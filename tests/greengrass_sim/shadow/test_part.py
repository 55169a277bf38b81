"""Shadows over MQTT: a device asks along subscriptions, and a function gets the events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge_runtime.errors import ExitCode
from tests.greengrass_sim.brokers import needs_mosquitto
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import group, write_group
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator

SHADOW = "$aws/things/lamp/shadow"
ROUTES = [
    ("cloud", f"{SHADOW}/+", "GGShadowService"),
    ("cloud", f"{SHADOW}/name/+/+", "GGShadowService"),
    ("GGShadowService", f"{SHADOW}/+/+", "cloud"),
    ("GGShadowService", f"{SHADOW}/name/+/+/+", "cloud"),
]


def ask(client: Probe, operation: str, body: dict[str, Any]) -> None:
    client.publish(f"{SHADOW}/{operation}", json.dumps(body))


def take(client: Probe) -> tuple[str, dict[str, Any]]:
    message = client.take()
    return message.topic.removeprefix(f"{SHADOW}/"), json.loads(message.payload)


@needs_mosquitto
def test_a_device_asks_over_mqtt(tmp_path: Path) -> None:
    command = (tmp_path, group([], ROUTES), "mosquitto", "--work", str(tmp_path / "work"))
    with Simulator(*command) as simulator, Probe(simulator.port) as client:
        client.subscribe(f"{SHADOW}/+/+")
        client.subscribe(f"{SHADOW}/name/+/+/+")
        ask(client, "update", {"state": {"desired": {"on": True}}, "clientToken": "a"})
        topics = [take(client)[0] for _ in range(3)]
        assert topics == ["update/delta", "update/documents", "update/accepted"]
        ask(client, "name/night/get", {})
        topic, answer = take(client)
        assert topic == "name/night/get/rejected"
        assert (answer["code"], answer["message"]) == (404, "No shadow exists with name: night")
    with Simulator(*command) as simulator, Probe(simulator.port) as client:
        client.subscribe(f"{SHADOW}/get/+")
        ask(client, "get", {"clientToken": "b"})
        topic, answer = take(client)
        assert (topic, answer["clientToken"], answer["version"]) == ("get/accepted", "b", 1)
        assert answer["state"]["delta"] == {"on": True}


def test_the_embedded_broker_takes_no_such_topics(tmp_path: Path) -> None:
    result = run_command("start", str(write_group(tmp_path, group([], ROUTES))), "--broker", "embedded")
    assert result.returncode == ExitCode.USAGE
    assert "takes no topics that begin with $" in result.stderr.decode()
    assert "$.Subscriptions[0]: use --broker mosquitto" in result.stderr.decode()
