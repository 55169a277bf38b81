from __future__ import annotations

import shutil

import pytest

from benchmarks import arm, emulated
from benchmarks.fetch import ZooUnavailable
from benchmarks.loops import Loop
from benchmarks.userland import userland
from neo_compiler.target import find_target

SMALL = "blazeface-back"
LOOP = Loop(("ldr q1, [x0], #16", "fmla v0.4s, v1.4s, v2.s[0]", "fmadd s1, s2, s3, s4", "str q5, [sp, #16]"))


def test_what_counts_in_a_loop() -> None:
    assert (LOOP.multiply_adds, LOOP.scalar, LOOP.spills) == (1, 1, 1)


@pytest.mark.skipif(not shutil.which("llvm-mca"), reason="llvm-mca is missing: apt install llvm")
def test_predictions_of_a_small_model() -> None:
    for core in arm.CORES:
        assert 0.9 < arm.peak(core.name) <= 2
    core = arm.CORES[1]
    rows = arm.kernels(SMALL, find_target(core.target), core)
    assert {row.work.rule for row in rows} >= {"conv2d", "depthwise"}
    assert all(row.loop is None or row.loop.scalar == 0 for row in rows)
    name, _, _, share, *_ = arm.summary(SMALL, core, rows)
    assert name == SMALL
    assert 50 <= int(share.rstrip("%")) <= 100


@pytest.mark.slow
@pytest.mark.parametrize("target", emulated.TARGETS)
@pytest.mark.parametrize("name", ["light_squeezenet", "ppocr-cls", "silero-vad"])
def test_models_of_the_zoo_compute_the_same_on_arm(name: str, target: str) -> None:
    try:
        userland(emulated.PORTS[find_target(target).arch])
    except ZooUnavailable as error:
        pytest.skip(str(error))
    row = emulated.measure(name, target)
    assert row.kernels <= 1e-4
    assert row.artifact <= 1e-4
