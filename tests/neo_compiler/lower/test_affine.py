from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neo_compiler.graph import prepare
from neo_compiler.lower.affine import fold_affine
from neo_compiler.lower.importer import to_relax
from tests.neo_compiler.compiled import Case, check, check_one
from tests.neo_compiler.lower.operators import operators

STATISTICS = "float[21] Scale, float[21] Shift, float[21] Mean, float[21] Var"
NORMALISE = "BatchNormalization<epsilon=0.001>({0}, Scale, Shift, Mean, Var)"
POSITIVE = {"Var": np.linspace(0.1, 2, 21), "x": np.random.default_rng(0).uniform(0.5, 1, (1, 6, 8, 8))}


def convolved(nodes: str, kernel: str = "float[21, 6, 3, 3] W", more: str = "") -> Case:
    """`nodes` make y of x."""
    declared = f"float[1, 6, 8, 8] x, {kernel}, {STATISTICS}{more and ', '}{more}"
    return Case(f"({declared}) => (float[N, C, H, U] y) {{ {nodes} }}", POSITIVE)


def folded(case: Case) -> list[str]:
    """The operators that are left after folding."""
    return operators(fold_affine(to_relax(prepare(case.model(), {}))))


# Nodes, and the operators that are left of them.
FOLDED = {
    "normalised": (convolved(f"c = Conv(x, W) y = {NORMALISE.format('c')}"), ["conv2d", "add"]),
    "normalised, Relu": (
        convolved(f"c = Conv(x, W) n = {NORMALISE.format('c')} y = Relu(n)"),
        ["conv2d", "add", "relu"],
    ),
    "twice": (
        convolved(f"c = Conv(x, W) n = {NORMALISE.format('c')} y = {NORMALISE.format('n')}"),
        ["conv2d", "add"],
    ),
    "scaled and shifted": (
        convolved(
            "c = Conv(x, W) m = Mul(K, c) s = Sub(m, L) d = Div(s, K) y = Add(d, L)",
            more="float[21, 1, 1] K, float L",
        ),
        ["conv2d", "add"],
    ),
    "grouped": (
        convolved(f"c = Conv<group=3>(x, W) y = {NORMALISE.format('c')}", "float[21, 2, 3, 3] W"),
        ["conv2d", "add"],
    ),
    "transposed": (
        convolved(f"c = ConvTranspose(x, W) y = {NORMALISE.format('c')}", "float[6, 21, 3, 3] W"),
        ["conv2d_transpose", "add"],
    ),
}

# What must stay, since another reader sees the convolution, or the scale is not one a channel.
KEPT = {
    "read twice": convolved(f"c = Conv(x, W) n = {NORMALISE.format('c')} y = Mul(n, c)"),
    "a scale a pixel": convolved("c = Conv(x, W) y = Mul(c, K)", more="float[6, 6] K"),
    "a scale that widens": convolved(
        "c = Conv(x, W) y = Mul(c, K)", "float[1, 6, 3, 3] W", "float[21, 1, 1] K"
    ),
    "weights that are an input": convolved(
        "c = Conv(x, w) y = Mul(c, K)", "float[21, 6, 3, 3] w", "float[21, 1, 1] K"
    ),
    "behind another operator": convolved(
        "c = Conv(x, W) a = Relu(c) y = Mul(K, a)", more="float[21, 1, 1] K"
    ),
}


@pytest.mark.parametrize("name", FOLDED)
def test_nothing_is_left_but_a_bias(name: str) -> None:
    case, expected = FOLDED[name]
    assert folded(case) == expected


@pytest.mark.parametrize("name", KEPT)
def test_what_cannot_be_folded_stays(name: str) -> None:
    assert {"multiply", "divide"} & set(folded(KEPT[name]))


def test_the_result_stays(tmp_path: Path) -> None:
    check({name: case for name, (case, _) in FOLDED.items()} | KEPT, tmp_path)


def test_an_intermediate_that_is_an_output_stays_visible(tmp_path: Path) -> None:
    body = convolved(f"c = Conv(x, W) y = {NORMALISE.format('c')}").body
    check_one(
        Case(body.replace("(float[N, C, H, U] y)", "(float[N, C, H, U] y, float[N, C, H, U] c)"), POSITIVE),
        tmp_path,
    )
