"""What AWS IoT allows of messages and subscriptions, as a table; every refusal says which number it broke.

The numbers are those of the AWS IoT Core message broker (service quotas) and, for the spooler, of a
Greengrass v1 core.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

# Not counted as levels: the prefixes of Basic Ingest and of shared subscriptions.
_UNCOUNTED = re.compile(r"\$aws/rules/[^/]*/|\$share/[^/]*/")


class Breach(NamedTuple):
    """A limit that was exceeded: what to tell people, and the MQTT 5 reason code for it."""

    reason: str
    code: int


TOPIC_FILTER_INVALID, TOPIC_NAME_INVALID, QUOTA_EXCEEDED, QOS_NOT_SUPPORTED = 0x8F, 0x90, 0x97, 0x9B


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes; None stands for what MQTT itself allows.

    `subscriptions` counts for a connection, `filters` for one SUBSCRIBE packet, and `cloud_in_flight` is how
    many messages to the cloud may wait for their confirmation.
    """

    payload: int | None = 128 * 1024
    topic: int | None = 256
    slashes: int | None = 7
    qos: int = 1
    filters: int | None = 8
    subscriptions: int | None = 50
    client_id: int | None = 128
    cloud_in_flight: int = 1

    def of_message(self, topic: str, size: int, qos: int = 1) -> Breach | None:
        """What is wrong with publishing `size` bytes to `topic`, or None."""
        if qos > self.qos:
            return _qos_breach(qos, self.qos)
        if self.payload is not None and size > self.payload:
            return Breach(f"the payload has {size} bytes, {self.payload} are allowed", QUOTA_EXCEEDED)
        return self._of_topic("the topic", topic, TOPIC_NAME_INVALID)

    def of_subscription(self, filters: list[tuple[str, int]], held: int) -> Breach | None:
        """What is wrong with (filter, QoS) pairs asked for by a client that holds `held` subscriptions."""
        if self.filters is not None and len(filters) > self.filters:
            reason = f"{len(filters)} filters in one SUBSCRIBE, {self.filters} are allowed"
            return Breach(reason, QUOTA_EXCEEDED)
        if self.subscriptions is not None and held + len(filters) > self.subscriptions:
            reason = f"more than {self.subscriptions} subscriptions of one connection"
            return Breach(reason, QUOTA_EXCEEDED)
        for topic_filter, qos in filters:
            if qos > self.qos:
                return _qos_breach(qos, self.qos)
            if breach := self._of_topic("the filter", topic_filter, TOPIC_FILTER_INVALID):
                return breach
        return None

    def _of_topic(self, what: str, topic: str, code: int) -> Breach | None:
        size = len(topic.encode("utf-8", "surrogatepass")) if self.topic is not None else 0
        if self.topic is not None and size > self.topic:
            return Breach(f"{what} has {size} bytes, {self.topic} are allowed", code)
        if self.slashes is None or topic.count("/") <= self.slashes:
            return None
        slashes = _UNCOUNTED.sub("", topic, count=1).count("/") if topic[0] == "$" else topic.count("/")
        if slashes > self.slashes:
            return Breach(f"{what} {topic!r} has {slashes} slashes, {self.slashes} are allowed", code)
        return None


def _qos_breach(qos: int, allowed: int) -> Breach:
    return Breach(f"QoS {qos} is not supported, at most {allowed} is", QOS_NOT_SUPPORTED)


PROFILES = {
    "aws": Limits(),
    "none": Limits(None, None, None, 2, None, None, None, cloud_in_flight=100),
}
