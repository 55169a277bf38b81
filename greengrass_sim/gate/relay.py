"""A connection that was let in: packets from the client to the broker as far as they may pass, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress

from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.gate.framing import LONGEST, MalformedError, Packet, Splitter
from greengrass_sim.gate.packets import Connect, connack, disconnect
from greengrass_sim.gate.visitor import Visitor
from greengrass_sim.limits import Breach

PATIENCE_S = 10.0
_CHUNK = 1 << 16
_CLOSE_S = 2.0
TAKEN_OVER = 0x8E

Admit = Callable[[Visitor], Awaitable[None]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refused(Exception):
    """The client is sent away; `code` is MQTT 5's for the reason."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(breach.reason)
        self.code = breach.code


async def relay(visitor: Visitor, client: Streams, brokers: Mapping[int, BrokerUrl], admit: Admit) -> None:
    """Returns when one of the two has closed the connection; `admit` waits until the visitor has room.

    Raises Refused or MalformedError for what may not pass; OSError, TimeoutError or EOFError at an end.
    """
    splitter = Splitter(visitor.longest)
    first, *others = await asyncio.wait_for(_first_packets(splitter, client[0]), PATIENCE_S)
    connect = Connect.parse(first)
    if breach := visitor.enter(connect):
        client[1].write(connack(connect.level, breach.code))
        raise Refused(breach)
    try:
        await admit(visitor)
        target = brokers[connect.level]
        broker = await asyncio.open_connection(target.host, target.port)
        try:
            broker[1].write(first.raw)
            _send(broker[1], _allowed(visitor, iter(others)))
            await _both_ways(visitor, splitter, client, broker)
        finally:
            await _hang_up(broker)
    finally:
        visitor.gone.set()


async def _both_ways(visitor: Visitor, splitter: Splitter, client: Streams, broker: Streams) -> None:
    """Answers stay whole, so that a last word fits between them."""
    answers = Splitter(LONGEST)
    inward = asyncio.ensure_future(
        _copy(client[0], broker[1], lambda data: _allowed(visitor, splitter.feed(data)))
    )
    outward = asyncio.ensure_future(
        _copy(broker[0], client[1], lambda data: (packet.raw for packet in answers.feed(data)))
    )
    ousted = asyncio.ensure_future(visitor.ousted.wait())
    ways = (inward, outward, ousted)
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if ousted in done:
            raise Refused(Breach("it has connected once more", TAKEN_OVER))
        for one in done:
            one.result()
    except (Refused, MalformedError) as error:
        outward.cancel()
        await _say_goodbye(client, disconnect(visitor.level, error.code))
        raise
    finally:
        for one in ways:
            one.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _hang_up(broker: Streams) -> None:
    """Returns when the broker has seen that the connection is over, and has closed it too."""
    with suppress(OSError, TimeoutError):
        broker[1].write_eof()
        async with asyncio.timeout(_CLOSE_S):
            while await broker[0].read(_CHUNK):
                pass
    await close(broker[1])


async def _say_goodbye(client: Streams, words: bytes) -> None:
    """Closing at once, with bytes of the client unread, would take the words from the client's hands."""
    client[1].write(words)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_S if words else 0):
            while await client[0].read(_CHUNK):
                pass


def _allowed(visitor: Visitor, packets: Iterator[Packet]) -> Iterator[bytes]:
    """The packets up to the first that may not pass; that one raises Refused."""
    for packet in packets:
        if breach := visitor.send(packet):
            raise Refused(breach)
        yield visitor.passed(packet)


async def _first_packets(splitter: Splitter, reader: asyncio.StreamReader) -> list[Packet]:
    """At least one; EOFError when the client leaves before."""
    packets: list[Packet] = []
    while not packets:
        data = await reader.read(_CHUNK)
        if not data:
            raise EOFError("it said nothing")
        packets += splitter.feed(data)
    return packets


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pass_on: Callable[[bytes], Iterator[bytes]]
) -> None:
    while data := await reader.read(_CHUNK):
        _send(writer, pass_on(data))
        await writer.drain()


def _send(writer: asyncio.StreamWriter, packets: Iterator[bytes]) -> None:
    """All in one piece, and what comes before an exception too."""
    passed: list[bytes] = []
    try:
        passed.extend(packets)
    finally:
        writer.write(b"".join(passed))


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), _CLOSE_S)
