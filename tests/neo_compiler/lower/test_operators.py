"""Other operators, and small networks of them, against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.neo_compiler.compiled import Case, check, families

SIGNS = np.array([[-1.5, -0.5, 0.0, 0.5], [1.5, 2.5, -2.5, 3.25]])


def unary(operator: str, values: object = None, opset: int = 17) -> Case:
    """An operator of one tensor."""
    given = {} if values is None else {"x": np.asarray(values)}
    return Case(f"(float[2, 4] x) => (float[2, 4] y) {{ y = {operator}(x) }}", given, opset)


POSITIVE = np.linspace(0.1, 4, 8).reshape(2, 4)
UNIT = np.linspace(-0.9, 0.9, 8).reshape(2, 4)
EXTREMES = np.array([[-1e4, -100, -20, -1e-4], [1e-4, 20, 100, 1e4]])

UNARY = {
    **{name: unary(name) for name in ("Abs", "Neg", "Exp", "Sin", "Cos", "Tan", "Atan", "Asinh")},
    **{name: unary(name, SIGNS) for name in ("Sign", "Round", "Floor", "Ceil")},
    **{name: unary(name, POSITIVE) for name in ("Log", "Sqrt", "Reciprocal")},
    **{name: unary(name, UNIT) for name in ("Asin", "Acos", "Atanh")},
    **{
        f"{name} of extremes": unary(name, EXTREMES)
        for name in (
            "Sigmoid",
            "Tanh",
            "Erf",
            "Softplus",
            "HardSwish",
            "HardSigmoid",
            "Relu",
            "Elu",
            "Softsign",
        )
    },
    "Exp of extremes": unary("Exp", [[-1e4, -100, -20, -1e-4], [1e-4, 20, 80, 88]]),
    "Sigmoid": unary("Sigmoid"),
    "Erf": unary("Erf"),
    "Acosh": unary("Acosh", POSITIVE + 1),
    "ThresholdedRelu": unary("ThresholdedRelu<alpha=0.5>"),
}

ROWS = {
    "Softmax": Case("(float[3, 37] x) => (float[N, C] y) { y = Softmax(x) }"),
    "Softmax of 1000": Case("(float[1, 1000] x) => (float[N, C] y) { y = Softmax(x) }"),
    "Softmax of large values": Case(
        "(float[1, 4] x) => (float[N, C] y) { y = Softmax(x) }", {"x": [[1e4, 1e4 - 1, 0, -1e4]]}
    ),
    "Softmax of the channels": Case(
        "(float[2, 5, 3, 4] x) => (float[N, C, H, W] y) { y = Softmax<axis=1>(x) }"
    ),
    "Softmax of masked scores": Case(
        """(float[1, 2, 5, 5] x, float[1, 1, 5, 5] M) => (float[N, H, T, S] y) {
        s = Add(x, M) y = Softmax<axis=-1>(s)
    }""",
        {"M": np.triu(np.full((1, 1, 5, 5), -3.4e38), 1)},
    ),
    "LogSoftmax": Case("(float[3, 37] x) => (float[N, C] y) { y = LogSoftmax(x) }"),
    "LayerNormalization": Case("""(float[2, 9, 48] x, float[48] S, float[48] B) => (float[N, T, C] y) {
        y = LayerNormalization<epsilon=0.00001>(x, S, B)
    }"""),
    "LayerNormalization of 37": Case("""(float[5, 37] x, float[37] S, float[37] B) => (float[N, C] y) {
        y = LayerNormalization(x, S, B)
    }"""),
    "LayerNormalization by hand": Case(
        """(float[2, 9, 48] x, float[48] S, float[48] B, float Two, float E)
    => (float[N, T, C] y) {
        m = ReduceMean<axes=[-1]>(x) d = Sub(x, m) q = Pow(d, Two) v = ReduceMean<axes=[-1]>(q)
        e = Add(v, E) r = Sqrt(e) n = Div(d, r) s = Mul(n, S) y = Add(s, B)
    }""",
        {"Two": 2, "E": 1e-5},
    ),
    "LayerNormalization of pixels": Case("""(
        float[1, 3, 6, 5] x, float[21, 3, 1, 1] W, float[21] S, float[21] B
    ) => (float[N, C, H, U] y) {
        c = Conv(x, W) t = Transpose<perm=[0, 2, 3, 1]>(c) n = LayerNormalization(t, S, B)
        y = Transpose<perm=[0, 3, 1, 2]>(n)
    }"""),
    "InstanceNormalization": Case("""(float[2, 5, 6, 7] x, float[5] S, float[5] B) => (float[N, C, H, W] y) {
        y = InstanceNormalization(x, S, B)
    }"""),
    "LRN": Case("(float[1, 7, 5, 6] x) => (float[N, C, H, W] y) { y = LRN<size=3, alpha=0.1, bias=2.0>(x) }"),
    "ArgMax": Case("(float[3, 9] x) => (int64[N, M] y) { y = ArgMax<axis=1>(x) }", poisoned=False),
    **{
        name: Case(f"(float[2, 3, 8] x) => (float[N, C] y) {{ y = {name}<axes=[-1], keepdims=0>(x) }}")
        for name in (
            "ReduceMax",
            "ReduceMin",
            "ReduceProd",
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSumExp",
            "ReduceSumSquare",
        )
    },
}

WHOLE = {
    "tokens": Case("(int64[1, 9] x, float[4, 24] E) => (float[N, T, C] y) { y = Gather(E, x) }"),
    "int32 tokens": Case("(int32[1, 9] x, float[4, 24] E) => (float[N, T, C] y) { y = Gather(E, x) }"),
    "tokens and places": Case("""(int64[1, 9] x, float[4, 24] E, float[1, 9, 24] P, float[24] S, float[24] B)
    => (float[N, T, C] y) {
        e = Gather(E, x) s = Add(e, P) y = LayerNormalization(s, S, B)
    }"""),
    "one token": Case("(int64 x, float[4, 24] E) => (float[C] y) { y = Gather(E, x) }"),
    "negative index": Case("(float[5, 24] x, int64 I) => (float[C] y) { y = Gather(x, I) }", {"I": -2}),
    "elements": Case(
        "(float[3, 4] x, int64[3, 2] i) => (float[N, M] y) { y = GatherElements<axis=1>(x, i) }"
    ),
    "places": Case("(float[4, 4, 3] x, int64[5, 2] i) => (float[N, M] y) { y = GatherND(x, i) }"),
    "int64 through": Case("(int64[2, 3] x, int64 K) => (int64[2, 3] y) { y = Mul(x, K) }", {"K": 7}),
    "int64 beyond 32 bits": Case(
        "(int64[2] x, int64 K) => (int64[2] y) { y = Mul(x, K) }", {"x": [2**40, -(2**41)], "K": 3}
    ),
    "int32 division": Case(
        "(int32[4] x, int32 K) => (int32[4] y) { y = Div(x, K) }", {"x": [-7, 7, -8, 9], "K": 2}
    ),
    "remainder": Case(
        "(int64[4] x, int64 K) => (int64[4] y) { y = Mod(x, K) }", {"x": [-7, 7, -8, 9], "K": 3}
    ),
    "uint8 picture": Case(
        """(uint8[1, 4, 5, 3] x, float S) => (float[N, C, H, W] y) {
        t = Transpose<perm=[0, 3, 1, 2]>(x) f = Cast<to=1>(t) y = Mul(f, S)
    }""",
        {"S": 1 / 255},
    ),
    "int8": Case("(int8[7] x) => (float[7] y) { y = Cast<to=1>(x) }", {"x": [-128, -1, 0, 1, 5, 100, 127]}),
    "bool in": Case("(bool[2, 3] p, float[2, 3] x, float[2, 3] z) => (float[2, 3] y) { y = Where(p, x, z) }"),
    "bool out": Case("(float[2, 3] x, float K) => (bool[2, 3] y) { y = Greater(x, K) }", {"K": 0.0}),
    "bool logic": Case("""(bool[2, 3] a, bool[2, 3] b) => (bool[2, 3] y) {
        n = Not(a) c = And(n, b) d = Or(c, a) y = Xor(d, b)
    }"""),
    "bool in and out": Case("(bool[5] x) => (bool[5] y) { y = Identity(x) }"),
    "equality": Case("(int64[5] x, int64 K) => (bool[5] y) { y = Equal(x, K) }", {"K": 2}),
    "comparisons": Case("""(float[4] x, float[4] z) => (bool[4] a, bool[4] b, bool[4] c) {
        a = Less(x, z) b = LessOrEqual(x, z) c = GreaterOrEqual(x, z)
    }"""),
    "to whole numbers": Case(
        "(float[6] x) => (int64[6] y) { y = Cast<to=7>(x) }",
        {"x": [-2.7, -0.5, 0.5, 1.5, 2.5, 1e6]},
        poisoned=False,
    ),
    "to truth": Case("(float[4] x) => (bool[4] y) { y = Cast<to=9>(x) }", {"x": [0, -0.5, 1, 2]}),
    "truth to float": Case("(bool[4] x) => (float[4] y) { y = Cast<to=1>(x) }"),
    "double": Case("(double[2, 3] x) => (double[2, 3] y) { e = Exp(x) y = Sqrt(e) }"),
    "attention mask": Case(
        """(int64[1, 5] m, float One, float K) => (float[N, T] y) {
        f = Cast<to=1>(m) i = Sub(One, f) y = Mul(i, K)
    }""",
        {"One": 1, "K": -1e4},
    ),
}

ATTENTION = Case(
    """(
    float[1, 9, 32] x, float[32, 96] W, float[96] B, float Scale, float[32, 32] O,
    int64[5] S, int64 Q, int64 K, int64 V, int64[3] R
) => (float[N, T, C] y) {
    p = MatMul(x, W)
    b = Add(p, B)
    h = Reshape(b, S)
    t = Transpose<perm=[2, 0, 3, 1, 4]>(h)
    q = Gather(t, Q)
    k = Gather(t, K)
    v = Gather(t, V)
    u = Transpose<perm=[0, 1, 3, 2]>(k)
    s = MatMul(q, u)
    z = Mul(s, Scale)
    a = Softmax<axis=-1>(z)
    c = MatMul(a, v)
    d = Transpose<perm=[0, 2, 1, 3]>(c)
    e = Reshape(d, R)
    o = MatMul(e, O)
    y = Add(o, x)
}""",
    {"Scale": 8**-0.5, "S": [1, 9, 3, 4, 8], "Q": 0, "K": 1, "V": 2, "R": [1, 9, 32]},
)

LSTM = Case("""(float[1, 20] x, float[1, 16] h, float[1, 16] c, float[64, 20] W, float[64, 16] R, float[64] B)
=> (float[1, 16] hidden, float[1, 16] cell) {
    a = Gemm<transB=1>(x, W, B)
    b = Gemm<transB=1>(h, R)
    g = Add(a, b)
    i, f, o, u = Split<axis=1>(g)
    si = Sigmoid(i)
    sf = Sigmoid(f)
    so = Sigmoid(o)
    tu = Tanh(u)
    kept = Mul(sf, c)
    new = Mul(si, tu)
    cell = Add(kept, new)
    tc = Tanh(cell)
    hidden = Mul(so, tc)
}""")

GRU = Case(
    """(float[3, 20] x, float[3, 16] h, float[20, 48] W, float[16, 32] R, float[16, 16] U, float One)
=> (float[3, 16] hidden) {
    a = MatMul(x, W)
    z, r, n = Split<axis=1>(a)
    b = MatMul(h, R)
    bz, br = Split<axis=1>(b)
    pz = Add(z, bz)
    pr = Add(r, br)
    sz = Sigmoid(pz)
    sr = Sigmoid(pr)
    rh = Mul(sr, h)
    u = MatMul(rh, U)
    pn = Add(n, u)
    t = Tanh(pn)
    keep = Mul(sz, h)
    i = Sub(One, sz)
    take = Mul(i, t)
    hidden = Add(keep, take)
}""",
    {"One": 1},
)

NETWORKS = {
    "attention": ATTENTION,
    "LSTM cell": LSTM,
    "GRU cell": GRU,
    "Gelu": Case(
        """(float[2, 9, 48] x, float R, float One, float H) => (float[N, T, C] y) {
        d = Div(x, R) e = Erf(d) a = Add(e, One) m = Mul(x, a) y = Mul(m, H)
    }""",
        {"R": 2**0.5, "One": 1, "H": 0.5},
    ),
    "quantised and back": Case(
        """(float[2, 24] x, float S, uint8 Z) => (float[N, C] y) {
        q = QuantizeLinear(x, S, Z) y = DequantizeLinear(q, S, Z)
    }""",
        {"S": 0.03, "Z": 120},
        poisoned=False,
    ),
    "int8 weights": Case(
        """(float[3, 24] x, int8[24, 40] W, float[40] S, int8[40] Z) => (float[M, N] y) {
        f = DequantizeLinear<axis=1>(W, S, Z) y = MatMul(x, f)
    }""",
        {"W": np.arange(960).reshape(24, 40) % 255 - 127},
    ),
}

FAMILIES = {"unary": UNARY, "rows": ROWS, "whole numbers": WHOLE, "networks": NETWORKS}


@families(FAMILIES, narrow=("unary", "networks"))
def test_operators(family: str, target: str, tmp_path: Path) -> None:
    check(FAMILIES[family], tmp_path, target)


def test_operators_of_opset_20(tmp_path: Path) -> None:
    rows = {
        "Gelu": unary("Gelu", opset=20),
        "Gelu by tanh": unary('Gelu<approximate="tanh">', opset=20),
        "Mish": unary("Mish", opset=20),
        "ReduceMean": Case(
            """(float[1, 3, 6, 5] x, float[21, 3, 1, 1] W, int64[2] A) => (float[N, C, H, U] y) {
            c = Conv(x, W) y = ReduceMean(c, A)
        }""",
            {"A": [2, 3]},
            20,
        ),
    }
    check(rows, tmp_path)
