"""Around every command: errors become one message and an exit code, tools' noise goes to a log file."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.console.failure import failure_reason
from neo_compiler.console.logs import divert_native_output, log_to_file
from neo_compiler.package.output import DISK_ERRORS, REASONS, remove

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace, *, program: bool) -> int:
    """Run the command that `arguments` name; returns the exit code.

    With `program`, the process is ours: signals end it cleanly, temporary files go with it, and what native
    code prints goes to the log.
    """
    interruption = Interruption()
    with log_to_file() as path, contextlib.ExitStack() as stack:
        if program:
            interruption.install()
            divert_native_output(path)
            stack.enter_context(_own_temporary_folder())
        try:
            importlib.import_module(f"neo_compiler.commands.{arguments.command}").run(arguments)
            sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - the last resort; what cannot be explained is raised again
            # Tools turn a KeyboardInterrupt into errors of their own.
            cause = KeyboardInterrupt() if interruption.happened else error
            return _explain(cause, path, _complain_as_neo if arguments.command == "compile" else _complain)
        finally:
            interruption.end()
        return ExitCode.OK


Complain = Callable[[str, BaseException], None]


def _explain(error: BaseException, log_file: Path | None, complain: Complain) -> int:
    """Say on stderr what happened; returns the exit code."""
    match error:
        case EdgeError():
            complain(str(error), error)
            return error.exit_code
        case KeyboardInterrupt():
            _complain("interrupted", error)
            return ExitCode.INTERRUPTED
        case BrokenPipeError():  # whoever read the answer has enough of it
            _close_stdout()
            return ExitCode.OK
        case MemoryError():
            complain("this model needs more memory than there is", error)
            return ExitCode.MODEL
        case OSError(errno=int(number)) if number in DISK_ERRORS:
            _close_stdout()
            _complain(f"cannot write: {REASONS[number]}", error)
            return ExitCode.USAGE
        case Exception():
            details = "".join(traceback.format_exception(error))
            log.error("%s", details)
            complain(f"this is a bug: {type(error).__name__}: {error}".rstrip(), error)
            _complain(f"the traceback is in {log_file}: please report it" if log_file else details, error)
            return ExitCode.BUG
    raise error


def _close_stdout() -> None:
    """What is left in its buffer goes nowhere; else Python would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str, _error: BaseException) -> None:
    sys.stderr.write(f"neo: {message}\n")


def _complain_as_neo(message: str, error: BaseException) -> None:
    _complain(failure_reason(error, message), error)


class Interruption:
    """Ctrl-C and SIGTERM raise KeyboardInterrupt once; later ones must not break the cleaning up."""

    def __init__(self) -> None:
        self.happened = False
        self.over = False

    def install(self) -> None:
        """Take over the process's signals, but for those that it was started to ignore."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._interrupt)

        sys.unraisablehook = self._again

    def end(self) -> None:
        """From now on nothing is interrupted."""
        self.over = True
        # Forgets an interruption of an `exec`, as dataclasses use: `python -m` would end by the signal.
        exec("")

    def _again(self, ignored: sys.UnraisableHookArgs) -> None:
        """Python drops what is raised in a destructor: there, an interruption has to be raised once more."""
        if ignored.exc_type is KeyboardInterrupt and not self.over:
            self.happened = False
            signal.raise_signal(signal.SIGINT)
        else:
            log.warning("%s in %r: %s", ignored.err_msg or "ignored", ignored.object, ignored.exc_value)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if not self.happened and not self.over:
            self.happened = True
            raise KeyboardInterrupt


@contextlib.contextmanager
def _own_temporary_folder() -> Iterator[None]:
    """Whatever makes temporary files makes them in one folder, which goes whatever happens."""
    tempfile.tempdir = tempfile.mkdtemp(prefix="neo-")
    try:
        yield
    finally:
        remove(tempfile.tempdir)
        tempfile.tempdir = None
