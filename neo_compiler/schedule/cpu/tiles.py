"""Register tiles by an analytic model: as many independent accumulators as the registers hold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from neo_compiler.schedule.blocks import divisors
from neo_compiler.target import Target

_FMA_PORTS = 2
_LOAD_PORTS = 2
_FMA_LATENCY = 4


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

    def cycles(self) -> float:
        """Cycles for one multiply-add of each accumulator: ports, loads and latency bound it."""
        loads = self.blocks + self.rows * self.columns
        return max(self.accumulators / _FMA_PORTS, loads / _LOAD_PORTS, _FMA_LATENCY)

    def efficiency(self) -> float:
        """The share of the multiply-add peak that the tile can reach."""
        return self.accumulators / _FMA_PORTS / self.cycles()


def convolution_tile(output: list[int], target: Target) -> Tile:
    """The best tile for an output of so many channel blocks, rows and columns."""
    blocks, rows, columns = output
    budget = target.registers - 4
    tiles = [
        Tile(*counts)
        for counts in itertools.product(divisors(blocks, 4), divisors(rows, 7), divisors(columns, budget))
    ]
    fitting = [tile for tile in tiles if tile.accumulators <= budget]
    return max(fitting, key=lambda tile: (round(tile.efficiency(), 2), tile.accumulators, -tile.rows))
