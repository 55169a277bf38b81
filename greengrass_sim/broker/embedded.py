"""The pip-installed broker `iotcore` (rumqttd inside a wheel), as a child process of ours.

docs/decisions/002-embedded-broker.md says why this one, and what it does differently from mosquitto.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from greengrass_sim.broker.child import HOST, Child, free_port
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

[v4.1]
name = "local"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 83886080
max_inflight_count = 100
dynamic_filters = true
"""


class Embedded:
    """A broker on `port` (0: any free one); it forgets sessions and messages when it stops."""

    def __init__(self, port: int = 0) -> None:
        self._folder: Path | None = None
        self._port = port
        self._child: Child | None = None
        self.url = ""

    def start(self) -> str:
        """The URL of the running broker; raises BrokerError when it is not installed or the port is taken."""
        if find_spec("iotcore") is None:
            raise BrokerError(
                "the embedded broker is not installed: pip install 'neo-edge[broker]', "
                "or choose --broker mosquitto"
            )
        self._port = self._port or free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="greengrass-sim-broker-"))
        configuration = self._folder / "broker.toml"
        configuration.write_text(_CONFIGURATION.format(host=HOST, port=self._port))
        command = [sys.executable, "-P", "-m", "greengrass_sim.broker.serve", str(configuration)]
        self._child = Child("the embedded broker", command, self._port, self._folder / "broker.log")
        try:
            self._child.start()
        except BrokerError:
            self.stop()
            raise
        self.url = f"mqtt://{HOST}:{self._port}"
        return self.url

    def stop(self) -> None:
        if self._child:
            self._child.stop()
            self._child = None
        if self._folder:
            shutil.rmtree(self._folder)
            self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
