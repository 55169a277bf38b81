"""`pub` and `sub`."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from greengrass_sim.broker.child import HOST, free_port
from greengrass_sim.watch.recording import Recorded, write_header
from tests.greengrass_sim.brokers import KINDS, port_of, start_broker
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import COMMAND
from tests.waiting import BUSY_S


@pytest.fixture(scope="module", params=KINDS)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with start_broker(request.param) as broker:
        yield port_of(broker)


def test_pub(port: int, tmp_path: Path) -> None:
    broker = ["--broker", f"mqtt://{HOST}:{port}"]
    (tmp_path / "file").write_bytes(b"\xff\x00")
    with Probe(port) as probe:
        probe.subscribe("t/+")
        assert run_command("pub", "t/text", "ü", *broker).returncode == ExitCode.OK
        assert (
            run_command("pub", "t/file", "@file", "--qos", "0", *broker, folder=tmp_path).returncode
            == ExitCode.OK
        )
        assert run_command("pub", "t/stdin", "-", "--retain", *broker, stdin=b"in").returncode == ExitCode.OK
        received = {message.topic: message.payload for message in (probe.take() for _ in range(3))}
        assert received == {"t/text": "ü".encode(), "t/file": b"\xff\x00", "t/stdin": b"in"}
    with Probe(port) as probe:
        probe.subscribe("t/stdin")
        assert probe.take().retain


@pytest.mark.parametrize("as_json", [False, True])
def test_sub(port: int, as_json: bool) -> None:
    topic = f"sub/{as_json}"
    command = [*COMMAND, "sub", topic + "/+", "--count", "2", "--broker", f"mqtt://{HOST}:{port}"]
    options = ["--json"] * as_json
    with subprocess.Popen([*command, *options], stdout=-1, stderr=-1, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"subscribed to {topic}/+\n"
        with Probe(port) as probe:
            probe.publish(f"{topic}/a", "ü")
            probe.publish(f"{topic}/b", b"\xff")
        out, _ = process.communicate(timeout=BUSY_S)
    assert process.returncode == ExitCode.OK
    if as_json:
        assert [json.loads(line) for line in out.splitlines()] == [
            {"topic": f"{topic}/a", "payload": "ü"},
            {"topic": f"{topic}/b", "payload_base64": "/w=="},
        ]
    else:
        assert out == f"{topic}/a ü\n{topic}/b base64:/w==\n"


def test_sub_is_interrupted(port: int) -> None:
    command = [*COMMAND, "sub", "none", "--broker", f"mqtt://{HOST}:{port}"]
    with subprocess.Popen(command, stderr=-1, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(BUSY_S) == ExitCode.INTERRUPTED


def test_sub_ends_with_its_reader(port: int) -> None:
    command = [*COMMAND, "sub", "pipe", "--broker", f"mqtt://{HOST}:{port}"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.readline()
        process.stdout.close()
        with Probe(port) as probe:
            probe.publish("pipe", b"x")
        assert process.wait(BUSY_S) == ExitCode.OK
        assert process.stderr.read() == ""


def test_sub_notices_that_the_broker_is_lost() -> None:
    with start_broker("embedded") as broker:
        command = [*COMMAND, "sub", "none", "--broker", broker.url]
        process = subprocess.Popen(command, stderr=-1, text=True)
        assert process.stderr is not None
        process.stderr.readline()
        broker.stop()
        with process.stderr as stderr:
            assert "went away" in stderr.read()
        assert process.wait(BUSY_S) == ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["pub", "a/+", "x"], "without the wildcards"),
        (["pub", "a", "@none"], "cannot read the payload none"),
        (["sub", "a/#/b"], "only as the last level"),
        (["sub", "a", "--broker", "http://x"], "must start with mqtt://"),
        (["pub", "a", "x", "--broker", "embedded"], "no broker URL"),
    ],
)
def test_wrong_arguments(arguments: list[str], problem: str) -> None:
    result = run_command(*arguments)
    assert result.returncode == ExitCode.USAGE
    assert problem in result.stderr.decode()


@pytest.mark.parametrize("command", [["pub", "a", "x"], ["sub", "a"]])
def test_no_broker(command: list[str]) -> None:
    result = run_command(*command, "--broker", f"mqtt://{HOST}:{free_port()}", "--wait", "0.3")
    assert result.returncode == ExitCode.UNREACHABLE
    assert b"no MQTT broker answered at" in result.stderr


def test_a_server_that_is_no_broker() -> None:
    with socket.create_server((HOST, 0)) as server:
        url = f"mqtt://{HOST}:{server.getsockname()[1]}"
        result = run_command("pub", "a", "x", "--broker", url, "--wait", "1")
    assert result.returncode == ExitCode.UNREACHABLE
    assert b"does not speak MQTT" in result.stderr


def test_replay_notices_that_the_broker_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "recording"
    with file.open("w", encoding="utf-8") as recording:
        write_header(recording)
        for after in (0.0, 3.0):
            recording.write(Recorded(after, "replayed", b"x", "cloud").to_line() + "\n")
    with start_broker("embedded") as broker, Probe(port_of(broker)) as probe:
        probe.subscribe("replayed")
        command = [*COMMAND, "replay", str(file), "--broker", broker.url, "--wait", "5"]
        with subprocess.Popen(command, stderr=-1, text=True) as process:
            probe.take()
            broker.stop()
            _, errors = process.communicate(timeout=BUSY_S)
    assert process.returncode == ExitCode.UNREACHABLE
    assert "did not confirm 1 messages" in errors
