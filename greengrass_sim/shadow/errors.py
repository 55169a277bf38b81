"""Why the shadow service rejects a request."""

from __future__ import annotations


class ShadowRejected(Exception):
    """Code and text as AWS IoT gives them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def not_found(name: str) -> ShadowRejected:
    """`name` is empty for the classic shadow."""
    return ShadowRejected(404, f"No shadow exists with name: {name or 'Unnamed Shadow'}")


def conflict() -> ShadowRejected:
    return ShadowRejected(409, "Version conflict")


def too_large() -> ShadowRejected:
    return ShadowRejected(413, "The payload exceeds the maximum size allowed")


def too_many() -> ShadowRejected:
    return ShadowRejected(429, "Too many requests")
