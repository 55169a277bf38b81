"""Errors of the simulator; each class owns the exit code that `greengrass-sim` ends with."""

from __future__ import annotations

from collections.abc import Sequence

from edge_runtime.errors import EdgeError, ExitCode

Problem = tuple[str, str]


class SimError(EdgeError):
    """Base of the simulator's errors; the message says what, where and what to do."""


class GroupError(SimError):
    """The group is not valid.

    `problems` are pairs of a place, such as `$.Functions[0].Id`, and what is wrong there; `path` and
    `problem` are the first of them.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, path: str, problem: str, file: str = "", others: Sequence[Problem] = ()) -> None:
        self.problems: tuple[Problem, ...] = ((path, problem), *others)
        lines = [f"{place}: {text}" if place else text for place, text in self.problems]
        if others:
            head = f"{len(lines)} problems"
            lines = [f"{file}: {head}" if file else head, *(f"  {line}" for line in lines)]
        elif file:
            lines = [f"{file}: {lines[0]}"]
        super().__init__("\n".join(lines))
        self.path = path
        self.problem = problem

    @classmethod
    def of(cls, problems: Sequence[Problem], file: str = "") -> GroupError:
        """The error that tells all of `problems`, of which there is at least one."""
        return cls(*problems[0], file, problems[1:])


class UsageError(SimError):
    """An option or an argument is missing, malformed or names nothing that exists."""

    exit_code = ExitCode.USAGE


class BrokerError(SimError):
    """No broker answers, it refuses us, or one of our own cannot start (port taken, not installed)."""

    exit_code = ExitCode.UNREACHABLE


class StateError(SimError):
    """A file in the core's work folder cannot be read, written, or was written by a newer version."""

    exit_code = ExitCode.USAGE


class UnreachableError(SimError):
    """No core is running where a command looks for one, or the port that one needs is taken."""

    exit_code = ExitCode.UNREACHABLE


class DeploymentError(SimError):
    """A running core does not take a group; the exit code is that of the reason."""

    def __init__(self, reason: str, exit_code: ExitCode) -> None:
        super().__init__(f"the core keeps the group that it has: {reason}")
        self.exit_code = exit_code
