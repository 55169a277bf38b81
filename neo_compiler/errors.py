"""Errors of the compiler; each class owns the exit code that `neo` ends with."""

from __future__ import annotations

from collections.abc import Mapping

from edge_runtime.errors import EdgeError, ExitCode

REMEDY = "take these nodes out of the model, or export it with operators that can be compiled"


class NeoError(EdgeError):
    """Base of the compiler's errors; the message says what, where and what to do."""


class UsageError(NeoError):
    """An option is missing, malformed or contradicts another."""

    exit_code = ExitCode.USAGE


class ModelError(NeoError):
    """The model file is not valid, or asks for something that cannot be compiled."""

    exit_code = ExitCode.MODEL


class UnsupportedOperators(ModelError):
    """Operators that no native code exists for.

    `operators` maps an operator's name to the names of the nodes that use it; `reasons` tells more of some,
    `opsets` has the version of each domain. What the user can do is `remedy`.
    """

    def __init__(
        self,
        operators: Mapping[str, list[str]],
        why: str = "no native code exists for",
        reasons: Mapping[str, str] | None = None,
        remedy: str = REMEDY,
        opsets: Mapping[str, int] | None = None,
    ) -> None:
        self.operators = operators
        rows = []
        for name, nodes in sorted(operators.items()):
            row = f"  {name}: {len(nodes)} node{'s' if len(nodes) > 1 else ''}, first: {', '.join(nodes[:3])}"
            opset = (opsets or {}).get(name.rpartition(".")[0])
            row = row if opset is None else f"{row}; opset {opset}"
            reason = (reasons or {}).get(name)
            rows.append(f"{row} ({reason})" if reason else row)
        count = f"{len(operators)} operator{'s' if len(operators) > 1 else ''}"
        super().__init__("\n".join([f"{why} {count} of this model:", *rows, *filter(None, [remedy])]))


class TargetError(NeoError):
    """The target is unknown, or a tool that it needs is missing."""

    exit_code = ExitCode.TARGET


class MissingExtra(NeoError):
    """A Python package that only some model formats need is not installed; the message has the command."""

    exit_code = ExitCode.TARGET


class MismatchError(NeoError):
    """The compiled model's outputs differ from the reference by more than the tolerance."""

    exit_code = ExitCode.MISMATCH


class OutputError(NeoError):
    """The artifact cannot be written where it was asked for: no such folder, no permission, no space."""

    exit_code = ExitCode.USAGE
