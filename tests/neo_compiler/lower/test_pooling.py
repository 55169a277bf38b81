"""Pooling of plain and of blocked values against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.neo_compiler.compiled import Case, check, families


def plain(
    node: str, size: str = "1, 21, 9, 11", opset: int = 17, outputs: str = "float[N, C, H, W] y"
) -> Case:
    """A node that makes y of the input x."""
    return Case(f"(float[{size}] x) => ({outputs}) {{ {node} }}", opset=opset)


def blocked(case: Case) -> Case:
    """The same node behind a convolution, whose negative bias makes a border of zeros show in a maximum."""
    nodes = case.body.replace("(float[1, 21, 9, 11] x)", "").replace("{", "{ x = Conv(z, V, B)", 1)
    head = "(float[1, 3, 9, 11] z, float[21, 3, 1, 1] V, float[21] B)"
    return Case(head + nodes, {"B": np.full(21, -9.0)}, case.opset)


MAX = {
    "k2 s2": plain("y = MaxPool<kernel_shape=[2, 2], strides=[2, 2]>(x)"),
    "k3 s2 p1": plain("y = MaxPool<kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]>(x)"),
    "k3 s1 p1": plain("y = MaxPool<kernel_shape=[3, 3], pads=[1, 1, 1, 1]>(x)"),
    "k3x2 s2x1": plain("y = MaxPool<kernel_shape=[3, 2], strides=[2, 1]>(x)"),
    "ceil": plain("y = MaxPool<kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1>(x)"),
    "ceil, padded": plain(
        "y = MaxPool<kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 0, 1], ceil_mode=1>(x)"
    ),
    "ceil, k4 s3": plain("y = MaxPool<kernel_shape=[4, 4], strides=[3, 3], ceil_mode=1>(x)"),
    "four different sides": plain("y = MaxPool<kernel_shape=[4, 4], strides=[2, 2], pads=[0, 1, 2, 3]>(x)"),
    "dilated": plain("y = MaxPool<kernel_shape=[3, 3], dilations=[2, 3], pads=[1, 1, 1, 1]>(x)"),
    "SAME_UPPER": plain('y = MaxPool<kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER">(x)'),
    "SAME_LOWER": plain('y = MaxPool<kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_LOWER">(x)'),
    "global": plain("y = GlobalMaxPool(x)"),
    "maximum, dimensions kept": plain("y = ReduceMax<axes=[2, 3], keepdims=1>(x)"),
    "maximum of the channels": plain("y = ReduceMax<axes=[1], keepdims=1>(x)"),
}

MEAN = {
    f"{name}, {'padding counts' if counted else 'padding does not count'}": plain(
        f"y = AveragePool<{attributes}, count_include_pad={counted}>(x)"
    )
    for counted in (0, 1)
    for name, attributes in {
        "k2 s2": "kernel_shape=[2, 2], strides=[2, 2]",
        "k3 s1 p1": "kernel_shape=[3, 3], pads=[1, 1, 1, 1]",
        "k3 s2 p1": "kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]",
        "ceil": "kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1",
        "ceil, padded": "kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 0, 1], ceil_mode=1",
        "four different sides": "kernel_shape=[4, 4], strides=[2, 2], pads=[0, 1, 2, 3]",
        "SAME_UPPER": 'kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"',
        "as large as the picture": "kernel_shape=[9, 11]",
    }.items()
}

REDUCED = {
    "global mean": plain("y = GlobalAveragePool(x)"),
    "mean, dimensions kept": plain("y = ReduceMean<axes=[2, 3], keepdims=1>(x)"),
    "mean of negative axes": plain("y = ReduceMean<axes=[-1, -2], keepdims=1>(x)"),
    "mean, dimensions dropped": plain("y = ReduceMean<axes=[2, 3], keepdims=0>(x)", outputs="float[N, C] y"),
    "mean of the width": plain("y = ReduceMean<axes=[3], keepdims=1>(x)"),
    "mean of the channels": plain("y = ReduceMean<axes=[1], keepdims=1>(x)"),
    "mean of all": plain("y = ReduceMean<keepdims=0>(x)", outputs="float y"),
    "sum": plain("y = ReduceSum(x)"),
    "norm": plain("y = ReduceL2<axes=[1], keepdims=1>(x)"),
}

FAMILIES = {"max": MAX, "mean": MEAN, "reduced": REDUCED}


@families(FAMILIES, narrow=("max", "mean"))
def test_of_a_blocked_value(family: str, target: str, tmp_path: Path) -> None:
    check({name: blocked(case) for name, case in FAMILIES[family].items()}, tmp_path, target)


@pytest.mark.parametrize("family", FAMILIES)
def test_of_an_input(family: str, tmp_path: Path) -> None:
    check(FAMILIES[family], tmp_path)


def test_dilated_mean(tmp_path: Path) -> None:
    node = "y = AveragePool<kernel_shape=[3, 3], dilations=[2, 2], pads=[1, 1, 1, 1]>(x)"
    case = plain(node, opset=19)
    check({"plain": case, "blocked": blocked(case)}, tmp_path)


def test_one_dimension(tmp_path: Path) -> None:
    rows = {
        "MaxPool": plain("y = MaxPool<kernel_shape=[3], strides=[2], pads=[1, 1]>(x)", "1, 5, 17"),
        "AveragePool": plain("y = AveragePool<kernel_shape=[3], strides=[2], pads=[1, 1]>(x)", "1, 5, 17"),
        "GlobalAveragePool": plain("y = GlobalAveragePool(x)", "1, 5, 17"),
    }
    check({name: Case(case.body.replace("N, C, H, W", "N, C, T")) for name, case in rows.items()}, tmp_path)


def test_full_blocks_and_batches(tmp_path: Path) -> None:
    rows = {name: case for family in FAMILIES.values() for name, case in family.items()}
    chosen = ("k3 s2 p1", "ceil, padded", "k3 s1 p1, padding does not count", "global mean")
    sized = {name: Case(rows[name].body.replace("1, 21, 9, 11", "2, 48, 7, 7")) for name in chosen}
    check(sized, tmp_path)
