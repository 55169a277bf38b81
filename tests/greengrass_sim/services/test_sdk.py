"""Handlers ask for shadows and secrets, with the SDK that comes with us and with the one of AWS."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.greengrass_sim.groups import HANDLERS, function_arn, subscription
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.services.test_secrets import document
from tests.greengrass_sim.simulator import Simulator

REAL = "greengrasssdk==1.6.1"
DELTA = "$aws/things/lamp/shadow/update/delta"


@pytest.fixture(scope="module", params=["ours", REAL])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    folder = tmp_path_factory.mktemp("services")
    code = folder / "code"
    code.mkdir()
    shutil.copy(HANDLERS / "services.py", code)
    if request.param == REAL:
        install(REAL, code)
    table = document(folder)
    for one, handler in zip(table["Functions"], ("handler", "relay"), strict=True):
        one["LocalPath"] = str(code)
        one["FunctionConfiguration"]["Executable"] = f"services.{handler}"
    # The delta goes to a function, and from there to us: the embedded broker carries no such topic.
    table["Subscriptions"] += [
        subscription(7, "GGShadowService", DELTA, function_arn("other")),
        subscription(8, function_arn("other"), "told/#", "cloud"),
    ]
    with Simulator(folder, table, "embedded") as simulator, Probe(simulator.port) as probe:
        probe.subscribe("told/#")
        yield probe


def install(requirement: str, folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        folder,
        requirement,
    ]
    done = subprocess.run(
        [*command, "--disable-pip-version-check"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"{requirement} cannot be installed here: {done.stderr.strip()[-200:]}")


def ask(client: Probe, **event: Any) -> Any:
    client.publish("ask/x", json.dumps(event))
    return json.loads(client.take().payload)


def test_a_shadows_life(client: Probe) -> None:
    missing = ask(client, call="get")
    kind, text = missing
    problem = "No shadow exists with name: Unnamed Shadow"
    assert kind == "ShadowError"
    assert text == f'Request for shadow state returned error code 404 with message "{problem}"'
    updated = ask(client, call="update", body={"state": {"reported": {"on": True}}})
    assert (updated["version"], updated["state"]) == (1, {"reported": {"on": True}})
    assert ask(client, call="get")["state"] == {"reported": {"on": True}}
    assert ask(client, call="delete")["version"] == 1


def test_a_rejected_update(client: Probe) -> None:
    kind, text = ask(client, call="update", body={"state": 1})
    assert kind == "ShadowError"
    assert (
        text == 'Request for shadow state returned error code 400 with message "State node must be an object"'
    )


def test_a_delta_reaches_a_function(client: Probe) -> None:
    client.publish("ask/x", json.dumps({"call": "update", "body": {"state": {"desired": {"on": 1}}}}))
    messages = [client.take() for _ in range(2)]
    (delta,) = [json.loads(one.payload) for one in messages if one.topic == "told/delta"]
    assert delta["state"] == {"on": 1}
    assert ask(client, call="delete")["version"] == delta["version"]


def test_secrets(client: Probe) -> None:
    name, value, year = ask(client, secret="greengrass-database")
    assert (name, value) == ("greengrass-database", "swordfish")
    assert year >= 2020
    kind, text = ask(client, secret="greengrass-none")
    assert kind == "SecretsManagerError"
    assert text.startswith(
        "Request for secret value returned error code 404 with message Secrets Manager can't"
    )
