"""How a direct convolution is cut up: a register tile, and what stays in the cache while the rest passes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from neo_compiler.schedule.blocks import divisors
from neo_compiler.schedule.cpu.by_lane import has_lanes
from neo_compiler.schedule.cpu.tiles import Tile, convolution_tiles
from neo_compiler.target import Target

_TILES, _OTHERS = 6, 2  # candidates in the order of loops that seems best, and in each of the others
_SMALL_PICTURE = 196  # pixels
_PIXELS_IN_A_PIECE = 512  # whose sums stay in the second-level cache while input channels pass
_TILES_IN_A_PIECE = 4  # the fewest that make it worth while
_NEARLY_BEST = 0.9
_THREADS, _EVENLY = 4, 0.85  # so many threads are to be busy for so much of the time
_STRETCHES, _WORTH_SHARING = 32, 1 << 22  # parts of rows; four times the multiply-adds of ten microseconds


class Order(StrEnum):
    """What stays in the cache while the rest passes.

    With rows outside, all weights are read again for each of them. With channels outside, a channel's
    weights stay while the picture passes. In pieces, the weights of a few input channels stay while their
    products are added to the sums of a whole piece of the picture.
    """

    ROWS = "by rows"
    CHANNELS = "by channels"
    PIECES = "in pieces"


@dataclass(frozen=True)
class Blocking:
    """A register tile, and the order of the loops around it."""

    tile: Tile
    order: Order

    def __str__(self) -> str:
        return f"{self.tile} {self.order}"


@dataclass(frozen=True)
class Extents:
    """A convolution's output in channel blocks, rows and columns, and the bytes of one block's weights.

    `vectors` tells whether input channels fill vectors.
    """

    blocks: int
    groups: int
    rows: int
    columns: int
    weight_bytes: int
    vectors: bool = True

    def piece(self, tile: Tile) -> int:
        """Rows of a piece: the most whose number keeps some threads evenly busy."""
        counts = [rows for rows in divisors(self.rows, self.rows) if rows % tile.rows == 0]
        fitting = [rows for rows in counts if rows * self.columns <= _PIXELS_IN_A_PIECE] or counts[:1]
        return max(fitting, key=lambda rows: (min(self._evenness(tile, rows), _EVENLY), rows))

    def suits_pieces(self, tile: Tile) -> bool:
        """Whether pieces of several tiles keep all threads busy."""
        rows = self.piece(tile)
        if self.columns % tile.columns:
            return False
        tiles = rows * self.columns // (tile.rows * tile.columns)
        return tiles >= _TILES_IN_A_PIECE and self._evenness(tile, rows) >= _EVENLY

    def stretch(self, tile: Tile) -> int:
        """The tiles of a row that one task computes: not all where there are few rows and channels.

        Rows are cut evenly: TVM finds out only then that just the last tile of a row may be narrower.
        """
        count = tile.across(self.columns)
        return count if self._suffice(self._tasks(tile)) else count // max(divisors(count, _STRETCHES))

    def is_shared(self, tile: Tile) -> bool:
        """Whether there is a task for each of some threads, or too little work to share."""
        return self._suffice(self._tasks(tile) * tile.across(self.columns) // self.stretch(tile))

    def _suffice(self, tasks: int) -> bool:
        work = self.blocks * self.rows * self.columns * self.weight_bytes
        return tasks >= _THREADS or work < _WORTH_SHARING

    def _tasks(self, tile: Tile) -> int:
        return self.blocks // tile.blocks * (self.rows // tile.rows)

    def _evenness(self, tile: Tile, rows: int) -> float:
        tasks = self._tasks(replace(tile, rows=rows))
        return tasks / (-(-tasks // _THREADS) * _THREADS)


def blockings(of: Extents, target: Target) -> list[Blocking]:
    """Candidates, the best first: tiles in the best order of loops, then a few in the others."""
    output = [of.blocks // of.groups, of.rows, of.columns]
    tiles = convolution_tiles(output, target, of.vectors)
    if not of.is_shared(tiles[0]):
        ragged = convolution_tiles(output, target, of.vectors, ragged=True)
        tiles = [tile for tile in ragged if of.is_shared(tile)] or tiles
    order = _best_order(of, tiles, target)
    if order is Order.PIECES:
        tiles = _rank_for_pieces(of, tiles)
    found = [Blocking(tile, order) for tile in tiles[:_TILES]]
    others = [other for other in Order if other is not order]
    return found + [Blocking(tile, other) for other in others for tile in tiles[:_OTHERS]]


def _is_small(of: Extents) -> bool:
    return of.rows * of.columns <= _SMALL_PICTURE


def _rank_for_pieces(of: Extents, tiles: list[Tile]) -> list[Tile]:
    """First those that keep all threads busy; in small pictures, high tiles take the places of wide ones.

    LLVM keeps the sums of high ones where they are, and moves those of wide ones between registers, which
    took up to 1.3 times as long (measured).
    """
    ranks = {tile: rank for rank, tile in enumerate(tiles)}

    def place(tile: Tile) -> tuple[bool, int]:
        turned = Tile(tile.blocks, tile.columns, tile.rows) if _is_small(of) else tile
        return not of.suits_pieces(tile), ranks.get(turned, ranks[tile])

    return sorted(tiles, key=place)


def _best_order(of: Extents, tiles: list[Tile], target: Target) -> Order:
    best, cache = tiles[0], target.l1 * 1024
    weights = of.weight_bytes * best.blocks
    if weights > (1 if _is_small(of) else 2) * cache and not has_lanes(target):
        good = [tile for tile in tiles if tile.efficiency() >= _NEARLY_BEST * best.efficiency()]
        if any(of.suits_pieces(tile) for tile in good):
            return Order.PIECES
    stays = weights <= cache or of.weight_bytes * of.blocks > target.l2 * 1024
    return Order.CHANNELS if stays else Order.ROWS
