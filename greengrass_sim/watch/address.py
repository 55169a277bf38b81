"""Where a running core listens for those who watch it: a socket in its work folder."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greengrass_sim.errors import UnreachableError, UsageError

NAME = "control.sock"
TEMPORARY = "greengrass-sim-"  # how the work folder is called that `start` makes when it is given none
_LONGEST = 100  # bytes; Linux takes 107


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name of the socket at `path` that fits into an address, however deep its folder lies (Linux)."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def connect(path: Path) -> socket.socket:
    """A connection to the core that listens at `path`; OSError when there is none."""
    client = socket.socket(socket.AF_UNIX)
    try:
        with short(path) as name:
            client.connect(name)
    except BaseException:
        client.close()
        raise
    return client


def find(work: str | None) -> socket.socket:
    """A connection to the core with this work folder; without one, to the only core that has a temporary one.

    Raises UnreachableError when there is none, UsageError when there are several to choose from.
    """
    if work is not None:
        path = Path(work).absolute() / NAME
        try:
            return connect(path)
        except OSError as error:
            raise UnreachableError(f"no core is running with --work {work}: {error.strerror}") from error
    found = [(path, one) for path in _candidates() if (one := _try(path)) is not None]
    if len(found) == 1:
        return found[0][1]
    for _, one in found:
        one.close()
    if found:
        folders = ", ".join(str(path.parent) for path, _ in found)
        raise UsageError(f"several cores are running: choose one by --work FOLDER, of {folders}")
    raise UnreachableError(
        "no core is running with a temporary work folder; one that was started with --work FOLDER is found "
        "by the same option"
    )


def _candidates() -> list[Path]:
    return sorted(Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*/{NAME}"))


def _try(path: Path) -> socket.socket | None:
    try:
        return connect(path)
    except OSError:
        return None
