from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.loops import hot_loops
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.codegen import generate_object
from neo_compiler.schedule import schedule
from neo_compiler.schedule.cpu.tiles import convolution_tiles
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case

NETWORK = Case(
    "(float[1, 32, 28, 28] x, float[64, 32, 1, 1] W, float[128, 256] A, float[256, 64] B) => "
    "(float[1, 64, 28, 28] y, float[128, 64] z) { y = Conv(x, W) z = MatMul(A, B) }"
)
needs_llvm = pytest.mark.skipif(not shutil.which("llvm-objdump"), reason="llvm is missing: apt install llvm")


def code(folder: Path, target: str) -> Path:
    model, profile = prepare(NETWORK.model(), {}), find_target(target)
    module = schedule(lower(model, profile), profile).module
    generate_object(module, profile, folder / "k.o")
    return folder / "k.o"


@needs_llvm
@pytest.mark.parametrize("target", ["rasp3b-64", "rasp4b", "rasp5"])
def test_hot_loops_multiply_by_lane_and_stay_in_registers(tmp_path: Path, target: str) -> None:
    loops = hot_loops(code(tmp_path, target))
    assert loops
    for name, loop in loops.items():
        assert loop.multiply_adds >= 48, name
        assert (loop.spills, loop.scalar) == (0, 0), name
        assert any(".s[3]" in row for row in loop.instructions), name


@needs_llvm
def test_hot_loops_of_32_bit_arm_fuse(tmp_path: Path) -> None:
    for name, loop in hot_loops(code(tmp_path, "rasp3b")).items():
        assert loop.multiply_adds >= 16, name
        assert not any(row.startswith(("vmul.f32 q", "vadd.f32 q")) for row in loop.instructions), name


@pytest.mark.parametrize("output", [[16, 28, 28], [64, 7, 7], [8, 112, 112], [96, 1, 128], [3, 5, 13]])
def test_tiles_leave_registers_for_inputs(output: list[int]) -> None:
    target = find_target("rasp4b")
    for tile in convolution_tiles(output, target):
        assert tile.accumulators + tile.rows * tile.columns + 2 * tile.blocks < target.registers
    best = convolution_tiles([16, 28, 28], target)[0]
    assert (best.blocks, best.rows * best.columns) == (2, 8)
