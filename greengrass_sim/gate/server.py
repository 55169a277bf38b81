"""The door for devices: mutual TLS, one certificate a thing, and the limits of AWS IoT.

It stands before a broker that knows nothing of this, looks into what clients send, and passes on what is
allowed. Every refusal is logged with its reason. docs/decisions/006-gate-for-devices.md says why.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Container, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.errors import BrokerError
from greengrass_sim.gate.framing import MalformedError
from greengrass_sim.gate.relay import PATIENCE_S, Refused, Streams, close, relay
from greengrass_sim.gate.visitor import Visitor
from greengrass_sim.limits import Limits


@dataclass(frozen=True)
class GateOptions:
    """Where to listen (port 0: any free one), with which certificate, and who may come in.

    `brokers` says which one takes MQTT 3.1.1 (V3) and MQTT 5 (V5): not every broker speaks both on one port.
    """

    context: ssl.SSLContext
    devices: Container[str]
    brokers: Mapping[int, BrokerUrl]
    limits: Limits
    host: str = "127.0.0.1"
    port: int = 8883


class Gate:
    """Lets clients through between `start` and `stop`, in the running event loop."""

    def __init__(self, options: GateOptions) -> None:
        self._options = options
        self._log = logging.getLogger("gate")
        self._server: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._inside: dict[str, Visitor] = {}
        self._devices = options.devices
        self.url = ""

    async def start(self) -> str:
        """The URL for devices; raises BrokerError when the port is taken."""
        host, port = self._options.host, self._options.port
        try:
            self._server = socket.create_server((host, port), backlog=128)
        except OSError as error:
            raise BrokerError(
                f"cannot listen on port {port} of {host} ({error.strerror}); choose another with --tls-port"
            ) from error
        self._server.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self._server))
        self.url = f"mqtts://{host}:{self._server.getsockname()[1]}"
        return self.url

    async def stop(self) -> None:
        """Closes all connections; safe to call twice."""
        tasks = [*self._visits, *filter(None, [self._accepting])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()

    def admit_only(self, devices: Container[str]) -> None:
        """From now on only these may come in; others that are inside have to go."""
        self._devices = devices
        for thing, visitor in self._inside.items():
            if thing not in devices:
                visitor.ousted.set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _accept(self, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(server)
            except OSError as error:
                self._log.warning("cannot take a connection: %s", error.strerror)
                await asyncio.sleep(1.0)
                continue
            visit = loop.create_task(self._visit(connection, f"{address[0]}:{address[1]}"))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)

    async def _visit(self, connection: socket.socket, address: str) -> None:
        """One connection from its first byte to its end."""
        try:
            streams = await self._shake_hands(connection)
        except (OSError, TimeoutError) as error:
            self._log.warning("a client at %s was refused: %s", address, _why(error))
            connection.close()
            return
        name = address
        try:
            certificate = streams[1].get_extra_info("peercert")
            brokers = self._options.brokers
            bare = len(set(brokers.values())) > 1  # MQTT 5 has a port of its own: it is the embedded broker
            visitor = Visitor(_common_name(certificate), self._devices, self._options.limits, bare)
            name = f"{visitor.thing} at {address}"
            await relay(visitor, streams, brokers, self._admit)
        except (Refused, MalformedError) as error:
            self._log.warning("%s was refused: %s", name, error)
        except (OSError, TimeoutError, EOFError) as error:
            self._log.info("%s is gone: %s", name, _why(error))
        finally:
            await close(streams[1])

    async def _admit(self, visitor: Visitor) -> None:
        """One connection a thing, the newest; not every broker takes it before the last one is gone."""
        before = self._inside.get(visitor.thing)
        self._inside[visitor.thing] = visitor
        if before is not None:
            before.ousted.set()
            await before.gone.wait()

    async def _shake_hands(self, connection: socket.socket) -> Streams:
        loop = asyncio.get_running_loop()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=self._options.context, ssl_handshake_timeout=PATIENCE_S
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _common_name(certificate: dict[str, Any]) -> str:
    fields = dict(pair for part in certificate.get("subject", ()) for pair in part)
    return str(fields.get("commonName", ""))


def _why(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return f"it was silent for {PATIENCE_S:g} s"
    return str(error) or type(error).__name__
