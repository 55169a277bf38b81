"""Why a compilation failed, in the words of SageMaker Neo's FailureReason: scripts look for its prefixes."""

from __future__ import annotations

from typing import Any

from edge_runtime.errors import EdgeError
from neo_compiler.errors import (
    MismatchError,
    ModelError,
    NeoError,
    OutputError,
    TargetError,
    UnsupportedOperators,
    UsageError,
)

INPUT, COMPILATION, SERVER = (
    "ClientError: InputConfiguration",
    "ClientError: CompilationError",
    "ServerError",
)
NOT_IMPLEMENTED = "OperatorNotImplemented"

# The first class that an error belongs to says what its reason begins with; "": Neo had no such error.
PREFIXES: tuple[tuple[type[BaseException], str], ...] = (
    (OutputError, ""),
    (ModelError, INPUT),
    (UsageError, INPUT),
    (TargetError, COMPILATION),
    (MismatchError, COMPILATION),
    (NeoError, COMPILATION),
    (MemoryError, INPUT),
    (EdgeError, ""),
    (Exception, SERVER),
)


def failure_reason(error: BaseException, text: str) -> str:
    """`text`, what is said of the error, after Neo's prefix; of operators, in Neo's sentence."""
    prefix = next((prefix for kind, prefix in PREFIXES if isinstance(error, kind)), "")
    if isinstance(error, UnsupportedOperators):
        names = ", ".join(repr(name) for name in sorted(error.operators))
        text = (
            "TVM cannot convert ONNX model. Please make sure the framework you selected is correct. "
            f"The following operators are not implemented: {{{names}}}\n{text}"
        )
    return f"{prefix}: {text}" if prefix else text


def failure_json(error: EdgeError) -> dict[str, Any]:
    """The failure as plain data: `operators` maps the name of each to the names of its nodes."""
    operators = dict(error.operators) if isinstance(error, UnsupportedOperators) else {}
    return {
        "reason": failure_reason(error, str(error)),
        "class": NOT_IMPLEMENTED if operators else type(error).__name__,
        "exit_code": int(error.exit_code),
        "operators": operators,
    }
