"""Errors of the simulator; each class owns the exit code that `greengrass-sim` ends with."""

from __future__ import annotations

from edge_runtime.errors import EdgeError, ExitCode


class SimError(EdgeError):
    """Base of the simulator's errors; the message says what, where and what to do."""


class GroupError(SimError):
    """The group file is not valid: `path` is the JSON path of the place, such as `$.Functions[0].Id`."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: str, problem: str, file: str = "") -> None:
        super().__init__(f"{file}: {path}: {problem}" if file else f"{path}: {problem}")
        self.path = path
        self.problem = problem


class UsageError(SimError):
    """An option or an argument is missing, malformed or names nothing that exists."""

    exit_code = ExitCode.USAGE


class BrokerError(SimError):
    """No broker answers, it refuses us, or one of our own cannot start (port taken, not installed)."""

    exit_code = ExitCode.UNREACHABLE


class StateError(SimError):
    """A file in the core's work folder cannot be read, written, or was written by a newer version."""

    exit_code = ExitCode.USAGE
