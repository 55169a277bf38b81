"""The log file: what tools print and warn of, and the traceback of a bug."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

LARGEST = 1 << 20  # bytes; then the log starts anew, and the old one is kept beside it
PACKAGES = ("neo_compiler", "edge_runtime")


def log_path() -> Path:
    """`neo/neo.log` in the user's state folder."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "neo" / "neo.log"


@contextlib.contextmanager
def log_to_file() -> Iterator[Path | None]:
    """Log to the file while the body runs; yields its path, or None where it cannot be written."""
    path = _prepare(log_path())
    with contextlib.nullcontext() if path is None else _handler(path):
        yield path


def divert_native_output(path: Path | None) -> None:
    """Send what native code prints, from now on until the process ends, to the file `path`, or to nowhere.

    File descriptors 1 and 2 lead there; Python's own streams move to copies of them and still reach the user.
    """
    copies = [os.fdopen(os.dup(number), "w", encoding="utf-8", errors="replace") for number in (1, 2)]
    with (path or Path(os.devnull)).open("ab") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    sys.stdout, sys.stderr = copies


def _prepare(path: Path) -> Path | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST:
            path.replace(path.with_suffix(".log.1"))
        path.touch()
    except OSError:
        return None
    return path


@contextlib.contextmanager
def _handler(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"))
    loggers = [logging.getLogger(name) for name in PACKAGES]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in before:
            logger.removeHandler(handler)
            logger.setLevel(level)
        handler.close()
