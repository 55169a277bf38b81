"""Register tiles by an analytic model: as many independent accumulators as the registers hold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from neo_compiler.schedule.blocks import divisors
from neo_compiler.schedule.cpu.by_lane import LANES, has_lanes
from neo_compiler.target import Target

_FMA_PORTS = 2
_FMA_LATENCY = 4
_EPILOGUE_SHARE = 8  # every eighth register
_LANE_FMA_LATENCY = 12  # of Cortex-A53 to A76, in multiply-adds
# Two load ports, which broadcasts from the first-level cache do not keep busy all the time (measured).
_LOADS_PER_CYCLE = 1.5
_MOST_BLOCKS, _MOST_BLOCKS_BY_LANE, _MOST_ROWS = 9, 4, 7
_POOR = 0.6  # of the peak


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
        return max(self.accumulators / _FMA_PORTS, self.loads / _LOADS_PER_CYCLE, _FMA_LATENCY)

    def efficiency(self) -> float:
        """The share of the multiply-add peak that the tile can reach."""
        return self.accumulators / _FMA_PORTS / self.cycles()

    def across(self, columns: int) -> int:
        """How many tiles cover so many columns; the last one may be narrower."""
        return -(-columns // self.columns)

    def used(self, columns: int) -> float:
        """The share of the multiply-adds that count where so many columns leave the last tile narrower."""
        return columns / (self.across(columns) * self.columns)

    def __str__(self) -> str:
        return f"{self.blocks}x{self.rows}x{self.columns}"


def convolution_tiles(
    output: list[int], target: Target, vectors: bool = True, ragged: bool = False
) -> list[Tile]:
    """The tiles for an output of so many channel blocks, rows and columns, the best first.

    They divide it; if `ragged`, or if all that do are poor, the last tile of a row may be narrower. `vectors`
    tells whether inputs come as vectors, whose lanes are taken where the target can do so.
    """
    columns = output[2]
    lanes = LANES if vectors or not target.in_order else 1

    def merit(tile: Tile) -> tuple[float, ...]:
        used = tile.used(columns)
        return _merit_by_lane(tile, used, lanes) if has_lanes(target) else _merit(tile, used)

    tiles = _fitting(output, divisors(columns, target.registers), target)
    if ragged or max(map(merit, tiles))[0] < _POOR:  # as where the number of columns is a prime
        tiles = _fitting(output, list(range(1, min(columns, target.registers) + 1)), target)
    return sorted(tiles, key=merit, reverse=True)


def _fitting(output: list[int], columns: list[int], target: Target) -> list[Tile]:
    blocks, rows, _ = output
    most = _MOST_BLOCKS_BY_LANE if has_lanes(target) else _MOST_BLOCKS
    counts = itertools.product(divisors(blocks, most), divisors(rows, _MOST_ROWS), columns)
    return [tile for tile in itertools.starmap(Tile, counts) if _fits(tile, target)]


def _merit_by_lane(tile: Tile, used: float, lanes: int) -> tuple[float, ...]:
    """Multiply-adds wait for nothing where there are enough of them; then loads count.

    For `lanes` multiply-adds of each accumulator there is one load of inputs for each row and column, and
    as many of weights for each block. Cores that execute in order cannot hide them.
    """
    busy = min(1.0, tile.accumulators / _LANE_FMA_LATENCY)
    loads = (tile.rows * tile.columns + lanes * tile.blocks) / (lanes * tile.accumulators)
    return busy * used, -round(loads, 3), tile.columns


def _merit(tile: Tile, used: float) -> tuple[float, ...]:
    return round(tile.efficiency() * used, 2), tile.rows == 1, tile.accumulators, -tile.loads


def _fits(tile: Tile, target: Target) -> bool:
    """Whether accumulators and weights have registers, and an epilogue a few beside the accumulators.

    AVX-512 broadcasts within the multiply-add, others need a register for it. With 30 accumulators of 32
    registers, a HardSwish behind a convolution spilled so much that it took two to three times as long.
    ARM takes a lane of a vector of inputs, one for each row and column, and needs the next weights early.
    """
    if has_lanes(target):
        inputs = tile.rows * tile.columns
        return tile.accumulators + inputs + 2 * tile.blocks + 2 <= target.registers
    broadcasts = 0 if target.vector == 64 else 1
    free = target.registers - target.registers // _EPILOGUE_SHARE
    return tile.accumulators + tile.blocks + broadcasts <= target.registers and tile.accumulators <= free
