"""Around every command: errors become one message and an exit code, tools' noise goes to a log file."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from types import FrameType

from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.logs import log_to_file


def run(arguments: argparse.Namespace, *, program: bool) -> int:
    """Run the command that `arguments` name; returns the exit code.

    With `program`, the process is ours: signals end it cleanly, and what native code prints goes to the log.
    """
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(log_to_file(native=program))
        if program:
            stack.enter_context(_termination_is_interruption())
        try:
            importlib.import_module(f"neo_compiler.commands.{arguments.command}").run(arguments)
            return ExitCode.OK
        except EdgeError as error:
            _complain(str(error))
            return error.exit_code
        except KeyboardInterrupt:
            _complain("interrupted; nothing was written")
            return ExitCode.INTERRUPTED
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads the answer any more
            return ExitCode.OK
        except Exception as error:  # noqa: BLE001 - the last resort: whatever is left is a bug of ours
            _complain(f"this is a bug: {type(error).__name__}: {error}")
            logging.getLogger(__name__).error("%s", traceback.format_exc())
            _complain(f"please report it with {log}" if log else traceback.format_exc())
            return ExitCode.BUG


def _complain(message: str) -> None:
    sys.stderr.write(f"neo: {message}\n")


@contextlib.contextmanager
def _termination_is_interruption() -> Iterator[None]:
    """SIGTERM unwinds the program as Ctrl-C does, so that the workspace is removed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
