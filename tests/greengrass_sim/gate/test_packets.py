from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greengrass_sim.gate.framing import LONGEST, MalformedError, Packet, Splitter
from greengrass_sim.gate.packets import (
    V3,
    V5,
    Connect,
    Publish,
    connack,
    disconnect,
    subscribed,
    unsubscribed,
)


def text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def packet(first: int, body: bytes) -> Packet:
    (one,) = Splitter(LONGEST).feed(raw(first, body))
    return one


def raw(first: int, body: bytes) -> bytes:
    length, prefix = len(body), bytearray()
    while True:
        length, low = divmod(length, 128)
        prefix.append(low | (0x80 if length else 0))
        if not length:
            return bytes((first, *prefix)) + body


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_packets_arrive_whole_however_they_are_cut(bodies: list[bytes], size: int) -> None:
    stream = b"".join(raw(0x30, body) for body in bodies)
    splitter = Splitter(LONGEST)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    found = [one for piece in pieces for one in splitter.feed(piece)]
    assert [one.body for one in found] == bodies
    assert b"".join(one.raw for one in found) == stream


def test_packets_before_a_long_one_are_not_lost() -> None:
    packets = Splitter(10).feed(raw(0x30, b"x") + raw(0x30, bytes(11)))
    assert next(packets).body == b"x"
    with pytest.raises(MalformedError, match="a packet of 11 bytes, 10 are allowed") as caught:
        next(packets)
    assert caught.value.code == 0x95


def test_what_is_no_length() -> None:
    with pytest.raises(MalformedError, match="more than four bytes"):
        list(Splitter(LONGEST).feed(b"\x30\xff\xff\xff\xff\xff"))


def test_connect() -> None:
    body = text("MQTT") + b"\x04\x02\x00\x3c" + text("lamp")
    assert Connect.parse(packet(0x10, body)) == Connect(V3, "lamp")
    with_will = text("MQTT") + b"\x05\x0e\x00\x3c\x05\x11\0\0\0\x0a" + text("lamp") + b"\0" + text("t")
    assert Connect.parse(packet(0x10, with_will + text("gone"))) == Connect(V5, "lamp", ("t", 4, 1))


@pytest.mark.parametrize(
    ("first", "body", "why"),
    [
        (0x30, b"", "the first packet is no CONNECT"),
        (0x10, text("MQIsdp") + b"\x03\x02\0\0" + text("x"), "'MQIsdp' level 3 is neither"),
        (0x10, text("MQTT") + b"\x04", "ends in the middle of a field"),
        (0x10, text("MQTT") + b"\x05\x02\0\0\xff", "in the middle of its properties"),
        (0x10, text("MQTT") + b"\x04\x02\0\0\0\x01\xff", "not UTF-8"),
    ],
)
def test_what_is_no_connect(first: int, body: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Connect.parse(packet(first, body))


def test_publish() -> None:
    assert Publish.parse(packet(0x30, text("t") + b"xyz"), V3) == Publish("t", 3, 0)
    assert Publish.parse(packet(0x32, text("t") + b"\0\x01xyz"), V3) == Publish("t", 3, 1)
    alias = text("") + b"\0\x01" + b"\x03\x23\0\x01" + b"xyz"
    assert Publish.parse(packet(0x34, alias), V5) == Publish("", 3, 2)


def test_subscribe_and_unsubscribe() -> None:
    pairs = text("a/#") + b"\x01" + text("b") + b"\x2a"
    assert subscribed(packet(0x82, b"\0\x01" + pairs), V3) == [("a/#", 1), ("b", 2)]
    assert subscribed(packet(0x82, b"\0\x01\0" + pairs), V5) == [("a/#", 1), ("b", 2)]
    assert unsubscribed(packet(0xA2, b"\0\x01\0" + text("a/#") + text("b")), V5) == ["a/#", "b"]


def test_answers() -> None:
    assert connack(V3, 0x85) == b"\x20\x02\x00\x02"
    assert connack(V5, 0x85) == b"\x20\x03\x00\x85\x00"
    assert disconnect(V3, 0x97) == b""
    assert disconnect(V5, 0x97) == b"\xe0\x02\x97\x00"
