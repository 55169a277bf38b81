"""The worker's end: the link and the SDK on top of it, with the test as the core."""

from __future__ import annotations

import importlib
import io
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import greengrass_sim
from greengrass_sim.runtime import link
from greengrass_sim.runtime.ipc import Decoder, Frame, Kind, encode

SHIMS = Path(greengrass_sim.__file__).parent / "runtime" / "shims"


@pytest.fixture
def core() -> Iterator[socket.socket]:
    """The core's end of a connected link that may publish to `out/#`."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        connected = link.connect(theirs)
        connected.filters, connected.arn = ["out/#"], "arn"
        yield ours


@pytest.fixture
def sdk(core: socket.socket, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(SHIMS))
    yield importlib.import_module("greengrasssdk")
    for name in [name for name in sys.modules if name.partition(".")[0] == "greengrasssdk"]:
        del sys.modules[name]


def receive(core: socket.socket) -> Frame:
    decoder = Decoder()
    while True:
        for frame in decoder.feed(core.recv(65536)):
            return frame


def test_frames_arrive_until_the_core_closes(core: socket.socket) -> None:
    core.sendall(encode(Kind.INVOKE, {"id": "1"}, b"x") + encode(Kind.INVOKE, {"id": "2"}))
    core.shutdown(socket.SHUT_WR)
    assert [(frame.header["id"], frame.payload) for frame in link.current().frames()] == [
        ("1", b"x"),
        ("2", b""),
    ]


@pytest.mark.parametrize(
    ("payload", "sent"),
    [("ü", "ü".encode()), (b"\xff", b"\xff"), (bytearray(b"a"), b"a"), (io.BytesIO(b"file"), b"file")],
)
def test_publish(core: socket.socket, sdk: ModuleType, payload: object, sent: bytes) -> None:
    link.current().invocation = "7"
    assert (
        sdk.client("iot-data").publish(topic="out/x", payload=payload, queueFullPolicy="BestEffort") is None
    )
    assert receive(core) == Frame(Kind.PUBLISH, {"topic": "out/x", "id": "7"}, sent)


def test_publish_without_payload(core: socket.socket, sdk: ModuleType) -> None:
    sdk.client("iot-data").publish(topic="out/x", qos=1)
    assert receive(core) == Frame(Kind.PUBLISH, {"topic": "out/x", "id": None}, b"")


@pytest.mark.parametrize("topic", ["in", "out/+"])
def test_a_refused_publish(core: socket.socket, sdk: ModuleType, topic: str) -> None:
    refused = importlib.import_module("greengrasssdk.Lambda").InvocationException
    with pytest.raises(refused, match="Failed to invoke function due to HTTP Error 400: Bad Request"):
        sdk.client("iot-data").publish(topic=topic, payload="x")
    frame = receive(core)
    assert (frame.kind, frame.header["topic"]) == (Kind.REFUSED, topic)
    assert frame.header["reason"]


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"payload": "x"}, ValueError, "needs a topic"),
        ({"topic": ""}, ValueError, "needs a topic"),
        ({"topic": "out/x", "queueFullPolicy": "Never"}, ValueError, "queueFullPolicy must be one of"),
        (
            {"topic": "out/x", "payload": {"a": 1}},
            TypeError,
            "a payload is str, bytes or a file object, not dict",
        ),
    ],
)
def test_wrong_arguments(
    sdk: ModuleType, given: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        sdk.client("iot-data").publish(**given)


def test_what_is_not_served_says_so(sdk: ModuleType) -> None:
    with pytest.raises(
        NotImplementedError, match=r"serves client\('iot-data'\) only, not client\('lambda'\)"
    ):
        sdk.client("lambda")
    with pytest.raises(Exception, match="Client type 'iot' is not recognized"):
        sdk.client("iot")
    with pytest.raises(AttributeError, match="greengrass-sim serves no shadows"):
        sdk.client("iot-data").get_thing_shadow(thingName="x")
    with pytest.raises(AttributeError, match="no attribute 'subscribe'"):
        sdk.client("iot-data").subscribe(topic="x")


def test_outside_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_current", None)
    with pytest.raises(RuntimeError, match="greengrass-sim invoke"):
        link.current()
