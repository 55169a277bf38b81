from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike
from tvm import IRModule

from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.check_plan import check_plan
from neo_compiler.native.extract import Program, extract
from neo_compiler.native.memory import ALIGNMENT, aligned
from neo_compiler.native.plan import Placed, Where
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case, check
from tests.neo_compiler.native.replay import replay

CONV = "Conv<pads=[1, 1, 1, 1]>"


def program_of(model: onnx.ModelProto) -> tuple[IRModule, Program]:
    """The lowered module, and what is extracted from it."""
    prepared = prepare(model, {})
    module = lower(prepared, find_target("host"))
    return module, extract(module, tuple(value.name for value in prepared.graph.output))


def extracted(body: str, **given: ArrayLike) -> Program:
    """The program of a small model, replayed."""
    module, program = program_of(Case(body, given).model())
    replay(module, program.plan)
    return program


def results(program: Program) -> list[Placed]:
    """The tensors that become the outputs."""
    return [program.plan.tensors[position] for position in program.plan.results]


@pytest.mark.parametrize("name", ["light_squeezenet", "efficientnet-lite0"])
def test_a_real_network(name: str) -> None:
    try:
        path = zoo.fetch(name)
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))
    model = load(path)
    module, program = program_of(model)
    plan = program.plan
    check_plan(plan)
    replay(module, plan)
    assert [(row.where, row.index, row.offset) for row in results(program)] == [(Where.OUTPUT, 0, 0)]
    weights = sum(onnx.numpy_helper.to_array(row).nbytes for row in model.graph.initializer)
    assert plan.params_bytes < 1.5 * weights  # Winograd's are larger, where that pays
    arena = [row for row in plan.tensors if row.where is Where.ARENA]
    assert plan.arena_bytes < sum(aligned(int(np.prod(row.shape)) * 4) for row in arena) / 4


def test_the_replay_notices_values_that_share_a_place() -> None:
    nodes = f"a = {CONV}(x, W) b = {CONV}(a, W) c = {CONV}(b, W) s = Add(a, c) y = Softmax(s)"
    body = f"(float[1, 32, 8, 8] x, float[32, 32, 3, 3] W) => (float[N, C, H, U] y) {{ {nodes} }}"
    module, program = program_of(Case(body).model())
    replay(module, program.plan)
    crowded = tuple(
        replace(row, offset=0) if row.where is Where.ARENA else row for row in program.plan.tensors
    )
    with pytest.raises(AssertionError, match="writes over what it reads"):
        replay(module, replace(program.plan, tensors=crowded))


def test_parameters_lie_one_behind_the_other_on_cache_lines() -> None:
    program = extracted("""(float[1, 3, 8, 8] x, float[21, 3, 3, 3] W, float[21] B, float[7, 21] V)
    => (float[N, K] y) {
        c = Conv(x, W, B) p = GlobalAveragePool(c) f = Flatten(p) y = Gemm<transB=1>(f, V)
    }""")
    end = 0
    for offset, value in program.params:
        assert offset == end
        assert offset % ALIGNMENT == 0
        end += aligned(value.nbytes)
    assert program.plan.params_bytes == end
    placed = {row.offset: row for row in program.plan.tensors if row.where is Where.PARAMS}
    assert {offset: value.shape for offset, value in program.params} == {
        offset: row.shape for offset, row in placed.items()
    }


def test_equal_parameters_are_kept_once() -> None:
    weights = np.random.default_rng(0).standard_normal((32, 32, 3, 3))
    body = f"""(float[1, 32, 8, 8] x, float[32, 32, 3, 3] V, float[32, 32, 3, 3] W)
    => (float[N, C, H, U] y) {{
        a = {CONV}(x, V) b = {CONV}(a, W) y = {CONV}(b, V)
    }}"""
    assert extracted(body, V=weights, W=weights).plan.params_bytes < 1.1 * weights.size * 4
    assert extracted(body, V=weights, W=weights + 1).plan.params_bytes > 1.9 * weights.size * 4


def test_equal_bytes_of_another_shape_or_type_are_something_else(tmp_path: Path) -> None:
    body = """(float[2, 2] x, int32[2, 2] i, float[2, 2] V, int32[2, 2] W, float[4] U)
    => (float[2, 2] y, int32[2, 2] z, float[4] u) {
        y = Add(x, V) z = Add(i, W) u = Identity(U)
    }"""
    bits = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    check({"parameters": Case(body, {"V": bits, "W": bits.view(np.int32), "U": bits.reshape(4)})}, tmp_path)


def test_results_are_computed_in_the_callers_memory() -> None:
    program = extracted(f"""(float[1, 3, 8, 8] x, float[21, 3, 3, 3] W, float[4, 21, 3, 3] V)
    => (float[N, C, H, U] y, float[N, D, H, U] z) {{
        c = {CONV}(x, W) y = Relu(c) z = {CONV}(y, V)
    }}""")
    assert [(row.where, row.index, row.offset) for row in results(program)] == [
        (Where.OUTPUT, 0, 0),
        (Where.OUTPUT, 1, 0),
    ]


def test_a_value_that_is_two_outputs_is_computed_once() -> None:
    program = extracted("(float[2, 3] x) => (float[2, 3] y, float[2, 3] z) { y = Relu(x) z = Identity(y) }")
    assert len(program.plan.steps) == 1
    assert {(row.where, row.index) for row in results(program)} == {(Where.OUTPUT, 0)}


def test_an_input_and_a_constant_are_results_as_they_are() -> None:
    program = extracted("""(float[2, 3] x, float[4] W) => (float[2, 3] y, float[4] z, float[2, 3] r) {
        y = Identity(x) z = Identity(W) r = Relu(x)
    }""")
    assert [row.where for row in results(program)] == [Where.INPUT, Where.PARAMS, Where.OUTPUT]


def test_a_value_in_two_shapes_is_computed_once() -> None:
    program = extracted(
        "(float[2, 6] x, int64[2] S) => (float[2, 6] y, float[4, 3] z) { y = Relu(x) z = Reshape(y, S) }",
        S=[4, 3],
    )
    assert len(program.plan.steps) == 1
    assert [row.shape for row in results(program)] == [(2, 6), (4, 3)]


def joined(
    parts: str, channels: tuple[int, ...], batch: int = 1, outputs: str = "float[N, C, H, U] y"
) -> Program:
    """Convolutions a, b, … of the input with these channels; `parts` joins them."""
    names = "abcd"[: len(channels)]
    weights = ", ".join(f"float[{c}, 3, 3, 3] {n.upper()}" for n, c in zip(names, channels, strict=True))
    nodes = " ".join(f"{n} = {CONV}(x, {n.upper()})" for n in names)
    return extracted(f"(float[{batch}, 3, 8, 8] x, {weights}) => ({outputs}) {{ {nodes} {parts} }}")


LAST = "r = Relu(j) y = MaxPool<kernel_shape=[2, 2]>(r)"


@pytest.mark.parametrize(
    ("parts", "steps"),
    [
        (f"j = Concat<axis=1>(a, b) {LAST}", 0),
        (f"i = Concat<axis=1>(a, b) j = Concat<axis=1>(i, c) {LAST}", 0),
        (f"s = Relu(a) i = Concat<axis=1>(s, b) t = Add(s, c) j = Concat<axis=1>(i, t) {LAST}", 0),
        (f"j = Concat<axis=1>(a, a) {LAST}", 1),
        (f"i = Concat<axis=1>(a, b) k = Concat<axis=1>(a, c) j = Add(i, k) {LAST}", 1),
    ],
)
def test_a_concatenation_of_full_blocks_is_no_step_where_its_parts_can_lie_inside(
    parts: str, steps: int
) -> None:
    program = joined(parts, (32, 32, 32))
    assert sum("concat" in step.kernel for step in program.plan.steps) == steps


def test_pictures_of_a_batch_are_joined_by_a_step() -> None:
    program = joined(f"j = Concat<axis=1>(a, b) {LAST}", (32, 32), batch=2)
    assert sum("concat" in step.kernel for step in program.plan.steps) == 1
