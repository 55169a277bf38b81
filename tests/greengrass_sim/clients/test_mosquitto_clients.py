from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.greengrass_sim.clients.conftest import Place
from tests.waiting import BUSY_S

pytestmark = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None, reason="mosquitto_pub is not installed (mosquitto-clients)"
)
REQUESTS = [f"request {number}" for number in range(50)]


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_over_mutual_tls(place: Place, version: str) -> None:
    """Two devices, since one thing has one connection."""
    converse(version, *(over_tls(place, name) for name in ("lamp", "button")))


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_on_the_plain_port(place: Place, version: str) -> None:
    if place.broker == "embedded" and version == "mqttv5":
        pytest.skip("the embedded broker's plain port speaks MQTT 3.1.1 alone (docs/decisions/002)")
    plain = ["-h", "127.0.0.1", "-p", str(place.port)]
    converse(version, plain, plain)


def over_tls(place: Place, name: str) -> list[str]:
    files = {"--cafile": "ca.pem", "--cert": f"things/{name}.pem", "--key": f"things/{name}.key"}
    words = [word for option, file in files.items() for word in (option, place.file(file))]
    return ["-h", "localhost", "-p", str(place.tls_port), "-i", name, *words]


def converse(version: str, listening: list[str], asking: list[str]) -> None:
    # Without stdbuf its lines would stay in a buffer until the end.
    sub = [
        "stdbuf",
        "-oL",
        "mosquitto_sub",
        "-d",
        "-V",
        version,
        *listening,
        "-t",
        "answer/mosquitto",
        "-q",
        "1",
    ]
    count = ["-C", str(len(REQUESTS)), "-W", "20", "-F", "answer: %p"]
    with subprocess.Popen([*sub, *count], stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        for line in listener.stdout:
            if line.startswith("Subscribed"):
                break
        pub = ["mosquitto_pub", "-V", version, *asking, "-t", "request/mosquitto", "-q", "1", "-l"]
        subprocess.run(pub, input="\n".join(REQUESTS) + "\n", text=True, check=True, timeout=BUSY_S)
        answers = [line.strip() for line in listener.stdout if line.startswith("answer: ")]
    assert answers == [f"answer: {text}" for text in REQUESTS]
    assert listener.returncode == 0
