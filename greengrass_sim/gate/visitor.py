"""One client at the gate: who it is, and whether what it sends may pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container

from greengrass_sim.gate.framing import LONGEST, Packet
from greengrass_sim.gate.packets import (
    V5,
    Connect,
    Publish,
    Type,
    subscribed,
    unsubscribed,
    without_properties,
)
from greengrass_sim.limits import Breach, Limits

IDENTIFIER_INVALID, NOT_AUTHORIZED, TOPIC_ALIAS_INVALID, IMPLEMENTATION_SPECIFIC = 0x85, 0x87, 0x94, 0x83
_BESIDE_PAYLOAD = 64 * 1024


class Visitor:
    """`thing` is the name in the client's certificate, `devices` the things that may come in.

    With `bare`, messages lose their properties of MQTT 5, over which iotcore ends (decision 002).
    """

    def __init__(self, thing: str, devices: Container[str], limits: Limits, bare: bool = False) -> None:
        self.thing = thing
        self._bare = bare
        self.level = 0
        self.ousted = asyncio.Event()  # another connection of the same thing wants its place
        self.gone = asyncio.Event()  # the broker has seen the end of this one
        self._devices = devices
        self._limits = limits
        self._filters: set[str] = set()
        self._rules: dict[int, Callable[[Packet], Breach | None]] = {
            Type.PUBLISH: self._publish,
            Type.SUBSCRIBE: self._subscribe,
            Type.UNSUBSCRIBE: self._unsubscribe,
        }

    @property
    def longest(self) -> int:
        """How many bytes of a packet are read at all: a payload, and what comes with it."""
        return LONGEST if self._limits.payload is None else self._limits.payload + _BESIDE_PAYLOAD

    def enter(self, connect: Connect) -> Breach | None:
        """Why the client is not let in, or None."""
        self.level = connect.level
        if self.thing not in self._devices:
            return Breach(f"its certificate names {self.thing!r}, no device of the group", NOT_AUTHORIZED)
        if connect.client_id != self.thing:
            reason = f"its client id {connect.client_id!r} must equal its thing name {self.thing!r}"
            return Breach(reason, IDENTIFIER_INVALID)
        if self._bare and connect.will_has_properties:
            return Breach("this broker takes no properties of a will", IMPLEMENTATION_SPECIFIC)
        return self._limits.of_message(*connect.will) if connect.will else None

    def send(self, packet: Packet) -> Breach | None:
        """Why the packet does not pass, or None."""
        rule = self._rules.get(packet.type)
        return rule(packet) if rule else None

    def passed(self, packet: Packet) -> bytes:
        """What the broker gets of a packet that passes."""
        bare = self._bare and self.level == V5 and packet.type == Type.PUBLISH
        return without_properties(packet) if bare else packet.raw

    def _publish(self, packet: Packet) -> Breach | None:
        message = Publish.parse(packet, self.level)
        if self._bare and not message.topic:
            return Breach("this broker takes no alias in place of a topic", TOPIC_ALIAS_INVALID)
        return self._limits.of_message(message.topic, message.size, message.qos)

    def _subscribe(self, packet: Packet) -> Breach | None:
        pairs = subscribed(packet, self.level)
        names = {name for name, _ in pairs}
        if breach := self._limits.of_subscription(pairs, len(self._filters - names)):
            return breach
        self._filters |= names
        return None

    def _unsubscribe(self, packet: Packet) -> Breach | None:
        self._filters.difference_update(unsubscribed(packet, self.level))
        return None
