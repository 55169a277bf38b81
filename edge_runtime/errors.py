"""Exit codes shared by every command of the project, and the errors that `edge_runtime` raises."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means; one table for `neo`, `edge-runtime` and `greengrass-sim`."""

    OK = 0
    BUG = 1
    USAGE = 2
    MODEL = 3
    TARGET = 4
    MISMATCH = 5
    ARTIFACT = 6
    UNREACHABLE = 7
    INTERRUPTED = 130


class EdgeError(Exception):
    """Base of all errors a user can cause; the message says what, where and what to do."""

    exit_code: ExitCode = ExitCode.BUG


class ArtifactError(EdgeError):
    """The artifact is truncated, altered, malformed, or does not fit this machine."""

    exit_code = ExitCode.ARTIFACT


class InputError(EdgeError, ValueError):
    """An input's name, dtype, rank or shape is not what the model declares."""

    exit_code = ExitCode.USAGE


class RunError(EdgeError, RuntimeError):
    """The compiled code reported an error while it ran."""
