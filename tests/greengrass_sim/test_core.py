"""The simulator as a whole: a child process, real workers, real brokers."""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.broker.mosquitto import Mosquitto
from tests.greengrass_sim.brokers import KINDS, needs_mosquitto, port_of, start_broker
from tests.greengrass_sim.groups import echo_group, function, group, thing_arn
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.proxy import Proxy
from tests.greengrass_sim.simulator import Simulator, children_of, eventually, is_running
from tests.waiting import BUSY_S

ECHO = echo_group(EncodingType="binary")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def broker_port(kind: str) -> Iterator[int]:
    with start_broker(kind) as broker:
        yield port_of(broker)


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


class Client(Probe):
    """A client with a session, which keeps asking and counts the answers."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "client", clean=False, reconnect_on_failure=True)
        self.client.reconnect_delay_set(1, 1)
        self.subscribe("answer/#")

    def request(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            self.client.publish("request/x", payload, 1)

    def answers(self, wanted: list[bytes], seen: list[bytes], timeout: float = BUSY_S) -> Counter[bytes]:
        """All answers: those seen before, those until none wanted is missing, and what comes behind."""
        counted = Counter(seen)
        missing = set(wanted) - set(seen)
        deadline = time.monotonic() + timeout
        while missing:
            payload = self.take(deadline - time.monotonic()).payload
            counted[payload] += 1
            missing.discard(payload)
        with suppress(queue.Empty):
            while True:
                counted[self.take(0.5).payload] += 1
        return counted


def test_ten_thousand_requests_are_answered_once_each(tmp_path: Path, kind: str) -> None:
    """With a hundred under way at any time."""
    requests = numbered(10_000)
    with Simulator(tmp_path, ECHO, kind) as simulator, Probe(simulator.port) as client:
        room = threading.Semaphore(100)
        answers: list[bytes] = []
        done = threading.Event()

        def on_answer(_client: object, _data: object, message: object) -> None:
            answers.append(message.payload)
            room.release()
            if len(answers) == len(requests):
                done.set()

        client.client.on_message = on_answer
        client.subscribe("answer/#")
        for payload in requests:
            assert room.acquire(timeout=BUSY_S)
            client.client.publish("request/x", payload, 1)
        assert done.wait(60)
        time.sleep(0.3)
        assert answers == requests


def test_json_and_binary_functions(tmp_path: Path, kind: str) -> None:
    document = group(
        [function("echo", EncodingType="json"), {**function("relay"), "Id": "relay"}],
        [("cloud", "request/#", "echo"), ("echo", "answer/#", "cloud"), ("cloud", "relay", "relay")],
    )
    document["Subscriptions"].append(
        {**document["Subscriptions"][1], "Id": "r", "Source": document["Functions"][1]["FunctionArn"]}
    )
    with Simulator(tmp_path, document, kind) as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        for event in (None, 1.5, "ü", [1, {"a": True}]):
            client.publish("request/json", json.dumps(event))
            assert json.loads(client.take().payload) == event
        client.publish("request/json", b"not json")
        simulator.wait_for_log("the handler was not called, the payload is not JSON")
        client.publish("relay", b"[2]")
        message = client.take()
        assert (message.topic, message.payload) == ("answer/relayed", b"[2]")


def test_messages_travel_only_along_subscriptions(tmp_path: Path, kind: str) -> None:
    """cloud -> relay -> echo -> cloud, and the same message to two functions."""
    document = group(
        [function("relay"), function("echo")],
        [
            ("cloud", "start/+", "relay"),
            ("relay", "answer/relayed", "echo"),
            ("echo", "answer/#", "cloud"),
            ("cloud", "both", "relay"),
            ("cloud", "both", "echo"),
        ],
    )
    with Simulator(tmp_path, document, kind) as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        client.subscribe("both")
        client.publish("start/1", b'"x"')
        assert client.take().payload == b'"x"'
        client.publish("start/1/2", b'"no"')
        client.publish("answer/relayed", b'"not from the cloud"')
        assert client.take().payload == b'"not from the cloud"'  # the client's own, which it subscribed to
        assert client.nothing_more()
        client.publish("both", b'"y"')
        received = sorted((m.topic, m.payload) for m in (client.take() for _ in range(2)))
        assert received == [("answer/relayed", b'"y"'), ("both", b'"y"')]
        simulator.wait_for_log("publish to 'both' refused: No subscription exists")


def test_devices_are_clients_of_the_broker(tmp_path: Path, kind: str) -> None:
    document = group(
        [function("echo")],
        [(thing_arn("lamp"), "request/#", "echo"), ("echo", "answer/#", thing_arn("lamp"))],
    )
    document["Devices"] = [{"Id": "lamp", "ThingArn": thing_arn("lamp")}]
    with Simulator(tmp_path, document, kind) as simulator, Probe(simulator.port, "lamp") as lamp:
        lamp.subscribe("answer/#")
        lamp.publish("request/on", b"1")
        assert lamp.take().topic == "answer/on"


def test_large_messages(tmp_path: Path, kind: str) -> None:
    payload = os.urandom(10_000_000)
    with (
        Simulator(tmp_path, ECHO, kind, "--limits", "none") as simulator,
        Client(simulator.port) as client,
    ):
        client.request([payload, b"small"])
        assert client.take_payloads(2) == [payload, b"small"]


def test_messages_beyond_the_limits_are_discarded(tmp_path: Path, kind: str) -> None:
    document = group(
        [function("echo", EncodingType="binary"), function("deep", "echo.deep", EncodingType="binary")],
        [
            ("cloud", "request/#", "echo"),
            ("echo", "answer/#", "cloud"),
            ("cloud", "deep", "deep"),
            ("deep", "answer/#", "cloud"),
        ],
    )
    with Simulator(tmp_path, document, kind) as simulator, Client(simulator.port) as client:
        client.request([bytes(128 * 1024 + 1), bytes(128 * 1024)])
        client.publish("request/2/3/4/5/6/7/8/9", b"too deep")
        client.publish("deep", b"answers too deep")
        client.request([b"small"])
        assert client.take_payloads(2) == [bytes(128 * 1024), b"small"]
        simulator.wait_for_log("the payload has 131073 bytes, 131072 are allowed")
        simulator.wait_for_log("the topic 'request/2/3/4/5/6/7/8/9' has 8 slashes, 7 are allowed")
        simulator.wait_for_log("the topic 'answer/2/3/4/5/6/7/8/9' has 8 slashes, 7 are allowed")


def test_a_broken_function_holds_up_no_other(tmp_path: Path, kind: str) -> None:
    functions = [function("echo", EncodingType="binary"), function("no_package")]
    routes = [
        ("cloud", "request/#", "echo"),
        ("echo", "answer/#", "cloud"),
        ("cloud", "request/#", "no_package"),
    ]
    requests = numbered(500)
    with Simulator(tmp_path, group(functions, routes), kind) as simulator, Client(simulator.port) as client:
        client.request(requests)
        assert client.answers(requests, []) == Counter(requests)
        simulator.wait_for_log("No module named 'a_package_that_nobody_has'")


def test_killed_workers_lose_and_double_nothing(tmp_path: Path, kind: str) -> None:
    requests = numbered(2000)
    with Simulator(tmp_path, ECHO, kind) as simulator, Client(simulator.port) as client:
        client.request(requests)
        seen: list[bytes] = []
        for share in (200, 700, 1200):
            seen += client.take_payloads(share - len(seen))
            assert eventually(lambda: bool(children_of(simulator.pid, "greengrass_sim.runtime.worker")))
            (worker,) = children_of(simulator.pid, "greengrass_sim.runtime.worker")
            os.kill(worker, signal.SIGKILL)
        assert client.answers(requests, seen) == Counter(requests)
        assert simulator.log.count("it was ended by SIGKILL; it is restarted in") == 3


def test_a_broken_network_loses_nothing(tmp_path: Path, kind: str, broker_port: int) -> None:
    """The connections of the simulator are reset, the broker and its sessions stay."""
    requests = numbered(2000)
    with (
        Proxy(broker_port) as proxy,
        Simulator(tmp_path, ECHO, proxy.url) as simulator,
        Client(broker_port) as client,
    ):
        client.request(requests)
        seen: list[bytes] = []
        for share in (200, 700, 1200):
            seen += client.take_payloads(share - len(seen))
            proxy.cut()
        answers = client.answers(requests, seen)
        # Resets hit answers whose confirmation was on the way; they are published again.
        assert sum(answers.values()) <= len(requests) + 3 * 300
        assert simulator.log.count("lost the connection to") >= 3
        assert " again after " in simulator.log


@needs_mosquitto
def test_a_restarted_broker_loses_nothing(tmp_path: Path) -> None:
    requests = numbered(1500)
    (tmp_path / "broker").mkdir()
    with (
        Mosquitto(folder=tmp_path / "broker") as broker,
        Simulator(tmp_path, ECHO, broker.url) as simulator,
        Client(port_of(broker)) as client,
    ):
        client.request(requests)
        seen: list[bytes] = []
        for share in (200, 700):
            seen += client.take_payloads(share - len(seen))
            broker.stop()
            simulator.wait_for_log("lost the connection to")
            broker.start()
        client.answers(requests, seen)
        assert " again after " in simulator.log


@needs_mosquitto
def test_a_killed_simulator_loses_nothing(tmp_path: Path) -> None:
    """What it had not finished is in the session that the next one takes up."""
    requests = numbered(1500)
    with Mosquitto() as broker, Client(port_of(broker)) as client:
        seen: list[bytes] = []
        with Simulator(tmp_path, ECHO, broker.url) as simulator:
            workers = children_of(simulator.pid, "greengrass_sim.runtime.worker")
            client.request(requests)
            seen += client.take_payloads(300)
            assert simulator.stop(signal.SIGKILL) == -signal.SIGKILL
        with Simulator(tmp_path, ECHO, broker.url):
            answers = client.answers(requests, seen)
        assert sum(answers.values()) < len(requests) + 400
        assert eventually(lambda: not any(is_running(pid) for pid in workers))


def talkative_group() -> dict[str, Any]:
    """A function that publishes on its own, 20 messages of 100 kB a request."""
    return group(
        [function("talkative", EncodingType="binary")],
        [("cloud", "go", "talkative"), ("talkative", "spool/#", "cloud")],
    )


def test_what_nobody_asked_for_is_bounded_while_the_broker_is_away(tmp_path: Path) -> None:
    """The function publishes 100 messages of 50 kB after the broker has gone; the newest 2.5 MiB are kept."""
    with (
        start_broker("embedded") as broker,
        Proxy(port_of(broker)) as proxy,
        Simulator(tmp_path, talkative_group(), proxy.url) as simulator,
        Client(port_of(broker)) as client,
    ):
        client.subscribe("spool/#")
        client.publish("go", b"100 50000")
        simulator.wait_for_log("waits for the end of the broker")
        proxy.answer(False)
        proxy.cut()
        simulator.wait_for_log("has published 100")
        simulator.wait_for_log("oldest messages: more than 2621440 bytes wait")
        proxy.answer(True)
        assert [int(client.take(20).payload[:3]) for _ in range(53)] == [0, *range(48, 100)]
        assert client.nothing_more()


@needs_mosquitto
def test_the_spool_on_disk_survives_a_killed_simulator(tmp_path: Path) -> None:
    options = ("--spool", "disk", "--work", str(tmp_path / "work"))
    with Mosquitto() as broker, Proxy(port_of(broker)) as proxy, Client(port_of(broker)) as client:
        client.subscribe("spool/#")
        with Simulator(tmp_path, talkative_group(), proxy.url, *options) as simulator:
            client.publish("go", b"300 10")
            simulator.wait_for_log("waits for the end of the broker")
            proxy.answer(False)
            proxy.cut()
            simulator.wait_for_log("has published 300")
            time.sleep(0.2)
            simulator.stop(signal.SIGKILL)
        proxy.answer(True)
        with Simulator(tmp_path, talkative_group(), proxy.url, *options) as simulator:
            simulator.wait_for_log("messages are left from the last time")
            payloads = [int(client.take(20).payload[:3]) for _ in range(300)]
            assert payloads == list(range(300))
