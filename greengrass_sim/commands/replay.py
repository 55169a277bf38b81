"""`greengrass-sim replay`: recorded messages, published again at their original times."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from pathlib import Path

from edge_runtime.errors import ExitCode
from greengrass_sim.commands.client import confirmed, connected_client
from greengrass_sim.errors import BrokerError
from greengrass_sim.watch.recording import read
from greengrass_sim.watch.selection import Selection


def run(options: Namespace) -> int:
    """Returns when the broker has every message (QoS 1)."""
    selection = Selection(options.topic)
    messages = [one for one in read(Path(options.file)) if selection.topic(one.topic)]
    with connected_client(options) as client:
        start = time.monotonic()
        sent = []
        for one in messages:
            if options.speed:
                time.sleep(max(0.0, start + one.after / options.speed - time.monotonic()))
            sent.append(client.publish(one.topic, one.payload, 1))
        deadline = time.monotonic() + options.wait
        missing = sum(not confirmed(one, max(0.0, deadline - time.monotonic())) for one in sent)
    if missing:
        raise BrokerError(f"{options.broker} did not confirm {missing} messages within {options.wait:g} s")
    print(f"{len(messages)} messages published", file=sys.stderr)
    return ExitCode.OK
