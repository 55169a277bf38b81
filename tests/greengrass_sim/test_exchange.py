from __future__ import annotations

import asyncio
import logging

import pytest

from greengrass_sim.exchange import Exchange, Message, QueueFullPolicy
from greengrass_sim.group import Subscription
from greengrass_sim.invocation import FunctionError, Invocation, Refusal, Reply
from greengrass_sim.limits import Limits
from greengrass_sim.router import Router


class Box:
    """A target that keeps what it gets, at most `room` messages."""

    def __init__(self, room: int = 10) -> None:
        self.room = room
        self.messages: list[Message] = []

    def has_room(self, _message: Message) -> bool:
        return len(self.messages) < self.room

    def deliver(self, message: Message) -> None:
        self.messages.append(message)


class Echo:
    """A service that answers with the topic and the payload, or as told."""

    def __init__(self, error: FunctionError = FunctionError.NONE) -> None:
        self.error = error

    async def invoke(self, invocation: Invocation) -> Reply:
        return Reply(invocation.custom.get("subject", "").encode() + invocation.payload, self.error)


def exchange(*routes: tuple[str, str, str]) -> Exchange:
    rows = [Subscription(str(number), *route) for number, route in enumerate(routes)]
    return Exchange(Router(rows))


def test_a_message_reaches_every_target_once() -> None:
    middle = exchange(
        ("f", "a/#", "cloud"), ("f", "+/b", "lamp"), ("f", "a/b", "g"), ("f", "a/+", "g"), ("f", "c", "h")
    )
    broker, other, third = Box(), Box(), Box()
    for name, target in {"cloud": broker, "lamp": broker, "g": other, "h": third}.items():
        middle.attach(name, target)
    message = Message("f", "a/b", b"1")
    middle.publish(message)
    assert (broker.messages, other.messages, third.messages) == ([message], [message], [])


def test_without_a_subscription_it_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    middle = exchange(("f", "a", "cloud"))
    with pytest.raises(Refusal) as caught:
        middle.publish(Message("f", "b", b""))
    assert caught.value.status == 400
    assert caught.value.reason == "No subscription exists for the source f and subject b"
    caplog.set_level(logging.DEBUG)
    middle.send(Message("GGShadowService", "b", b""))
    assert "Failed to get routes. Discarding message." in caplog.text


@pytest.mark.parametrize(
    ("topic", "size", "status", "reason"),
    [
        ("a", 128 * 1024 + 1, 413, "the payload has 131073 bytes, 131072 are allowed"),
        ("a/1/2/3/4/5/6/7/8", 1, 400, "has 8 slashes, 7 are allowed"),
    ],
)
def test_beyond_the_limits_of_one_target_nobody_gets_it(
    topic: str, size: int, status: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    middle = exchange(
        ("f", "#", "g"), ("f", "#", "cloud"), ("g", "#", "f"), ("GGShadowService", "#", "cloud")
    )
    free, broker = Box(), Box()
    for name in ("f", "g"):
        middle.attach(name, free)
    middle.attach("cloud", broker, Limits())
    with pytest.raises(Refusal, match=reason) as caught:
        middle.publish(Message("f", topic, bytes(size)))
    assert caught.value.status == status
    assert free.messages == broker.messages == []
    middle.publish(Message("g", topic, bytes(size)))  # between functions there are none
    assert len(free.messages) == 1
    middle.send(Message("GGShadowService", topic, bytes(size)))
    assert "Discarding message of GGShadowService: " in caplog.text


@pytest.mark.parametrize("policy", QueueFullPolicy)
def test_a_full_queue(policy: QueueFullPolicy, caplog: pytest.LogCaptureFixture) -> None:
    middle = exchange(("f", "a", "g"), ("f", "a", "h"))
    free, full = Box(), Box(room=0)
    middle.attach("g", free)
    middle.attach("h", full)
    if policy is QueueFullPolicy.ALL_OR_ERROR:
        with pytest.raises(Refusal, match="503: the queue of h is full"):
            middle.publish(Message("f", "a", b"1"), policy)
        assert free.messages == []
    else:
        middle.publish(Message("f", "a", b"1"), policy)
        assert len(free.messages) == 1
        assert "Discarding message of 1 bytes on a: h has no room" in caplog.text
    assert full.messages == []


def test_a_service_is_called_by_its_arn() -> None:
    middle = exchange()
    middle.register("arn:x:1", Echo())

    def call(arn: str) -> Reply:
        return asyncio.run(middle.invoke(Invocation(arn, b"1", "f", {"subject": "t"})))

    assert call("arn:x:1") == call("arn:x") == Reply(b"t1")
    with pytest.raises(Refusal, match="404: there is no function or service arn:x:2 on this core"):
        call("arn:x:2")
    middle.register("arn:x:2", Echo())
    with pytest.raises(Refusal, match="404"):
        call("arn:x")


def test_a_failed_call_that_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    middle = exchange()
    middle.register("arn", Echo(FunctionError.HANDLED))
    asyncio.run(middle.invoke(Invocation("arn", b"broken", "f")))
    assert caplog.text == ""
    asyncio.run(middle.invoke(Invocation("arn", b"broken", "f", wait=False)))
    assert "the call of arn by f failed: broken" in caplog.text
