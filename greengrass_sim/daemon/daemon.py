"""The local daemon: calls, messages, logs and credentials by HTTP, under `/2016-11-01/` on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from contextlib import suppress
from urllib.parse import unquote

from greengrass_sim.arn import parse_lambda
from greengrass_sim.daemon import work
from greengrass_sim.daemon.calls import Calls
from greengrass_sim.daemon.http import HttpConnection, Request, Response
from greengrass_sim.errors import UnreachableError
from greengrass_sim.invocation import Refusal
from greengrass_sim.workers.caller import Caller
from greengrass_sim.workers.guest import Guest
from greengrass_sim.workers.sandbox import MAX_PAYLOAD

HOST = "127.0.0.1"
DEFAULT_PORT = 8000  # ggDaemonPort of a core's settings
API = "/2016-11-01"
FUNCTIONS = f"{API}/functions/"
LOGS = f"{API}/cloudwatch/logs"
CREDENTIALS = f"{API}/credentialprovider"
# Nothing here knows AWS; whoever uses them learns that from AWS.
_NO_CREDENTIALS = {
    "AccessKeyId": "GREENGRASSSIM",
    "SecretAccessKey": "not-a-secret",
    "Token": "not-a-token",
    "Expiration": "2099-12-31T23:59:59Z",
}


class Daemon:
    """Serves the processes of a core's functions; each is known by the token in its environment.

    `port` None takes DEFAULT_PORT, or any free one when that is taken; 0 takes a free one.
    """

    def __init__(self, port: int | None = None) -> None:
        self._asked = port
        self._guests: dict[str, Guest] = {}
        self._calls = Calls()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._log = logging.getLogger("daemon")

    @property
    def port(self) -> int:
        """Where it listens, once it is started."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def admit(self, guest: Guest) -> dict[str, str]:
        """What the process of `guest` needs to find and to use the daemon."""
        token = secrets.token_urlsafe(24)
        self._guests[token] = guest
        return {
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://localhost:{self.port}{CREDENTIALS}/",
            "GG_DAEMON_PORT": str(self.port),
        }

    def dismiss(self, guest: Guest) -> None:
        """The token opens nothing any more, and nobody waits for what the process has called."""
        self._guests = {token: other for token, other in self._guests.items() if other is not guest}
        self._calls.forget(guest.caller)

    async def start(self) -> None:
        """Raises UnreachableError when the port that was asked for is taken."""
        wanted = DEFAULT_PORT if self._asked is None else self._asked
        try:
            self._server = await asyncio.start_server(self._accept, HOST, wanted)
        except OSError as error:
            if self._asked is not None:
                text = f"the local daemon cannot listen on port {wanted}: {error.strerror}"
                raise UnreachableError(f"{text}; choose another with --daemon-port") from error
            self._server = await asyncio.start_server(self._accept, HOST, 0)
        self._log.info("the local daemon listens on %s:%d", HOST, self.port)

    async def stop(self) -> None:
        """Closes all connections; calls that nobody has asked the answer of are forgotten."""
        if self._server is None:
            return
        self._server.close()
        self._calls.forget()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await HttpConnection(reader, writer, MAX_PAYLOAD).serve(self._answer)
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, request: Request) -> Response:
        guest = self._guests.get(request.headers.get("authorization", ""))
        if guest is None:
            return Response(403, b"the header Authorization holds no token of this core")
        path = unquote(request.target).partition("?")[0].rstrip("/")
        if (request.method, path) == ("GET", CREDENTIALS):
            return _credentials()
        if (request.method, path) == ("POST", LOGS):
            return _log(guest.caller, request)
        if not path.startswith(FUNCTIONS):
            return Response(404, b"there is nothing under this path")
        arn, _, action = path.removeprefix(FUNCTIONS).partition("/")
        try:
            if action in (work.WORK, work.INITIALIZED):
                return await work.answer(guest, arn, action, request)
            return await self._calls.answer(guest.caller, arn, request)
        except Refusal as refusal:
            return Response(refusal.status, refusal.reason.encode())


def _credentials() -> Response:
    headers = {"Content-Type": "application/json"}
    return Response(200, json.dumps(_NO_CREDENTIALS).encode(), headers)


def _log(caller: Caller, request: Request) -> Response:
    """Log events as CloudWatch takes them, for the function's own log."""
    try:
        lines = [str(event["message"]) for event in json.loads(request.body)["logEvents"]]
    except (ValueError, TypeError, KeyError):
        return Response(400, b'the body must look like {"logEvents": [{"message": ...}]}')
    log = logging.getLogger(f"function.{parse_lambda(caller.arn).name}")
    for line in lines:
        log.info("%s", line.rstrip("\n"))
    return Response()
