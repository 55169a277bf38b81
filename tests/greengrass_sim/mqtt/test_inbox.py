from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from greengrass_sim.mqtt.inbox import REMEMBERED, Delivery, Inbox


def make_inbox(session_present: bool = False) -> tuple[Inbox, list[int]]:
    acknowledged: list[int] = []
    inbox = Inbox(acknowledged.append)
    inbox.connected(session_present)
    return inbox, acknowledged


def receive(inbox: Inbox, mid: int, payload: bytes = b"", topic: str = "t") -> Delivery:
    delivery = inbox.receive(mid, topic, payload, marked=False)
    assert delivery is not None
    return delivery


def test_acknowledgements_keep_the_order_of_arrival() -> None:
    inbox, acknowledged = make_inbox()
    first, second, third = (receive(inbox, mid) for mid in (7, 8, 9))
    inbox.finish(second)
    assert acknowledged == []
    inbox.finish(first)
    assert acknowledged == [7, 8]
    assert inbox.unsettled == 1
    inbox.finish(third)
    assert acknowledged == [7, 8, 9]


def test_what_is_under_way_is_not_taken_for_new_when_it_comes_again() -> None:
    inbox, acknowledged = make_inbox()
    first, second = receive(inbox, 1, b"a"), receive(inbox, 2, b"b")
    inbox.disconnected()
    inbox.finish(first)
    assert acknowledged == []
    inbox.connected(session_present=True)
    assert inbox.receive(11, "t", b"a", marked=False) is None
    assert acknowledged == [11]
    assert inbox.receive(12, "t", b"b", marked=False) is None
    assert receive(inbox, 13, b"b").mid == 13
    inbox.finish(second)
    assert acknowledged == [11, 12]


def test_a_lost_acknowledgement_is_repeated_for_a_marked_message_only() -> None:
    inbox, acknowledged = make_inbox()
    inbox.finish(receive(inbox, 1, b"a"))
    inbox.disconnected()
    inbox.connected(session_present=True)
    assert inbox.receive(1, "t", b"a", marked=True) is None
    assert acknowledged == [1, 1]
    assert inbox.receive(1, "t", b"other", marked=True) is not None
    assert inbox.receive(2, "t", b"a", marked=True) is not None
    assert inbox.receive(1, "t", b"a", marked=False) is not None


def test_without_a_session_everything_is_new() -> None:
    inbox, acknowledged = make_inbox()
    under_way = receive(inbox, 1, b"a")
    inbox.disconnected()
    inbox.connected(session_present=False)
    again = receive(inbox, 1, b"a")
    inbox.finish(under_way)
    assert acknowledged == []
    inbox.finish(again)
    assert acknowledged == [1]


def test_expectations_can_be_dropped() -> None:
    inbox, _ = make_inbox()
    receive(inbox, 1, b"a")
    inbox.disconnected()
    inbox.connected(session_present=True)
    inbox.stop_expecting()
    assert receive(inbox, 2, b"a").mid == 2


def test_expectations_survive_a_second_disconnect() -> None:
    inbox, acknowledged = make_inbox()
    under_way = receive(inbox, 1, b"a")
    for _ in range(2):
        inbox.disconnected()
        inbox.connected(session_present=True)
    assert inbox.receive(5, "t", b"a", marked=False) is None
    inbox.finish(under_way)
    assert acknowledged == [5]


def test_the_memory_of_acknowledgements_is_bounded() -> None:
    inbox, acknowledged = make_inbox()
    for mid in range(REMEMBERED + 1):
        inbox.finish(receive(inbox, mid))
    assert len(acknowledged) == REMEMBERED + 1
    assert inbox.receive(0, "t", b"", marked=True) is not None
    assert inbox.receive(REMEMBERED, "t", b"", marked=True) is None


class SessionBroker:
    """A broker's side of one session: sends what is not acknowledged again, with or without marks."""

    def __init__(self, payloads: list[bytes], marks: bool) -> None:
        self.waiting = list(enumerate(payloads, 1))
        self.sent = 0
        self.marks = marks
        self.offset = 0

    def reconnect(self, lost: int, pending: list[int]) -> None:
        """The last `lost` of the acknowledgements on the wire never arrived."""
        arrived = pending[: len(pending) - lost]
        self.waiting = [row for row in self.waiting if self.wire_id(row[0]) not in arrived]
        if not self.marks:
            self.offset += 1000

    def wire_id(self, number: int) -> int:
        return number + self.offset


@settings(max_examples=300, deadline=None)
@given(
    payloads=st.lists(st.sampled_from([b"a", b"b"]), max_size=8),
    steps=st.lists(st.tuples(st.sampled_from(["receive", "finish", "cut"]), st.integers(0, 3)), max_size=40),
    marks=st.booleans(),
)
def test_no_message_is_lost_whatever_is_cut(
    payloads: list[bytes], steps: list[tuple[str, int]], marks: bool
) -> None:
    pending: list[int] = []
    inbox = Inbox(pending.append)
    inbox.connected(session_present=False)
    broker, seen, under_way = SessionBroker(payloads, marks), 0, []
    handled: list[bytes] = []
    offered: set[int] = set()
    for step, number in [*steps, ("cut", 3), *[("receive", 0)] * 20, *[("finish", 0)] * 20]:
        if step == "receive" and seen < len(broker.waiting):
            mid, payload = broker.waiting[seen]
            marked = marks and mid in offered
            offered.add(mid)
            seen += 1
            if delivery := inbox.receive(broker.wire_id(mid), "t", payload, marked):
                under_way.append((delivery, payload))
        elif step == "finish" and under_way:
            delivery, payload = under_way.pop(number % len(under_way))
            handled.append(payload)
            inbox.finish(delivery)
        elif step == "cut":
            inbox.disconnected()
            broker.reconnect(min(number, len(pending)), pending)
            pending.clear()
            inbox.connected(session_present=True)
            seen = 0
    for payload in (b"a", b"b"):
        assert handled.count(payload) >= payloads.count(payload)
        if marks:
            assert handled.count(payload) == payloads.count(payload)
