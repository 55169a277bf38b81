from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tvm import IRModule, tirx

from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.build import build
from neo_compiler.schedule import Scheduled, candidates, schedule, schedule_function
from neo_compiler.schedule.choice import ByName
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case, Compiled, check_one, on_all_targets

# A bit of everything: full and filled-up blocks, all kinds of convolution, pooling, rows, whole numbers.
NETWORK = Case(
    """(float[1, 3, 33, 37] x, int64[1, 9] t, float[21, 3, 3, 3] A, float[21] B, float[21, 1, 5, 5] D,
    float[64, 21, 1, 1] E, float[64, 32, 3, 3] G, float[64, 8, 2, 2] T, float[8, 48] P, float[48] Q,
    float[4, 24] M)
    => (float[N, K] y, float[N, C, H, U] picture, float[N, S, F] words, bool[N, S, F] positive) {
        a = Conv<strides=[2, 2], pads=[1, 1, 1, 1]>(x, A, B)
        b = Relu(a)
        c = Conv<group=21, pads=[2, 2, 2, 2]>(b, D)
        d = Conv(c, E)
        e = HardSwish(d)
        f = MaxPool<kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]>(e)
        g = Conv<group=2, pads=[1, 1, 1, 1]>(f, G)
        h = Add(f, g)
        picture = ConvTranspose<strides=[2, 2]>(h, T)
        p = GlobalAveragePool(picture)
        q = Flatten(p)
        r = Gemm(q, P, Q)
        y = Softmax(r)
        w = Gather(M, t)
        words = Softmax<axis=-1>(w)
        positive = Greater(w, words)
    }"""
)


def lowered(target: str) -> IRModule:
    return lower(prepare(NETWORK.model(), {}), find_target(target))


def scheduled(target: str) -> Scheduled:
    return schedule(lowered(target), find_target(target))


def kernels(module: IRModule) -> dict[str, tirx.PrimFunc]:
    """The TensorIR functions by name."""
    functions = {variable.name_hint: function for variable, function in module.functions.items()}
    return {name: function for name, function in functions.items() if isinstance(function, tirx.PrimFunc)}


@on_all_targets
def test_every_kernel_has_a_rule(target: str) -> None:
    result = scheduled(target)
    assert result.rules.keys() == kernels(result.module).keys() == kernels(lowered(target)).keys()
    assert "unscheduled" not in result.rules.values()


@on_all_targets
@pytest.mark.parametrize("anchor", ["conv2d", "depthwise", "dense"])
def test_a_kernel_with_an_anchor_is_scheduled_by_its_rule(anchor: str, target: str) -> None:
    """None falls to the generic rule, which would be many times slower."""
    found = {rule for name, rule in scheduled(target).rules.items() if anchor in name}
    assert found == {anchor}


def test_a_kernel_without_structure_runs_as_it_is(tmp_path: Path) -> None:
    body = """(float[3, 4] x, int64[3, 2] I, float[3, 2] u) => (float[3, 4] y) {
        y = ScatterElements<axis=1>(x, I, u)
    }"""
    compiled = check_one(Case(body, {"I": [[0, 3], [2, 1], [1, -1]]}), tmp_path)
    assert "unscheduled" in compiled.rules.values()


@on_all_targets
def test_the_program_stays(target: str) -> None:
    assert scheduled(target).module["main"].script() == lowered(target)["main"].script()


def test_the_same_module_is_scheduled_the_same_way() -> None:
    assert scheduled("host").module.script() == scheduled("host").module.script()


@on_all_targets
def test_any_number_of_threads_computes_the_same_bits(target: str, tmp_path: Path) -> None:
    compiled, inputs = check_one(NETWORK, tmp_path, target), NETWORK.inputs()
    alone = compiled.run(inputs)
    for threads in (2, 3):
        for name, value in compiled.run(inputs, inputs, threads=threads).items():
            np.testing.assert_array_equal(value, alone[name])


def test_every_candidate_computes_the_same(tmp_path: Path) -> None:
    module, target, inputs = lowered("host"), find_target("host"), NETWORK.inputs()
    names = {kernel: candidates(function, target) for kernel, function in kernels(module).items()}
    best = check_one(NETWORK, tmp_path).run(inputs)
    for number in range(max(map(len, names.values()))):
        choices = {kernel: row[number % len(row)] for kernel, row in names.items() if row}
        scheduled = schedule(module, target, choices)
        plan = build(scheduled.module, tuple(best), target, tmp_path)
        for name, value in Compiled(tmp_path, plan, scheduled.rules).run(inputs).items():
            np.testing.assert_allclose(value, best[name], rtol=0, atol=1e-5 * abs(best[name]).max())


def test_a_name_that_no_candidate_has_leaves_the_choice_to_the_model() -> None:
    module, target = lowered("host"), find_target("host")
    choices = dict.fromkeys(kernels(module), "no such schedule")
    assert schedule(module, target, choices).module.script() == schedule(module, target).module.script()


def test_candidates_differ() -> None:
    module, target = lowered("host"), find_target("host")
    for function in kernels(module).values():
        names = candidates(function, target)
        scripts = {schedule_function(function, target, ByName(name))[0].script() for name in names}
        assert len(scripts) == len(set(names)) == len(names)
