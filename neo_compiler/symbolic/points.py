"""The sizes at which a model is lowered to see what its kernels have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from neo_compiler.native.size import Extent, fitted


class NotGeneral(Exception):
    """What was lowered for several sizes is not the same but for these; the text says where."""


@dataclass(frozen=True)
class Points:
    """`names` of the open dimensions, and the `sizes` of all of them at each point.

    The last point has the largest sizes.
    """

    names: tuple[str, ...]
    sizes: tuple[tuple[int, ...], ...]

    @property
    def parameters(self) -> list[str]:
        """What kernels call the sizes."""
        return [f"size_{name}" for name in self.names]

    def fit(self, values: Sequence[int], where: str) -> Extent:
        """The size that has these values at the points. Raises NotGeneral where it is no sum of sizes."""
        found = fitted(values, self.sizes)
        if found is None:
            raise NotGeneral(f"{where}: {list(values)} is no sum of the sizes {list(self.sizes)}")
        return found


def choose(ranges: Mapping[str, tuple[int, int]]) -> Points | None:
    """Points inside the ranges from a smallest to a largest size; None where a range is too narrow for three.

    Sizes that are prime, and different for all dimensions, seldom equal a size that belongs to the model:
    that would hide which of the two an expression means.
    """
    picked: dict[str, list[int]] = {}
    taken: set[int] = set()
    for name, (low, high) in ranges.items():
        inside = [size for size in _candidates(low, high) if size not in taken]
        if len(inside) < _PICKED:
            return None
        picked[name] = inside[:_PICKED]
        taken |= set(picked[name])
    base = tuple(row[0] for row in picked.values())
    moved = [
        tuple(
            row[1] if number == place else size
            for place, (row, size) in enumerate(zip(picked.values(), base, strict=True))
        )
        for number in range(len(base))
    ]
    other = tuple(row[2] for row in picked.values())
    return Points(tuple(ranges), (base, *moved, other, tuple(high for _, high in ranges.values())))


_PICKED = 3
_FIRST = 37  # smaller primes are often sizes of a model


def _candidates(low: int, high: int) -> Iterator[int]:
    """Sizes from `low` to below `high`, the best first."""
    primes = [size for size in range(max(low, 2), min(high, 2000)) if _is_prime(size)]
    yield from (size for size in primes if size >= _FIRST)
    yield from (size for size in reversed(primes) if size < _FIRST)
    yield from (
        size for size in range(high - 1, max(low, 2) - 1, -1) if size < _FIRST and not _is_prime(size)
    )


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))
