"""The gate before real brokers, with real clients."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from edge_runtime.errors import ExitCode
from greengrass_sim.broker.child import HOST
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.errors import BrokerError, UsageError
from greengrass_sim.gate.packets import V3, V5
from greengrass_sim.gate.server import Gate, GateOptions
from greengrass_sim.gate.tls import server_context
from greengrass_sim.limits import Limits
from tests.greengrass_sim.brokers import KINDS, start_broker
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.probe import Probe

pytest.importorskip("cryptography", reason="cryptography is not installed")

from greengrass_sim.pki.authority import Authority
from tests.waiting import BUSY_S

VERSIONS = [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and the things lamp and guest; the group knows only the lamp."""
    folder = tmp_path_factory.mktemp("pki")
    authority = Authority(folder)
    authority.server()
    for name in ("lamp", "guest"):
        authority.thing(name)
    return folder


@pytest.fixture(scope="module", params=KINDS)
def port(request: pytest.FixtureRequest, folder: Path) -> Iterator[int]:
    """The gate's port; the gate runs in an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with start_broker(request.param) as broker:
        urls = {V3: BrokerUrl.parse(broker.url), V5: BrokerUrl.parse(broker.url_v5)}
        gate = Gate(GateOptions(server_context(folder), {"lamp"}, urls, Limits(), port=0))
        url = asyncio.run_coroutine_threadsafe(gate.start(), loop).result(5)
        yield BrokerUrl.parse(url).port
        asyncio.run_coroutine_threadsafe(gate.stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def context_of(folder: Path, thing: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "things" / f"{thing}.pem", folder / "things" / f"{thing}.key")
    return context


def visit(port: int, folder: Path, client_id: str = "lamp", thing: str = "lamp", **options: object) -> Probe:
    return Probe(port, client_id, tls=context_of(folder, thing), reconnect_on_failure=False, **options)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_device_with_its_certificate(port: int, folder: Path, version: MQTTProtocolVersion) -> None:
    with visit(port, folder, protocol=version) as lamp:
        assert not lamp.reason.is_failure
        lamp.subscribe("lamp/+")
        sent = [b"%d" % number + bytes(1000) for number in range(300)]
        lamp.publish_all("lamp/x", sent)
        assert lamp.take_payloads(len(sent)) == sent
        largest = bytes(128 * 1024)
        lamp.publish("lamp/x", largest)
        assert lamp.take().payload == largest


def test_our_own_client_as_a_device(port: int, folder: Path) -> None:
    certificate = ["--ca", "ca.pem", "--cert", "things/lamp.pem", "--key", "things/lamp.key"]
    command = ["pub", "lamp/own", "x", "--broker", f"mqtts://localhost:{port}", *certificate]
    refused = run_command(*command, folder=folder)
    assert refused.returncode == ExitCode.UNREACHABLE
    assert b"identifier" in refused.stderr
    assert run_command(*command, "--client-id", "lamp", folder=folder).returncode == ExitCode.OK


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("client_id", "thing", "answer", "why"),
    [
        ("other", "lamp", "identifier", "its client id 'other' must equal its thing name 'lamp'"),
        ("guest", "guest", "Not authorized", "its certificate names 'guest', no device of the group"),
    ],
)
def test_who_is_refused(
    port: int,
    folder: Path,
    version: MQTTProtocolVersion,
    client_id: str,
    thing: str,
    answer: str,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with visit(port, folder, client_id, thing, protocol=version) as client:
        assert client.reason.is_failure
        assert answer.lower() in str(client.reason).lower()
        client.ended.get(timeout=BUSY_S)
    assert wait_for(caplog, why)


@pytest.mark.parametrize(
    ("topic", "size", "qos", "code", "why"),
    [
        ("t", 131073, 1, 0x97, "the payload has 131073 bytes"),
        ("t", 1_000_000, 0, 0x95, "a packet of 10000"),
        ("a/b/c/d/e/f/g/h/i", 1, 0, 0x90, "the topic 'a/b/c/d/e/f/g/h/i' has 8 slashes"),
        ("t", 1, 2, 0x9B, "QoS 2 is not supported"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_refused(
    port: int,
    folder: Path,
    version: MQTTProtocolVersion,
    topic: str,
    size: int,
    qos: int,
    code: int,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with visit(port, folder, protocol=version) as lamp:
        lamp.subscribe("before")
        lamp.publish("before", b"passes", 0)
        assert lamp.take().payload == b"passes"
        lamp.client.publish(topic, bytes(size), qos)
        reason = lamp.ended.get(timeout=BUSY_S)
        if version == MQTTProtocolVersion.MQTTv5:
            assert reason.value == code
    assert wait_for(caplog, f"was refused: {why}")


def test_too_many_subscriptions(port: int, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with visit(port, folder) as lamp:
        for number in range(50):
            lamp.subscribe(f"t/{number}")
        lamp.subscribe("t/7")
        lamp.unsubscribe("t/7")
        lamp.subscribe("t/one more")
        lamp.client.subscribe("t/too many")
        lamp.ended.get(timeout=BUSY_S)
    assert wait_for(caplog, "more than 50 subscriptions of one connection")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_newest_connection_of_a_device_wins(
    port: int, folder: Path, version: MQTTProtocolVersion, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        with visit(port, folder, protocol=version) as old, visit(port, folder, protocol=version) as new:
            reason = old.ended.get(timeout=BUSY_S)
            assert version == MQTTProtocolVersion.MQTTv311 or reason.value == 0x8E
            new.subscribe("t")
    assert wait_for(caplog, "it has connected once more")


def test_a_will_that_is_refused(port: int, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with visit(port, folder, will=("gone", b"x", 2)) as lamp:
        assert lamp.reason.is_failure
    assert wait_for(caplog, "was refused: QoS 2 is not supported")


def test_a_will_is_published(port: int, folder: Path) -> None:
    with visit(port, folder, will=("gone", b"x", 1), clean=False) as lamp:
        lamp.subscribe("gone")
        lamp.drop()
    with visit(port, folder, clean=False) as lamp:
        assert lamp.take().payload == b"x"


def knock(port: int, context: ssl.SSLContext) -> None:
    """Shakes hands and waits until the gate hangs up."""
    with suppress(OSError), socket.create_connection((HOST, port)) as plain:
        plain.settimeout(5)
        with context.wrap_socket(plain, server_hostname="localhost") as wrapped:
            assert wrapped.recv(100) == b""


def test_a_client_without_certificate(port: int, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    knock(port, ssl.create_default_context(cafile=folder / "ca.pem"))
    assert wait_for(caplog, "peer did not return a certificate")


def test_a_certificate_of_a_stranger(
    port: int, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Authority(tmp_path).thing("lamp")
    context = context_of(tmp_path, "lamp")
    context.load_verify_locations(folder / "ca.pem")
    knock(port, context)
    assert wait_for(caplog, "its certificate does not hold")


def test_a_client_that_speaks_no_tls(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with suppress(OSError), socket.create_connection((HOST, port)) as plain:
        plain.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        plain.settimeout(5)
        plain.recv(100)
    assert wait_for(caplog, "was refused")


def wait_for(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    event = threading.Event()
    for _ in range(250):
        if text in caplog.text:
            return True
        event.wait(0.02)
    return False


def test_a_taken_port(folder: Path) -> None:
    async def start(port: int) -> None:
        options = GateOptions(server_context(folder), (), {}, Limits(), port=port)
        await Gate(options).start()

    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"cannot listen on port {port} of .*--tls-port"):
            asyncio.run(start(port))


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`greengrass-sim pki` makes them"):
        server_context(tmp_path)
