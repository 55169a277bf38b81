from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greengrass_sim.exchange import Exchange, Message
from greengrass_sim.group import Subscription
from greengrass_sim.invocation import Refusal
from greengrass_sim.receipt import Receipt
from greengrass_sim.router import Router
from greengrass_sim.watch.stream import Event, as_text, from_text


class Target:
    """Keeps what it gets, with its receipt held."""

    def __init__(self, room: bool = True) -> None:
        self.room = room
        self.got: list[Message] = []

    def has_room(self, _message: Message) -> bool:
        return self.room

    def deliver(self, message: Message) -> None:
        self.got.append(message)
        if message.receipt is not None:
            message.receipt.hold()


@pytest.fixture
def exchange() -> Exchange:
    rows = [Subscription("a", "cloud", "x/#", "one"), Subscription("b", "cloud", "x/y", "two")]
    return Exchange(Router(rows))


def test_nothing_is_told_while_nobody_watches(exchange: Exchange) -> None:
    one = Target()
    exchange.attach("one", one)
    exchange.attach("two", Target())
    exchange.publish(Message("cloud", "x/y", b"1"))
    assert not exchange.watch.active
    assert (one.got[0].number, one.got[0].receipt) == (0, None)


def test_a_message_is_followed_until_its_targets_are_done(exchange: Exchange) -> None:
    told: list[Event] = []
    settled: list[bool] = []
    one, two = Target(), Target(room=False)
    exchange.attach("one", one)
    exchange.attach("two", two)
    exchange.watch.attach(told.append)
    receipt = Receipt(lambda: settled.append(True))
    exchange.publish(Message("cloud", "x/y", b"1", receipt, "w"))
    receipt.release()
    assert [row["event"] for row in told] == ["message", "dropped"]
    assert (told[0]["subscriptions"], told[0]["targets"], told[0]["parent"]) == (
        ["a", "b"],
        ["one", "two"],
        "w",
    )
    assert (told[1]["target"], told[1]["reason"], two.got) == ("two", "its queue is full", [])
    assert settled == []
    held = one.got[0].receipt
    assert held is not None
    held.release()
    assert settled == [True]
    assert (told[-1]["event"], told[-1]["message"], told[-1]["target"]) == ("done", told[0]["number"], "one")
    exchange.watch.detach(told.append)
    assert not exchange.watch.active


def test_what_goes_nowhere_is_told_with_its_reason(exchange: Exchange) -> None:
    told: list[Event] = []
    exchange.watch.attach(told.append)
    with pytest.raises(Refusal):
        exchange.publish(Message("cloud", "elsewhere", b"\xff"))
    (event,) = told
    assert event["refused"] == "No subscription exists for the source cloud and subject elsewhere"
    assert event["payload_base64"] == "/w=="


@given(st.binary())
def test_payloads_survive_as_text(payload: bytes) -> None:
    assert from_text(dict(as_text(payload))) == payload
