"""Weights of several compilations in one file: what is equal lies there once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from neo_compiler.native.memory import aligned
from neo_compiler.native.plan import Plan, Where
from neo_compiler.native.storage import tensor_bytes


@dataclass(frozen=True)
class Sharing:
    """Bytes of weights: `stored` in the file, and `apart` if every compilation had a file of its own."""

    stored: int
    apart: int


class SharedWeights:
    """The file at `path`, which grows by the weights that it does not hold yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offsets: dict[tuple[bytes, int], int] = {}
        self._size = 0
        self._apart = 0
        path.write_bytes(b"")

    @property
    def sharing(self) -> Sharing:
        """What has been stored so far."""
        return Sharing(self._size, self._apart)

    def take(self, plan: Plan, params: Path) -> Plan:
        """The plan with its weights, which `params` holds, in this file."""
        sizes: dict[int, int] = {}
        for row in plan.tensors:
            if row.where is Where.PARAMS:
                sizes[row.offset] = max(sizes.get(row.offset, 0), tensor_bytes(row, plan))
        with params.open("rb") as source, self.path.open("r+b") as target:
            moved = {}
            for offset, size in sorted(sizes.items()):
                source.seek(offset)
                moved[offset] = self._add(source.read(size))
                if moved[offset][1]:
                    target.seek(moved[offset][0])
                    source.seek(offset)
                    target.write(source.read(size))
            target.truncate(self._size)
        self._apart += plan.params_bytes
        tensors = tuple(
            replace(row, offset=moved[row.offset][0]) if row.where is Where.PARAMS else row
            for row in plan.tensors
        )
        return replace(plan, tensors=tensors, params_bytes=self._size if sizes else 0)

    def _add(self, content: bytes) -> tuple[int, bool]:
        """The place of some bytes, and whether they are new."""
        key = hashlib.sha256(content).digest(), len(content)
        if key in self._offsets:
            return self._offsets[key], False
        self._offsets[key], self._size = self._size, self._size + aligned(len(content))
        return self._offsets[key], True
