"""The bodies that the shadow service answers and publishes."""

from __future__ import annotations

from typing import Any

from greengrass_sim.shadow.document import Document, Json, stamp
from greengrass_sim.shadow.errors import ShadowRejected


def got(document: Document, now: int) -> Json:
    """The answer to `get`: the document, with the difference where there is one."""
    state = document.state
    if document.delta:
        state["delta"] = document.delta[0]
    return {
        "state": state,
        "metadata": document.metadata,
        "version": document.version,
        "timestamp": now,
    }


def updated(sent: Json | None, document: Document, now: int) -> Json:
    """The answer to `update`: only what was sent."""
    return {
        "state": sent,
        "metadata": stamp(sent, now),
        "version": document.version,
        "timestamp": now,
    }


def delta(document: Document, now: int) -> Json | None:
    """All that is desired and not reported so; None where there is nothing."""
    if document.delta is None:
        return None
    state, metadata = document.delta
    return {"version": document.version, "timestamp": now, "state": state, "metadata": metadata}


def documents(before: Document | None, after: Document, now: int) -> Json:
    """The document before and after an update; `previous` is missing where there was none."""
    previous = {} if before is None else {"previous": _whole(before)}
    return {**previous, "current": _whole(after), "timestamp": now}


def deleted(version: int, now: int) -> Json:
    """The answer to `delete`."""
    return {"version": version, "timestamp": now}


def rejected(error: ShadowRejected, now: int) -> Json:
    """The body of an error, for callers and for `.../rejected`."""
    return {"code": error.code, "message": error.message, "timestamp": now}


def _whole(document: Document) -> dict[str, Any]:
    return {"state": document.state, "metadata": document.metadata, "version": document.version}
