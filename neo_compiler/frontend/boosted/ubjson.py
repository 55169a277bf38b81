"""Universal Binary JSON (ubjson.org, draft 12), as far as XGBoost writes it."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

MOST_DEPTH = 64
NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
CONSTANTS: dict[bytes, Any] = {b"Z": None, b"T": True, b"F": False}


class UbjsonError(ValueError):
    """The data breaks off, or is something else."""


def loads(data: bytes) -> Any:
    """The value in `data`; arrays of numbers come as numpy arrays. Raises UbjsonError."""
    try:
        return _Reader(data).value(0)
    except (struct.error, UnicodeDecodeError) as error:
        raise UbjsonError(f"no Universal Binary JSON: {error}") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def value(self, depth: int, kind: bytes = b"") -> Any:
        """The value that begins here; `kind` is its mark, where that was read before."""
        if depth > MOST_DEPTH:
            raise UbjsonError("nested too deeply")
        kind = kind or self._take(1)
        if kind in CONSTANTS:
            return CONSTANTS[kind]
        if kind in NUMBERS:
            return self._numbers(kind, 1)[0].item()
        if kind == b"S":
            return self._text()
        if kind == b"C":
            return self._take(1).decode()
        if kind == b"[":
            return self._array(depth)
        if kind == b"{":
            return self._object(depth)
        raise UbjsonError(f"unknown mark {kind!r} at byte {self._at - 1}")

    def _array(self, depth: int) -> Any:
        kind, count = self._header()
        if count is None:
            found = []
            while self._peek() != b"]":
                found.append(self.value(depth + 1))
            self._at += 1
            return found
        if kind in NUMBERS:
            return self._numbers(kind, count)
        return [self.value(depth + 1, kind) for _ in range(self._bounded(count))]

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        found: dict[str, Any] = {}
        while self._peek() != b"}" if count is None else len(found) < count:
            name = self._text()
            if count is not None and name in found:
                raise UbjsonError(f"{name!r} twice in one object")
            found[name] = self.value(depth + 1, kind)
        self._at += count is None
        return found

    def _header(self) -> tuple[bytes, int | None]:
        """The type and the number of what follows, where they are told."""
        kind = b""
        if self._peek() == b"$":
            self._at += 1
            kind = self._take(1)
        if self._peek() != b"#":
            return kind, None
        self._at += 1
        return kind, self._count()

    def _text(self) -> str:
        return self._take(self._count()).decode()

    def _count(self) -> int:
        kind = self._take(1)
        if kind not in NUMBERS or kind in b"dD":
            raise UbjsonError(f"a length of kind {kind!r} at byte {self._at - 1}")
        return self._bounded(int(self._numbers(kind, 1)[0]))

    def _bounded(self, count: int) -> int:
        if not 0 <= count <= len(self._data):
            raise UbjsonError(f"a length of {count} at byte {self._at}")
        return count

    def _numbers(self, kind: bytes, count: int) -> np.ndarray:
        dtype = np.dtype(NUMBERS[kind])
        return np.frombuffer(self._take(dtype.itemsize * count), dtype)

    def _peek(self) -> bytes:
        return self._data[self._at : self._at + 1] or self._take(1)

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise UbjsonError(f"breaks off after {len(self._data)} bytes")
        self._at += count
        return taken
