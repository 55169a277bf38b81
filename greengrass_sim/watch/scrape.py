"""`GET /metrics` over HTTP, for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from greengrass_sim.errors import UnreachableError
from greengrass_sim.watch.metrics import CONTENT_TYPE

HOST = "127.0.0.1"
_READ_S = 5.0
_LONGEST_HEAD = 16 << 10
_BAD_REQUESTS = (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class ScrapeServer:
    """Serves what `text` gives at that moment, one request a connection, on this machine only."""

    def __init__(self, port: int, text: Callable[[], str]) -> None:
        self._port = port
        self._text = text
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises UnreachableError where the port is taken; 0 takes any free one."""
        try:
            self._server = await asyncio.start_server(self._serve, HOST, self._port, limit=_LONGEST_HEAD)
        except OSError as error:
            raise UnreachableError(f"cannot serve metrics on port {self._port}: {error.strerror}") from error

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str | None:
        """Where the metrics are, while they are served."""
        if self._server is None:
            return None
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}/metrics"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(*_BAD_REQUESTS):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _READ_S)
                writer.write(self._answer(head.split(b"\r\n", 1)[0].decode("latin-1")))
                await writer.drain()
        finally:
            writer.close()

    def _answer(self, request: str) -> bytes:
        method, _, rest = request.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if path != "/metrics":
            return _response(HTTPStatus.NOT_FOUND, "only /metrics is here\n")
        if method not in ("GET", "HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, "GET it\n")
        response = _response(HTTPStatus.OK, self._text())
        return response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == "HEAD" else response


def _response(status: HTTPStatus, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
