"""HTTP/1.1 over a connection: requests in, responses out, by h11."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import h11

# Names of headers, in lower case.
ID = "x-amz-invocationid"
ERROR = "x-amz-function-error"
CONTEXT = "x-amz-client-context"

_RECEIVE_BYTES = 1 << 16


@dataclass(frozen=True)
class Request:
    """`target` is the path as sent; names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handle = Callable[[Request], Awaitable[Response]]


class HttpConnection:
    """Serves one connection until the client closes it; bodies above `max_bytes` end it with 413."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_bytes: int) -> None:
        self._reader = reader
        self._writer = writer
        self._max_bytes = max_bytes
        self._http = h11.Connection(h11.SERVER)

    async def serve(self, handle: Handle) -> None:
        """Answers each request by what `handle` gives for it."""
        with suppress(ConnectionError):
            try:
                while request := await self._request():
                    await self._send(await handle(request))
                    if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                        break
                    self._http.start_next_cycle()
            except h11.RemoteProtocolError as error:
                if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    await self._send(Response(error.error_status_hint, str(error).encode()))

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    self._writer.write(self._http.send(go_on) or b"")
                self._http.receive_data(await self._reader.read(_RECEIVE_BYTES))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._max_bytes:
                    raise h11.RemoteProtocolError(f"more than {self._max_bytes} bytes", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
                return Request(head.method.decode(), head.target.decode(), headers, bytes(body))
            else:
                return None

    async def _send(self, response: Response) -> None:
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        head = h11.Response(
            status_code=response.status,
            headers=list(headers.items()),
            reason=HTTPStatus(response.status).phrase.encode(),
        )
        parts = (head, h11.Data(data=response.body), h11.EndOfMessage())
        self._writer.write(b"".join(self._http.send(part) or b"" for part in parts))
        await self._writer.drain()
