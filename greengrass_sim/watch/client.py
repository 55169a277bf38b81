"""The commands' end of the socket of a running core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from greengrass_sim.errors import UnreachableError
from greengrass_sim.watch.address import find


@contextmanager
def asked(work: str | None, **request: Any) -> Iterator[Iterator[dict[str, Any]]]:
    """The answers to a request, as they come; UnreachableError when no core is running.

    A stream that begins with the event `watching` misses nothing that happens after it.
    """
    with find(work) as connection, connection.makefile("rb") as lines:
        connection.sendall(json.dumps(request).encode() + b"\n")
        yield (_checked(json.loads(line)) for line in lines)


def status(work: str | None) -> dict[str, Any]:
    """What the core says of itself."""
    with asked(work, do="status") as answers:
        found = next(answers, None)
    if found is None:
        raise UnreachableError("the core ended before it answered")
    return found


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer and "event" not in answer:
        raise UnreachableError(f"the core refuses: {answer['error']}; is it of another version?")
    return answer
