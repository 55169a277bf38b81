"""QoS 1 messages of one persistent MQTT session: acknowledged in order, recognised when they come again.

After a reconnect the broker sends everything again that it has no acknowledgement for. Two cases are told
from new messages, and only where that cannot lose one:

- what was acknowledged, but the acknowledgement got lost: the broker marks it with DUP and the same packet id
  (mosquitto does). From a broker that does not mark it, it is taken for new;
- what is still under way here, so was never acknowledged: the broker is bound to send it again, in the order
  of its topic, so the next message of that topic with the same payload is it. No flag and no id are needed
  (iotcore sets no flag and gives new ids).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

REMEMBERED = 1024

Key = tuple[str, int]


@dataclass(eq=False, slots=True)
class Delivery:
    """One received message: `key` is its topic and the hash of its payload, `mid` its packet id."""

    key: Key
    mid: int
    done: bool = False


class Inbox:
    """`acknowledge` is called with packet ids, in the order of arrival (MQTT 3.1.1, section 4.6)."""

    def __init__(self, acknowledge: Callable[[int], None]) -> None:
        self._acknowledge = acknowledge
        self._window: deque[Delivery] = deque()
        self._expected: dict[str, deque[Delivery]] = {}
        self._acknowledged: OrderedDict[int, Key] = OrderedDict()
        self._live = False

    def connected(self, session_present: bool) -> None:
        """A connection stands; without a session the broker has forgotten all that is under way here."""
        unsettled = [*self._window, *(one for queue in self._expected.values() for one in queue)]
        self._window.clear()
        self._expected.clear()
        if session_present:
            for one in unsettled:
                self._expected.setdefault(one.key[0], deque()).append(one)
        else:
            self._acknowledged.clear()
        self._live = True

    def disconnected(self) -> None:
        """Nothing can be acknowledged until the next connection."""
        self._live = False

    def stop_expecting(self) -> None:
        """From now on nothing is taken for a repetition of what was under way at the last disconnect."""
        self._expected.clear()

    def receive(self, mid: int, topic: str, payload: bytes, marked: bool) -> Delivery | None:
        """The delivery of a new message, to be given to `finish`; None for one that is here already.

        `marked` is the DUP flag.
        """
        key = (topic, hash(payload))
        if marked and self._acknowledged.get(mid) == key:
            self._again(Delivery(key, mid, done=True), mid)
            return None
        expected = self._expected.get(topic)
        if expected and expected[0].key == key:
            self._again(expected.popleft(), mid)
            return None
        self._acknowledged.pop(mid, None)  # the broker uses the id anew, so it got that acknowledgement
        delivery = Delivery(key, mid)
        self._window.append(delivery)
        return delivery

    def finish(self, delivery: Delivery) -> None:
        """The message is dealt with: it is acknowledged as soon as all that came before it are."""
        delivery.done = True
        self._flush()

    @property
    def unsettled(self) -> int:
        """How many messages of this connection are not acknowledged yet."""
        return len(self._window)

    def _again(self, delivery: Delivery, mid: int) -> None:
        delivery.mid = mid
        self._window.append(delivery)
        self._flush()

    def _flush(self) -> None:
        while self._live and self._window and self._window[0].done:
            delivery = self._window.popleft()
            self._acknowledged.pop(delivery.mid, None)
            self._acknowledged[delivery.mid] = delivery.key
            if len(self._acknowledged) > REMEMBERED:
                self._acknowledged.popitem(last=False)
            self._acknowledge(delivery.mid)
