"""The local daemon, spoken to by HTTP; handlers of real processes behind it."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.daemon.daemon import Daemon
from greengrass_sim.errors import UnreachableError
from greengrass_sim.exchange import Exchange
from greengrass_sim.functions import Functions
from greengrass_sim.group import load_group
from greengrass_sim.router import Router
from greengrass_sim.runtime.link import ROUTER_ARN
from greengrass_sim.workers.caller import Caller
from greengrass_sim.workers.guest import Guest
from tests.greengrass_sim.groups import function, function_arn, group, write_group
from tests.greengrass_sim.workers.functions import Running
from tests.waiting import BUSY_S

FUNCTIONS = "/2016-11-01/functions/"
CONTEXT = "eyJjdXN0b20iOiB7InN1YmplY3QiOiAib3V0L3gifX0="  # {"custom": {"subject": "out/x"}}


@dataclass
class Client:
    """Asks the daemon with the token of the function `manifold`."""

    environment: dict[str, str]
    running: Running

    def request(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", int(self.environment["GG_DAEMON_PORT"]), timeout=BUSY_S)
        token = {"Authorization": self.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {**token, **given})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    async def ask(self, *given: Any, **headers: str) -> tuple[HTTPResponse, bytes]:
        return await asyncio.to_thread(self.request, *given, **headers)

    async def invoke(self, event: object) -> tuple[HTTPResponse, bytes]:
        """A call of `manifold`, and its answer."""
        path = FUNCTIONS + function_arn("manifold")
        response, body = await self.ask(
            "POST", path, json.dumps(event).encode(), X_Amz_Client_Context=CONTEXT
        )
        assert response.status == 200, body
        return await self.ask("GET", path, X_Amz_InvocationId=response.headers["X-Amz-InvocationId"])


def run(folder: Path, scenario: Callable[[Client], Awaitable[None]]) -> None:
    functions = [function("manifold", Pinned=False, Timeout=2)]
    loaded = load_group(write_group(folder, group(functions, [("manifold", "out/#", "cloud")])))

    async def main() -> None:
        exchange = Exchange(Router(loaded.subscriptions))
        daemon = Daemon(0)
        running = Running(Functions(loaded, exchange, folder / "work", False, daemon), exchange)
        exchange.attach("cloud", running)
        await daemon.start()
        await running.functions.start()
        try:
            guest = Guest(Caller(function_arn("manifold"), exchange, lambda: None))
            await scenario(Client(daemon.admit(guest), running))
        finally:
            await running.functions.stop()
            await daemon.stop()

    asyncio.run(main())


def test_a_call_and_its_answer(tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        response, body = await client.invoke({"do": "seen_context"})
        assert response.status == 200
        assert response.headers["X-Amz-Function-Error"] is None
        assert json.loads(body)["client_context"] == [None, {"subject": "out/x"}, None]
        response, body = await client.invoke({"do": "fail", "text": "oh"})
        assert response.headers["X-Amz-Function-Error"] == "Handled"
        assert json.loads(body)["errorMessage"] == "oh"
        response, body = await client.invoke({"do": "process", "seconds": 30})
        assert response.headers["X-Amz-Function-Error"] == "Unhandled"
        assert json.loads(body)["errorMessage"] == "Task timed out after 2.00 seconds"

    run(tmp_path, scenario)


def test_a_message(tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        kind = {"X_Amz_Invocation_Type": "Event"}
        response, _ = await client.ask(
            "POST", FUNCTIONS + ROUTER_ARN, b"1", X_Amz_Client_Context=CONTEXT, **kind
        )
        assert response.status == 202
        (message,) = client.running.messages
        assert (message.source, message.topic, message.payload) == (function_arn("manifold"), "out/x", b"1")
        response, body = await client.ask("POST", FUNCTIONS + ROUTER_ARN, b"1", **kind)
        assert (response.status, response.reason) == (400, "Bad Request")
        elsewhere = "eyJjdXN0b20iOiB7InN1YmplY3QiOiAiaW4ifX0="  # {"custom": {"subject": "in"}}
        response, body = await client.ask(
            "POST", FUNCTIONS + ROUTER_ARN, b"1", X_Amz_Client_Context=elsewhere, **kind
        )
        arn = function_arn("manifold")
        assert response.status == 400
        assert body.decode() == f"No subscription exists for the source {arn} and subject in"

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", FUNCTIONS + "arn", {"Authorization": "wrong"}, 403),
        ("POST", FUNCTIONS + "arn:aws:lambda:eu-west-1:1:function:nobody:1", {}, 404),
        ("GET", FUNCTIONS + function_arn("manifold"), {"X_Amz_InvocationId": "unknown"}, 404),
        ("GET", "/2016-11-01/elsewhere", {}, 404),
        ("PUT", FUNCTIONS + function_arn("manifold"), {}, 405),
        ("POST", FUNCTIONS + function_arn("manifold"), {"X_Amz_Invocation_Type": "Never"}, 400),
        ("GET", FUNCTIONS + function_arn("manifold") + "/work", {}, 400),
        ("GET", FUNCTIONS + function_arn("other") + "/work", {}, 403),
        ("POST", FUNCTIONS + function_arn("manifold"), {"X_Amz_Client_Context": "{"}, 400),
        ("POST", "/2016-11-01/cloudwatch/logs/", {}, 400),
    ],
)
def test_what_is_refused(
    tmp_path: Path, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async def scenario(client: Client) -> None:
        response, body = await client.ask(method, path, **headers)
        assert response.status == status, body
        assert body

    run(tmp_path, scenario)


def test_logs_and_credentials(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def scenario(client: Client) -> None:
        lines = {"logGroupName": "/Lambda/manifold", "logEvents": [{"timestamp": 1, "message": "by HTTP\n"}]}
        response, _ = await client.ask("POST", "/2016-11-01/cloudwatch/logs/", json.dumps(lines).encode())
        assert response.status == 200
        path = client.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].partition("localhost")[2]
        response, body = await client.ask("GET", path[path.index("/") :])
        assert set(json.loads(body)) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}

    run(tmp_path, scenario)
    assert [row.getMessage() for row in caplog.records if row.name == "function.manifold"] == ["by HTTP"]


def test_what_is_no_http(tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        port = int(client.environment["GG_DAEMON_PORT"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x10\x20 MQTT, perhaps\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()

    run(tmp_path, scenario)


def test_a_port_that_is_taken() -> None:
    async def main() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with pytest.raises(UnreachableError, match=f"cannot listen on port {port}"):
                await Daemon(port).start()

    asyncio.run(main())
