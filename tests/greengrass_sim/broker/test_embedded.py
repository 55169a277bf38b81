from __future__ import annotations

import pytest

from greengrass_sim.broker.embedded import Embedded
from greengrass_sim.errors import BrokerError
from tests.greengrass_sim.brokers import port_of
from tests.greengrass_sim.probe import Probe


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.broker.embedded.find_spec", lambda _: None)
    with pytest.raises(BrokerError, match=r"pip install 'neo-edge\[broker\]'"), Embedded():
        pass


def test_a_session_may_lag_a_thousand_large_messages_behind() -> None:
    sent = [b"%06d" % number + bytes(100_000) for number in range(1000)]
    with Embedded() as broker, Probe(port_of(broker)) as other:
        Probe(port_of(broker), "away", clean=False).close()
        with Probe(port_of(broker), "away", clean=False) as client:
            client.subscribe("big")
        other.publish_all("big", sent)
        with Probe(port_of(broker), "away", clean=False) as client:
            assert [payload[:6] for payload in client.take_payloads(len(sent), 30)] == [
                one[:6] for one in sent
            ]
