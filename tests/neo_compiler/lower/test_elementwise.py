"""What stands behind a convolution: activations, normalisation, gates, residuals, constants, several readers.

21 channels fill no block of 4, 8 or 16; the channels that fill up the last block must never show.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tests.neo_compiler.compiled import Case, check, families

Values = Mapping[str, ArrayLike]

CONV = "Conv<pads=[1, 1, 1, 1]>"
Y = "float[N, C, H, W] y"


def behind(
    nodes: str, inputs: str = "", given: Values | None = None, outputs: str = Y, channels: int = 21
) -> Case:
    """`nodes` behind a convolution with a bias, whose result is c; `inputs` adds inputs and weights."""
    declared = (
        f"float[1, 5, 6, 7] x, float[{channels}, 5, 3, 3] W, float[{channels}] B{inputs and ', '}{inputs}"
    )
    return Case(f"({declared}) => ({outputs}) {{ c = {CONV}(x, W, B) {nodes} }}", given or {})


def between(nodes: str, inputs: str = "", given: Values | None = None, channels: int = 21) -> Case:
    """`nodes` that make m of c, then a second convolution over m."""
    more = f"float[6, {channels}, 3, 3] W2{inputs and ', '}{inputs}"
    return behind(f"{nodes} y = {CONV}(m, W2)", more, given, channels=channels)


def normalised(channels: int) -> Values:
    """Statistics of a batch normalisation."""
    random = np.random.default_rng(3)
    return {"Mean": random.standard_normal(channels), "Var": random.uniform(0.1, 2, channels)}


BN = "float[21] Scale, float[21] Shift, float[21] Mean, float[21] Var"
NORMALISE = "BatchNormalization<epsilon=0.001>(c, Scale, Shift, Mean, Var)"
GATE = (
    """p = GlobalAveragePool(c) s = Conv(p, Down) r = Relu(s) e = Conv(r, Up) g = {gate}(e) m = Mul(c, g)"""
)

ACTIVATIONS = {
    "Relu": "y = Relu(c)",
    "Relu6": "y = Clip(c, Low, High)",
    "Clip from below": "y = Clip(c, Low)",
    "LeakyRelu": "y = LeakyRelu<alpha=0.1>(c)",
    "PRelu": "y = PRelu(c, Slope)",
    "Elu": "y = Elu<alpha=0.7>(c)",
    "Selu": "y = Selu(c)",
    "Sigmoid": "y = Sigmoid(c)",
    "HardSigmoid": "y = HardSigmoid<alpha=0.3, beta=0.4>(c)",
    "HardSwish": "y = HardSwish(c)",
    "Swish": "s = Sigmoid(c) y = Mul(c, s)",
    "Tanh": "y = Tanh(c)",
    "Softplus": "y = Softplus(c)",
    "Gelu": "d = Div(c, Root) e = Erf(d) f = Add(e, One) g = Mul(c, f) y = Mul(g, Half)",
    "Round": "y = Round(c)",
    "Floor": "y = Floor(c)",
    "Ceil": "y = Ceil(c)",
    "Abs": "y = Abs(c)",
    "Square": "y = Mul(c, c)",
    "Power": "y = Pow(c, Two)",
}
NUMBERS = "float Low, float High, float Root, float One, float Half, float Two, float[21, 1, 1] Slope"
VALUES: Values = {"Low": 0.0, "High": 6.0, "Root": 2**0.5, "One": 1.0, "Half": 0.5, "Two": 2.0}


def activated(nodes: str) -> Case:
    """An activation that is an output and is read by a convolution."""
    outputs = "float[N, C, H, W] y, float[N, D, H, W] z"
    return behind(f"{nodes} z = {CONV}(y, Z)", f"float[6, 21, 3, 3] Z, {NUMBERS}", VALUES, outputs)


LARGE: Values = {"B": np.full(21, 40.0)}
NEGATIVE: Values = {"B": np.full(21, -40.0)}

# All filled-up channels meet zero weights afterwards: an infinity there would become NaN everywhere.
FINITE = {
    "reciprocal": between("m = Reciprocal(c)", given=LARGE),
    "logarithm": between("m = Log(c)", given=LARGE),
    "root": between("m = Sqrt(c)", given=LARGE),
    "root of the negative": between("n = Neg(c) m = Sqrt(n)", given=NEGATIVE),
    "exponential": between("m = Exp(c)"),
    "exponential of a difference": between(
        "a = Abs(c) s = Sub(K, a) m = Exp(s)", "float K", {"K": 100, "B": np.full(21, -100.0)}
    ),
    "product of products": between(
        "a = Abs(c) b = Mul(a, K) d = Mul(b, b) e = Mul(d, d) f = Mul(e, e) m = Mul(f, f)",
        "float K",
        {"K": 1e3, "B": np.full(21, 1e-3), "W": np.zeros((21, 5, 3, 3))},
    ),
    "constant / tensor": between("m = Div(K, c)", "float K", given=LARGE),
    "tensor / tensor": between(
        f"v = {CONV}(x, V, D) m = Div(c, v)",
        "float[21, 5, 3, 3] V, float[21] D",
        given={"D": np.full(21, 40.0)},
    ),
    "tensor / its mean": between("p = GlobalAveragePool(c) m = Div(c, p)", given=LARGE),
    "tensor / constant a channel": between("m = Div(c, K)", "float[1, 21, 1, 1] K"),
    "power": between("m = Pow(c, K)", "float K", {"K": -1.0, **LARGE}),
    "large constants": between("m = Mul(c, K)", "float[21, 1, 1] K", {"K": np.full((21, 1, 1), 1e30)}),
}

NORMALISATION = {
    "BatchNormalization": behind(f"y = {NORMALISE}", BN, normalised(21)),
    "BatchNormalization, Relu": behind(f"n = {NORMALISE} y = Relu(n)", BN, normalised(21)),
    "BatchNormalization, Clip": behind(
        f"n = {NORMALISE} y = Clip(n, Low, High)",
        f"{BN}, float Low, float High",
        {"Low": 0, "High": 6, **normalised(21)},
    ),
    "before a padded convolution": between(f"n = {NORMALISE} m = Relu(n)", BN, normalised(21)),
    "of the input": Case(
        f"""(float[2, 21, 6, 6] c, {BN}, float[8, 21, 3, 3] W) => ({Y}) {{
            n = {NORMALISE} y = {CONV}(n, W)
        }}""",
        normalised(21),
    ),
    "depthwise": Case(
        f"""(float[1, 21, 6, 6] x, float[21, 1, 3, 3] W, {BN}) => ({Y}) {{
            c = Conv<group=21, pads=[1, 1, 1, 1]>(x, W) y = {NORMALISE}
        }}""",
        normalised(21),
    ),
    "grouped": Case(
        f"""(float[1, 6, 6, 6] x, float[21, 2, 3, 3] W, {BN}) => ({Y}) {{
            c = Conv<group=3>(x, W) y = {NORMALISE}
        }}""",
        normalised(21),
    ),
    "transposed": Case(
        f"""(float[1, 6, 6, 6] x, float[6, 21, 2, 2] W, {BN}) => ({Y}) {{
            c = ConvTranspose<strides=[2, 2]>(x, W) y = {NORMALISE}
        }}""",
        normalised(21),
    ),
    "convolution read twice": behind(f"n = {NORMALISE} y = Add(n, c)", BN, normalised(21)),
    "convolution an output too": behind(
        f"y = {NORMALISE} z = Identity(c)", BN, normalised(21), f"{Y}, float[N, C, H, W] z"
    ),
    "two, one behind the other": behind(
        f"d = {NORMALISE} y = BatchNormalization(d, Shift, Scale, Mean, Var)", BN, normalised(21)
    ),
    "InstanceNormalization": behind("y = InstanceNormalization(c, S, T)", "float[21] S, float[21] T"),
    "LRN": behind("y = LRN<size=5, alpha=0.1, beta=0.75, bias=1.0>(c)"),
    "shift, scale, shift, divide": behind(
        "s = Add(c, P) m = Mul(Q, s) t = Sub(m, K) y = Div(t, Q)",
        "float[1, 21, 1, 1] P, float[21, 1, 1] Q, float K",
    ),
    "constant - convolution": behind("y = Sub(P, c)", "float[21, 1, 1] P"),
    "scale before a shift that depends on the pixel": behind(
        "m = Mul(c, Q) s = Add(m, P) y = Mul(s, Q)", "float[1, 1, 6, 7] P, float[21, 1, 1] Q"
    ),
}

OPERANDS = {
    "scalar": behind("y = Mul(c, K)", "float K"),
    "scalar of rank one": behind("y = Add(K, c)", "float[1] K"),
    "constant a channel": behind("r = Relu(c) y = Mul(r, K)", "float[1, 21, 1, 1] K"),
    "constant a pixel": behind("y = Mul(c, K)", "float[1, 1, 6, 7] K"),
    "constant a pixel of rank two": behind("y = Add(c, K)", "float[6, 7] K"),
    "constant a column": behind("y = Mul(c, K)", "float[7] K"),
    "constant a row": behind("y = Mul(K, c)", "float[6, 1] K"),
    "constant an element": behind("y = Max(c, K)", "float[1, 21, 6, 7] K"),
    "constant of a larger batch": behind("y = Add(c, K)", "float[3, 21, 1, 1] K"),
    "constant that widens one channel": behind("y = Add(c, K)", "float[4, 1, 1] K", channels=1),
    "input of the same shape": behind("y = Add(c, z)", "float[1, 21, 6, 7] z"),
    "input a channel": behind("y = Mul(c, z)", "float[1, 21, 1, 1] z"),
    "input a channel of rank three": behind("y = Mul(c, z)", "float[21, 1, 1] z"),
    "input a pixel": behind("y = Sub(z, c)", "float[1, 1, 6, 7] z"),
    "input that widens": behind("y = Add(c, z)", "float[2, 21, 6, 7] z"),
    "input that widens one channel": behind("y = Add(c, z)", "float[1, 9, 6, 7] z", channels=1),
    "gate a pixel": behind("r = Relu(c) g = Conv(r, G) s = Sigmoid(g) y = Mul(r, s)", "float[1, 21, 1, 1] G"),
    "comparison": behind("p = Greater(c, K) y = Where(p, c, K)", "float K", {"K": 0.1}),
    "minimum of three": behind("y = Min(c, K, z)", "float K, float[1, 21, 6, 7] z"),
}

READERS = {
    "squeeze and excite": between(
        GATE.format(gate="Sigmoid"), "float[3, 21, 1, 1] Down, float[21, 3, 1, 1] Up"
    ),
    "squeeze and excite, hard": between(
        GATE.format(gate="HardSigmoid"), "float[3, 21, 1, 1] Down, float[21, 3, 1, 1] Up"
    ),
    "residual before Relu": behind(
        f"r = Relu(c) d = {CONV}(r, V) s = Add(d, c) y = Relu(s)", "float[21, 21, 3, 3] V"
    ),
    "residual behind Relu": behind(
        f"r = Relu(c) d = {CONV}(r, V) e = Relu(d) y = Add(r, e)", "float[21, 21, 3, 3] V"
    ),
    "residual chain": behind(
        f"""a = {CONV}(c, V) b = Add(a, c) d = Relu(b) e = {CONV}(d, V) f = Add(e, d) h = Relu(f)
            i = {CONV}(h, V) j = Add(h, i) y = Relu(j)""",
        "float[21, 21, 3, 3] V",
    ),
    "residual of full blocks": behind(
        f"r = Relu(c) d = {CONV}(r, V) s = Add(d, c) y = Relu(s)", "float[32, 32, 3, 3] V", channels=32
    ),
    "residual of the input": Case(
        f"(float[1, 21, 6, 6] x, float[21, 21, 3, 3] W) => ({Y}) {{ c = {CONV}(x, W) y = Add(c, x) }}"
    ),
    "added to itself": behind("y = Add(c, c)"),
    "two readers": behind(f"a = {CONV}(c, V) b = Sigmoid(c) y = Mul(a, b)", "float[21, 21, 3, 3] V"),
    "output and read": behind("y = Relu(c) z = Identity(c)", outputs=f"{Y}, float[N, C, H, W] z"),
    "output before and behind": behind(
        f"y = Relu(c) z = {CONV}(y, V)", "float[4, 21, 3, 3] V", outputs=f"{Y}, float[N, C, H, W] z"
    ),
    "one input, three convolutions": Case(
        f"""(float[1, 3, 6, 6] x, float[8, 3, 3, 3] U, float[5, 3, 1, 1] V, float[2, 3, 5, 5] W)
        => (float[N, A, H, W] a, float[N, B, H, W] b, float[N, D, H, W] d) {{
            a = {CONV}(x, U) b = Conv(x, V) d = Conv<pads=[2, 2, 2, 2]>(x, W)
        }}"""
    ),
    "one weight, two convolutions": behind(
        f"a = {CONV}(x, W) s = Add(a, c) y = Relu(s)",
    ),
}

FAMILIES = {
    "activations": {name: activated(nodes) for name, nodes in ACTIVATIONS.items()},
    "finite": FINITE,
    "normalisation": NORMALISATION,
    "operands": OPERANDS,
    "readers": READERS,
}


@families(FAMILIES, narrow=("finite", "readers"))
def test_behind_a_convolution(family: str, target: str, tmp_path: Path) -> None:
    check(FAMILIES[family], tmp_path, target)
