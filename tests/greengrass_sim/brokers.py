"""The kinds of brokers that the tests run against; mosquitto is skipped where it is missing."""

from __future__ import annotations

import pytest

from greengrass_sim.broker.kinds import Broker, open_broker
from greengrass_sim.broker.mosquitto import find_mosquitto

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")
KINDS = [pytest.param("mosquitto", marks=needs_mosquitto), pytest.param("embedded")]


def start_broker(kind: str) -> Broker:
    """A broker on a free port, to be used as a context manager."""
    return open_broker(kind)


def port_of(broker: Broker) -> int:
    return int(broker.url.rsplit(":", 1)[1])
