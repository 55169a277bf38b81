from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from greengrass_sim.broker.child import HOST, Child, free_port, tied_to_us
from greengrass_sim.errors import BrokerError
from tests.waiting import BUSY_S

SERVER = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"


def listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def make_child(tmp_path: Path, code: str, port: int) -> Child:
    return Child("the server", [sys.executable, "-c", code, str(port)], port, tmp_path / "log")


def test_a_child_answers_between_start_and_stop(tmp_path: Path) -> None:
    port = free_port()
    child = make_child(tmp_path, SERVER, port)
    child.start()
    assert listens(port)
    pid = child.pid
    assert pid is not None
    child.stop()
    child.stop()
    assert not listens(port)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"port {port} of 127.0.0.1 is taken .*--port") as caught:
            make_child(tmp_path, SERVER, port).start()
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_a_program_that_ends_at_once_has_its_last_words_quoted(tmp_path: Path) -> None:
    child = make_child(tmp_path, "import sys; sys.exit('no such configuration')", free_port())
    with pytest.raises(BrokerError, match="ended with status 1 instead of starting: no such configuration"):
        child.start()
    assert child.pid is None


def test_a_child_that_does_not_listen_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.broker.child.START_S", 0.3)
    child = make_child(tmp_path, "import time; time.sleep(60)", free_port())
    with pytest.raises(BrokerError, match=r"did not listen on port \d+ within 0.3 s"):
        child.start()
    assert child.pid is None


def test_a_stubborn_child_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.broker.child.STOP_S", 0.3)
    port = free_port()
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER
    child = make_child(tmp_path, deaf, port)
    child.start()
    child.stop()
    assert not listens(port)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal exists on Linux only")
def test_a_child_ends_when_its_parent_is_killed() -> None:
    port = free_port()
    command = tied_to_us([sys.executable, "-c", SERVER, str(port)])
    parent_code = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", parent_code])
    deadline = time.monotonic() + BUSY_S
    while not listens(port) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert listens(port)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while listens(port) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not listens(port)
