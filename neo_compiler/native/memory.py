"""Where each intermediate value lies in the one arena of a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALIGNMENT = 64


def aligned(nbytes: int) -> int:
    """`nbytes` rounded up to a cache line."""
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True)
class Lifetime:
    """A value of `nbytes` bytes that must be kept from step `first` to step `last`, both included."""

    nbytes: int
    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        """Whether both values exist at some step."""
        return self.first <= other.last and other.first <= self.last


def assign_offsets(values: Sequence[Lifetime]) -> tuple[list[int], int]:
    """An offset for each value such that values alive at once never overlap, and the arena's size in bytes.

    Greedy by size with the best fitting gap (Pisarchyk and Lee, "Efficient Memory Management for Deep
    Neural Net Inference", 2020, algorithm 3).
    """
    offsets: dict[int, int] = {}
    for number in sorted(range(len(values)), key=lambda n: (-values[n].nbytes, n)):
        value = values[number]
        taken = sorted(
            (offsets[other], offsets[other] + aligned(values[other].nbytes))
            for other in offsets
            if values[other].overlaps(value)
        )
        offsets[number] = _best_gap(taken, aligned(value.nbytes))
    size = max((offsets[n] + aligned(values[n].nbytes) for n in offsets), default=0)
    return [offsets[number] for number in range(len(values))], size


def _best_gap(taken: list[tuple[int, int]], size: int) -> int:
    best, best_gap, end = None, None, 0
    for start, stop in taken:
        gap = start - end
        if gap >= size and (best_gap is None or gap < best_gap):
            best, best_gap = end, gap
        end = max(end, stop)
    return end if best is None else best
