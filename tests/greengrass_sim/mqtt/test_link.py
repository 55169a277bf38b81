"""Our broker connection against real brokers, through a proxy that can cut it."""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from greengrass_sim.broker.child import HOST, Child, free_port
from greengrass_sim.broker.mosquitto import find_mosquitto
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.errors import BrokerError
from greengrass_sim.mqtt.link import MqttLink
from greengrass_sim.mqtt.session import Session, TlsFiles
from greengrass_sim.receipt import Receipt
from tests.greengrass_sim.brokers import KINDS, needs_mosquitto, port_of, start_broker
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.proxy import Proxy
from tests.waiting import BUSY_S


@pytest.fixture(scope="module", params=KINDS)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with start_broker(request.param) as broker:
        yield port_of(broker)


class Collected:
    """What a link received: topic and payload, and the receipts that nobody has released."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, bytes]] = []
        self.receipts: list[Receipt | None] = []

    def __call__(self, topic: str, payload: bytes, receipt: Receipt | None) -> None:
        self.rows.append((topic, payload))
        self.receipts.append(receipt)

    def release(self) -> None:
        for receipt in self.receipts:
            if receipt is not None:
                receipt.release()
        self.receipts.clear()

    async def until(self, count: int, timeout: float = BUSY_S) -> None:
        async with asyncio.timeout(timeout):
            while len(self.rows) < count:
                await asyncio.sleep(0.01)


def session(url: str, client_id: str, *filters: str, **options: object) -> Session:
    return Session(BrokerUrl.parse(url), client_id, filters, **options)


def link_to(url: str, client_id: str, *filters: str) -> tuple[MqttLink, Collected]:
    collected = Collected()
    return MqttLink(session(url, client_id, *filters), collected), collected


def asynchronous(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), BUSY_S))


async def in_thread(work: Callable[[], None]) -> None:
    await asyncio.to_thread(work)


def publish_from_outside(port: int, topic: str, payloads: list[bytes]) -> None:
    with Probe(port) as probe:
        probe.publish_all(topic, payloads)


def test_messages_both_ways(port: int) -> None:
    async def scenario() -> None:
        link, collected = link_to(f"mqtt://{HOST}:{port}", "both", "both/in/+", "both/in/x")
        await link.open(BUSY_S)
        try:
            await in_thread(lambda: publish_from_outside(port, "both/in/x", [b"1", b"2"]))
            await collected.until(2)
            assert collected.rows == [("both/in/x", b"1"), ("both/in/x", b"2")]
            with Probe(port) as probe:
                probe.subscribe("both/out")
                link.publish("both/out", b"3")
                assert (await asyncio.to_thread(probe.take)).payload == b"3"
        finally:
            collected.release()
            await link.close()

    asynchronous(scenario)


def test_only_what_was_released_is_acknowledged(port: int) -> None:
    async def scenario() -> None:
        url = f"mqtt://{HOST}:{port}"
        link, collected = link_to(url, "acks", "acks")
        await link.open(BUSY_S)
        await in_thread(lambda: publish_from_outside(port, "acks", [b"1", b"2", b"3"]))
        await collected.until(3)
        first = collected.receipts[0]
        assert first is not None
        first.release()
        await link.close()
        link, collected = link_to(url, "acks", "acks")
        await link.open(BUSY_S)
        await collected.until(2)
        collected.release()
        await asyncio.sleep(0.1)
        await link.close()
        assert [payload for _, payload in collected.rows] == [b"2", b"3"]
        link, collected = link_to(url, "acks", "acks")
        await link.open(BUSY_S)
        await asyncio.sleep(0.2)
        await link.close()
        assert collected.rows == []

    asynchronous(scenario)


def test_a_receipt_is_held_until_the_broker_has_what_came_of_it(port: int) -> None:
    async def scenario() -> None:
        link, _ = link_to(f"mqtt://{HOST}:{port}", "holds")
        settled = asyncio.Event()
        receipt = Receipt(settled.set)
        link.publish("holds/out", b"x", receipt)
        receipt.release()
        await asyncio.sleep(0.05)
        assert not settled.is_set()
        assert link.waiting == 1
        await link.open(BUSY_S)
        await asyncio.wait_for(settled.wait(), 5)
        assert link.waiting == 0
        await link.close()

    asynchronous(scenario)


def test_nothing_is_lost_or_doubled_when_the_connection_is_cut(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages under way at the cut come again and are recognised; what is published meanwhile waits."""
    sent = [b"%d" % number for number in range(400)]

    async def scenario() -> None:
        with Proxy(port) as proxy, Probe(port) as probe:
            probe.subscribe("cut/out")
            link, collected = link_to(proxy.url, "cut", "cut/in")
            await link.open(BUSY_S)
            await in_thread(lambda: publish_from_outside(port, "cut/in", sent))
            await collected.until(50)
            proxy.cut()
            link.publish("cut/out", b"meanwhile")
            for _ in range(2):
                await asyncio.sleep(0.3)
                proxy.cut()
            await asyncio.sleep(0.05)  # so that no acknowledgement goes into the broken connection
            done = 0
            while done < len(sent):
                await collected.until(done + 1)
                done = len(collected.rows)
                collected.release()
            assert (await asyncio.to_thread(probe.take)).payload == b"meanwhile"
            await asyncio.sleep(0.2)
            await link.close()
            assert [payload for _, payload in collected.rows] == sent

    asynchronous(scenario)
    url = "mqtt://127.0.0.1:"
    assert f"lost the connection to {url}" in caplog.text
    assert f"connected to {url}" in caplog.text
    assert " again after " in caplog.text


def test_lost_acknowledgements_lose_no_message(port: int, request: pytest.FixtureRequest) -> None:
    """Only a broker that marks what it sends again lets us tell such a message from a new one."""
    sent = [b"%d" % number for number in range(40)]

    async def scenario() -> None:
        with Proxy(port) as proxy:
            link, collected = link_to(proxy.url, "lost-acks", "lost-acks")
            await link.open(BUSY_S)
            await in_thread(lambda: publish_from_outside(port, "lost-acks", sent))
            await collected.until(len(sent))
            proxy.cut()
            collected.release()  # into the connection that is gone
            await asyncio.sleep(0.5)
            collected.release()
            await link.close()
            received = [payload for _, payload in collected.rows]
            assert received[: len(sent)] == sent
            assert received[len(sent) :] == ([] if "mosquitto" in request.node.name else sent)

    asynchronous(scenario)


def test_a_forgotten_session_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        with start_broker("embedded") as broker:
            link, collected = link_to(broker.url, "forgotten", "forgotten")
            await link.open(BUSY_S)
            broker.stop()
            broker.start()
            async with asyncio.timeout(20):
                while " again after " not in caplog.text:
                    await asyncio.sleep(0.02)
            await in_thread(lambda: publish_from_outside(port_of(broker), "forgotten", [b"1"]))
            await collected.until(1)
            collected.release()
            await link.close()

    asynchronous(scenario)
    assert "has forgotten our session" in caplog.text


def test_an_exception_does_not_end_the_link(port: int, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        received = []

        def on_message(topic: str, payload: bytes, receipt: Receipt | None) -> None:
            received.append(payload)
            assert receipt is not None
            if payload == b"bad":
                raise RuntimeError("this one is bad")
            receipt.release()

        link = MqttLink(session(f"mqtt://{HOST}:{port}", "raises", "raises"), on_message)
        await link.open(BUSY_S)
        await in_thread(lambda: publish_from_outside(port, "raises", [b"bad", b"good"]))
        while len(received) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await link.close()
        assert received == [b"bad", b"good"]

    asynchronous(scenario)
    assert "this one is bad" in caplog.text


def test_a_broker_that_is_away_is_awaited_for_a_while() -> None:
    async def scenario() -> None:
        port = free_port()
        link, _ = link_to(f"mqtt://{HOST}:{port}", "away")
        before = time.monotonic()
        with pytest.raises(
            BrokerError, match=rf"no MQTT broker answered at mqtt://127.0.0.1:{port} within 0.5 s"
        ) as e:
            await link.open(0.5)
        assert time.monotonic() - before < 20
        assert e.value.exit_code == ExitCode.UNREACHABLE
        await link.close()

    asynchronous(scenario)


def test_a_broker_that_comes_late(port: int) -> None:
    async def scenario() -> None:
        with Proxy(port) as proxy:
            proxy.answer(False)
            asyncio.get_running_loop().call_later(0.3, proxy.answer, True)
            link, _ = link_to(proxy.url, "late")
            await link.open(BUSY_S)
            await link.close()

    asynchronous(scenario)


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.mqtt.link.CONNECT_S", 0.2)

    async def scenario() -> None:
        with socket.create_server((HOST, 0)) as server:
            link, _ = link_to(f"mqtt://{HOST}:{server.getsockname()[1]}", "silent")
            with pytest.raises(BrokerError, match=r"it did not answer within 0.2 s"):
                await link.open(0.1)
            await link.close()

    asynchronous(scenario)


def test_two_with_one_id_are_suspected(port: int, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        first, _ = link_to(f"mqtt://{HOST}:{port}", "twin")
        second, _ = link_to(f"mqtt://{HOST}:{port}", "twin")
        await first.open(BUSY_S)
        await second.open(BUSY_S)
        async with asyncio.timeout(20):
            while "another client" not in caplog.text:
                await asyncio.sleep(0.05)
        await first.close()
        await second.close()

    asynchronous(scenario)
    assert "does another client use the id 'twin'?" in caplog.text


def custom_mosquitto(folder: Path, port: int, *lines: str) -> Child:
    configuration = folder / "mosquitto.conf"
    configuration.write_text("\n".join([f"listener {port} {HOST}", "user root", *lines, ""]))
    program = find_mosquitto()
    assert program is not None
    return Child("mosquitto", [program, "-c", str(configuration)], port, folder / "log")


@needs_mosquitto
@pytest.mark.parametrize(("user", "refused"), [("u:right@", False), ("u:wrong@", True), ("", True)])
def test_a_broker_that_asks_for_a_password(tmp_path: Path, user: str, refused: bool) -> None:
    (tmp_path / "passwords").write_text("u:right\n")
    subprocess.run(["mosquitto_passwd", "-U", str(tmp_path / "passwords")], check=True)
    port = free_port()
    child = custom_mosquitto(tmp_path, port, "allow_anonymous false", f"password_file {tmp_path}/passwords")
    child.start()

    async def scenario() -> None:
        link, _ = link_to(f"mqtt://{user}{HOST}:{port}", "p")
        if refused:
            with pytest.raises(BrokerError, match=r"refuses the client 'p': Not authorized"):
                await link.open(BUSY_S)
        else:
            await link.open(BUSY_S)
        await link.close()

    try:
        asynchronous(scenario)
    finally:
        child.stop()


def test_a_subscription_that_is_refused() -> None:
    """No broker at hand refuses one, so a few bytes play it: CONNACK, then SUBACK with a failure."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(b"\x20\x02\x00\x00")
        subscribe = await reader.read(1024)
        writer.write(b"\x90\x04" + subscribe[2:4] + b"\x01\x80")
        await reader.read(1024)
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(refuse, HOST, 0) as server:
            link, _ = link_to(f"mqtt://{HOST}:{server.sockets[0].getsockname()[1]}", "s", "a/x", "b/x")
            with pytest.raises(BrokerError, match="does not allow the subscription to b/x"):
                await link.open(BUSY_S)
            await link.close()

    asynchronous(scenario)


def make_certificates(folder: Path) -> None:
    """A local authority, and a server certificate for 127.0.0.1."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl(
        "req",
        "-x509",
        *curve,
        "-subj",
        "/CN=test authority",
        "-addext",
        "keyUsage=critical,keyCertSign",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    )
    openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2"]
    openssl("x509", "-req", "-in", "server.csr", *signing, "-out", "server.pem")


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    make_certificates(tmp_path)
    port = free_port()
    files = [f"cafile {tmp_path}/ca.pem", f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key"]
    child = custom_mosquitto(tmp_path, port, "allow_anonymous true", *files)
    child.start()
    yield port
    child.stop()


@needs_mosquitto
def test_tls(tmp_path: Path, tls_port: int) -> None:
    payloads = [bytes([number]) * 60_000 for number in range(40)]

    async def scenario() -> None:
        collected = Collected()
        trusting = TlsFiles(ca=str(tmp_path / "ca.pem"))
        link = MqttLink(session(f"mqtts://{HOST}:{tls_port}", "tls", "tls", tls=trusting), collected)
        await link.open(BUSY_S)
        for payload in payloads:
            link.publish("tls", payload)
        for number in range(1, len(payloads) + 1):
            await collected.until(number)
            collected.release()
        await link.close()
        assert [payload for _, payload in collected.rows] == payloads

    asynchronous(scenario)


@needs_mosquitto
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket")  # paho leaves it to the collector
def test_a_broker_with_an_unknown_certificate(tls_port: int) -> None:
    async def scenario() -> None:
        stranger, _ = link_to(f"mqtts://{HOST}:{tls_port}", "stranger")
        with pytest.raises(BrokerError, match="certificate verify failed"):
            await stranger.open(0.1)
        await stranger.close()

    asynchronous(scenario)
    gc.collect()


def test_tls_files_that_are_missing() -> None:
    with pytest.raises(BrokerError, match=r"cannot use the TLS files none.pem: .*No such file"):
        TlsFiles(ca="none.pem").context()


def test_closing_gives_the_broker_what_was_published(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario() -> None:
        with Probe(port) as probe:
            probe.subscribe("closing")
            link, _ = link_to(f"mqtt://{HOST}:{port}", "closing")
            await link.open(BUSY_S)
            sent = [b"%d" % number for number in range(2500)]
            for payload in sent:
                link.publish("closing", payload)
            await link.close(BUSY_S)
            assert await asyncio.to_thread(probe.take_payloads, len(sent), BUSY_S) == sent

    asynchronous(scenario)
    assert caplog.text == ""
