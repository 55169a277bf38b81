"""The pip-installed broker `iotcore` (rumqttd inside a wheel), as a child process of ours.

docs/decisions/002-embedded-broker.md says why this one, and what it does differently from mosquitto.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from greengrass_sim.broker.child import HOST, free_port
from greengrass_sim.broker.local import LocalBroker
from greengrass_sim.errors import BrokerError

# The broker keeps the last messages of each filter in memory, delivered or not: `max_segment_count` segments
# of at least one message and `max_segment_size` bytes each. A client may thus lag 1,024 messages of any size
# behind, or 16 MiB of small ones; the defaults (1 GiB for each filter) would fill a small device.
_CONFIGURATION = """\
id = 0

[router]
id = 0
max_connections = 1024
max_outgoing_packet_count = 200
max_segment_size = 16384
max_segment_count = 1024
"""

# MQTT 3.1.1 and MQTT 5 each need a port of their own; messages cross over.
_LISTENER = """
[{table}.1]
name = "{table}"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[{table}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 83886080
max_inflight_count = 100
dynamic_filters = true
"""


class Embedded(LocalBroker):
    """It forgets sessions and messages when it stops."""

    name = "the embedded broker"

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._port_v5 = 0

    def command(self, folder: Path, port: int) -> list[str]:
        if find_spec("iotcore") is None:
            raise BrokerError(
                "the embedded broker is not installed: pip install 'neo-edge[broker]', "
                "or choose --broker mosquitto"
            )
        configuration = folder / "broker.toml"
        self._port_v5 = self._port_v5 or free_port()
        ports = {"v4": port, "v5": self._port_v5}
        listeners = [_LISTENER.format(table=table, host=HOST, port=number) for table, number in ports.items()]
        configuration.write_text(_CONFIGURATION + "".join(listeners))
        self.url_v5 = f"mqtt://{HOST}:{self._port_v5}"
        return [sys.executable, "-P", "-m", "greengrass_sim.broker.serve", str(configuration)]
