"""Which tiles and how many parts of a sum the model of a GPU chooses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tvm.s_tir import Schedule

from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.schedule.gpu.occupancy import Tile, cycles, fastest, resident
from neo_compiler.schedule.gpu.product import Product, product_of
from neo_compiler.target import find_target
from neo_compiler.target.gpus import gpus
from tests.neo_compiler.compiled import Case

LARGE = Tile(64, 64, 16, 256, 72, 12288, 0.67)
SMALL = Tile(32, 32, 16, 64, 72, 8192, 0.67)


@pytest.fixture(scope="module")
def product() -> Product:
    """Any; its sizes are replaced."""
    model = Case("(float[8,8] x, float[8,8] W) => (float[8,8] y) { y = MatMul(x, W) }").model()
    module = lower(prepare(model, {}), find_target("cuda-sm_90"))
    found = product_of(module["matmul"], (8, 8, 8))
    assert found is not None
    assert isinstance(found.sch, Schedule)
    return found


def chosen(product: Product, gpu: str, rows: int, columns: int, depth: int) -> tuple[Tile, int]:
    return fastest(gpus()[gpu], replace(product, rows=rows, columns=columns, depth=depth), (LARGE, SMALL))


def test_few_tiles_of_long_sums_are_split_where_there_are_many_multiprocessors(product: Product) -> None:
    """The last layers of ResNet-50: 7 x 7 pixels, 512 channels of 3 x 3 x 512 terms."""
    parts = {gpu: chosen(product, gpu, 49, 512, 4608)[1] for gpu in ("sm_53", "sm_87", "sm_90")}
    assert parts["sm_53"] == 1
    assert 1 < parts["sm_87"] < parts["sm_90"]


@pytest.mark.parametrize("gpu", gpus())
def test_many_tiles_are_large_and_whole(product: Product, gpu: str) -> None:
    """The first layers of VGG: 224 x 224 pixels."""
    assert chosen(product, gpu, 50176, 64, 576) == (LARGE, 1)


def test_short_sums_stay_whole(product: Product) -> None:
    assert chosen(product, "sm_90", 16, 16, 100)[1] == 1


def test_small_tiles_fill_a_gpu_that_large_ones_do_not(product: Product) -> None:
    """14 x 14 pixels, 1024 channels of 256 terms: 64 large tiles, 224 small ones."""
    assert chosen(product, "sm_90", 196, 1024, 256)[0] is SMALL


def test_one_block_more_than_fit_takes_another_round(product: Product) -> None:
    gpu = gpus()["sm_72"]
    most = resident(gpu, LARGE) * gpu.multiprocessors
    full = replace(product, rows=64 * most, columns=64, depth=512)
    more = replace(full, rows=full.rows + 1)
    fewer = replace(full, rows=full.rows - 1)
    assert cycles(gpu, fewer, LARGE, 1) == cycles(gpu, full, LARGE, 1) < cycles(gpu, more, LARGE, 1)


@pytest.mark.parametrize(
    ("tile", "most"),
    [
        (SMALL, 8),  # 64 KiB of shared memory in pieces of 8
        (LARGE, 3),  # 65536 registers, 256 x 72 for each
        (replace(LARGE, registers=32), 4),  # 1024 threads, 256 for each
        (replace(SMALL, shared=1024, registers=32, threads=32), 16),  # blocks
        (replace(LARGE, shared=1 << 20), 1),
    ],
)
def test_what_limits_the_blocks_of_a_multiprocessor(tile: Tile, most: int) -> None:
    assert resident(gpus()["sm_75"], tile) == most
