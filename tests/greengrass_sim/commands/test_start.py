from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from greengrass_sim.broker.child import HOST, free_port
from tests.greengrass_sim.brokers import KINDS
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import echo_group, function, group, write_group
from tests.greengrass_sim.simulator import COMMAND, Simulator, children_of, eventually, is_running
from tests.waiting import BUSY_S


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.OK)]
)
def test_a_signal_ends_it_and_leaves_nothing_behind(
    tmp_path: Path, kind: str, number: signal.Signals, code: ExitCode
) -> None:
    simulator = Simulator(tmp_path, echo_group(), kind).start()
    children = children_of(simulator.pid, "")
    assert len(children) == 2  # the broker and one worker
    port = simulator.port
    assert simulator.stop(number) == code
    assert not any(is_running(pid) for pid in children)
    assert list(simulator.temporary.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=1)
    assert "Traceback" not in simulator.log


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.OK)]
)
def test_impatient_signals_leave_nothing_behind(
    tmp_path: Path, number: signal.Signals, code: ExitCode
) -> None:
    simulator = Simulator(tmp_path, echo_group(), "embedded").start()
    children = children_of(simulator.pid, "")
    pid, ended = simulator.pid, threading.Event()

    def insist() -> None:
        while not ended.wait(0.002) and is_running(pid):
            os.kill(pid, number)

    insisting = threading.Thread(target=insist)
    insisting.start()
    try:
        assert simulator.stop(number) == code, simulator.log
    finally:
        ended.set()
        insisting.join()
    assert not any(is_running(pid) for pid in children)
    assert list(simulator.temporary.iterdir()) == []
    assert "Traceback" not in simulator.log


def test_a_killed_simulator_takes_its_children_along(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path, echo_group(), "embedded").start()
    children = children_of(simulator.pid, "")
    simulator.stop(signal.SIGKILL)
    assert eventually(lambda: not any(is_running(pid) for pid in children))


def test_a_signal_while_it_waits_for_the_broker(tmp_path: Path) -> None:
    path = write_group(tmp_path, echo_group())
    url = f"mqtt://{HOST}:{free_port()}"
    process = subprocess.Popen(
        [*COMMAND, "start", str(path), "--broker", url, "--wait", "60"], stderr=-1, text=True
    )
    assert process.stderr is not None
    with process.stderr as stderr:
        assert any("no connection to" in line for line in stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(BUSY_S) == ExitCode.INTERRUPTED


def test_a_broker_that_is_away(tmp_path: Path) -> None:
    path = write_group(tmp_path, echo_group())
    url = f"mqtt://{HOST}:{free_port()}"
    result = run_command("start", str(path), "--broker", url, "--wait", "0.5", "--log-level", "warning")
    assert result.returncode == ExitCode.UNREACHABLE
    assert result.stdout == b""
    text = f"greengrass-sim: error: no MQTT broker answered at {url} within 0.5 s: "
    assert result.stderr.decode().startswith(text)
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_taken_port(tmp_path: Path, kind: str) -> None:
    path = write_group(tmp_path, echo_group())
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        result = run_command("start", str(path), "--broker", kind, "--port", str(port))
    assert result.returncode == ExitCode.UNREACHABLE
    assert f"port {port} of 127.0.0.1 is taken" in result.stderr.decode()
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--broker", "mosquito"], "did you mean 'mosquitto'"),
        (["--broker", "mqtt://h:1", "--port", "2"], "a URL has its own port"),
        (["--port", "70000"], "70000 is no port"),
        (["--work", "/dev/null/x"], "cannot use the folder /dev/null/x: Not a directory"),
    ],
)
def test_wrong_options(tmp_path: Path, arguments: list[str], problem: str) -> None:
    result = run_command("start", str(write_group(tmp_path, echo_group())), *arguments)
    assert result.returncode == ExitCode.USAGE
    assert problem in result.stderr.decode()


def test_a_dangling_function(tmp_path: Path) -> None:
    document = group(
        [function("echo")], [("cloud", "a", "arn:aws:lambda:eu-central-1:123456789012:function:ehco:1")]
    )
    result = run_command("start", str(write_group(tmp_path, document)))
    assert result.returncode == ExitCode.USAGE
    assert "$.Subscriptions[0].Target: no function" in result.stderr.decode()
    assert "did you mean" in result.stderr.decode()


def test_a_function_that_does_not_import_does_not_end_the_core(tmp_path: Path) -> None:
    document = group([function("no_package")], [("cloud", "a", "no_package")])
    with Simulator(tmp_path, document, "embedded") as simulator:
        simulator.wait_for_log("Install what provides 'a_package_that_nobody_has'")
        simulator.wait_for_log("it is restarted in 0.2 s")
        assert simulator.stop() == ExitCode.OK


def test_what_is_enforced_is_said(tmp_path: Path) -> None:
    with Simulator(tmp_path, echo_group(MemorySize=16384), "embedded") as simulator:
        enforced = "a process of its own, 3 s for an event, 16384 KB of memory"
        assert f"function echo: enforced are {enforced}" in simulator.log
