"""A process that builds and races trials, so that a candidate that crashes or hangs takes nothing along.

    python -m neo_compiler.tune.worker FD FOLDER

answers each Task that it reads from the connection FD with Times, or with the text of an error.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from neo_compiler.target import Target
from neo_compiler.tune.race import Times, race
from neo_compiler.tune.trial import CANDIDATE, Subject, build_trial

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


@dataclass(frozen=True)
class Task:
    """Candidates to be measured against each other."""

    subject: Subject
    candidates: tuple[str, ...]
    target: Target


def serve(connection: Connection, folder: Path) -> None:
    """Work until the other side is gone."""
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            task: Task = connection.recv()
            connection.send(_answer(task, folder / "trial.so"))


def _answer(task: Task, library: Path) -> Times | str:
    try:
        build_trial(task.subject, task.candidates, task.target, library)
        return race(library, CANDIDATE, len(task.candidates))
    except Exception as error:  # noqa: BLE001 - whatever it is, this candidate will not do
        return f"{type(error).__name__}: {error}"


def main(number: str, folder: str) -> None:
    """Serve the connection; what tools print goes where the parent's errors go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # even where it cannot, and native code runs
    os.dup2(2, 1)
    tempfile.tempdir = folder
    serve(Connection(int(number)), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
