"""MQTT load: QoS 1 requests through the simulator to an echo handler, next to a bare client that echoes.

    python -m benchmarks.messages [--broker mosquitto|embedded] [--requests 10000] [--json]

Both go through the same broker in the same run, in turns, so that their ratio means something on a busy
machine. The echo handler is `examples/echo`. Exit code 1 when an answer is missing or came twice.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from greengrass_sim.broker.kinds import KINDS, open_broker
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.mqtt.wire import confirm_at_once, send_at_once

GROUP = Path(__file__).parents[1] / "examples" / "echo" / "group.json"
SCHEMA_VERSION = 1
TOPICS = {"bare": ("bare/request", "bare/answer"), "simulator": ("request/load", "answer/load")}
UNDER_WAY = 100
TURNS = 5
GIVE_UP_S = 20.0


@dataclass(frozen=True)
class Measured:
    """There and back: `rate` in requests a second with UNDER_WAY at a time, times in ms one at a time."""

    requests: int
    lost: int
    doubled: int
    rate: float
    median_ms: float
    p90_ms: float
    p99_ms: float


class Caller:
    """A client that sends requests and counts the answers; paho runs in this thread."""

    def __init__(self, url: str, kind: str) -> None:
        self._topic, answer = TOPICS[kind]
        self._client: Any = Client(CallbackAPIVersion.VERSION2, f"caller-{kind}")
        self._client.on_message = self._on_answer
        self._subscribed = False
        self._client.on_subscribe = self._on_subscribe
        _connect(self._client, url, answer)
        self._answers: Counter[bytes] = Counter()
        self._left: Iterator[bytes] = iter(())
        self._sent_at = 0.0
        self.times: list[float] = []
        self._loop_until(lambda: self._subscribed)
        if not self._subscribed:
            raise SystemExit(f"the broker at {url} does not let us subscribe to {answer}")

    def run(self, requests: list[bytes], under_way: int) -> tuple[float, Counter[bytes]]:
        """Seconds until all were answered (or none came for GIVE_UP_S), and the answers."""
        self._answers = Counter()
        self._left = iter(requests)
        started = time.perf_counter()
        for _ in range(under_way):
            self._send_next()
        self._loop_until(lambda: len(self._answers) >= len(requests))
        took = time.perf_counter() - started
        return took, self._answers

    def late_answers(self) -> Counter[bytes]:
        """Also what comes within a moment after the last."""
        deadline = time.perf_counter() + 0.3
        while time.perf_counter() < deadline:
            self._client.loop(0.05)
        return self._answers

    def close(self) -> None:
        self._client.disconnect()

    def _loop_until(self, done: Any) -> None:
        seen, deadline = -1, 0.0
        while not done():
            count = self._answers.total()
            if count != seen:
                seen, deadline = count, time.perf_counter() + GIVE_UP_S
            if time.perf_counter() > deadline:
                return
            self._client.loop(1.0)

    def _send_next(self) -> None:
        payload = next(self._left, None)
        if payload is not None:
            self._sent_at = time.perf_counter()
            self._client.publish(self._topic, payload, 1)

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_answer(self, _client: object, _data: object, message: Any) -> None:
        self.times.append(time.perf_counter() - self._sent_at)
        confirm_at_once(self._client.socket())
        self._answers[message.payload] += 1
        self._send_next()


def _connect(client: Any, url: str, topic: str) -> None:
    """Connects and subscribes; like the simulator's, these connections do not wait for fuller packets."""
    parts = BrokerUrl.parse(url)
    client.max_inflight_messages_set(0)
    client.on_publish = lambda *given: confirm_at_once(given[0].socket())
    client.connect(parts.host, parts.port)
    send_at_once(client.socket())
    client.subscribe(topic, 1)


def _echo(url: str, ready: Any) -> None:
    """The bare peer: a client that echoes."""
    request, answer = TOPICS["bare"]

    def on_message(client: Any, _data: object, message: Any) -> None:
        confirm_at_once(client.socket())
        client.publish(answer, message.payload, 1)

    client: Any = Client(CallbackAPIVersion.VERSION2, "peer")
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = on_message
    _connect(client, url, request)
    client.loop_forever()


@contextmanager
def _peer(url: str) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_echo, args=(url, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(GIVE_UP_S):
            raise SystemExit("the bare peer did not start")
        yield
    finally:
        process.terminate()
        process.join()


@contextmanager
def _simulator(url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "greengrass_sim.cli", "start", str(GROUP), "--broker", url]
    with subprocess.Popen([*command, "--log-level", "warning"], stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or not process.stdout.readline().startswith("ready "):
                raise SystemExit("the simulator did not start")
            yield
        finally:
            process.terminate()


def _numbered(first: int, count: int) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


def measure(url: str, requests: int) -> dict[str, Measured]:
    """`bare` and `simulator`, measured in turns at the broker `url`; ends early when an answer is missing."""
    each = max(1, requests // TURNS)
    callers = {kind: Caller(url, kind) for kind in TOPICS}
    alone: dict[str, list[float]] = {kind: [] for kind in callers}
    took = dict.fromkeys(callers, 0.0)
    wrong = {kind: Counter[str]() for kind in callers}
    for caller in callers.values():
        caller.run(_numbered(0, 200), UNDER_WAY)
    for turn in range(TURNS):
        for kind, caller in callers.items():
            caller.times.clear()
            caller.run(_numbered(0, each // 10 + 1), 1)
            alone[kind] += caller.times
            wanted = _numbered(turn * each, each)
            seconds, _ = caller.run(wanted, UNDER_WAY)
            took[kind] += seconds
            answers = caller.late_answers()
            wrong[kind]["lost"] += len(set(wanted) - set(answers))
            wrong[kind]["doubled"] += sum(count - 1 for count in answers.values())
        if any(counts["lost"] for counts in wrong.values()):
            break  # the figures are worth nothing, and every turn would wait
    for caller in callers.values():
        caller.close()
    return {kind: _summary(each * TURNS, took[kind], alone[kind], wrong[kind]) for kind in callers}


def _summary(requests: int, took: float, alone: list[float], wrong: Counter[str]) -> Measured:
    cuts = statistics.quantiles(alone, n=100)
    return Measured(
        requests=requests,
        lost=wrong["lost"],
        doubled=wrong["doubled"],
        rate=round(requests / took, 1),
        median_ms=round(cuts[49] * 1000, 3),
        p90_ms=round(cuts[89] * 1000, 3),
        p99_ms=round(cuts[98] * 1000, 3),
    )


def _table(broker: str, results: dict[str, Measured]) -> str:
    names = {"bare": "client to client", "simulator": "through the simulator"}
    bare, through = results["bare"], results["simulator"]
    heads = ("lost", "doubled", "per second", "median ms", "p90 ms", "p99 ms")
    lines = [
        f"{broker}: {bare.requests} QoS 1 requests each, {UNDER_WAY} under way; times are for one at a time",
        f"{'':21}" + "".join(f"{head:>11}" for head in heads),
    ]
    for kind, one in results.items():
        counts = f"{one.lost:11}{one.doubled:11}{one.rate:11.0f}"
        lines.append(f"{names[kind]:21}{counts}{one.median_ms:11.2f}{one.p90_ms:11.2f}{one.p99_ms:11.2f}")
    ratio, more = through.rate / bare.rate, through.median_ms - bare.median_ms
    lines.append(f"the simulator's rate is {ratio:.2f} of the bare one, its median {more:.2f} ms above")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.messages", description=__doc__.splitlines()[0])
    parser.add_argument("--broker", choices=sorted(KINDS), default="mosquitto", help="default: %(default)s")
    parser.add_argument("--requests", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    with open_broker(options.broker) as broker, _peer(broker.url), _simulator(broker.url):
        results = measure(broker.url, options.requests)
    if options.json:
        kinds = {kind: asdict(one) for kind, one in results.items()}
        print(json.dumps({"schema_version": SCHEMA_VERSION, "broker": options.broker, **kinds}, indent=2))
    else:
        print(_table(options.broker, results))
    return int(any(one.lost or one.doubled for one in results.values()))


if __name__ == "__main__":
    sys.exit(main())
