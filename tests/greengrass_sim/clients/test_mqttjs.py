"""MQTT.js, installed by npm from the lock file beside `mqttjs/package.json` into the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.greengrass_sim.clients.conftest import Place

FOLDER = Path(__file__).parent / "mqttjs"
CACHE = Path(__file__).parents[3] / ".cache"
COUNT = 50
INSTALL_S = 120


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder that npm has installed into; a complete one is kept."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    lock = (FOLDER / "package-lock.json").read_bytes()
    done = CACHE / f"mqttjs-{hashlib.sha256(lock).hexdigest()[:16]}"
    if done.is_dir():
        return done
    new = CACHE / f".{done.name}.{os.getpid()}"
    new.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / name, new)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    result = subprocess.run(command, cwd=new, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if result.returncode != 0:
        shutil.rmtree(new)
        pytest.skip(f"npm could not install MQTT.js: {result.stderr.strip().splitlines()[-1]}")
    new.replace(done)
    return done


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
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [f"answer/js js {number}" for number in range(COUNT)]
