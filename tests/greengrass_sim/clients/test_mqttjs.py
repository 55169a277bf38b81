"""MQTT.js, installed by npm from the lock file beside `mqttjs/package.json` into the cache."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.greengrass_sim.clients.conftest import Place
from tests.greengrass_sim.npm import installed
from tests.waiting import BUSY_S

FOLDER = Path(__file__).parent / "mqttjs"
COUNT = 50


@pytest.fixture(scope="session")
def modules() -> Path:
    return installed(FOLDER)


@pytest.mark.parametrize("version", [4, 5])
def test_over_mutual_tls(place: Place, modules: Path, version: int) -> None:
    files = {"ca": "ca.pem", "cert": "things/lamp.pem", "key": "things/lamp.key"}
    options = {
        "protocol": "mqtts",
        "host": "localhost",
        "port": place.tls_port,
        "clientId": "lamp",
        "protocolVersion": version,
        **{option: place.file(name) for option, name in files.items()},
    }
    converse(modules, options)


@pytest.mark.parametrize("version", [4, 5])
def test_on_the_plain_port(place: Place, modules: Path, version: int) -> None:
    if place.broker == "embedded" and version == 5:
        pytest.skip("the embedded broker's plain port speaks MQTT 3.1.1 alone (docs/decisions/002)")
    converse(modules, {"host": "127.0.0.1", "port": place.port, "protocolVersion": version})


def converse(modules: Path, options: dict[str, Any]) -> None:
    result = subprocess.run(
        ["node", str(FOLDER / "client.js"), json.dumps(options), str(COUNT)],
        env={**os.environ, "MQTTJS": str(modules)},
        capture_output=True,
        text=True,
        timeout=BUSY_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [f"answer/js js {number}" for number in range(COUNT)]
