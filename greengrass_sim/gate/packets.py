"""What the gate reads of MQTT control packets, and what it answers (MQTT 3.1.1 and 5, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from greengrass_sim.gate.framing import MalformedError, Packet, encoded, variable_integer

V3, V5 = 4, 5  # the protocol levels of MQTT 3.1.1 and 5


class Type(IntEnum):
    """The packets that the gate reads or writes; others pass as they are."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    SUBSCRIBE = 8
    UNSUBSCRIBE = 10
    DISCONNECT = 14


class Reader:
    """Takes the fields of a packet one after the other; raises MalformedError where it ends too early."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._body) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise MalformedError("a packet ends in the middle of a field")
        self._at += count
        return self._body[self._at - count : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def binary(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            return self.binary().decode()
        except UnicodeDecodeError as error:
            raise MalformedError("a text that is not UTF-8") from error

    def skip_properties(self, level: int) -> int:
        """Gives how many bytes they had. Before MQTT 5 there are none."""
        if level < V5:
            return 0
        found = variable_integer(self._body, self._at)
        if found is None:
            raise MalformedError("a packet ends in the middle of its properties")
        length, self._at = found
        self.take(length)
        return length


@dataclass(frozen=True)
class Connect:
    """What a client says first; `will` is topic, size of the payload and QoS.

    `will_has_properties`: MQTT 5's, such as how long to wait with it.
    """

    level: int
    client_id: str
    will: tuple[str, int, int] | None = None
    will_has_properties: bool = False

    @classmethod
    def parse(cls, packet: Packet) -> Connect:
        """Raises MalformedError when it is no CONNECT of a known protocol."""
        if packet.type != Type.CONNECT:
            raise MalformedError("the first packet is no CONNECT")
        reader = Reader(packet.body)
        name, level, flags = reader.text(), reader.number(1), reader.number(1)
        if name != "MQTT" or level not in (V3, V5):
            raise MalformedError(f"{name!r} level {level} is neither MQTT 3.1.1 nor MQTT 5")
        reader.number(2)  # keep-alive
        reader.skip_properties(level)
        client_id = reader.text()
        if not flags & 0x04:
            return cls(level, client_id)
        properties = reader.skip_properties(level)
        will = reader.text(), len(reader.binary()), flags >> 3 & 3
        return cls(level, client_id, will, properties > 0)


@dataclass(frozen=True)
class Publish:
    topic: str
    size: int
    qos: int

    @classmethod
    def parse(cls, packet: Packet, level: int) -> Publish:
        """The topic is empty where an MQTT 5 client uses an alias for it."""
        reader, qos = Reader(packet.body), packet.first >> 1 & 3
        topic = reader.text()
        if qos:
            reader.number(2)
        reader.skip_properties(level)
        return cls(topic, reader.left, qos)


def without_properties(packet: Packet) -> bytes:
    """A PUBLISH of MQTT 5 with none of its properties; raises MalformedError where it ends too early."""
    reader, qos = Reader(packet.body), packet.first >> 1 & 3
    topic, identity = reader.binary(), reader.take(2 if qos else 0)
    reader.skip_properties(V5)
    parts = (len(topic).to_bytes(2, "big"), topic, identity, b"\0", reader.take(reader.left))
    body = b"".join(parts)
    return bytes((packet.first,)) + encoded(len(body)) + body


def subscribed(packet: Packet, level: int) -> list[tuple[str, int]]:
    """The (filter, QoS) pairs of a SUBSCRIBE."""
    reader, pairs = Reader(packet.body), []
    reader.number(2)
    reader.skip_properties(level)
    while reader.left:
        pairs.append((reader.text(), reader.number(1) & 3))
    return pairs


def unsubscribed(packet: Packet, level: int) -> list[str]:
    """The filters of an UNSUBSCRIBE."""
    reader, filters = Reader(packet.body), []
    reader.number(2)
    reader.skip_properties(level)
    while reader.left:
        filters.append(reader.text())
    return filters


def connack(level: int, code: int) -> bytes:
    """A refusal; `code` is MQTT 5's, told to an older client by the nearest one that it knows."""
    if level >= V5:
        return bytes((Type.CONNACK << 4, 3, 0, code, 0))
    return bytes((Type.CONNACK << 4, 2, 0, _OLD_CODES.get(code, 5)))


def disconnect(level: int, code: int) -> bytes:
    """What a server says before it closes; nothing to a client of MQTT 3.1.1, which has no word for it."""
    return bytes((Type.DISCONNECT << 4, 2, code, 0)) if level >= V5 else b""


_OLD_CODES = {0x84: 1, 0x85: 2, 0x87: 5}
