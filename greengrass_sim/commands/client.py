"""A short-lived client for the commands that only publish or subscribe."""

from __future__ import annotations

import queue
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from greengrass_sim.backoff import Backoff
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.errors import BrokerError
from greengrass_sim.mqtt.session import TlsFiles


@contextmanager
def connected_client(options: Namespace) -> Iterator[Any]:
    """A paho client connected to `options.broker`, its thread running; BrokerError when that is away."""
    url = BrokerUrl.parse(options.broker)
    client: Any = Client(CallbackAPIVersion.VERSION2, options.client_id)
    if url.user is not None:
        client.username_pw_set(url.user, url.password)
    if url.tls:
        client.tls_set_context(TlsFiles(options.ca, options.cert, options.key).context())
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    client.on_connect = lambda *given: answers.put(given[3])
    client.on_disconnect = lambda *given: answers.put(given[3])
    _connect(client, url, options.wait)
    client.loop_start()
    try:
        _expect_welcome(answers, url, options.wait)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def confirmed(message: Any, wait_s: float) -> bool:
    """Whether the broker has a message that paho was given, after `wait_s` seconds at most."""
    try:
        message.wait_for_publish(wait_s)
        return bool(message.is_published())
    except (RuntimeError, ValueError):  # there was no connection to send it by
        return False


def _connect(client: Any, url: BrokerUrl, wait_s: float) -> None:
    deadline, backoff = time.monotonic() + wait_s, Backoff(0.1, 1.0)
    while True:
        try:
            client.connect(url.host, url.port)
        except OSError as error:
            delay = backoff.next()
            if time.monotonic() + delay > deadline:
                raise BrokerError(f"no MQTT broker answered at {url} within {wait_s:g} s: {error}") from error
            time.sleep(delay)
        else:
            return


def _expect_welcome(answers: queue.SimpleQueue[Any], url: BrokerUrl, wait_s: float) -> None:
    try:
        reason = answers.get(timeout=max(wait_s, 1.0))
    except queue.Empty:
        raise BrokerError(f"{url} accepted the connection, but does not speak MQTT") from None
    if reason.is_failure:
        raise BrokerError(f"the broker at {url} refuses us: {reason}")
