"""The worker's end: the link and the SDK on top of it, with the test as the core."""

from __future__ import annotations

import base64
import importlib
import io
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

import greengrass_sim
from greengrass_sim.runtime import link
from greengrass_sim.runtime.ipc import Decoder, Frame, Kind, encode

ARNS = {
    "MY_FUNCTION_ARN": "arn",
    "ROUTER_FUNCTION_ARN": link.ROUTER_ARN,
    "SHADOW_FUNCTION_ARN": "arn:aws:lambda:::function:GGShadowService",
    "SECRETS_MANAGER_FUNCTION_ARN": "arn:aws:lambda:::function:GGSecretManager:1",
}
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
    for name, arn in ARNS.items():
        monkeypatch.setenv(name, arn)
    monkeypatch.syspath_prepend(str(SHIMS))
    yield importlib.import_module("greengrasssdk")
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("greengrass")]:
        if not name.startswith("greengrass_sim"):
            del sys.modules[name]


def own_link() -> link.Link:
    connected = link.current()
    assert connected is not None
    return connected


def receive(core: socket.socket) -> Frame:
    decoder = Decoder()
    while True:
        for frame in decoder.feed(core.recv(65536)):
            return frame


def test_frames_arrive_until_the_core_closes(core: socket.socket) -> None:
    core.sendall(encode(Kind.INVOKE, {"id": "1"}, b"x") + encode(Kind.INVOKE, {"id": "2"}))
    core.shutdown(socket.SHUT_WR)
    assert [(frame.header["id"], frame.payload) for frame in own_link().frames()] == [
        ("1", b"x"),
        ("2", b""),
    ]


@pytest.mark.parametrize(
    ("payload", "sent"),
    [("ü", "ü".encode()), (b"\xff", b"\xff"), (bytearray(b"a"), b"a"), (io.BytesIO(b"file"), b"file")],
)
def test_publish(core: socket.socket, sdk: ModuleType, payload: object, sent: bytes) -> None:
    own_link().invocation = "7"
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
        ({"payload": "x"}, ValueError, "topic is missing"),
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


def answer(core: socket.socket, payload: bytes, **header: object) -> Frame:
    """Answers the next call, and gives it."""
    call = receive(core)
    core.sendall(encode(Kind.ANSWER, {"call": call.header["call"], "error": "", **header}, payload))
    return call


def in_thread(target: Callable[[], object]) -> Future[object]:
    future: Future[object] = Future()

    def run() -> None:
        try:
            future.set_result(target())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def test_all_or_exception_waits_for_the_core(core: socket.socket, sdk: ModuleType) -> None:
    client = sdk.client("iot-data")

    def publish() -> None:
        client.publish(topic="out/x", payload="x", queueFullPolicy="AllOrException")

    first = in_thread(publish)
    call = answer(core, b"")
    assert first.result(5) is None
    custom = json.loads(base64.b64decode(call.header["context"]))["custom"]
    assert (call.header["arn"], call.header["wait"]) == (link.ROUTER_ARN, False)
    assert custom == {"source": "arn", "subject": "out/x", "queueFullPolicy": "AllOrError"}
    second = in_thread(publish)
    answer(core, b"", status=503, reason="full")
    with pytest.raises(Exception, match="due to HTTP Error 503: Service Unavailable"):
        second.result(5)


def test_another_function_is_called(core: socket.socket, sdk: ModuleType) -> None:
    client, arn = sdk.client("lambda"), "arn:aws:lambda:eu-west-1:1:function:f"
    context = base64.b64encode(b'{"custom": {"a": 1}}')
    future = in_thread(
        lambda: client.invoke(FunctionName=arn, Qualifier="2", Payload=b"p", ClientContext=context)
    )
    call = answer(core, b"returned")
    result = cast("dict[str, Any]", future.result(5))
    assert (call.header["arn"], call.payload, call.header["wait"]) == (arn + ":2", b"p", True)
    assert call.header["context"] == context.decode()
    assert (result["Payload"].read(), result["FunctionError"]) == (b"returned", "")
    future = in_thread(lambda: client.invoke(FunctionName=arn + ":2"))
    answer(core, b"{}", error="Unhandled")
    assert future.result(5) == {"Payload": b"{}", "FunctionError": "Unhandled"}
    for wrong in ({}, {"FunctionName": arn + ":1", "Qualifier": "2"}, {"FunctionName": "f"}):
        with pytest.raises(ValueError, match=r"."):
            client.invoke(**wrong)
    with pytest.raises(ValueError, match="base64"):
        client.invoke(FunctionName=arn, ClientContext=b"{}")


def test_events_and_answers_reach_whom_they_are_for(core: socket.socket) -> None:
    """The main thread waits for events while two others wait for answers, which come in the other order."""
    ours = own_link()
    events = ours.frames()
    numbers = [ours.begin_call("arn", b"", "", True) for _ in range(2)]
    calls = [in_thread(lambda number=number: ours.end_call(number)) for number in numbers]
    event = in_thread(lambda: next(events))
    for number in reversed(numbers):
        core.sendall(encode(Kind.ANSWER, {"call": number, "error": ""}, b"%d" % number))
    core.sendall(encode(Kind.INVOKE, {"id": "1"}, b"event"))
    assert [call.result(5) for call in calls] == [("", b"%d" % number) for number in numbers]
    assert cast("Frame", event.result(5)).payload == b"event"


def test_a_shadow(core: socket.socket, sdk: ModuleType) -> None:
    client = sdk.client("iot-data")
    future = in_thread(lambda: client.update_thing_shadow(thingName="t", payload=b"{}"))
    call = answer(core, b'{"version": 1}')
    assert future.result(5) == {"payload": b'{"version": 1}'}
    assert call.header["arn"] == ARNS["SHADOW_FUNCTION_ARN"]
    assert json.loads(base64.b64decode(call.header["context"]))["custom"] == {
        "subject": "$aws/things/t/shadow/update"
    }
    future = in_thread(lambda: client.get_thing_shadow(thingName="t"))
    answer(core, b'{"code": 404, "message": "No shadow exists"}')
    with pytest.raises(Exception, match='error code 404 with message "No shadow exists"'):
        future.result(5)


def test_a_secret(core: socket.socket, sdk: ModuleType) -> None:
    client = sdk.client("secretsmanager")
    future = in_thread(lambda: client.get_secret_value(SecretId="s"))
    call = answer(core, b'{"SecretString": "x", "CreatedDate": 0}')
    assert cast("dict[str, Any]", future.result(5))["SecretString"] == "x"
    assert (call.header["arn"], json.loads(call.payload)) == (
        ARNS["SECRETS_MANAGER_FUNCTION_ARN"],
        {"SecretId": "s"},
    )
    future = in_thread(lambda: client.get_secret_value(SecretId="s"))
    answer(core, b'{"Status": 404, "Message": "none"}')
    with pytest.raises(Exception, match="error code 404 with message none"):
        future.result(5)


def test_what_is_not_served_says_so(sdk: ModuleType) -> None:
    with pytest.raises(NotImplementedError, match="no stream manager"):
        sdk.client("streammanager")
    with pytest.raises(Exception, match="Client type 'iot' is not recognized"):
        sdk.client("iot")
    with pytest.raises(AttributeError, match="no attribute 'subscribe'"):
        sdk.client("iot-data").subscribe(topic="x")


def test_the_parts_of_an_arn(sdk: ModuleType) -> None:
    fields = importlib.import_module("greengrass_common.function_arn_fields").FunctionArnFields
    arn = fields("arn:aws:lambda:eu-west-1:12:function:name:3")
    assert (arn.region, arn.account_id, arn.name, arn.qualifier) == ("eu-west-1", "12", "name", "3")
    assert arn.unqualified_arn == "arn:aws:lambda:eu-west-1:12:function:name"
    assert arn.to_arn_string() == "arn:aws:lambda:eu-west-1:12:function:name:3"
    assert fields(arn.unqualified_arn).qualifier == ""
    with pytest.raises(ValueError, match="Cannot parse"):
        fields("arn:aws:iot:eu-west-1:12:thing/x")


def test_outside_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_current", None)
    assert link.current() is None
