from __future__ import annotations

import itertools
import random

import numpy as np
import onnx
import pytest

from neo_compiler.graph.partition import Part, node_name, partition
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse

CHAIN = "g (float[4] x) => (float[4] z) { a = Relu(x) b = Exp(a) c = Neg(b) z = Relu(c) }"


def run(parts: list[Part], values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The parts one after the other."""
    for part in parts:
        values |= Reference(part.model).run({name: values[name] for name in part.inputs})
    return values


def random_graph(seed: int) -> onnx.ModelProto:
    """Sums and maxima of two earlier values each; what nobody reads is an output, and so are two others."""
    draw = random.Random(seed)
    names, nodes, unread = ["x"], [], set[str]()
    for place in range(draw.randint(2, 25)):
        left, right = draw.choice(names), draw.choice(names)
        nodes.append(f"v{place} = {draw.choice(['Add', 'Max', 'Min'])}({left}, {right})")
        names.append(f"v{place}")
        unread = unread - {left, right} | {f"v{place}"}
    outputs = ", ".join(f"float[4] {name}" for name in sorted(unread | set(draw.sample(names[1:], 2))))
    return parse(f"g (float[4] x) => ({outputs}) {{ {' '.join(nodes)} }}")


def test_nothing_foreign_is_one_part_the_model_itself() -> None:
    model = parse("g (float[4] x, float[4] unused) => (float[4] z, float[4] y) { y = Relu(x) z = Neg(y) }")
    (part,) = partition(model, set())
    assert part.native
    assert (part.inputs, part.outputs) == (["x", "unused"], ["z", "y"])


def test_an_operator_in_the_middle_gives_three_parts() -> None:
    parts = partition(parse(CHAIN), {"b"})
    assert [(part.native, part.inputs, part.outputs) for part in parts] == [
        (True, ["x"], ["a"]),
        (False, ["a"], ["b"]),
        (True, ["b"], ["z"]),
    ]


def test_a_way_around_the_foreign_node_stays_in_the_first_part() -> None:
    model = parse("g (float[4] x) => (float[4] y) { a = Relu(x) b = Exp(a) c = Neg(a) y = Add(b, c) }")
    first, _, last = partition(model, {"b"})
    assert [node.op_type for node in first.model.graph.node] == ["Relu", "Neg"]
    assert last.inputs == ["b", "c"]


def test_small_work_between_two_foreign_nodes_joins_them() -> None:
    body = """g (float[4] x, float[4, 4] w) => (float[4] y) {
        m = MatMul(w, x) a = Exp(m) b = Neg(a) c = Exp(b) y = MatMul(w, c) }"""
    parts = partition(parse(body), {"a", "c"})
    assert [len(part.model.graph.node) for part in parts] == [1, 3, 1]


def test_what_a_subgraph_takes_from_outside_is_an_input() -> None:
    body = """g (bool c, float[4] x) => (float[4] y) { a = Relu(x)
        y = If (c) <then_branch = t () => (float[4] p) { p = Neg(a) },
                    else_branch = e () => (float[4] q) { q = Exp(x) }> }"""
    _, branch = partition(parse(body), {"y"})
    assert sorted(branch.inputs) == ["a", "c", "x"]


@pytest.mark.parametrize("seed", range(40))
def test_parts_of_a_random_graph_run_in_order_and_compute_the_same(seed: int) -> None:
    model, draw = random_graph(seed), random.Random(seed)
    foreign = {node_name(node) for node in model.graph.node if draw.random() < 0.3}
    parts = partition(model, foreign)
    assert all(left.native != right.native for left, right in itertools.pairwise(parts))
    assert sum(len(part.model.graph.node) for part in parts) == len(model.graph.node)
    x = np.random.default_rng(seed).standard_normal(4).astype(np.float32)
    values = run(parts, {"x": x})
    for name, expected in Reference(model).run({"x": x}).items():
        np.testing.assert_array_equal(values[name], expected)
