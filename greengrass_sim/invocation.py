"""A call of a function or of a service of the core, and its answer: shared by front ends and workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from greengrass_sim.receipt import Receipt


class FunctionError(StrEnum):
    """How a call failed; the value is that of the header `X-Amz-Function-Error`."""

    NONE = ""
    HANDLED = "Handled"
    UNHANDLED = "Unhandled"


@dataclass(frozen=True)
class Invocation:
    """A call of `arn` by `source` (a function, a thing, `cloud`), with the parts of its client context.

    `wait` asks for the answer (invocation type RequestResponse); without it (Event) the call is accepted and
    its outcome only logged. `receipt` is the caller's request: who queues the call holds it until it is done.
    """

    arn: str
    payload: bytes
    source: str
    custom: Mapping[str, Any] = field(default_factory=dict)
    wait: bool = True
    receipt: Receipt | None = None
    client: Any = None
    env: Any = None

    @property
    def context(self) -> tuple[Any, Mapping[str, Any], Any] | None:
        """The client context as a handler sees it; None where the caller gave none."""
        given = self.client is not None or self.env is not None or self.custom
        return (self.client, self.custom, self.env) if given else None


@dataclass(frozen=True)
class Reply:
    """What a call answered; with an error the payload is the JSON that describes it."""

    payload: bytes = b""
    error: FunctionError = FunctionError.NONE


class Refusal(Exception):
    """The core does not take a call or a message; `status` is the HTTP status that tells it to the caller."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class Service(Protocol):
    """What can be called by ARN: a function's workers, the shadows, the secrets, the ML connector."""

    async def invoke(self, invocation: Invocation) -> Reply: ...
