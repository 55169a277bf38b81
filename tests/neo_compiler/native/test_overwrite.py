from __future__ import annotations

from pathlib import Path

import pytest
import tvm_ffi
from tvm.ir.expr import TensorLoad

from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.driver import check_plan
from neo_compiler.native.extract import extract
from neo_compiler.native.overwrite import overwritable_by, write_over
from neo_compiler.native.plan import Plan
from neo_compiler.schedule.apply import schedule
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case, check
from tests.neo_compiler.native.replay import replay

CONV = "Conv"  # no borders, for which results would have room around them
SIGNATURE = "(float[1, 32, 8, 8] x, float[32, 32, 1, 1] W) => (float[N, C, H, U] y)"


def plan_of(nodes: str, signature: str = SIGNATURE) -> Plan:
    """The plan of a small model, whose steps were replayed."""
    prepared = prepare(Case(f"{signature} {{ {nodes} }}").model(), {})
    target = find_target("host")
    module = lower(prepared, target)
    places = overwritable_by(schedule(module, target).module)
    program = extract(module, tuple(row.name for row in prepared.graph.output), overwritable=places)
    check_plan(program.plan)
    replay(module, program.plan)
    return program.plan


def written_over(plan: Plan) -> list[int]:
    """The numbers of the steps whose result starts where one of their arguments does."""
    rows = [[plan.tensors[position] for position in step.args] for step in plan.steps]
    return [
        number
        for number, (*read, written) in enumerate(rows)
        if any(written.starts_with(row) for row in read)
    ]


def test_a_residual_addition_takes_over_the_memory_of_what_it_adds() -> None:
    plan = plan_of(f"a = {CONV}(x, W) b = {CONV}(a, W) c = {CONV}(b, W) s = Add(c, a) y = {CONV}(s, W)")
    (step,) = written_over(plan)
    assert plan.steps[step].kernel in plan.overwriting()
    assert "add" in plan.steps[step].kernel


@pytest.mark.parametrize(
    "nodes",
    [
        f"a = {CONV}(x, W) b = {CONV}(a, W) s = Add(b, a) y = {CONV}(s, W)",  # the convolution reads it, too
        f"a = {CONV}(x, W) b = {CONV}(a, W) c = {CONV}(b, W) s = Add(c, a) t = {CONV}(s, W) y = Add(t, a)",
    ],
    ids=["neighbours", "read-later"],
)
def test_what_is_still_read_is_kept(nodes: str) -> None:
    plan = plan_of(nodes)
    first = next(number for number, step in enumerate(plan.steps) if len(step.args) == 4)
    assert first not in written_over(plan)


def test_results_inputs_and_constants_are_no_memory_to_take_over() -> None:
    signature = "(float[2, 48] x, float[48] B) => (float[2, 48] y, float[2, 48] z)"
    assert written_over(plan_of("y = Softmax(x) z = Mul(y, x)", signature)) == []


def test_which_arguments_a_kernel_reads_in_place() -> None:
    signature = "(float[4, 4] x, float[4, 4] r) => (float[4, 4] y)"
    for nodes, expected in {
        "s = Softmax(x) y = Mul(s, x)": {"softmax": ()},  # the sum reads the whole row
        "t = Transpose(x) y = Add(t, r)": {"transpose": (1,)},
        "s = Sigmoid(x) y = Mul(s, x)": {"sigmoid": (0,)},
    }.items():
        target = find_target("host")
        module = schedule(lower(prepare(Case(f"{signature} {{ {nodes} }}").model(), {}), target), target)
        found = overwritable_by(module.module)
        for part, places in expected.items():
            assert {found[name] for name in found if part in name} == {places}, (nodes, found)


def test_a_kernel_writes_over_the_same_argument_in_all_of_its_steps_or_in_none() -> None:
    twice = f"""a = {CONV}(x, W) b = {CONV}(a, W) c = {CONV}(b, W) s = Add(c, a)
        d = {CONV}(s, W) e = {CONV}(d, W) t = Add(e, s) f = {CONV}(t, W)"""
    plan = plan_of(f"{twice} y = Relu(f)")
    adding = [number for number, step in enumerate(plan.steps) if step.overwritable]
    assert len(adding) == 2
    assert len({plan.steps[number].kernel for number in adding}) == 1
    assert written_over(plan) == adding
    assert written_over(plan_of(f"{twice} y = Add(f, s)")) == []  # what is added first is read later


def test_a_kernel_that_writes_over_an_argument_has_it_in_one_place_only() -> None:
    target = find_target("host")
    nodes = f"a = {CONV}(x, W) b = {CONV}(a, W) c = {CONV}(b, W) s = Add(c, a) y = {CONV}(s, W)"
    prepared = prepare(Case(f"{SIGNATURE} {{ {nodes} }}").model(), {})
    module = schedule(lower(prepared, target), target).module
    ((name, (place,)),) = ((name, places) for name, places in overwritable_by(module).items() if places)
    function = write_over(module, {name: place})[name]
    loads: list[TensorLoad] = []
    tvm_ffi.structural_walk(function.body, (TensorLoad, loads.append))
    assert any(load.source.same_as(function.params[-1]) for load in loads)
    assert not any(load.source.same_as(function.params[place]) for load in loads)
    assert function.attrs["tirx.noalias"]  # or LLVM leaves in loops what could be taken out


def test_chains_of_residuals_compute_what_they_should(tmp_path: Path) -> None:
    rounds = "".join(
        f"a{n} = {CONV}(r{n}, W) b{n} = Relu(a{n}) c{n} = {CONV}(b{n}, W) s{n} = Add(c{n}, r{n}) "
        f"r{n + 1} = Relu(s{n}) "
        for n in range(4)
    )
    body = f"{SIGNATURE} {{ r0 = {CONV}(x, W) {rounds} g = Sigmoid(r4) y = Mul(g, r4) }}"
    check({"residuals": Case(body)}, tmp_path)
