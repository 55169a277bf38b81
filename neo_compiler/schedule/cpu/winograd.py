"""Winograd convolution: patches are transformed, multiplied and transformed back while they are cached."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.lower.compute.winograd import COLUMNS, PATCHES, PRODUCT, ROWS, TAPS, WINOGRAD
from neo_compiler.schedule.blocks import blocks_of, divisors, extents, name_of, split_axes
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.blocking import Blocking, Order
from neo_compiler.schedule.cpu.by_lane import has_lanes, weights_early
from neo_compiler.schedule.cpu.chains import longest_chain
from neo_compiler.schedule.cpu.epilogue import Vectors, fill_padding, hold_in_registers, place_border
from neo_compiler.schedule.cpu.pieces import sum_in_cache
from neo_compiler.schedule.cpu.tiles import Tile, convolution_tiles
from neo_compiler.target import Target

_TILES_IN_A_PASS = 14  # over which a weight is used again while it is in a register or the first-level cache
_ROW_OF_PATCHES = 14  # whose rows stay in the first-level cache
_BLOCKS_IN_A_GROUP = 4
_FEWEST_PASSES = 4  # for several threads to share
_CANDIDATES = 4


@dataclass(frozen=True)
class _Sizes:
    """The product's extents: patches squared, channel blocks, tiles down and across, input channels."""

    points: int
    blocks: int
    down: int
    across: int
    inputs: int
    lanes: int

    @property
    def weight_bytes(self) -> int:
        return 4 * self.points * self.inputs * self.blocks * self.lanes

    @property
    def tile_bytes(self) -> int:
        """Of the transformed data and products of one tile."""
        return 4 * self.points * (self.inputs + self.blocks * self.lanes)


@dataclass(frozen=True)
class _Passes:
    """Rows of tiles in a pass, and whether all threads share each pass or each takes whole ones."""

    rows: int
    shared: bool


def schedule(sch: Schedule, target: Target, choose: Choose) -> bool:
    """Schedule a function whose anchor is `winograd`, in one of two ways.

    Where the weights stay in the second-level cache, each thread takes passes of a few rows of tiles from
    data to outputs. Otherwise all threads transform, multiply and transform back one after the other,
    over so many tiles that their values take no more room than the weights.
    """
    blocks = {name_of(sch, block): block for block in blocks_of(sch)}
    if WINOGRAD not in blocks:
        return False
    last = _inline_epilogue(sch)
    sizes = _sizes(sch, blocks[PRODUCT])
    passes = _passes(sizes, target)
    at_pass, at_group = _tile_picture(sch, last, sizes, passes)
    _transform_back(sch, blocks[COLUMNS], last)
    blocking = choose(_blockings(sizes, passes, target))
    _multiply(sch, blocks[PRODUCT], at_group, passes, blocking, target)
    _transform(sch, blocks, at_pass, passes)
    return True


def _inline_epilogue(sch: Schedule) -> SBlockRV:
    """The last block, with all element-wise ones before it, the last transform among them, taken in."""
    blocks = blocks_of(sch)
    start = [name_of(sch, block) for block in blocks].index(WINOGRAD)
    for block in blocks[start:-1]:
        sch.compute_inline(block)
    last = blocks[-1]
    fill_padding(sch, last)
    return last


def _sizes(sch: Schedule, product: SBlockRV) -> _Sizes:
    rows, columns, _, blocks, down, across, lanes, in_blocks, in_lanes = extents(sch, sch.get_loops(product))
    return _Sizes(rows * columns, blocks, down, across, in_blocks * in_lanes, lanes)


def _passes(sizes: _Sizes, target: Target) -> _Passes:
    counts = divisors(sizes.down, sizes.down)
    rows = next((rows for rows in counts if rows * sizes.across >= _TILES_IN_A_PASS), sizes.down)
    if sizes.weight_bytes <= target.l2 * 1024 and sizes.down // rows >= _FEWEST_PASSES:
        return _Passes(rows, shared=False)
    tiles = max(_TILES_IN_A_PASS, sizes.weight_bytes // sizes.tile_bytes)
    return _Passes(max(divisors(sizes.down, max(1, tiles // sizes.across))), shared=True)


def _tile_picture(sch: Schedule, last: SBlockRV, sizes: _Sizes, passes: _Passes) -> tuple[LoopRV, LoopRV]:
    """The loops over passes and, in them, over groups of output channels."""
    tile = math.isqrt(sizes.points) - TAPS + 1
    batch, channel, row, column, lane = sch.get_loops(last)
    row, rows = sch.split(row, [None, tile])
    column, columns = sch.split(column, [None, tile])
    turn, row = sch.split(row, [None, passes.rows])
    group, channel = sch.split(channel, [None, max(divisors(sizes.blocks, _BLOCKS_IN_A_GROUP))])
    sch.reorder(batch, turn, group, channel, row, column, rows, columns, lane)
    at_pass = sch.fuse(batch, turn)
    sch.parallel(sch.fuse(group, channel) if passes.shared else at_pass)
    for loop in (rows, columns):
        sch.unroll(loop)
    sch.vectorize(lane)
    return at_pass, at_pass if passes.shared else group


def _transform_back(sch: Schedule, columns: SBlockRV, last: SBlockRV) -> None:
    """The first of the two transforms of products to outputs, for one tile at a time."""
    *_, at_tile, _, _, _ = sch.get_loops(last)
    sch.compute_at(columns, at_tile, preserve_unit_loops=True)
    sch.set_scope(columns, 0, "local")
    *_, row, column, _, _, _, _, lane = sch.get_loops(columns)
    sch.unroll(row)
    sch.unroll(column)
    sch.vectorize(lane)


def _blockings(sizes: _Sizes, passes: _Passes, target: Target) -> list[Blocking]:
    """Register tiles for the product; in pieces first where a tile's weights leave the first-level cache."""
    blocks = sizes.blocks if passes.shared else max(divisors(sizes.blocks, _BLOCKS_IN_A_GROUP))
    tiles = convolution_tiles([blocks, passes.rows, sizes.across], target)[:_CANDIDATES]
    held = 4 * sizes.inputs * sizes.lanes * tiles[0].blocks <= target.l1 * 1024
    whole = held or has_lanes(target) or target.exact  # sums in pieces cannot be split into short chains
    orders = [Order.CHANNELS] if whole else [Order.PIECES, Order.CHANNELS]
    return [Blocking(tile, order) for order in orders for tile in tiles]


def _multiply(
    sch: Schedule, product: SBlockRV, at: LoopRV, passes: _Passes, blocking: Blocking, target: Target
) -> None:
    """A matrix product for each point of the patches, on register tiles of channel blocks and tiles."""
    tile = blocking.tile
    if blocking.order is Order.PIECES:
        _split_blocks(sch, product, at, passes, tile)
        sum_in_cache(sch, product, tile, target)
        return
    written = sch.cache_write(product, 0, "global")
    channel, blocks, down, across, lane = _split_blocks(sch, written, at, passes, tile)
    down, rows = sch.split(down, [None, tile.rows])
    across, columns = sch.split(across, [None, tile.columns])
    sch.reorder(channel, down, across, blocks, rows, columns, lane)
    for loop in (blocks, rows, columns):
        sch.unroll(loop)
    sch.vectorize(lane)
    early = weights_early(target, tile.accumulators)
    chain = longest_chain(target, amplified=True)
    held = Vectors(target.lanes, 3, by_lane=has_lanes(target), early=early, chain=chain)
    hold_in_registers(sch, product, across, held)


def _split_blocks(
    sch: Schedule, block: SBlockRV, at: LoopRV, passes: _Passes, tile: Tile
) -> tuple[LoopRV, LoopRV, LoopRV, LoopRV, LoopRV]:
    """Compute what a pass needs of the product, or of its copy, in groups of a tile's channel blocks.

    Returns the loops over the groups, the blocks of a group, tiles down and across, and lanes.
    """
    sch.compute_at(block, at, preserve_unit_loops=True)
    spatial, reductions = split_axes(sch, block, sch.get_loops(block))
    *_, row, column, _, channel, down, across, lane = spatial
    channel, blocks = sch.split(channel, [None, tile.blocks])
    sch.reorder(channel, blocks, down, across, lane, *reductions)
    if passes.shared:
        sch.parallel(sch.fuse(row, column))
    return channel, blocks, down, across, lane


def _transform(sch: Schedule, blocks: dict[str, SBlockRV], at: LoopRV, passes: _Passes) -> None:
    """Data to patches: along the columns, for a row of patches that stays in the cache, then along rows."""
    patches, rows = blocks[PATCHES], blocks[ROWS]
    sch.compute_at(patches, at, preserve_unit_loops=True)
    *_, row, column, batch, channel, down, across, lane = sch.get_loops(patches)
    across, along = sch.split(across, [None, max(divisors(extents(sch, [across])[0], _ROW_OF_PATCHES))])
    sch.reorder(batch, channel, down, across, along, row, column, lane)
    if passes.shared:
        down = sch.fuse(batch, channel, down)
        sch.parallel(down)
    sch.unroll(row)
    sch.unroll(column)
    sch.vectorize(lane)
    sch.compute_at(rows, across, preserve_unit_loops=True)
    place_border(sch, rows, down)
    *_, row, batch, _, down, across, lane = sch.get_loops(rows)
    sch.reorder(batch, down, across, row, lane)
    sch.unroll(row)
    sch.vectorize(lane)
