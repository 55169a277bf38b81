"""Matrix products of every form against onnxruntime."""

from __future__ import annotations

from pathlib import Path

from tests.neo_compiler.compiled import Case, check, families


def matmul(rows: tuple[int, ...], depth: int, width: int, tail: str = "", more: str = "") -> Case:
    """(rows, depth) by constant (depth, width) as p; `tail` makes y of it."""
    symbols = ", ".join("ABCD"[: len(rows)] + "N")
    return Case(f"""(float{[*rows, depth]} x, float[{depth}, {width}] W{more and ", "}{more})
    => (float[{symbols}] y) {{
        {"p" if tail else "y"} = MatMul(x, W)
        {tail}
    }}""")


def gemm(rows: int, depth: int, width: int, attributes: str = "transB=1") -> Case:
    """A product with a bias; the weights are transposed as PyTorch exports them, unless told otherwise."""
    weight = (width, depth) if "transB=1" in attributes else (depth, width)
    data = (depth, rows) if "transA=1" in attributes else (rows, depth)
    return Case(f"""(float{list(data)} x, float{list(weight)} W, float[{width}] B) => (float[M, N] y) {{
        y = Gemm<{attributes}>(x, W, B)
    }}""")


GEMM = {
    "1000 classes": gemm(1, 128, 1000),
    "7 wide": gemm(1, 100, 7),
    "1 wide": gemm(1, 64, 1),
    "2 deep": gemm(1, 2, 24),
    "17 rows": gemm(17, 64, 40),
    "197 rows": gemm(197, 24, 40),
    "197 rows, 13 wide": gemm(197, 24, 13),
    "17 rows, 1 wide": gemm(17, 37, 1),
    "depth 37, width 13": gemm(3, 37, 13),
    "depth 1": gemm(5, 1, 16),
    "not transposed": gemm(4, 32, 48, "transB=0"),
    "input transposed": gemm(4, 32, 48, "transA=1, transB=1"),
    "alpha and beta": gemm(4, 32, 24, "transB=1, alpha=0.5, beta=2.0"),
    "no bias": Case("(float[3, 20] x, float[24, 20] W) => (float[M, N] y) { y = Gemm<transB=1>(x, W) }"),
    "bias a row": Case("""(float[3, 20] x, float[20, 24] W, float[3, 1] B) => (float[M, N] y) {
        y = Gemm(x, W, B)
    }"""),
    "scalar bias": Case("""(float[3, 20] x, float[20, 24] W, float B) => (float[M, N] y) {
        y = Gemm(x, W, B)
    }"""),
    "bias an input": Case("""(float[3, 20] x, float[20, 24] W, float[3, 24] b) => (float[M, N] y) {
        y = Gemm(x, W, b)
    }"""),
}

WEIGHTS = {
    "1 row": matmul((1,), 64, 128),
    "17 rows": matmul((17,), 64, 128),
    "128 rows": matmul((128,), 33, 65),
    "odd everywhere": matmul((13,), 111, 37),
    "three dimensions": matmul((2, 9), 48, 96),
    "four dimensions": matmul((2, 3, 5), 16, 24),
    "Relu": matmul((8,), 32, 48, "y = Relu(p)"),
    "bias, Gelu": matmul(
        (2, 9), 48, 96, "q = Add(p, B) h = Mul(q, q) t = Tanh(h) y = Mul(q, t)", "float[96] B"
    ),
    "bias before": matmul((2, 9), 48, 21, "y = Add(B, p)", "float[21] B"),
    "residual": matmul((2, 9), 48, 48, "y = Add(p, x)"),
    "bias, residual, read twice": matmul(
        (2, 9), 48, 48, "q = Add(p, B) r = Add(q, x) s = Sigmoid(r) y = Mul(r, s)", "float[48] B"
    ),
    "two in a row": matmul((1, 5), 24, 56, "r = Relu(p) y = MatMul(r, V)", "float[56, 24] V"),
    "one weight, twice": matmul((3,), 24, 24, "r = Tanh(p) y = MatMul(r, W)"),
    "weight transposed": Case("""(float[4, 20] x, float[24, 20] W) => (float[M, N] y) {
        t = Transpose<perm=[1, 0]>(W) y = MatMul(x, t)
    }"""),
    "bias of many rows": matmul((6,), 20, 24, "y = Add(p, B)", "float[6, 24] B"),
    "times a vector": Case("(float[3, 20] x, float[20] W) => (float[M] y) { y = MatMul(x, W) }"),
    "vector times": Case("(float[20] x, float[20, 24] W) => (float[N] y) { y = MatMul(x, W) }"),
    "weight first": Case("(float[20, 7] x, float[24, 20] W) => (float[M, N] y) { y = MatMul(W, x) }"),
    "a weight a batch": Case(
        "(float[3, 5, 20] x, float[3, 20, 24] W) => (float[B, M, N] y) { y = MatMul(x, W) }"
    ),
    "weights of one batch": Case(
        "(float[3, 5, 20] x, float[1, 20, 24] W) => (float[B, M, N] y) { y = MatMul(x, W) }"
    ),
}

INPUTS = {
    "matrices": Case("(float[5, 20] a, float[20, 24] b) => (float[M, N] y) { y = MatMul(a, b) }"),
    "odd matrices": Case("(float[13, 37] a, float[37, 11] b) => (float[M, N] y) { y = MatMul(a, b) }"),
    "batches": Case("(float[3, 5, 20] a, float[3, 20, 24] b) => (float[B, M, N] y) { y = MatMul(a, b) }"),
    "heads": Case(
        "(float[1, 4, 9, 16] a, float[1, 4, 16, 9] b) => (float[B, H, M, N] y) { y = MatMul(a, b) }"
    ),
    "broadcast": Case(
        "(float[2, 1, 9, 16] a, float[4, 16, 9] b) => (float[B, H, M, N] y) { y = MatMul(a, b) }"
    ),
    "transposed": Case("""(float[1, 4, 9, 16] a, float[1, 4, 9, 16] b) => (float[B, H, M, N] y) {
        t = Transpose<perm=[0, 1, 3, 2]>(b) y = MatMul(a, t)
    }"""),
    "a prime number of rows and columns": Case("""
        (float[1, 2, 197, 24] a, float[1, 2, 24, 197] b, float[197] c) => (float[B, H, M, N] y) {
            p = MatMul(a, b) s = Add(p, c) y = Softmax(s)
    }"""),
    "a prime number of rows, scaled and masked": Case("""
        (float[2, 2, 17, 24] a, float[2, 2, 24, 32] b, float[2, 1, 1, 32] m, float S)
        => (float[B, H, M, N] y) {
            p = MatMul(a, b) q = Mul(p, S) y = Add(q, m)
    }"""),
    "one row": Case("(float[2, 1, 24] a, float[2, 24, 40] b) => (float[B, M, N] y) { y = MatMul(a, b) }"),
    "one column": Case("(float[3, 20, 20] a, float[3, 20, 1] b) => (float[B, M, N] y) { y = MatMul(a, b) }"),
    "Gemm": Case("""(float[5, 20] a, float[24, 20] b, float[24] c) => (float[M, N] y) {
        y = Gemm<transB=1>(a, b, c)
    }"""),
    "dot product": Case("(float[20] a, float[20] b) => (float y) { y = MatMul(a, b) }"),
    "einsum": Case("""(float[2, 5, 4, 8] a, float[2, 7, 4, 8] b) => (float[B, H, M, N] y) {
        y = Einsum<equation="bmhd,bnhd->bhmn">(a, b)
    }"""),
    "whole numbers": Case("(int32[5, 20] a, int32[20, 24] b) => (int32[M, N] y) { y = MatMul(a, b) }"),
    "double": Case("(double[5, 20] a, double[20, 24] b) => (double[M, N] y) { y = MatMul(a, b) }"),
}

HEADS = {
    "flattened": Case("""(float[1, 3, 6, 5] x, float[21, 3, 1, 1] V, float[1000, 630] W, float[1000] B)
    => (float[N, K] y) {
        c = Conv(x, V) r = Relu(c) f = Flatten(r) y = Gemm<transB=1>(f, W, B)
    }"""),
    "pooled": Case("""(float[2, 3, 6, 5] x, float[21, 3, 1, 1] V, float[7, 21] W, float[7] B)
    => (float[N, K] y) {
        c = Conv(x, V) p = GlobalAveragePool(c) f = Flatten(p) g = Gemm<transB=1>(f, W, B) y = Softmax(g)
    }"""),
    "pooled and dropped": Case("""(float[1, 3, 6, 5] x, float[32, 3, 1, 1] V, float[32, 10] W, float[10] B)
    => (float[N, K] y) {
        c = Conv(x, V) p = ReduceMean<axes=[2, 3], keepdims=0>(c) m = MatMul(p, W) y = Add(m, B)
    }"""),
    "of each pixel": Case(
        """(float[1, 3, 6, 5] x, float[21, 3, 1, 1] V, float[21, 9] W, int64[3] S) => (float[N, T, K] y) {
            c = Conv(x, V) t = Reshape(c, S) s = Transpose<perm=[0, 2, 1]>(t) y = MatMul(s, W)
        }""",
        {"S": [1, 21, 30]},
    ),
}

FAMILIES = {"Gemm": GEMM, "constant weights": WEIGHTS, "inputs": INPUTS, "heads": HEADS}


@families(FAMILIES, narrow=("Gemm", "constant weights"))
def test_product(family: str, target: str, tmp_path: Path) -> None:
    check(FAMILIES[family], tmp_path, target)
