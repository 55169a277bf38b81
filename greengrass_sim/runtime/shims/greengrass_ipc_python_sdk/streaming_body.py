"""A body that is read like a file, as answers of the SDKs hold it."""

from __future__ import annotations

from io import BytesIO


class StreamingBody:
    """A payload that is read like a file."""

    def __init__(self, payload: bytes) -> None:
        self._stream = BytesIO(payload)

    def read(self, amt: int | None = None) -> bytes:
        return self._stream.read(amt)

    def close(self) -> None:
        self._stream.close()
