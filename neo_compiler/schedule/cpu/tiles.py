"""Register tiles by an analytic model: as many independent accumulators as the registers hold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from neo_compiler.schedule.blocks import divisors
from neo_compiler.target import Target

_FMA_PORTS = 2
_LOAD_PORTS = 2
_FMA_LATENCY = 4
_EPILOGUE_SHARE = 8  # every eighth register


@dataclass(frozen=True)
class Tile:
    """How many channel blocks, rows and columns of the output are computed at once."""

    blocks: int
    rows: int
    columns: int

    @property
    def accumulators(self) -> int:
        """Vector registers that hold the tile."""
        return self.blocks * self.rows * self.columns

    @property
    def loads(self) -> int:
        """Vectors of weights and broadcast inputs for one multiply-add of each accumulator."""
        return self.blocks + self.rows * self.columns

    def cycles(self) -> float:
        """Cycles for one multiply-add of each accumulator: ports, loads and latency bound it."""
        return max(self.accumulators / _FMA_PORTS, self.loads / _LOAD_PORTS, _FMA_LATENCY)

    def efficiency(self) -> float:
        """The share of the multiply-add peak that the tile can reach."""
        return self.accumulators / _FMA_PORTS / self.cycles()

    def __str__(self) -> str:
        return f"{self.blocks}x{self.rows}x{self.columns}"


def convolution_tiles(output: list[int], target: Target) -> list[Tile]:
    """The tiles for an output of so many channel blocks, rows and columns, the best first."""
    blocks, rows, columns = output
    tiles = [
        Tile(*counts)
        for counts in itertools.product(
            divisors(blocks, 4), divisors(rows, 7), divisors(columns, target.registers)
        )
    ]
    return sorted((tile for tile in tiles if _fits(tile, target)), key=_merit, reverse=True)


def _merit(tile: Tile) -> tuple[float, int, int]:
    return round(tile.efficiency(), 2), tile.accumulators, -tile.loads


def _fits(tile: Tile, target: Target) -> bool:
    """Whether accumulators and weights have registers, and an epilogue a few beside the accumulators.

    AVX-512 broadcasts within the multiply-add, others need a register for it. With 30 accumulators of 32
    registers, a HardSwish behind a convolution spilled so much that it took two to three times as long.
    """
    broadcasts = 0 if target.vector == 64 else 1
    free = target.registers - target.registers // _EPILOGUE_SHARE
    return tile.accumulators + tile.blocks + broadcasts <= target.registers and tile.accumulators <= free
