"""How often direct convolutions compute what they compute."""

from __future__ import annotations

import pytest
import tvm_ffi
from tvm import tirx
from tvm.s_tir import SBlock

from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.schedule.apply import schedule
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case

SCALED = Case("""(float[1, 48, 14, 14] x, float[96, 48, 1, 1] W, float[96, 96, 1, 1] S)
    => (float[N, C, H, U] y) {
        a = Conv(x, W)
        p = GlobalAveragePool(a)
        s = Conv(p, S)
        c = HardSigmoid(s)
        y = Mul(a, c)
    }""")


@pytest.mark.parametrize("target", ["x86-64-v4", "x86-64-v2", "rasp4b", "rasp3b"])
def test_channels_that_scale_a_picture_are_summed_once_for_all_of_its_pixels(target: str) -> None:
    chosen = find_target(target)
    module = schedule(lower(prepare(SCALED.model(), {}), chosen), chosen).module
    (kernel,) = (
        function
        for variable, function in module.functions.items()
        if "conv2d" in (name := variable.name_hint)
        and "multiply" in name
        and isinstance(function, tirx.PrimFunc)
    )
    loops: list[tirx.For] = []
    tvm_ffi.structural_walk(kernel.body, (tirx.For, loops.append))
    (outermost,) = (loop for loop in loops if loop.kind == tirx.ForKind.PARALLEL)
    assert int(outermost.extent) <= 96 // chosen.lanes
    pixels = [loop for loop in loops if int(loop.extent) == 14]
    assert len(pixels) == 2
    inside: list[SBlock] = []
    tvm_ffi.structural_walk(pixels[0], (SBlock, inside.append))
    assert not any(block.name_hint.startswith("conv2d") for block in inside)
