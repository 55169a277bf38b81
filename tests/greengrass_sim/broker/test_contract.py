"""What the simulator needs of a broker, asked of each kind with a plain client.

Where the embedded broker does something else, the test is expected to fail, so that a release of it which
does better is noticed (docs/decisions/002-embedded-broker.md lists the differences).
"""

from __future__ import annotations

import itertools
import queue
from collections.abc import Iterator

import pytest
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion

from tests.greengrass_sim.brokers import KINDS, port_of, start_broker
from tests.greengrass_sim.probe import Probe
from tests.waiting import BUSY_S

_numbers = itertools.count()


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def port(kind: str) -> Iterator[int]:
    with start_broker(kind) as broker:
        yield port_of(broker)


@pytest.fixture
def base() -> str:
    """A topic and a client id that no other test uses."""
    return f"t{next(_numbers)}"


@pytest.fixture
def differs(request: pytest.FixtureRequest, kind: str) -> None:
    """Marks a test that the embedded broker is known to fail."""
    if kind == "embedded":
        request.applymarker(pytest.mark.xfail(reason="known difference of the embedded broker", strict=True))


def test_connect(port: int, base: str) -> None:
    with Probe(port, base) as client:
        assert not client.reason.is_failure
        assert not client.session_present


@pytest.mark.parametrize("sent", [0, 1])
@pytest.mark.parametrize("wanted", [0, 1])
def test_a_message_arrives_once(port: int, base: str, sent: int, wanted: int) -> None:
    with Probe(port) as client:
        assert [code.value for code in client.subscribe(base, wanted)] == [wanted]
        client.publish(base, b"x", sent)
        message = client.take()
        assert (message.topic, message.payload, message.retain) == (base, b"x", False)
        assert message.qos in {wanted, min(sent, wanted)}
        assert client.nothing_more()


@pytest.mark.usefixtures("differs")
def test_a_message_keeps_the_lower_quality_of_service(port: int, base: str) -> None:
    with Probe(port) as client:
        client.subscribe(base, 1)
        client.publish(base, b"x", 0)
        assert client.take().qos == 0


@pytest.mark.parametrize(
    ("topic_filter", "matching", "other"),
    [
        ("{}/+/c", "{}/b/c", "{}/b/d"),
        ("{}/#", "{}", "{}x"),
        ("{}/#", "{}/b/c", "x/{}"),
        ("{}//+", "{}//", "{}/"),
    ],
)
def test_wildcards(port: int, base: str, topic_filter: str, matching: str, other: str) -> None:
    with Probe(port) as client:
        client.subscribe(topic_filter.format(base))
        client.publish(other.format(base), b"no")
        client.publish(matching.format(base), b"yes")
        assert client.take().payload == b"yes"
        assert client.nothing_more()


def test_every_subscriber_gets_a_copy(port: int, base: str) -> None:
    with Probe(port) as first, Probe(port) as second:
        first.subscribe(base)
        second.subscribe(f"{base}/#")
        first.publish(base, b"x")
        assert first.take().payload == second.take().payload == b"x"


def test_unsubscribe(port: int, base: str) -> None:
    with Probe(port) as client:
        client.subscribe(base)
        client.unsubscribe(base)
        client.publish(base, b"x")
        assert client.nothing_more()


@pytest.mark.parametrize("topic_filter", ["{}/kept", "{}/+"])
def test_a_retained_message_waits_for_subscribers(port: int, base: str, topic_filter: str) -> None:
    topic = f"{base}/kept"
    with Probe(port) as client:
        client.publish(topic, b"old", retain=True)
        client.publish(topic, b"kept", retain=True)
        client.subscribe(topic_filter.format(base))
        message = client.take()
        assert (message.payload, message.retain) == (b"kept", True)
        assert client.nothing_more()
        client.publish(topic, b"", retain=True)
        assert client.take().payload == b""
    with Probe(port) as client:
        client.subscribe(topic)
        assert client.nothing_more()


def test_a_will_is_published_when_a_client_vanishes(port: int, base: str) -> None:
    with Probe(port) as watcher:
        watcher.subscribe(base)
        Probe(port, will=(base, b"gone", 1)).drop()
        assert watcher.take().payload == b"gone"


def test_a_will_is_not_published_when_a_client_says_goodbye(port: int, base: str) -> None:
    with Probe(port) as watcher:
        watcher.subscribe(base)
        Probe(port, will=(base, b"gone", 1)).close()
        assert watcher.nothing_more()


def test_a_session_keeps_messages_while_its_client_is_away(port: int, base: str) -> None:
    sent = [b"%d" % number for number in range(300)]
    with Probe(port, base, clean=False) as client:
        client.subscribe(f"{base}/+")
    with Probe(port) as other:
        other.publish_all(f"{base}/x", sent)
    with Probe(port, base, clean=False) as client:
        assert client.session_present
        assert client.take_payloads(len(sent)) == sent
        assert client.nothing_more()


def test_a_clean_session_forgets(port: int, base: str) -> None:
    with Probe(port, base, clean=False) as client:
        client.subscribe(base)
    with Probe(port, base, clean=True) as client:
        assert not client.session_present
        client.publish(base, b"x")
        assert client.nothing_more()


def leave_unacknowledged(port: int, base: str) -> tuple[list[MQTTMessage], list[MQTTMessage]]:
    """What a client received first, and again after it vanished with two of five messages acknowledged."""
    sent = [b"%d" % number for number in range(5)]
    with Probe(port, base, clean=False, manual_ack=True) as client:
        client.subscribe(base)
        with Probe(port) as other:
            other.publish_all(base, sent)
        first = [client.take() for _ in sent]
        client.client.ack(first[0].mid, 1)
        client.client.ack(first[1].mid, 1)
        client.publish(f"{base}/after", b"")  # its answer shows that the broker has read what came before
        client.drop()
    with Probe(port, base, clean=False, manual_ack=True) as client:
        again = [client.take() for _ in sent[2:]]
        assert client.nothing_more()
    return first, again


def test_what_was_not_acknowledged_comes_again_in_order(port: int, base: str) -> None:
    first, again = leave_unacknowledged(port, base)
    assert [message.payload for message in again] == [message.payload for message in first[2:]]


@pytest.mark.usefixtures("differs")
def test_what_comes_again_is_marked(port: int, base: str) -> None:
    first, again = leave_unacknowledged(port, base)
    assert [(m.mid, m.dup) for m in again] == [(m.mid, True) for m in first[2:]]


def test_more_messages_than_fit_in_flight(port: int, base: str) -> None:
    sent = [b"%d" % number for number in range(1000)]
    with Probe(port, base, manual_ack=True) as client, Probe(port) as other:
        client.subscribe(base)
        other.publish_all(base, sent)
        received = []
        for _ in sent:
            message = client.take()
            received.append(message.payload)
            client.client.ack(message.mid, 1)
        assert received == sent


@pytest.mark.parametrize("clean", [True, False])
def test_a_second_client_takes_over_the_id(port: int, base: str, clean: bool) -> None:
    with (
        Probe(port, base, clean=clean, reconnect_on_failure=False) as first,
        Probe(port, base, clean=clean) as second,
    ):
        first.ended.get(timeout=BUSY_S)
        second.subscribe(base)
        second.publish(base, b"x")
        assert second.take().payload == b"x"


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 1024 * 1024])
def test_payload_sizes(port: int, base: str, size: int) -> None:
    payload = bytes(range(256)) * (size // 256) or b"x" * size
    with Probe(port) as client:
        client.subscribe(base)
        client.publish(base, payload)
        assert client.take().payload == payload


@pytest.mark.parametrize("qos", [0, 1])
def test_order_and_count(port: int, base: str, qos: int) -> None:
    sent = [b"%d" % number for number in range(3000)]
    with Probe(port) as client, Probe(port) as other:
        client.subscribe(base, qos)
        other.publish_all(base, sent, qos)
        assert client.take_payloads(len(sent)) == sent
        assert client.nothing_more()


@pytest.mark.usefixtures("differs")
def test_overlapping_filters_give_one_copy(port: int, base: str) -> None:
    with Probe(port) as client:
        client.subscribe(f"{base}/#")
        client.subscribe(f"{base}/+")
        client.publish(f"{base}/x", b"x")
        assert client.take().payload == b"x"
        assert client.nothing_more()


def test_dollar_topics_are_hidden_from_a_leading_wildcard(port: int, base: str) -> None:
    with Probe(port) as client:
        client.subscribe(f"+/{base}")
        client.publish(f"$x/{base}", b"x")
        assert client.nothing_more()


@pytest.mark.usefixtures("differs")
def test_mqtt_5(port: int, base: str) -> None:
    with Probe(port, base, protocol=MQTTProtocolVersion.MQTTv5, wait=2.0) as client:
        client.subscribe(base)
        client.publish(base, b"x")
        assert client.take().payload == b"x"


def test_a_subscriber_that_stopped_reading_does_not_stop_others(port: int, base: str) -> None:
    with Probe(port, manual_ack=True) as stuck, Probe(port) as client:
        stuck.subscribe(base)
        client.subscribe(base)
        sent = [b"%d" % number for number in range(500)]
        client.publish_all(base, sent)
        assert client.take_payloads(len(sent)) == sent
        with pytest.raises(queue.Empty):
            client.take(0.1)
