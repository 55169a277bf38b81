from __future__ import annotations

from pathlib import Path

import pytest

from greengrass_sim.broker.mosquitto import Mosquitto
from greengrass_sim.errors import BrokerError
from tests.greengrass_sim.brokers import needs_mosquitto, port_of
from tests.greengrass_sim.probe import Probe


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.broker.mosquitto.find_mosquitto", lambda: None)
    with pytest.raises(BrokerError, match="apt-get install mosquitto"), Mosquitto():
        pass


@needs_mosquitto
def test_sessions_and_messages_outlive_a_restart(tmp_path: Path) -> None:
    sent = [b"%d" % number for number in range(200)]
    with Mosquitto(folder=tmp_path) as broker:
        with Probe(port_of(broker), "away", clean=False) as client:
            client.subscribe("kept")
        with Probe(port_of(broker)) as other:
            other.publish_all("kept", sent)
        broker.stop()
        broker.start()
        with Probe(port_of(broker), "away", clean=False) as client:
            assert client.session_present
            assert client.take_payloads(len(sent)) == sent
