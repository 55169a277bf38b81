"""The mosquitto server of the system, with a generated configuration."""

from __future__ import annotations

import shutil
from pathlib import Path

from greengrass_sim.broker.child import HOST
from greengrass_sim.broker.local import LocalBroker
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


class Mosquitto(LocalBroker):
    """With a `folder`, sessions and messages outlive a stop."""

    name = "mosquitto"

    def command(self, folder: Path, port: int) -> list[str]:
        program = find_mosquitto()
        if program is None:
            raise BrokerError(
                "mosquitto is not installed: apt-get install mosquitto, or choose --broker embedded"
            )
        configuration = folder / "mosquitto.conf"
        configuration.write_text(_CONFIGURATION.format(port=port, host=HOST, folder=folder))
        return [program, "-c", str(configuration)]
