"""A call of a function or of a service of the core, and its answer: shared by front ends and workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class FunctionError(StrEnum):
    """How a call failed; the value is that of the header `X-Amz-Function-Error`."""

    NONE = ""
    HANDLED = "Handled"
    UNHANDLED = "Unhandled"


@dataclass(frozen=True)
class Invocation:
    """A call of `arn` by `source` (a function, a thing, `cloud`), with the custom part of the client context.

    `wait` asks for the answer (invocation type RequestResponse); without it (Event) the call is accepted and
    its outcome only logged.
    """

    arn: str
    payload: bytes
    source: str
    custom: Mapping[str, Any] = field(default_factory=dict)
    wait: bool = True


@dataclass(frozen=True)
class Reply:
    """What a call answered; with an error the payload is the JSON that describes it."""

    payload: bytes = b""
    error: FunctionError = FunctionError.NONE


class Service(Protocol):
    """What can be called by ARN: a function's workers, the shadows, the secrets, the ML connector."""

    async def invoke(self, invocation: Invocation) -> Reply: ...
