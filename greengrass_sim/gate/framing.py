"""A stream of bytes cut into MQTT control packets (MQTT 3.1.1 and 5, section 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 0x0FFFFFFF  # what MQTT itself allows behind a packet's length
MALFORMED, TOO_LARGE = 0x81, 0x95
_LENGTH_BYTES = 4


class MalformedError(ValueError):
    """The bytes are no MQTT, or more than is taken; `code` is MQTT 5's for the reason."""

    def __init__(self, text: str, code: int = MALFORMED) -> None:
        super().__init__(text)
        self.code = code


class Packet(NamedTuple):
    """`first` is the first byte (type and flags), `body` what follows the length, `raw` the whole packet."""

    first: int
    body: bytes
    raw: bytes

    @property
    def type(self) -> int:
        return self.first >> 4


class Splitter:
    """Cuts a stream of bytes, fed in pieces of any size, into packets of at most `longest` bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are complete now; raises MalformedError for what is none, or is too long."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while (prefix := variable_integer(buffer, start + 1)) is not None:
                length, body = prefix
                if length > self._longest:
                    text = f"a packet of {length} bytes, {self._longest} are allowed"
                    raise MalformedError(text, TOO_LARGE)
                end = body + length
                if len(buffer) < end:
                    break
                raw = bytes(buffer[start:end])
                yield Packet(raw[0], raw[body - start :], raw)
                start = end
        finally:
            del buffer[:start]


def variable_integer(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """The variable byte integer at `at` and where it ends; None while it is not complete."""
    value = 0
    for number in range(_LENGTH_BYTES):
        if at + number >= len(data):
            return None
        byte = data[at + number]
        value |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return value, at + number + 1
    raise MalformedError("a length of more than four bytes")


def encoded(value: int) -> bytes:
    """A variable byte integer."""
    digits = bytearray()
    while True:
        value, digit = divmod(value, 0x80)
        digits.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(digits)
