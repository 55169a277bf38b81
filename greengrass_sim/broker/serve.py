"""The embedded broker's process: `python -m greengrass_sim.broker.serve CONFIGURATION`."""

from __future__ import annotations

import logging
import sys

from iotcore import Broker


def main() -> None:
    # The broker reports its spans as errors, one for each packet.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    Broker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
