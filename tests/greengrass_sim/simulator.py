"""`greengrass-sim start` as a child process of a test."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.greengrass_sim.groups import write_group
from tests.waiting import BUSY_S

COMMAND = [sys.executable, "-m", "greengrass_sim.cli"]


class Simulator:
    """Runs a group between `start` and `stop`; `url` is the broker's, `log` all that it wrote to stderr."""

    def __init__(self, folder: Path, document: dict[str, Any], broker: str, *options: str) -> None:
        group = write_group(folder, document)
        self.temporary = folder / "tmp"
        self._command = [*COMMAND, "start", str(group), "--broker", broker, *options]
        if "://" not in broker:
            self._command += ["--port", "0"]
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self._tls_url: list[str] = []

    def start(self) -> Self:
        """Returns when the simulator says that it is ready."""
        self.temporary.mkdir(exist_ok=True)
        process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(self.temporary)},
        )
        self._process = process
        answers: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read_log, args=(process.stderr,)),
            threading.Thread(target=lambda: answers.put(process.stdout.readline() if process.stdout else "")),
        ]
        for reader in self._readers:
            reader.start()
        try:
            first = answers.get(timeout=BUSY_S)
        except queue.Empty:
            self.stop(signal.SIGKILL)
            raise AssertionError(f"it does not get ready:\n{self.log}") from None
        assert first.startswith("ready "), self.log
        self.url, *self._tls_url = first.split()[1:]
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def tls_port(self) -> int:
        """Of the gate, where the simulator has one."""
        return int(self._tls_url[0].rsplit(":", 1)[1])

    @property
    def log(self) -> str:
        with self._changed:
            return "".join(self._lines)

    def wait_for_log(self, text: str, timeout: float = BUSY_S) -> None:
        with self._changed:
            found = self._changed.wait_for(lambda: text in "".join(self._lines), timeout)
        assert found, f"{text!r} is not in the log:\n{self.log}"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and gives the exit status."""
        process = self._process
        assert process is not None
        self._process = None
        process.send_signal(number)
        code = process.wait(BUSY_S)
        for reader in self._readers:
            reader.join(BUSY_S)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop()

    def _read_log(self, stream: Any) -> None:
        for line in stream:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()


def children_of(pid: int, name: str) -> list[int]:
    """The processes below `pid` whose command line holds `name` (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if parent == pid and name in command:
            found.append(int(folder.name))
    return found


def is_running(pid: int) -> bool:
    """False also for a process that has ended and that nobody has waited for (Linux)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def eventually(condition: Callable[[], bool], timeout: float = BUSY_S) -> bool:
    """Whether `condition` becomes true in time."""
    event = threading.Event()
    for _ in range(int(timeout / 0.02)):
        if condition():
            return True
        event.wait(0.02)
    return condition()
