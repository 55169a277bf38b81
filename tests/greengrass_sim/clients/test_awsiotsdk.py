"""The AWS IoT Device SDK for Python, as AWS's own samples use it, in MQTT 3.1.1 and MQTT 5."""

from __future__ import annotations

import queue
from concurrent.futures import Future
from typing import Any

import pytest

from tests.greengrass_sim.clients.conftest import Place

pytest.importorskip("awsiot", reason="awsiotsdk is not installed")

from awscrt import mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

from tests.waiting import BUSY_S

REQUESTS = [b"%d" % number for number in range(50)]


def options(place: Place) -> dict[str, Any]:
    return {
        "endpoint": "localhost",
        "port": place.tls_port,
        "ca_filepath": place.file("ca.pem"),
        "cert_filepath": place.file("things/lamp.pem"),
        "pri_key_filepath": place.file("things/lamp.key"),
        "client_id": "lamp",
    }


def test_mqtt_3(place: Place) -> None:
    connection = mqtt_connection_builder.mtls_from_path(**options(place), clean_session=True)
    connection.connect().result(BUSY_S)
    answers: queue.Queue[bytes] = queue.Queue()
    subscribing, _ = connection.subscribe(
        "answer/aws", mqtt.QoS.AT_LEAST_ONCE, lambda payload, **_: answers.put(payload)
    )
    assert subscribing.result(BUSY_S)["qos"] == mqtt.QoS.AT_LEAST_ONCE
    for request in REQUESTS:
        publishing, _ = connection.publish("request/aws", request, mqtt.QoS.AT_LEAST_ONCE)
        publishing.result(BUSY_S)
    assert [answers.get(timeout=BUSY_S) for _ in REQUESTS] == REQUESTS
    connection.disconnect().result(BUSY_S)


def test_mqtt_5(place: Place) -> None:
    connected: Future[Any] = Future()
    stopped: Future[Any] = Future()
    answers: queue.Queue[bytes] = queue.Queue()
    client = mqtt5_client_builder.mtls_from_path(
        **options(place),
        on_lifecycle_connection_success=lambda data: connected.set_result(data.connack_packet.reason_code),
        on_lifecycle_stopped=stopped.set_result,
        on_publish_received=lambda data: answers.put(data.publish_packet.payload),
    )
    client.start()
    assert connected.result(BUSY_S) == mqtt5.ConnectReasonCode.SUCCESS
    wanted = mqtt5.Subscription("answer/aws", mqtt5.QoS.AT_LEAST_ONCE)
    granted = client.subscribe(mqtt5.SubscribePacket([wanted])).result(BUSY_S)
    assert granted.reason_codes == [mqtt5.SubackReasonCode.GRANTED_QOS_1]
    for request in REQUESTS:
        packet = mqtt5.PublishPacket(topic="request/aws", payload=request, qos=mqtt5.QoS.AT_LEAST_ONCE)
        client.publish(packet).result(BUSY_S)
    assert [answers.get(timeout=BUSY_S) for _ in REQUESTS] == REQUESTS
    client.stop()
    stopped.result(BUSY_S)


def test_a_wrong_client_id_is_told(place: Place) -> None:
    failed: Future[Any] = Future()
    stopped: Future[Any] = Future()
    client = mqtt5_client_builder.mtls_from_path(
        **{**options(place), "client_id": "other"},
        on_lifecycle_connection_failure=lambda data: failed.done() or failed.set_result(data.connack_packet),
        on_lifecycle_stopped=stopped.set_result,
    )
    client.start()
    assert failed.result(BUSY_S).reason_code == mqtt5.ConnectReasonCode.CLIENT_IDENTIFIER_NOT_VALID
    client.stop()
    stopped.result(BUSY_S)
