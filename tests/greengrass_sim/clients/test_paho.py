from __future__ import annotations

import ssl

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.greengrass_sim.clients.conftest import Place
from tests.greengrass_sim.probe import Probe

VERSIONS = [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]
REQUESTS = [b"%d" % number for number in range(200)]


@pytest.mark.parametrize("version", VERSIONS)
def test_over_mutual_tls(place: Place, version: MQTTProtocolVersion) -> None:
    context = ssl.create_default_context(cafile=place.file("ca.pem"))
    context.load_cert_chain(place.file("things/lamp.pem"), place.file("things/lamp.key"))
    with Probe(place.tls_port, "lamp", protocol=version, tls=context) as lamp:
        converse(lamp)


@pytest.mark.parametrize("version", VERSIONS)
def test_on_the_plain_port(place: Place, version: MQTTProtocolVersion) -> None:
    if place.broker == "embedded" and version == MQTTProtocolVersion.MQTTv5:
        pytest.skip("the embedded broker's plain port speaks MQTT 3.1.1 alone (docs/decisions/002)")
    with Probe(place.port, "anybody", protocol=version) as client:
        converse(client)


def converse(client: Probe) -> None:
    client.subscribe("answer/paho")
    client.publish_all("request/paho", REQUESTS)
    assert client.take_payloads(len(REQUESTS)) == REQUESTS
    assert client.nothing_more()
