from __future__ import annotations

import pytest
from tvm import te
from tvm.s_tir import Schedule

from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.lower.compute.dense import product
from neo_compiler.schedule.apply import schedule
from neo_compiler.schedule.blocks import blocks_of, extents
from neo_compiler.schedule.cpu.chains import longest_chain, split_chain
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case


def rows_of(depth: int, dtype: str = "float32") -> Schedule:
    left, right = te.placeholder((1, depth), dtype), te.placeholder((depth, 8), dtype)
    return Schedule(te.create_prim_func([left, right, product(left, right, 1)]))


def test_only_arm_splits() -> None:
    assert 0 < longest_chain(find_target("rasp3b"), amplified=True) < longest_chain(find_target("rasp4b"))
    assert longest_chain(find_target("x86-64-v4")) == 0


def test_models_that_amplify_errors_have_the_shortest() -> None:
    usual = find_target("rasp4b")
    exact = usual.for_model(amplified=True)
    assert 0 < longest_chain(exact, amplified=True) < longest_chain(usual, amplified=True)


def test_a_long_sum_is_a_sum_of_shorter_ones() -> None:
    sch = rows_of(4096)
    (anchor,) = blocks_of(sch)
    sums = split_chain(sch, anchor, 144)
    assert sums is not None
    assert extents(sch, sch.get_loops(sums)) == [1, 8, 32, 128]
    assert extents(sch, sch.get_loops(anchor)) == [1, 8, 32]


@pytest.mark.parametrize(("depth", "dtype"), [(144, "float32"), (4099, "float32"), (4096, "int32")])
def test_short_sums_primes_and_integers_stay(depth: int, dtype: str) -> None:
    sch = rows_of(depth, dtype)
    (anchor,) = blocks_of(sch)
    assert split_chain(sch, anchor, 144) is None
    assert len(blocks_of(sch)) == 1


def test_long_sums_find_their_place_among_loops_of_the_same_name() -> None:
    signature = "(float[1, 96, 40, 40] x, float[24, 96, 3, 3] W) => (float[N, C, H, U] y)"
    body = f"{signature} {{ y = Conv<pads=[1, 1, 1, 1]>(x, W) }}"
    rasp5 = find_target("rasp5")
    schedule(lower(prepare(Case(body).model(), {}), rasp5), rasp5)
