"""Operators that move values, and the layouts around them, against onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tests.neo_compiler.compiled import Case, check, families

Y = "float[N, C, H, W] y"
CONV = "Conv<pads=[1, 1, 1, 1]>"


def two(nodes: str, a: int, b: int, outputs: str = Y) -> Case:
    """`nodes` over p and q, two convolutions of the input with a and b channels."""
    return Case(f"""(float[1, 3, 6, 5] x, float[{a}, 3, 1, 1] A, float[{b}, 3, 3, 3] B, float[{b}] C)
    => ({outputs}) {{
        p = Conv(x, A)
        q = {CONV}(x, B, C)
        {nodes}
    }}""")


def moved(
    nodes: str,
    inputs: str = "",
    given: Mapping[str, ArrayLike] | None = None,
    outputs: str = Y,
    channels: int = 21,
) -> Case:
    """`nodes` over c, a convolution of the input."""
    declared = f"float[1, 3, 6, 8] x, float[{channels}, 3, 3, 3] W{inputs and ', '}{inputs}"
    return Case(f"({declared}) => ({outputs}) {{ c = {CONV}(x, W) {nodes} }}", given or {})


CONCAT = {
    "full and full": two("y = Concat<axis=1>(p, q)", 32, 16),
    "full and not": two("y = Concat<axis=1>(p, q)", 32, 21),
    "not and full": two("y = Concat<axis=1>(p, q)", 21, 32),
    "small and small": two("y = Concat<axis=1>(p, q)", 3, 5),
    "with the input": two("y = Concat<axis=1>(p, x, q)", 32, 16),
    "input last": two("y = Concat<axis=1>(p, q, x)", 32, 16),
    "with itself": two("y = Concat<axis=1>(q, q, q)", 32, 16),
    "with a constant": moved("y = Concat<axis=1>(c, K)", "float[1, 2, 6, 8] K"),
    "with zeros": moved("y = Concat<axis=1>(c, K)", "float[1, 7, 6, 8] K", {"K": np.zeros((1, 7, 6, 8))}),
    "with ones, which fill up a block": moved(
        "s = Sigmoid(c) t = Concat<axis=1>(s, K) y = Conv(t, V)",
        "float[1, 11, 6, 8] K, float[4, 32, 3, 3] V",
        {"K": np.ones((1, 11, 6, 8))},
    ),
    "with zeros, a residual": moved(
        "t = Concat<axis=1>(c, K) p = Conv(x, V) a = Add(t, p) y = Relu(a)",
        "float[1, 20, 6, 8] K, float[41, 3, 1, 1] V",
        {"K": np.zeros((1, 20, 6, 8))},
    ),
    "with zeros in front": moved(
        "y = Concat<axis=1>(K, c)", "float[1, 7, 6, 8] K", {"K": np.zeros((1, 7, 6, 8))}
    ),
    "equal parts that nearly fill their blocks": Case(f"""(
        float[1, 3, 6, 5] x, float[28, 3, 1, 1] A, float[28, 3, 3, 3] B, float[20, 84, 3, 3] C
    ) => ({Y}, float[N, D, H, W] z) {{
        p = Conv(x, A)
        q = {CONV}(x, B)
        r = Relu(p)
        t = Concat<axis=1>(p, q, r)
        y = {CONV}(t, C)
        z = Tanh(t)
    }}"""),
    "along the height": two("y = Concat<axis=2>(p, q)", 21, 21),
    "along the width, negative axis": two("y = Concat<axis=-1>(p, q)", 32, 32),
    "along the batch": two("y = Concat<axis=0>(p, q)", 21, 21),
    "negative axis of the channels": two("y = Concat<axis=-3>(p, q)", 32, 21),
    "before a convolution": Case(f"""(
        float[1, 3, 6, 5] x, float[21, 3, 1, 1] A, float[16, 3, 3, 3] B, float[8, 37, 3, 3] C
    ) => ({Y}) {{
        p = Conv(x, A) a = Relu(p)
        q = {CONV}(x, B) b = Relu(q)
        t = Concat<axis=1>(b, a)
        y = {CONV}(t, C)
    }}"""),
    "grows, as in DenseNet": Case(f"""(
        float[1, 16, 6, 5] x, float[8, 16, 3, 3] A, float[8, 24, 3, 3] B, float[8, 32, 3, 3] C
    ) => ({Y}) {{
        a = {CONV}(x, A)
        s = Concat<axis=1>(x, a)
        b = {CONV}(s, B)
        t = Concat<axis=1>(s, b)
        c = {CONV}(t, C)
        y = Concat<axis=1>(t, c)
    }}"""),
    "of rank two": Case("(float[2, 5] a, float[2, 7] b) => (float[N, M] y) { y = Concat<axis=1>(a, b) }"),
}

SPLIT = {
    "halves": moved("y, z = Split<axis=1>(c)", outputs=f"{Y}, float[N, D, H, W] z", channels=32),
    "uneven": moved("y, z = Split<axis=1>(c, S)", "int64[2] S", {"S": [5, 16]}, f"{Y}, float[N, D, H, W] z"),
    "multiplied": moved("a, b = Split<axis=1>(c) g = Sigmoid(b) y = Mul(a, g)", channels=42),
    "one part unread": moved("y, z = Split<axis=1>(c)", channels=32),
    "channels sliced": moved(
        "y = Slice(c, B, E, A)", "int64[1] B, int64[1] E, int64[1] A", {"B": [2], "E": [19], "A": [1]}
    ),
    "every other pixel": moved(
        "y = Slice(c, B, E, A, T)",
        "int64[2] B, int64[2] E, int64[2] A, int64[2] T",
        {"B": [1, 0], "E": [6, 8], "A": [2, 3], "T": [2, 2]},
    ),
    "backwards": moved(
        "y = Slice(c, B, E, A, T)",
        "int64[1] B, int64[1] E, int64[1] A, int64[1] T",
        {"B": [-1], "E": [-100], "A": [3], "T": [-1]},
    ),
    "channels picked": moved("y = Gather<axis=1>(c, I)", "int64[4] I", {"I": [3, 0, 20, 3]}),
    "channels shuffled": moved(
        "r = Reshape(c, S) t = Transpose<perm=[0, 2, 1, 3, 4]>(r) y = Reshape(t, T)",
        "int64[5] S, int64[4] T",
        {"S": [1, 3, 7, 6, 8], "T": [1, 21, 6, 8]},
    ),
    "depth to space": moved("y = DepthToSpace<blocksize=2>(c)", channels=20),
    "depth to space, CRD": moved('y = DepthToSpace<blocksize=2, mode="CRD">(c)', channels=20),
    "space to depth": moved("y = SpaceToDepth<blocksize=2>(c)"),
}

NEAREST = 'Resize<mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor">'
SCALES = {"S": [1, 1, 2, 2]}
RESIZE = {
    "nearest": moved(
        f"y = {NEAREST}(c, , S)",
        "float[4] S",
        SCALES,
    ),
    "nearest, half pixel": moved('y = Resize<mode="nearest">(c, , S)', "float[4] S", {"S": [1, 1, 3, 2]}),
    "linear": moved('y = Resize<mode="linear">(c, , S)', "float[4] S", SCALES),
    "linear, corners aligned": moved(
        'y = Resize<mode="linear", coordinate_transformation_mode="align_corners">(c, , S)',
        "float[4] S",
        SCALES,
    ),
    "linear, PyTorch": moved(
        'y = Resize<mode="linear", coordinate_transformation_mode="pytorch_half_pixel">(c, , S)',
        "float[4] S",
        SCALES,
    ),
    "linear, to a size": moved('y = Resize<mode="linear">(c, , , S)', "int64[4] S", {"S": [1, 21, 9, 13]}),
    "linear, smaller": moved('y = Resize<mode="linear">(c, , , S)', "int64[4] S", {"S": [1, 21, 3, 4]}),
    "nearest, rounded down": moved(
        'y = Resize<mode="nearest", nearest_mode="floor">(c, , S)',
        "float[4] S",
        SCALES,
    ),
    "nearest, not a multiple": moved(f"y = {NEAREST}(c, , , S)", "int64[4] S", {"S": [1, 21, 9, 13]}),
    "cubic": moved('y = Resize<mode="cubic">(c, , S)', "float[4] S", SCALES),
    "before a residual": moved(
        f"u = {NEAREST}(c, , S) y = Add(u, z)",
        "float[4] S, float[1, 21, 12, 16] z",
        SCALES,
    ),
}

PAD = {
    "zeros": moved("y = Pad(c, P)", "int64[8] P", {"P": [0, 0, 1, 2, 0, 0, 3, 4]}),
    "a value": moved("y = Pad(c, P, V)", "int64[8] P, float V", {"P": [0, 0, 1, 1, 0, 0, 1, 1], "V": -3.0}),
    "of the channels": moved("y = Pad(c, P)", "int64[8] P", {"P": [0, 2, 0, 0, 0, 3, 0, 0]}),
    "behind the channels": moved("y = Pad(c, P)", "int64[8] P", {"P": [0, 0, 0, 0, 0, 3, 0, 0]}),
    "behind the channels, and around": moved(
        "p = Pad(c, P, V) y = Conv(p, U)",
        "int64[8] P, float V, float[4, 40, 3, 3] U",
        {"P": [0, 0, 1, 0, 0, 19, 1, 2], "V": 0.5},
    ),
    "smaller": moved("y = Pad(c, P)", "int64[8] P", {"P": [0, 0, -1, 2, 0, 0, 0, -1]}),
    "edge": moved('y = Pad<mode="edge">(c, P)', "int64[8] P", {"P": [0, 0, 1, 2, 0, 0, 2, 1]}),
    "reflected": moved('y = Pad<mode="reflect">(c, P)', "int64[8] P", {"P": [0, 0, 1, 2, 0, 0, 2, 1]}),
    "before a convolution": moved(
        "p = Pad(c, P) y = Conv(p, V)", "int64[8] P, float[4, 21, 3, 3] V", {"P": [0, 0, 0, 0, 0, 0, 1, 1]}
    ),
    "between a convolution and a maximum": moved(
        "p = Pad(c, P, V) y = MaxPool<kernel_shape=[3, 3], strides=[2, 2]>(p)",
        "int64[8] P, float V",
        {"P": [0, 0, 1, 1, 0, 0, 1, 1], "V": -3.4e38},
    ),
}

SHAPE = {
    "NHWC around a convolution": Case(f"""(float[1, 6, 5, 3] x, float[21, 3, 3, 3] W) => ({Y}) {{
        n = Transpose<perm=[0, 3, 1, 2]>(x)
        c = {CONV}(n, W)
        r = Relu(c)
        y = Transpose<perm=[0, 2, 3, 1]>(r)
    }}"""),
    "NHWC between two": moved(
        "a = Transpose<perm=[0, 2, 3, 1]>(c) b = Mul(a, K) d = Transpose<perm=[0, 3, 1, 2]>(b) "
        "y = Conv(d, V)",
        "float[21] K, float[4, 21, 1, 1] V",
    ),
    "flattened": moved("y = Flatten(c)", outputs="float[N, D] y"),
    "mean, dimensions dropped": moved("y = ReduceMean<axes=[2, 3], keepdims=0>(c)", outputs="float[N, C] y"),
    "squeezed": moved(
        "p = GlobalAveragePool(c) y = Squeeze(p, A)", "int64[2] A", {"A": [2, 3]}, "float[N, C] y"
    ),
    "unsqueezed": moved("y = Unsqueeze(c, A)", "int64[1] A", {"A": [1]}, "float[N, U, C, H, W] y"),
    "sequence": moved(
        "r = Reshape(c, S) y = Transpose<perm=[0, 2, 1]>(r)",
        "int64[3] S",
        {"S": [0, 0, -1]},
        "float[N, T, C] y",
    ),
    "expanded": moved("p = GlobalAveragePool(c) y = Expand(p, S)", "int64[4] S", {"S": [1, 21, 3, 4]}),
    "tiled": moved("y = Tile(c, R)", "int64[4] R", {"R": [1, 2, 1, 3]}),
    "height and width exchanged": moved("y = Transpose<perm=[0, 1, 3, 2]>(c)"),
}

RESULTS = {
    "input": Case("(float[2, 3] x) => (float[2, 3] y) { y = Identity(x) }"),
    "input twice": Case(
        "(float[2, 3] x) => (float[2, 3] y, float[2, 3] z) { y = Identity(x) z = Identity(x) }"
    ),
    "input beside its Relu": Case(
        "(float[2, 3] x) => (float[2, 3] y, float[2, 3] z) { y = Identity(x) z = Relu(x) }"
    ),
    "input in another shape": Case(
        "(float[2, 3] x, int64[1] S) => (float[6] y) { y = Reshape(x, S) }", {"S": [6]}
    ),
    "constant": Case(
        "(float[2, 3] x, float[2, 2] W) => (float[2, 2] y, float[2, 3] z) { y = Identity(W) z = Relu(x) }"
    ),
    "constant twice": Case(
        "(float[2] x, float[2] W) => (float[2] y, float[2] z) { y = Identity(W) z = Identity(W) }"
    ),
    "one value twice": Case(
        "(float[2, 3] x) => (float[2, 3] y, float[2, 3] z) { y = Relu(x) z = Identity(y) }"
    ),
    "equal expressions": Case(
        "(float[2, 3] x) => (float[2, 3] y, float[2, 3] z) { y = Relu(x) z = Relu(x) }"
    ),
    "one value in two shapes": moved("y = Relu(c) z = Flatten(y)", outputs=f"{Y}, float[N, D] z"),
    "a shape, then more work": moved("y = Relu(c) f = Flatten(y) z = Exp(f)", outputs=f"{Y}, float[N, D] z"),
    "convolution and its successor": moved(
        f"y = Relu(c) z = {CONV}(y, V)", "float[4, 21, 3, 3] V", outputs=f"{Y}, float[N, D, H, W] z"
    ),
    "scalar": Case("(float x) => (float y) { y = Exp(x) }"),
}

FAMILIES = {
    "concat": CONCAT,
    "split": SPLIT,
    "resize": RESIZE,
    "pad": PAD,
    "shape": SHAPE,
    "results": RESULTS,
}


@families(FAMILIES, narrow=("concat", "split"))
def test_moved(family: str, target: str, tmp_path: Path) -> None:
    check(FAMILIES[family], tmp_path, target)


def test_a_model_of_a_constant_alone(tmp_path: Path) -> None:
    body = "(float[2] x, float[2, 2] W) => (float[2, 2] y) { y = Identity(W) }"
    compiled = check({"constant": Case(body)}, tmp_path)
    assert compiled.plan.arena_bytes == 0
    assert not compiled.plan.steps
