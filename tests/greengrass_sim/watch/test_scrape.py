"""Metrics of a running core, read as Prometheus does."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import echo_group, write_group
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator, eventually


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """That of the metrics, after one request to the echo."""
    folder = tmp_path_factory.mktemp("metrics")
    options = ("--metrics-port", "0", "--work", str(folder / "work"))
    with Simulator(folder, echo_group(EncodingType="binary"), "embedded", *options) as simulator:
        found = json.loads(run_command("status", "--json", "--work", str(folder / "work")).stdout)
        assert f"metrics are at {found['metrics']}" in simulator.log
        with Probe(simulator.port) as client:
            client.subscribe("answer/#")
            client.publish("request/x", b"1")
            client.take()
        yield int(found["metrics"].rsplit(":", 1)[1].removesuffix("/metrics"))


def ask(port: int, method: str, path: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read().decode()
    finally:
        connection.close()


def test_metrics(port: int) -> None:
    counted = 'greengrass_sim_invocations_total{function="echo",outcome="ok"} 1'
    assert eventually(lambda: counted in ask(port, "GET", "/metrics")[2])
    status, kind, text = ask(port, "GET", "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'greengrass_sim_messages_total{source="cloud"} 1' in text
    assert 'greengrass_sim_messages_total{source="echo"} 1' in text
    assert 'greengrass_sim_handler_seconds_count{function="echo"} 1' in text
    assert 'greengrass_sim_workers{function="echo"} 1' in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", "/metrics", 405), ("GET", "/metrics?x=1", 200), ("HEAD", "/metrics", 200)],
)
def test_other_requests(port: int, method: str, path: str, status: int) -> None:
    found, _, body = ask(port, method, path)
    assert found == status
    assert bool(body) == (method != "HEAD")


@pytest.mark.parametrize("sent", [b"", b"x" * 40_000, b"\xff\r\n\r\n"])
def test_what_is_no_request_does_no_harm(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(sent)
    assert ask(port, "GET", "/metrics")[0] == 200


def test_a_port_that_is_taken(port: int, tmp_path: Path) -> None:
    path = str(write_group(tmp_path, echo_group()))
    result = run_command("start", path, "--port", "0", "--metrics-port", str(port))
    assert result.returncode == ExitCode.UNREACHABLE
    assert b"cannot serve metrics on port %d" % port in result.stderr
