"""Damage to any file: bits, bytes and blocks of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

MOST_BLOCK = 256  # bytes
EXTREMES = (b"\xff" * 9 + b"\x01", b"\x00", b"\x80", b"\xff" * 4, b"\x7f" + b"\xff" * 7, b"\x80" * 11)


def damaged(data: bytes, random: Random) -> bytes:
    """`data` with one to eight faults."""
    content = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4, 8))):
        random.choice(FAULTS)(content, random)
    return bytes(content)


def _place(content: bytearray, random: Random) -> int:
    return random.randrange(len(content) + 1)


def _flip(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _set(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] = random.randrange(256)


def _delete(content: bytearray, random: Random) -> None:
    place = _place(content, random)
    del content[place : place + random.randint(1, MOST_BLOCK)]


def _insert(content: bytearray, random: Random) -> None:
    place = _place(content, random)
    content[place:place] = random.randbytes(random.randint(1, MOST_BLOCK))


def _extreme(content: bytearray, random: Random) -> None:
    place, value = _place(content, random), random.choice(EXTREMES)
    content[place : place + random.choice((0, len(value)))] = value


def _repeat(content: bytearray, random: Random) -> None:
    place, length = _place(content, random), random.randint(1, MOST_BLOCK)
    content[place:place] = content[place : place + length] * random.randint(1, 4)


def _truncate(content: bytearray, random: Random) -> None:
    del content[_place(content, random) :]


def _move(content: bytearray, random: Random) -> None:
    source, length = _place(content, random), random.randint(1, MOST_BLOCK)
    block = content[source : source + length]
    del content[source : source + length]
    place = _place(content, random)
    content[place:place] = block


FAULTS: tuple[Callable[[bytearray, Random], None], ...] = (
    _flip,
    _flip,
    _set,
    _set,
    _delete,
    _insert,
    _extreme,
    _repeat,
    _truncate,
    _move,
)
