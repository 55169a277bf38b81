"""Values in the layout of a grouped convolution, which fills up each group, meet other layouts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tests.neo_compiler.compiled import Case, check, on_all_targets


def grouped(nodes: str, weights: str = "", given: Mapping[str, ArrayLike] | None = None) -> Case:
    """`nodes` over a, 64 channels in 8 groups, and b, the same in one group."""
    declared = (
        f"float[1, 64, 6, 7] x, float[64, 8, 3, 3] W, float[64] B, float[64, 64, 3, 3] U{weights and ', '}"
    )
    return Case(
        f"""({declared}{weights}) => (float[N, C, H, V] y) {{
        a = Conv<group=8, pads=[1, 1, 1, 1]>(x, W, B)
        b = Conv<pads=[1, 1, 1, 1]>(x, U)
        {nodes}
    }}""",
        given or {},
    )


LARGE = {"B": np.full(64, 40.0)}
ROWS = {
    "8, then 8": grouped("y = Conv<group=8>(a, T)", "float[32, 8, 3, 3] T"),
    "8, then 4": grouped("y = Conv<group=4>(a, T)", "float[64, 16, 1, 1] T"),
    "8, then 2 that fill blocks": grouped("y = Conv<group=2>(a, T)", "float[64, 32, 1, 1] T"),
    "8, then 1": grouped("y = Conv(a, T)", "float[21, 64, 3, 3] T"),
    "1, then 8": grouped("y = Conv<group=8>(b, T)", "float[64, 8, 3, 3] T"),
    "8, then 64": grouped("y = Conv<group=64>(a, T)", "float[64, 1, 3, 3] T"),
    "8, then 16 and 2": grouped(
        "c = Conv<group=16>(a, T) d = Conv<group=2>(a, R) y = Add(c, d)",
        "float[32, 4, 1, 1] T, float[32, 32, 1, 1] R",
    ),
    "transposed": grouped("y = ConvTranspose<strides=[2, 2]>(a, T)", "float[64, 5, 2, 2] T"),
    "8 and 1 added": grouped("s = Add(a, b) y = Relu(s)"),
    "1 and 8 multiplied": grouped("y = Mul(b, a)"),
    "8 and the input": grouped("s = Add(x, a) y = Conv<group=8>(s, T)", "float[64, 8, 1, 1] T"),
    "constant a channel": grouped("r = Relu(a) m = Mul(r, K) y = Add(m, K)", "float[64, 1, 1] K"),
    "constant an element": grouped("r = Relu(a) y = Mul(r, K)", "float[1, 64, 6, 7] K"),
    "gate": grouped("p = GlobalAveragePool(a) s = Sigmoid(p) y = Mul(a, s)"),
    "gate of one group": grouped(
        "p = GlobalAveragePool(a) c = Conv(p, T) y = Mul(a, c)", "float[64, 64, 1, 1] T"
    ),
    "pooled": grouped("p = MaxPool<kernel_shape=[2, 2]>(a) y = AveragePool<kernel_shape=[2, 2]>(p)"),
    "joined": grouped("y = Concat<axis=1>(a, b, a)"),
    "joined, then 1": grouped("j = Concat<axis=1>(b, a) y = Conv(j, T)", "float[5, 128, 1, 1] T"),
    "split": grouped("y, z = Split<axis=1>(a)"),
    "batch normalisation": grouped(
        "r = Relu(a) n = BatchNormalization(r, S, B, S, V) y = Conv<group=8>(n, T)",
        "float[64] S, float[64] V, float[64, 8, 1, 1] T",
        {"V": np.linspace(0.1, 2, 64)},
    ),
    "exponential": grouped(
        "c = Abs(a) s = Sub(K, c) e = Exp(s) y = Conv(e, T)",
        "float K, float[4, 64, 1, 1] T",
        {"K": 100, "B": np.full(64, -100.0)},
    ),
    "quotient": grouped(
        "c = Conv<group=8, pads=[1, 1, 1, 1]>(x, W, B) q = Div(a, c) y = Conv(q, T)",
        "float[4, 64, 1, 1] T",
        LARGE,
    ),
    "channels shuffled": grouped(
        "r = Reshape(a, S) t = Transpose<perm=[0, 2, 1, 3, 4]>(r) s = Reshape(t, R) "
        "d = Conv<group=64, pads=[1, 1, 1, 1]>(s, D) e = Conv<group=8>(d, T) y = Add(e, x)",
        "int64[5] S, int64[4] R, float[64, 1, 3, 3] D, float[64, 8, 1, 1] T",
        {"S": [1, 8, 8, 6, 7], "R": [1, 64, 6, 7]},
    ),
    "blocks of 3 and of more": Case("""(
        float[1, 8, 6, 6] x, float[8, 3, 1, 1] W, float[3, 8, 1, 1] V
    ) => (float[N, C, H, U] y) {
        a = ConvTranspose(x, W)
        b = Conv(x, V)
        c = Add(a, b)
        d = Max(b, a)
        y = Sub(c, d)
    }"""),
}


@on_all_targets
def test_groups(target: str, tmp_path: Path) -> None:
    check(ROWS, tmp_path, target)
