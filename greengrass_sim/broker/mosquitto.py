"""The mosquitto server of the system, with a generated configuration."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from greengrass_sim.broker.child import HOST, Child, free_port
from greengrass_sim.errors import BrokerError

_PROGRAMS = ("mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto")

# Unlimited queues, because a message that was accepted must not be dropped while its handler is busy. `user
# root` takes effect only when we are root: the server then keeps the rights to read and write our folder.
_CONFIGURATION = """\
listener {port} {host}
allow_anonymous true
set_tcp_nodelay true
user root
max_inflight_messages 100
max_queued_messages 0
persistence true
persistence_location {folder}/
autosave_interval 10
log_dest stderr
log_type error
log_type warning
"""


def find_mosquitto() -> str | None:
    """The path of the server program, or None."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


class Mosquitto:
    """A mosquitto on `port` (0: any free one); with a `folder`, sessions and messages outlive a stop."""

    def __init__(self, port: int = 0, folder: Path | None = None) -> None:
        self._program = find_mosquitto()
        self._folder = folder
        self._temporary: Path | None = None
        self._port = port
        self._child: Child | None = None
        self.url = ""

    def start(self) -> str:
        """The URL of the running server; raises BrokerError when it is not installed or the port is taken."""
        if self._program is None:
            raise BrokerError(
                "mosquitto is not installed: apt-get install mosquitto, or choose --broker embedded"
            )
        self._port = self._port or free_port()
        if self._folder is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="greengrass-sim-mosquitto-"))
        folder = self._folder or self._temporary
        configuration = Path(f"{folder}/mosquitto.conf")
        configuration.write_text(_CONFIGURATION.format(port=self._port, host=HOST, folder=folder))
        command = [self._program, "-c", str(configuration)]
        self._child = Child("mosquitto", command, self._port, configuration.with_suffix(".log"))
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
        if self._temporary:
            shutil.rmtree(self._temporary)
            self._temporary = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
