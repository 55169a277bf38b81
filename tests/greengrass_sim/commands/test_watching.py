"""The commands that watch a running core."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import ExitCode
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import echo_group, function, group
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import COMMAND, Simulator
from tests.waiting import BUSY_S


def watched_group() -> dict[str, Any]:
    """An echo, and a function whose handler cannot be imported."""
    document = echo_group(EncodingType="binary")
    document["Functions"].append(function("missing", "no_such_module.handler"))
    return document


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    folder = tmp_path_factory.mktemp("watched")
    with Simulator(folder, watched_group(), "embedded") as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Probe]:
    with Probe(simulator.port) as probe:
        probe.subscribe("answer/#")
        yield probe


def command(simulator: Simulator, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """One that finds the core by itself."""
    return run_command(*arguments, environment={"TMPDIR": str(simulator.temporary)})


@contextmanager
def watching(simulator: Simulator, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that follows the core, from the moment on that it says so."""
    path = simulator.temporary
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=-1, stderr=-1, text=True, env={**os.environ, "TMPDIR": str(path)}
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "watching\n"
            yield process
        finally:
            process.kill()


def test_status(simulator: Simulator) -> None:
    shown = command(simulator, "status").stdout.decode().splitlines()
    assert shown[0].startswith(f"group: process {simulator.pid}, broker mqtt://127.0.0.1:")
    assert shown[1].split() == ["FUNCTION", "STATE", "WAITING", "PROCESSES"]
    assert shown[2].split()[:3] == ["echo", "ready", "0"]
    assert shown[3].split()[:2] == ["missing", "failed"]
    assert "no_such_module" in shown[4]
    found = json.loads(command(simulator, "status", "--json").stdout)
    assert (found["schema_version"], found["pid"], len(found["functions"])) == (1, simulator.pid, 2)


def test_logs(simulator: Simulator) -> None:
    lines = command(simulator, "logs").stdout.decode()
    assert "[INFO]-mqtt.test-core,connected to mqtt://127.0.0.1:" in lines
    only = command(simulator, "logs", "missing").stdout.decode()
    assert "No module named 'no_such_module'" in only
    assert "connected to" not in only
    assert command(simulator, "logs", "-n", "0").stdout == b""


def test_a_trace_of_a_whole_message(simulator: Simulator, client: Probe) -> None:
    with watching(simulator, "trace", "request/#", "--count", "1", "--json") as trace:
        client.publish("request/traced", b"\xff\x00")
        assert client.take().payload == b"\xff\x00"
        output, _ = trace.communicate(timeout=BUSY_S)
    found = json.loads(output)
    assert (found["topic"], found["source"], found["payload_base64"]) == ("request/traced", "cloud", "/wA=")
    assert found["subscriptions"] == ["s0"]
    (target,) = found["targets"]
    assert target["target"].endswith(":function:echo:1")
    assert set(target["ms"]) == {"queue", "handler", "publish"}
    assert all(value >= 0 for value in target["ms"].values())
    (answer,) = target["published"]
    assert (answer["topic"], answer["subscriptions"]) == ("answer/traced", ["s1"])
    assert sum(target["ms"].values()) <= found["ms"] + 1


def test_live_steps(simulator: Simulator, client: Probe) -> None:
    with watching(simulator, "trace", "--live", "--count", "2") as trace:
        client.publish("request/live", b"1")
        output, _ = trace.communicate(timeout=BUSY_S)
    kinds = [line.split()[1] for line in output.splitlines()]
    assert kinds == ["message", "queued", "started", "message"]


def test_a_recording_is_replayed(simulator: Simulator, client: Probe, tmp_path: Path) -> None:
    file = str(tmp_path / "recording")
    with watching(simulator, "record", file, "--topic", "request/+", "--count", "2") as record:
        client.publish("request/deep/not", b"0")
        client.publish("request/a", b"1")
        client.publish("request/b", b"\xff")
        assert record.wait(20) == 0
    assert client.take_payloads(3) == [b"0", b"1", b"\xff"]
    broker = simulator.url
    for options in ([], ["--speed", "0", "--topic", "request/b"]):
        result = run_command("replay", file, "--broker", broker, *options)
        assert result.returncode == 0, result.stderr
    assert client.take_payloads(3) == [b"1", b"\xff", b"\xff"]
    again = command(simulator, "record", file)
    assert again.returncode == ExitCode.USAGE
    assert b"exists: remove it, or choose another name" in again.stderr


def test_a_recording_ends_by_time(simulator: Simulator, tmp_path: Path) -> None:
    result = command(simulator, "record", str(tmp_path / "short"), "--seconds", "0.2")
    assert (result.returncode, result.stderr) == (
        0,
        b"watching\n0 messages in %s\n" % bytes(tmp_path / "short"),
    )
    assert len((tmp_path / "short").read_text().splitlines()) == 1


def test_no_core(tmp_path: Path) -> None:
    nothing = run_command("status", environment={"TMPDIR": str(tmp_path)})
    assert nothing.returncode == ExitCode.UNREACHABLE
    assert b"no core is running with a temporary work folder" in nothing.stderr
    given = run_command("logs", "--work", str(tmp_path))
    assert given.returncode == ExitCode.UNREACHABLE
    assert b"no core is running with --work" in given.stderr


def test_a_wrong_filter(simulator: Simulator) -> None:
    result = command(simulator, "trace", "a/#/b")
    assert result.returncode == ExitCode.USAGE
    assert b"'a/#/b' is no topic filter" in result.stderr


def test_a_work_folder_belongs_to_one_core(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 20) / ("name" * 20)
    options = ("--work", str(deep))
    with Simulator(tmp_path, group([], []), "embedded", *options) as first:
        found = json.loads(run_command("status", "--json", *options).stdout)
        assert found["pid"] == first.pid
        assert (deep / "control.sock").stat().st_mode & 0o777 == 0o600
        second = run_command("start", str(tmp_path / "group.json"), "--broker", first.url, *options)
        assert second.returncode == ExitCode.USAGE
        assert b"another core is running in this work folder" in second.stderr
    assert not (deep / "control.sock").exists()


def test_a_socket_that_a_killed_core_has_left(tmp_path: Path) -> None:
    options = ("--work", str(tmp_path / "work"))
    first = Simulator(tmp_path, group([], []), "embedded", *options).start()
    first.stop(signal.SIGKILL)
    assert (tmp_path / "work" / "control.sock").exists()
    with Simulator(tmp_path, group([], []), "embedded", *options) as second:
        assert json.loads(run_command("status", "--json", *options).stdout)["pid"] == second.pid
