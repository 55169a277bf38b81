from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from neo_compiler.schedule.cpu.tiles import Tile, convolution_tiles
from neo_compiler.target import Target, find_target

TARGETS = [find_target(name) for name in ("x86-64-v2", "x86-64-v3", "x86-64-v4")]
EXTENTS = st.tuples(st.integers(1, 64), st.integers(1, 128), st.integers(1, 256))


@settings(deadline=None, derandomize=True)
@given(EXTENTS, st.sampled_from(TARGETS))
def test_tiles_divide_the_output_and_fit_the_registers(output: tuple[int, int, int], target: Target) -> None:
    tiles = convolution_tiles(list(output), target)
    dividing = [tile for tile in tiles if output[2] % tile.columns == 0]
    assert dividing == tiles or all(tile.efficiency() < 0.6 for tile in dividing)
    for tile in tiles:
        assert not output[0] % tile.blocks
        assert not output[1] % tile.rows
        assert tile.accumulators + tile.blocks <= target.registers
        assert tile.accumulators <= target.registers * 7 // 8  # the epilogue needs some too


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_only_poor_tiles_make_place_for_such_that_leave_a_narrower_one(target: Target) -> None:
    usual = convolution_tiles([1, 1, 10960], target)
    assert not any(10960 % tile.columns for tile in usual)
    best = convolution_tiles([1, 1, 10961], target)[0]  # 97 times 113
    assert best.efficiency() * best.used(10961) >= 0.9 * usual[0].efficiency()


def test_what_the_last_tile_lacks_counts() -> None:
    assert Tile(1, 1, 14).used(28) == 1
    assert Tile(1, 1, 14).used(15) == 15 / 28


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("output", [(4, 56, 56), (16, 14, 14), (32, 28, 28), (5, 14, 14)])
def test_usual_pictures_reach_most_of_the_peak(output: tuple[int, int, int], target: Target) -> None:
    assert convolution_tiles(list(output), target)[0].efficiency() >= 0.85


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_one_block_of_channels_is_bound_by_its_broadcasts(target: Target) -> None:
    assert 0.65 <= convolution_tiles([1, 112, 112], target)[0].efficiency() <= 0.75


def test_efficiency_is_bound_by_ports_and_latency() -> None:
    assert Tile(1, 1, 1).efficiency() < Tile(1, 1, 4).efficiency() < Tile(2, 1, 8).efficiency() <= 1
