"""Letting go of a paho client that is not needed any more."""

from __future__ import annotations

from typing import Any

_CALLBACKS = ("connect", "disconnect", "message", "publish", "subscribe", "unsubscribe")


def release(client: Any) -> None:
    """Take the callbacks from a client that has disconnected.

    paho closes its inner sockets when the client is deleted. In a cycle, which callbacks make with their
    owner, the sockets may be deleted first, and are then reported as unclosed.
    """
    for event in _CALLBACKS:
        setattr(client, f"on_{event}", None)
