"""`greengrass-sim sub`: prints messages as they arrive."""

from __future__ import annotations

import base64
import json
import queue
import sys
from argparse import Namespace
from typing import Any

from edge_runtime.errors import ExitCode
from greengrass_sim.commands.client import connected_client
from greengrass_sim.errors import BrokerError, UsageError
from greengrass_sim.topics import filter_problem


def run(options: Namespace) -> int:
    """Prints `topic payload` a line, or JSON, until `--count` messages or SIGINT."""
    if problem := filter_problem(options.topic):
        raise UsageError(f"cannot subscribe to {options.topic!r}: {problem}")
    # What the network thread hands over: messages, and None when the broker refuses us or is lost.
    arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
    left = options.count
    with connected_client(options) as client:
        client.on_message = lambda *given: arrived.put(given[2])
        client.on_disconnect = lambda *_: arrived.put(None)
        client.on_subscribe = lambda *given: _on_subscribe(options.topic, arrived, given[3])
        client.subscribe(options.topic, 1)
        while left is None or left > 0:
            message = arrived.get()
            if message is None:
                raise BrokerError(f"{options.broker} refused the subscription or went away")
            print(_line(message.topic, bytes(message.payload), options.json), flush=True)
            left = None if left is None else left - 1
    return ExitCode.OK


def _on_subscribe(topic: str, arrived: queue.SimpleQueue[Any], reasons: Any) -> None:
    if any(reason.is_failure for reason in reasons):
        arrived.put(None)
    else:
        print(f"subscribed to {topic}", file=sys.stderr, flush=True)


def _line(topic: str, payload: bytes, as_json: bool) -> str:
    try:
        text = payload.decode()
        table = {"topic": topic, "payload": text}
    except UnicodeDecodeError:
        encoded = base64.b64encode(payload).decode()
        text, table = f"base64:{encoded}", {"topic": topic, "payload_base64": encoded}
    return json.dumps(table, ensure_ascii=False) if as_json else f"{topic} {text}"
