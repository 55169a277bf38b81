"""A running simulator with certificates for the things lamp and button, and an echo function between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.greengrass_sim.brokers import KINDS
from tests.greengrass_sim.groups import echo_group, function_arn, subscription, thing_arn
from tests.greengrass_sim.simulator import Simulator


@dataclass(frozen=True)
class Place:
    """Where clients find the simulator, and the folder with their certificates."""

    broker: str
    port: int
    tls_port: int
    pki: Path

    def file(self, name: str) -> str:
        return str(self.pki / name)


@pytest.fixture(scope="session", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    from greengrass_sim.pki.authority import Authority

    folder = tmp_path_factory.mktemp("clients")
    authority = Authority(folder / "pki")
    authority.server()
    for name in ("lamp", "button"):
        authority.thing(name)
    document = echo_group(EncodingType="binary")
    document["Devices"] = [{"Id": name, "ThingArn": thing_arn(name)} for name in ("lamp", "button")]
    document["Subscriptions"] = [
        subscription(1, thing_arn("lamp"), "request/#", function_arn("echo")),
        subscription(2, function_arn("echo"), "answer/#", thing_arn("lamp")),
    ]
    options = ("--pki", str(folder / "pki"), "--tls-port", "0")
    with Simulator(folder, document, request.param, *options) as simulator:
        yield Place(request.param, simulator.port, simulator.tls_port, folder / "pki")
