from __future__ import annotations

import ssl

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

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


def test_properties_of_mqtt_5(place: Place) -> None:
    """The core speaks MQTT 3.1.1; the embedded broker would end over a message with any."""
    context = ssl.create_default_context(cafile=place.file("ca.pem"))
    context.load_cert_chain(place.file("things/lamp.pem"), place.file("things/lamp.key"))
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic, properties.CorrelationData = "answer/paho", b"1"
    with Probe(place.tls_port, "lamp", protocol=MQTTProtocolVersion.MQTTv5, tls=context) as lamp:
        lamp.subscribe("answer/paho")
        for qos, payload in ((0, b"first"), (1, bytes(200)), (1, b"last")):
            lamp.client.publish("request/paho", payload, qos, properties=properties)
            assert lamp.take().payload == payload


def test_a_will_with_properties(place: Place) -> None:
    context = ssl.create_default_context(cafile=place.file("ca.pem"))
    context.load_cert_chain(place.file("things/lamp.pem"), place.file("things/lamp.key"))
    properties = Properties(PacketTypes.WILLMESSAGE)
    properties.ContentType = "text"
    will = ("request/will", b"gone", 1, False, properties)
    options = {"will": will, "tls": context, "reconnect_on_failure": False}
    with Probe(place.tls_port, "lamp", protocol=MQTTProtocolVersion.MQTTv5, **options) as lamp:
        assert lamp.reason.is_failure == (place.broker == "embedded")


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
