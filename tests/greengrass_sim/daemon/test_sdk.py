"""The Greengrass SDK from PyPI, as it is: by the worker's own connection, and by HTTP from a process."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from tests.greengrass_sim.groups import function, function_arn, group
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator

HANDLER = Path(__file__).parents[1] / "handlers" / "real_sdk.py"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """The folder of a function that brings the SDK with it, as deployment packages do."""
    try:
        package = distribution("greengrasssdk").locate_file("greengrasssdk")
    except PackageNotFoundError:
        pytest.skip("needs greengrasssdk from PyPI: pip install greengrasssdk==1.6.1")
    folder = tmp_path / "code"
    shutil.copytree(str(package), folder / "greengrasssdk")
    shutil.copy(HANDLER, folder)
    return folder


@pytest.mark.parametrize("way", ["link", "http"])
def test_the_sdk_from_pypi(tmp_path: Path, code: Path, way: str) -> None:
    asked = {**function("asked", "real_sdk.answer", Pinned=False), "LocalPath": str(code)}
    asking = {**function("asking", "real_sdk.handler"), "LocalPath": str(code)}
    routes = [("cloud", "request", "asking"), ("asking", "answer/#", "cloud"), ("asked", "answer/#", "cloud")]
    with (
        Simulator(tmp_path, group([asked, asking], routes), "embedded", "--daemon-port", "0") as simulator,
        Probe(simulator.port) as client,
    ):
        client.subscribe("answer/#")
        client.publish("request", json.dumps({"way": way, "arn": function_arn("asked")}))
        seen: dict[str, Any] = {}
        while "answer/end" not in seen:
            message = client.take()
            seen[message.topic] = json.loads(message.payload)
    assert seen["answer/version"] == "1.6.1"
    assert seen["answer/invoked"] == {"error": "", "body": {"asked": {"a": 1}, "subject": "s"}}
    assert seen["answer/failed"]["error"] == "Handled"
    assert seen["answer/failed"]["body"]["errorMessage"] == "as asked"
    refused = "Failed to invoke function due to HTTP Error 400: Bad Request"
    assert seen["answer/refused"] == ["InvocationException", refused]
    missing = "Failed to invoke function due to HTTP Error 404: Not Found"
    assert seen["answer/missing"] == ["InvocationException", missing]
    assert seen["answer/no_shadow"][0] == "ShadowError"
    assert seen["answer/shadow"]["state"]["reported"] == {"on": True}
    assert seen["answer/event"] == "by event"
