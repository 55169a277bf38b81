"""Text as a literal of C."""

from __future__ import annotations

_PLAIN = set(range(0x20, 0x7F)) - set(b'"\\?')


def c_string(text: str) -> str:
    """A string of C that holds the UTF-8 of `text`; it is ASCII, and no trigraph comes about."""
    return '"' + "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in text.encode()) + '"'
