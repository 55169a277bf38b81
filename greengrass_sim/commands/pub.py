"""`greengrass-sim pub`: one message to a broker."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from edge_runtime.errors import ExitCode
from greengrass_sim.commands.client import confirmed, connected_client
from greengrass_sim.errors import BrokerError, UsageError
from greengrass_sim.topics import name_problem


def run(options: Namespace) -> int:
    """Returns when the broker has the message (QoS 1), or when it was sent (QoS 0)."""
    if problem := name_problem(options.topic):
        raise UsageError(f"cannot publish to {options.topic!r}: {problem}")
    payload = _payload(options.payload)
    with connected_client(options) as client:
        sent = client.publish(options.topic, payload, options.qos, options.retain)
        if not confirmed(sent, options.wait):
            raise BrokerError(f"{options.broker} did not confirm the message within {options.wait:g} s")
    return ExitCode.OK


def _payload(text: str) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read()
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the payload {text[1:]}: {error.strerror}") from error
