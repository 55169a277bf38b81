"""A group that runs for a test: `greengrass-sim start` as a child process, and a client of its broker."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any
from urllib.parse import urlsplit

from greengrass_sim.errors import SimError
from greengrass_sim.mqtt.release import release
from greengrass_sim.testing.messages import Mailbox, Received

READY_S = 60.0
STOP_S = 20.0
_TAIL = 30  # lines of the log in an error


class RunningGroup:
    """Made by `start_group`. All that anybody publishes is received, what the test publishes too."""

    def __init__(self, url: str, work: Path, lines: list[str]) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.url = url
        self.work = work
        self._lines = lines
        self._mailbox = Mailbox()
        self._subscribed = Event()
        self._client: Any = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda *given: self._mailbox.put(
            Received(given[2].topic, bytes(given[2].payload))
        )
        self._client.on_subscribe = lambda *_: self._subscribed.set()

    @property
    def log(self) -> str:
        """What the simulator has written so far, prints of handlers included."""
        return "".join(self._lines)

    def publish(self, topic: str, payload: object = b"") -> None:
        """Returns when the broker has the message; bytes and str are sent as they are, all else as JSON."""
        data = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        sent = self._client.publish(topic, data, qos=1)
        sent.wait_for_publish(STOP_S)
        if not sent.is_published():
            raise SimError(f"the broker did not confirm the message to {topic} within {STOP_S:g} s")

    def expect(self, topic_filter: str, within: float = 5.0) -> Received:
        """The first message under the filter that was not taken yet; AssertionError where none comes."""
        message = self._mailbox.take(topic_filter, within)
        if message is None:
            others = ", ".join(self._mailbox.topics) or "nothing"
            raise AssertionError(
                f"no message on {topic_filter} within {within:g} s; received: {others}; the simulator's log "
                f"ends with\n{''.join(self._lines[-_TAIL:])}"
            )
        return message

    def expect_nothing(self, topic_filter: str, within: float = 0.5) -> None:
        """AssertionError where a message comes under the filter, or has come."""
        message = self._mailbox.take(topic_filter, within)
        if message is not None:
            raise AssertionError(f"a message came on {message.topic}: {message.payload!r:.200}")

    def status(self) -> dict[str, Any]:
        """What `greengrass-sim status --json` tells."""
        from greengrass_sim.watch.client import status

        return status(str(self.work))

    def connect(self, filters: Sequence[str]) -> None:
        """Returns when everything under `filters` will be received."""
        address = urlsplit(self.url)
        self._client.connect(address.hostname or "", address.port or 0)
        self._client.loop_start()
        self._client.subscribe([(one, 1) for one in filters])
        if not self._subscribed.wait(STOP_S):
            raise SimError(f"the broker at {self.url} did not confirm the subscription")

    def disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        release(self._client)


@contextmanager
def start_group(
    group: str | Path | Mapping[str, Any], broker: str = "embedded", options: Sequence[str] = ()
) -> Iterator[RunningGroup]:
    """Runs a group file, or a group as a dict, until the end of the `with` block.

    `broker` is `embedded`, `mosquitto` or a URL; `options` are further ones of `greengrass-sim start`. Raises
    SimError with the simulator's own message where it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="greengrass-test-") as name:
        folder = Path(name)
        path = _written(group, folder) if isinstance(group, Mapping) else Path(group)
        command = [sys.executable, "-m", "greengrass_sim.cli", "start", str(path), "--broker", broker]
        command += ["--work", str(folder / "work"), *options]
        command += [] if "://" in broker else ["--port", "0"]
        with _started(command) as (url, lines):
            running = RunningGroup(url, folder / "work", lines)
            try:
                # iotcore ends the connection of a client that asks for topics of the system
                running.connect(["#"] if broker == "embedded" else ["#", "$aws/#"])
                yield running
            finally:
                running.disconnect()


def _written(group: Mapping[str, Any], folder: Path) -> Path:
    path = folder / "group.json"
    path.write_text(json.dumps(group), encoding="utf-8")
    return path


@contextmanager
def _started(command: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    lines: list[str] = []
    answers: queue.Queue[str] = queue.Queue()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            Thread(target=_collect, args=(process.stderr, lines), daemon=True),
            Thread(target=lambda out: answers.put(out.readline()), args=(process.stdout,), daemon=True),
        ]
        for reader in readers:
            reader.start()
        try:
            yield _ready(answers, lines, process), lines
        finally:
            _end(process)
            for reader in readers:
                reader.join(STOP_S)


def _ready(answers: queue.Queue[str], lines: list[str], process: subprocess.Popen[str]) -> str:
    try:
        words = answers.get(timeout=READY_S).split()
    except queue.Empty:
        raise SimError(f"the simulator was not ready after {READY_S:g} s:\n{''.join(lines)}") from None
    if words[:1] != ["ready"]:
        process.wait(STOP_S)
        raise SimError(f"the simulator did not start:\n{''.join(lines)}")
    return words[1]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _collect(stream: IO[str], lines: list[str]) -> None:
    lines.extend(iter(stream.readline, ""))
