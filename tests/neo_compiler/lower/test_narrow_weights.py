"""int8 weights and tables, which stay int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tests.neo_compiler.compiled import Case, check, on_all_targets, plan_of

# Large enough that widening them to float32 is not done while compiling.
TABLE = np.arange(300 * 320).reshape(300, 320) % 255 - 127


def product(nodes: str, weights: str, table: ArrayLike = TABLE, **given: ArrayLike) -> Case:
    """`nodes` make f of the int8 weights Q, by which x is multiplied."""
    kind = "uint8" if np.min(table) >= 0 else "int8"
    rows, columns = np.shape(table)
    return Case(
        f"(float[3, {rows}] x, {kind}[{rows}, {columns}] Q, {weights}) => (float[M, N] y) {{ {nodes} }}",
        {"Q": table, **given},
    )


def lookup(nodes: str, scale: str, index: str = "int64[1, 9] i", **given: ArrayLike) -> Case:
    """`nodes` make t of the int8 table Q; y are rows of it."""
    shape = {"int64 i": "D", "int64[2] i": "T, D", "int64[1, 9] i": "N, T, D"}[index]
    body = f"({index}, int8[300, 320] Q, {scale}) => (float[{shape}] y) {{ {nodes} y = Gather(t, i) }}"
    return Case(body, {"Q": TABLE, **given})


MULTIPLY = "y = MatMul(x, f)"
PRODUCTS = {
    "one scale": product(f"f = DequantizeLinear(Q, S) {MULTIPLY}", "float S"),
    "a scale a column": product(f"f = DequantizeLinear<axis=1>(Q, S) {MULTIPLY}", "float[320] S"),
    "last axis": product(f"f = DequantizeLinear<axis=-1>(Q, S) {MULTIPLY}", "float[320] S"),
    "unsigned": product(f"f = DequantizeLinear<axis=1>(Q, S) {MULTIPLY}", "float[320] S", TABLE + 127),
    "cast": product(f"c = Cast<to=1>(Q) f = Mul(c, S) {MULTIPLY}", "float[320] S"),
    "cast, scale first": product(f"c = Cast<to=1>(Q) f = Mul(S, c) {MULTIPLY}", "float[1, 320] S"),
}
WIDENED = {
    "zero point": product(f"f = DequantizeLinear(Q, S, Z) {MULTIPLY}", "float S, int8 Z", Z=3),
    "unsigned, zero point": product(
        f"f = DequantizeLinear(Q, S, Z) {MULTIPLY}", "float S, uint8 Z", TABLE + 127, Z=128
    ),
    "a scale a row": product(f"f = DequantizeLinear<axis=0>(Q, S) {MULTIPLY}", "float[300] S"),
    "a scale a row, square": product(
        f"f = DequantizeLinear<axis=0>(Q, S) {MULTIPLY}", "float[300] S", TABLE[:, :300]
    ),
    "cast, a scale a row": product(f"c = Cast<to=1>(Q) f = Mul(c, S) {MULTIPLY}", "float[300, 1] S"),
    "no scale": product(f"f = Cast<to=1>(Q) {MULTIPLY}", "float S"),
    "transposed": product(
        "f = DequantizeLinear<axis=0>(Q, S) t = Transpose<perm=[1, 0]>(f) b = MatMul(x, f) y = MatMul(b, t)",
        "float[300] S",
    ),
    "read twice": product(f"f = DequantizeLinear<axis=1>(Q, S) {MULTIPLY} z = Relu(f)", "float[320] S"),
    "convolution": Case(
        """(float[1, 24, 5, 5] x, int8[16, 24, 3, 3] Q, float[16] S) => (float[N, C, H, W] y) {
            f = DequantizeLinear<axis=0>(Q, S) y = Conv(x, f)
        }""",
        {"Q": TABLE.reshape(-1)[: 16 * 24 * 9].reshape(16, 24, 3, 3)},
    ),
}
LOOKUPS = {
    "one scale": lookup("f = Cast<to=1>(Q) t = Mul(f, S)", "float S"),
    "a scale a row": lookup("f = Cast<to=1>(Q) t = Mul(f, S)", "float[300, 1] S"),
    "a scale a column": lookup("f = Cast<to=1>(Q) t = Mul(S, f)", "float[320] S"),
    "a scale a column, of rank two": lookup("f = Cast<to=1>(Q) t = Mul(f, S)", "float[1, 320] S"),
    "one row": lookup("f = Cast<to=1>(Q) t = Mul(f, S)", "float[1, 320] S", "int64 i"),
    "one row, one scale of rank two": lookup("f = Cast<to=1>(Q) t = Mul(f, S)", "float[1, 1] S", "int64 i"),
    "dequantised": lookup("t = DequantizeLinear(Q, S)", "float S"),
    "dequantised, a scale a row": lookup("t = DequantizeLinear<axis=0>(Q, S)", "float[300] S"),
    "from the end": lookup("f = Cast<to=1>(Q) t = Mul(f, S)", "float S", "int64[2] i", i=[-1, -300]),
    "a table that the scale enlarges": Case(
        """(int64[2] i, int8[300, 320] Q, float[3, 1, 1] S) => (float[T, R, D] y) {
            f = Cast<to=1>(Q) t = Mul(f, S) y = Gather(t, i)
        }""",
        {"Q": TABLE, "i": [0, 2]},
    ),
}


@on_all_targets
def test_products(target: str, tmp_path: Path) -> None:
    check(PRODUCTS | WIDENED, tmp_path, target)


def test_lookups(tmp_path: Path) -> None:
    check(LOOKUPS, tmp_path)


@pytest.mark.parametrize(
    "case", [*PRODUCTS.values(), *list(LOOKUPS.values())[:4]], ids=[*PRODUCTS, *list(LOOKUPS)[:4]]
)
def test_a_table_is_kept_in_a_byte_an_element(case: Case) -> None:
    assert plan_of(case.model()).plan.params_bytes < 1.1 * TABLE.size
