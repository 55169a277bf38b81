"""Loops that nothing ends are refused before anything runs them."""

from __future__ import annotations

import contextlib

import numpy as np
import onnx_ir as ir
import pytest

from neo_compiler.errors import UnsupportedOperators
from neo_compiler.graph.checks.endless import MOST, refuse_endless
from neo_compiler.graph.passes.lift_constants import lift_constants
from neo_compiler.graph.passes.name_nodes import name_nodes
from tests.neo_compiler.models import parse, with_weights

LOOP = """g (float[2] x, int64 n, bool c) => (float[2] y) {{
    y = Loop ({trips}, c, x) <body = b (int64 i, bool k, float[2] v) => (bool o, float[2] u) {{
        {condition}
        u = Add (v, v)
    }}>
}}"""


def check(trips: str, condition: str) -> None:
    graph = ir.from_proto(parse(LOOP.format(trips=trips, condition=condition)))
    name_nodes(graph)
    lift_constants(graph)
    refuse_endless(graph)


@pytest.mark.parametrize(
    "condition", ["o = Identity(k)", "p = Identity(k) o = Identity(p)", "o = Constant<value = bool {1}>()"]
)
def test_a_loop_whose_condition_stays_true_is_refused(condition: str) -> None:
    with pytest.raises(UnsupportedOperators, match=r"nothing ends 1 operator .*\n  Loop: 1 node"):
        check("", condition)


@pytest.mark.parametrize(("turns", "refused"), [(MOST, False), (MOST + 1, True)])
def test_a_trip_count_that_takes_for_ever_is_refused(turns: int, refused: bool) -> None:
    model = with_weights(parse(LOOP.format(trips="n", condition="o = Identity(k)")), n=np.array(turns))
    graph = ir.from_proto(model)
    with pytest.raises(UnsupportedOperators) if refused else contextlib.nullcontext():
        refuse_endless(graph)


@pytest.mark.parametrize(
    ("trips", "condition"),
    [
        ("n", "o = Identity(k)"),
        ("", "s = ReduceSum<keepdims = 0>(v) f = Constant<value = float {9}>() o = Less(s, f)"),
        ("", "o = Constant<value = bool {0}>()"),
    ],
)
def test_other_loops_pass(trips: str, condition: str) -> None:
    check(trips, condition)
