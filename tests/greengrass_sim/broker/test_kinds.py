from __future__ import annotations

import socket

import pytest

from greengrass_sim.broker.child import HOST
from greengrass_sim.broker.kinds import Remote, open_broker
from greengrass_sim.errors import BrokerError, UsageError
from tests.greengrass_sim.brokers import KINDS, port_of
from tests.greengrass_sim.probe import Probe


@pytest.mark.parametrize("kind", KINDS)
def test_a_broker_of_our_own_lives_in_its_context(kind: str) -> None:
    with open_broker(kind) as broker:
        port = port_of(broker)
        assert broker.url == f"mqtt://127.0.0.1:{port}"
        with Probe(port) as client:
            assert not client.reason.is_failure
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_taken_port(kind: str) -> None:
    with socket.create_server((HOST, 0)) as other:
        broker = open_broker(kind, other.getsockname()[1])
        with pytest.raises(BrokerError, match="is taken"), broker:
            pass


def test_a_url_stands_for_itself() -> None:
    with open_broker("mqtt://host:1") as broker:
        assert isinstance(broker, Remote)
        assert broker.start() == broker.url == "mqtt://host:1"
        broker.stop()


@pytest.mark.parametrize(
    ("name", "why"), [("mosquito", "did you mean 'mosquitto'"), ("http://x", "must start with")]
)
def test_an_unknown_broker(name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        open_broker(name)
