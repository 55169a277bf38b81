"""A server that runs as our child process: started on a port of the loopback interface, ended with us."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from greengrass_sim.errors import BrokerError

HOST = "127.0.0.1"
START_S = 10.0
STOP_S = 5.0
_PROBE_S = 0.01

# Runs its arguments as a program that the kernel ends when we do, even when we are killed (PR_SET_PDEATHSIG,
# SIGTERM). The setting survives exec, so no Python is left in the child.
_TIED = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execvp(sys.argv[1], sys.argv[1:])"


def tied_to_us(command: list[str]) -> list[str]:
    """`command`, made to end when this process ends."""
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", "-c", _TIED, *command]


def free_port() -> int:
    """A port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """One start of a server program that listens on `port`; what it writes goes to the file `log`."""

    def __init__(self, name: str, command: list[str], port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the port answers; raises BrokerError when it is taken or the program ends at once."""
        self._refuse_taken_port()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                tied_to_us(self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in our terminal is for us to handle
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None:
                code = self._process.returncode
                self._process = None
                raise BrokerError(
                    f"{self.name} ended with status {code} instead of starting: {self._last_words()}"
                )
            if time.monotonic() > deadline:
                self.stop()
                raise BrokerError(f"{self.name} did not listen on port {self.port} within {START_S:g} s")
            time.sleep(_PROBE_S)

    def stop(self) -> None:
        """Asks the program to end, and kills it when it does not; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _refuse_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise BrokerError(
                    f"cannot start {self.name}: port {self.port} of {HOST} is taken ({error.strerror}); "
                    "choose another with --port, or use the broker there with --broker "
                    f"mqtt://{HOST}:{self.port}"
                ) from error

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=0.2):
            return True
        return False

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it wrote nothing"
