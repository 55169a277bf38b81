"""In which layout values end: blocked by as many channels as a vector register holds, where that helps."""

from __future__ import annotations

import pytest

from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case, intermediates, on_all_targets, plan_of

CONV = "Conv<pads=[1, 1, 1, 1]>"
WEIGHTS = (
    "float[{c}, 3, 3, 3] V, float[{c}, {c}, 3, 3] W, float[{c}] B, float[{c}, 1, 3, 3] D, float[{c}, 1, 1] K"
)

# Nodes between the convolution p, whose weights are V, and the last one, over q.
BETWEEN = {
    "nothing": "q = Identity(p)",
    "bias and Relu": "a = Conv<pads=[1, 1, 1, 1]>(p, W, B) q = Relu(a)",
    "scale a channel": "a = Relu(p) q = Mul(a, K)",
    "gate": "g = GlobalAveragePool(p) s = Sigmoid(g) q = Mul(p, s)",
    "residual": f"a = {CONV}(p, W) q = Add(a, p)",
    "depthwise": "q = Conv<pads=[1, 1, 1, 1], group={c}>(p, D)",
    "maximum": "q = MaxPool<kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]>(p)",
    "mean": "q = AveragePool<kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1>(p)",
    "swish": "s = Sigmoid(p) q = Mul(p, s)",
    "clip": "q = HardSwish(p)",
    "transposed convolution": "q = ConvTranspose<strides=[2, 2]>(p, W)",
}


def network(nodes: str, channels: int) -> Case:
    """Two convolutions with `nodes` between them; the first reads the input, the last makes the output."""
    weights = WEIGHTS.format(c=channels)
    return Case(f"""(float[1, 3, 9, 10] x, {weights}, float[16, {channels}, 1, 1] L)
    => (float[N, C, H, U] y) {{
        p = {CONV}(x, V)
        {nodes.replace("{c}", str(channels))}
        y = Conv(q, L)
    }}""")


def pictures(case: Case, target: str = "host") -> list[tuple[int, ...]]:
    """The shapes of all values between input and output that have a height or a width."""
    shapes = [tensor.shape for tensor in intermediates(plan_of(case.model(), target).plan)]
    return [shape for shape in shapes if len(shape) > 3 and max(shape[2:4]) > 1]


@pytest.mark.parametrize("channels", [32, 21])
@pytest.mark.parametrize("nodes", BETWEEN.values(), ids=BETWEEN)
def test_values_between_convolutions_are_blocked(nodes: str, channels: int) -> None:
    found = pictures(network(nodes, channels))
    assert found
    assert {len(shape) for shape in found} == {5}


@on_all_targets
def test_a_block_fills_a_vector_register(target: str) -> None:
    blocks = {shape[4] for shape in pictures(network(BETWEEN["residual"], 32), target) if shape[1] > 1}
    assert blocks == {find_target(target).lanes}


def test_full_blocks_are_joined_without_leaving_the_layout() -> None:
    case = network(f"a = Relu(p) b = {CONV}(p, W) q = Concat<axis=1>(a, b)", 32)
    joined = Case(case.body.replace("float[16, 32, 1, 1] L", "float[16, 64, 1, 1] L"))
    assert {len(shape) for shape in pictures(joined)} == {5}


def test_a_network_without_convolutions_stays_as_it_is() -> None:
    body = """(float[1, 32, 8, 8] x) => (float[N, C, H, W] y) {
        r = Relu(x)
        p = MaxPool<kernel_shape=[2, 2], strides=[2, 2]>(r)
        m = AveragePool<kernel_shape=[2, 2]>(p)
        y = Softmax<axis=1>(m)
    }"""
    assert 5 not in {len(shape) for shape in pictures(Case(body))}


def test_weights_are_packed_and_not_kept_twice() -> None:
    body = """(float[1, 32, 8, 8] x, float[64, 32, 3, 3] W) => (float[N, C, H, U] y) {
        y = Conv<pads=[1, 1, 1, 1]>(x, W)
    }"""
    weights = 64 * 32 * 9 * 4
    assert weights <= plan_of(Case(body).model()).plan.params_bytes < 1.1 * weights
