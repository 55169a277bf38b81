"""Frames between the core and a worker: the length, the kind, a JSON header and a payload of bytes.

    u32 length of what follows | u8 kind | u32 length of the header | header | payload        (big-endian)

Imports only the standard library, since every worker loads it before its handler, and runs on Python 3.7.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

MAX_BYTES = 64 << 20
_HEAD = struct.Struct(">IBI")
_AFTER_LENGTH = _HEAD.size - 4
_to_json = json.JSONEncoder(separators=(",", ":")).encode


class Kind(IntEnum):
    """Who sends what; the header's fields in parentheses."""

    START = 1  # core: everything about the function (see worker.py)
    INVOKE = (
        2  # core: one event (id; context: [client, custom, env] or null; reply); the payload is the event
    )
    READY = 3  # worker: the handler is imported
    FAILED = 4  # worker: it cannot be imported (error, trace, missing)
    PUBLISH = 5  # worker: a message (topic, id of the invocation or null); the payload is the message
    REFUSED = 6  # worker: a message that was refused (topic, reason)
    RESULT = (
        7  # worker: an invocation has ended (id; error, type, trace when it failed); the answer if asked for
    )
    CALL = 8  # worker: a call of a function or service (call, arn, context in base64, wait, id or null)
    ANSWER = 9  # core: to a CALL (call; error: FunctionError; or status and reason when it was refused)
    LOG = 10  # worker: a line for the log (level, place, text)
    END = 11  # core: no event follows; answers still do


class Frame(NamedTuple):
    kind: Kind
    header: dict[str, Any]
    payload: bytes


class FrameError(ValueError):
    """The bytes are no frame; the connection is of no more use."""


def encode(kind: Kind, header: dict[str, Any], payload: bytes = b"") -> bytes:
    """One frame; raises FrameError when it would be larger than MAX_BYTES."""
    text = _to_json(header).encode()
    length = _AFTER_LENGTH + len(text) + len(payload)
    if length > MAX_BYTES:
        raise FrameError(f"{length} bytes are more than the {MAX_BYTES} that a frame holds")
    return b"".join((_HEAD.pack(length, kind, len(text)), text, payload))


class Decoder:
    """Cuts a stream of bytes, fed in pieces of any size, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now; raises FrameError on bytes that cannot be a frame."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= _HEAD.size:
                length, kind, header_length = _HEAD.unpack_from(buffer, start)
                if length > MAX_BYTES or header_length > length - _AFTER_LENGTH:
                    raise FrameError(f"a frame of {length} bytes with a header of {header_length}")
                if len(buffer) - start < 4 + length:
                    break
                middle = start + _HEAD.size + header_length
                header = json.loads(bytes(buffer[start + _HEAD.size : middle]))
                payload = bytes(buffer[middle : start + 4 + length])
                start += 4 + length
                yield Frame(Kind(kind), header, payload)
        finally:
            del buffer[:start]
