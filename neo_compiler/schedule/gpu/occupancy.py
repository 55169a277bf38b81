"""How long a product takes on a GPU, by a model: which tiles and how many parts of a sum keep it busy.

Blocks are dealt out to the multiprocessors, each of which holds as many at once as its threads, registers and
shared memory allow; the fullest one decides. Blocks that it holds together share its cores, and wait for
memory at the same time. The constants are estimates: no GPU was measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from neo_compiler.schedule.gpu.product import Product
from neo_compiler.target.gpus import Gpu

_REGISTERS = 65536  # of a multiprocessor, on every architecture
_LATENCY = 600  # cycles that a step waits for memory and barriers
_COPY = 8  # instructions that bring a value to shared memory: most compute where it lies
_LAUNCH = 4000  # cycles of another launch
_DOUBT = 1.1  # so many times better must be parts, which also take memory
_PARTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_FEWEST_TERMS = 64  # in a part of a sum
_PASSED = 2 * 4  # bytes that a partial sum takes to be written and read


@dataclass(frozen=True)
class Tile:
    """A block's part of a product: `rows` x `columns` values, to which a step adds `depth` terms.

    `registers` are those of a thread, `shared` the bytes of both operands; `speed` is how many values a core
    multiplies and adds in a cycle.
    """

    rows: int
    columns: int
    depth: int
    threads: int
    registers: int
    shared: int
    speed: float


def fastest(gpu: Gpu, product: Product, tiles: Iterable[Tile]) -> tuple[Tile, int]:
    """The tile, and the parts of each sum, that take the least time; the first of several equal ones."""
    candidates = [
        (tile, parts)
        for tile in tiles
        for parts in _PARTS
        if parts == 1 or product.depth >= parts * _FEWEST_TERMS
    ]

    def cost(candidate: tuple[Tile, int]) -> float:
        return cycles(gpu, product, *candidate) * (_DOUBT if candidate[1] > 1 else 1)

    return min(candidates, key=cost)


def cycles(gpu: Gpu, product: Product, tile: Tile, parts: int) -> float:
    """The time of a product in cycles of the GPU."""
    steps = -(-product.depth // (parts * tile.depth))
    blocks = parts * product.batch * -(-product.rows // tile.rows) * -(-product.columns // tile.columns)
    multiplied, copied = tile.rows * tile.columns / tile.speed, (tile.rows + tile.columns) * _COPY
    busy = steps * tile.depth * (multiplied + copied) / gpu.cores

    def together(held: int) -> float:
        return max(held * busy, busy + steps * _LATENCY) if held else 0

    most = resident(gpu, tile)
    rounds, rest = divmod(-(-blocks // gpu.multiprocessors), most)
    return rounds * together(most) + together(rest) + _addition(gpu, product, parts)


def resident(gpu: Gpu, tile: Tile) -> int:
    """How many blocks a multiprocessor holds at once."""
    limits = (
        gpu.blocks,
        gpu.threads // tile.threads,
        _REGISTERS // (tile.threads * tile.registers),
        1024 * gpu.shared // tile.shared,
    )
    return max(1, min(limits))


def _addition(gpu: Gpu, product: Product, parts: int) -> float:
    """What it takes to add up parts."""
    values = parts * product.batch * product.rows * product.columns
    return _LAUNCH + _PASSED * values / gpu.traffic if parts > 1 else 0
