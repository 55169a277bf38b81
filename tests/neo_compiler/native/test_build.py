from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge_runtime.native import NativeModel
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.build import build
from neo_compiler.native.plan import Where
from neo_compiler.schedule import schedule
from neo_compiler.stages import Stages
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case, check_one, compile_onnx, plan_of

NETWORK = Case("""(float[1, 3, 12, 12] x, float[21, 3, 3, 3] W, float[21] B, float[40, 21, 1, 1] V,
float[10, 40] U) => (float[N, K] y) {
    c = Conv<pads=[1, 1, 1, 1]>(x, W, B)
    r = Relu(c)
    m = MaxPool<kernel_shape=[2, 2], strides=[2, 2]>(r)
    d = Conv(m, V)
    p = GlobalAveragePool(d)
    f = Flatten(p)
    g = Gemm<transB=1>(f, U)
    y = Softmax(g)
}""")

COMPILE = """
import sys
from pathlib import Path
import onnx
from tests.neo_compiler.compiled import compile_onnx
compile_onnx(onnx.load(sys.argv[1]), Path(sys.argv[2]))
"""


def test_the_library_and_its_parameters_are_written_and_nothing_else(tmp_path: Path) -> None:
    compiled = check_one(NETWORK, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compiled.params", "compiled.so"]
    assert compiled.params.stat().st_size == compiled.plan.params_bytes


def test_the_library_tells_its_plan(tmp_path: Path) -> None:
    compiled = compile_onnx(NETWORK.model(), tmp_path)
    model = NativeModel(compiled.library, compiled.params, 1)
    try:
        assert model.inputs == compiled.plan.inputs
        assert model.outputs == compiled.plan.outputs
        assert model.steps == [step.kernel for step in compiled.plan.steps]
        memory = model.memory
    finally:
        model.close()
    plan = compiled.plan
    assert (memory.arena, memory.params, memory.scratch) == (
        plan.arena_bytes,
        plan.params_bytes,
        plan.scratch_bytes,
    )


def test_parameters_lie_where_the_plan_says(tmp_path: Path) -> None:
    compiled, program = compile_onnx(NETWORK.model(), tmp_path), plan_of(NETWORK.model())
    content = compiled.params.read_bytes()
    placed = [row for row in compiled.plan.tensors if row.where is Where.PARAMS]
    assert len(placed) == len(program.params)
    for offset, value in program.params:
        found = np.frombuffer(content, value.dtype, value.size, offset).reshape(value.shape)
        np.testing.assert_array_equal(found, value)


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    """Sets are ordered differently in each, and so are addresses."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    onnx.save(NETWORK.model(), tmp_path / "model.onnx")
    compiled = compile_onnx(NETWORK.model(), here)
    command = [sys.executable, "-c", COMPILE, str(tmp_path / "model.onnx"), str(there)]
    subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "12345"}, check=True, timeout=120)
    for path in (compiled.library, compiled.params):
        assert (there / path.name).read_bytes() == path.read_bytes()


def test_stages_are_named(tmp_path: Path) -> None:
    target, stages = find_target("host"), Stages()
    module = schedule(lower(prepare(NETWORK.model(), {}), target), target).module
    with stages("build"):
        build(module, ("y",), target, tmp_path, stages)
    assert list(stages.times) == [("build",), ("build", "plan"), ("build", "codegen"), ("build", "link")]
    assert all(seconds > 0 for seconds in stages.times.values())


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        compile_onnx(NETWORK.model(), tmp_path / "none")


def test_a_model_without_parameters(tmp_path: Path) -> None:
    compiled = check_one(Case("(float[8] x) => (float[8] y) { y = Relu(x) }"), tmp_path)
    assert compiled.params.stat().st_size == compiled.plan.params_bytes == 0
