"""A paho-mqtt client driven by the running event loop instead of a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

from paho.mqtt.client import Client

CONNECT_S = 5.0
_TICK_S = 1.0
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux


def send_at_once(sock: socket.socket) -> None:
    """Small packets follow one another; Nagle's algorithm would hold every second one for up to 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def confirm_at_once(sock: socket.socket) -> None:
    """Frees a broker that uses Nagle's algorithm (iotcore does) from waiting 40 ms for our TCP to confirm.

    The kernel forgets the setting, so it is made again before each read.
    """
    if _QUICKACK is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


class Wire:
    """Reads, writes and ticks for `client`. Its methods belong to the event loop's thread.

    Only the connect blocks (names, TCP, TLS), so it runs in a thread; the socket is watched after that.
    """

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._loop = asyncio.get_running_loop()
        self._socket: Any = None
        self._awaits_room = False
        self._ticker: asyncio.TimerHandle | None = None
        self._client.connect_timeout = CONNECT_S
        self._client.on_socket_close = self._on_socket_close
        self._client.on_socket_register_write = self._on_wants_write

    async def connect(self, host: str, port: int, keepalive: int) -> None:
        """Returns when the CONNECT packet is on its way; OSError when nobody listens there."""
        self.drop()
        await self._loop.run_in_executor(None, self._client.connect, host, port, keepalive)
        self._socket = self._client.socket()
        send_at_once(self._socket)
        self._loop.add_reader(self._socket, self._read)
        self._tick()
        self._write()

    def disconnect(self) -> None:
        """Says goodbye, so that no will is published, and closes the connection."""
        if self._socket is not None:
            self._client.disconnect()
            self._write()
        self.drop()

    def drop(self) -> None:
        """Closes the connection without a word."""
        sock = self._socket
        if sock is not None:
            self._unwatch()
            sock.close()

    def _unwatch(self) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket = None
        self._awaits_room = False
        if self._ticker is not None:
            self._ticker.cancel()

    def _read(self) -> None:
        confirm_at_once(self._socket)
        self._client.loop_read()
        # What TLS has decrypted already does not make the socket readable.
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._client.loop_read()

    def _write(self) -> None:
        if self._socket is None:
            return
        self._client.loop_write()
        if self._socket is None:
            return
        blocked = self._client.want_write()
        if blocked and not self._awaits_room:
            self._loop.add_writer(self._socket, self._write)
        elif self._awaits_room and not blocked:
            self._loop.remove_writer(self._socket)
        self._awaits_room = blocked

    def _tick(self) -> None:
        """Lets paho send its pings and notice a broker that has fallen silent."""
        self._client.loop_misc()
        if self._socket is not None:
            self._ticker = self._loop.call_later(_TICK_S, self._tick)

    def _on_wants_write(self, *_: object) -> None:
        # While connecting, this runs in the other thread; `connect` writes what was queued by then.
        if self._socket is not None:
            self._loop.call_soon(self._write)

    def _on_socket_close(self, *_: object) -> None:
        if self._socket is not None:
            self._unwatch()
