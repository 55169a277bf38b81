"""Winograd's convolution: where it is chosen, its transforms, and its results against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neo_compiler.lower.blocked.winograd import winograd_tile
from neo_compiler.lower.compute.conv2d import Window
from neo_compiler.lower.compute.winograd import TAPS, transforms
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import Case, check, compile_onnx, on_all_targets

SAME = Window((1, 1), (1, 1, 1, 1), (1, 1))
FILTERS = np.zeros((64, 64, 3, 3), np.float32)


def convolution(
    channels: tuple[int, int], size: tuple[int, int], pads: tuple[int, int, int, int] = (1, 1, 1, 1)
) -> Case:
    """A 3x3 convolution behind one of 1x1, so that its input is blocked, with an epilogue."""
    inputs, outputs = channels
    return Case(f"""(float[1, 3, {size[0]}, {size[1]}] x, float[{inputs}, 3, 1, 1] U,
                    float[{outputs}, {inputs}, 3, 3] W, float[{outputs}] B) => (float[N, C, H, V] y) {{
        a = Conv(x, U)
        b = Conv<pads={list(pads)}>(a, W, B)
        y = Relu(b)
    }}""")


def test_transforms_are_a_convolution() -> None:
    random = np.random.default_rng(0)
    for tile in (2, 4):
        of = transforms(tile)
        data, taps = random.standard_normal(of.patch), random.standard_normal(TAPS)
        found = of.outputs.matrix @ ((of.weights @ taps) * (of.data.matrix @ data))
        np.testing.assert_allclose(found, np.correlate(data, taps), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("channels", "size", "tile"),
    [
        ((64, 64), (56, 56), 4),
        ((256, 256), (14, 14), 2),  # four times the weights would cost more than they save
        ((512, 512), (7, 7), None),
        ((16, 16), (28, 28), None),  # the transforms cost more than the products
    ],
)
def test_chosen_where_it_pays(channels: tuple[int, int], size: tuple[int, int], tile: int | None) -> None:
    taps = np.zeros((channels[1], channels[0], 3, 3), np.float32)
    assert winograd_tile(taps, SAME, size, find_target("x86-64-v4")) == tile


@pytest.mark.parametrize(
    "window",
    [Window((2, 2), (1, 1, 1, 1), (1, 1)), Window((1, 1), (2, 2, 2, 2), (2, 2))],
    ids=["strided", "dilated"],
)
def test_not_chosen_for_other_windows(window: Window) -> None:
    assert winograd_tile(FILTERS, window, (56, 56), find_target("x86-64-v4")) is None


@pytest.mark.parametrize(("target", "tile"), [("rasp4b", 2), ("rasp3b", 2), ("x86-64-v4", 4)])
def test_where_errors_grow_arm_takes_small_tiles(target: str, tile: int) -> None:
    profile = find_target(target)
    assert winograd_tile(FILTERS, SAME, (56, 56), profile) == 4
    assert winograd_tile(FILTERS, SAME, (56, 56), profile.for_model(amplified=True)) == tile


ROWS = {
    "whole tiles": convolution((64, 64), (28, 28)),
    "rows and columns left over": convolution((64, 80), (27, 30)),
    "no padding": convolution((64, 64), (30, 30), (0, 0, 0, 0)),
    "four different sides": convolution((64, 64), (29, 31), (0, 1, 2, 3)),
    "channels that fill up blocks": convolution((72, 100), (29, 26)),
    "weights beyond the second-level cache": convolution((192, 192), (20, 20)),
    "tiles of two": convolution((256, 256), (14, 14)),
    "a batch": Case("""(float[2, 3, 24, 24] x, float[64, 3, 1, 1] U, float[64, 64, 3, 3] W)
    => (float[N, C, H, V] y) {
        a = Conv(x, U)
        y = Conv<pads=[1, 1, 1, 1]>(a, W)
    }"""),
    "read twice, added": Case("""(float[1, 64, 25, 28] x, float[64, 64, 1, 1] U, float[64, 64, 3, 3] W)
    => (float[N, C, H, V] y) {
        a = Conv(x, U)
        b = Conv<pads=[1, 1, 1, 1]>(a, W)
        y = Add(a, b)
    }"""),
    "one behind the other": Case("""(float[1, 64, 25, 28] x, float[64, 64, 3, 3] W, float[80, 64, 3, 3] V)
    => (float[N, C, H, U] y) {
        a = Conv<pads=[1, 1, 1, 1]>(x, W)
        b = Relu(a)
        y = Conv<pads=[1, 1, 1, 1]>(b, V)
    }"""),
    "of a concatenation": Case("""(float[1, 32, 28, 28] x, float[32, 32, 1, 1] U, float[32, 32, 1, 1] T,
                                   float[64, 64, 3, 3] W) => (float[N, C, H, V] y) {
        a = Conv(x, U)
        b = Conv(x, T)
        c = Concat<axis=1>(a, b)
        y = Conv<pads=[1, 1, 1, 1]>(c, W)
    }"""),
}


@on_all_targets
def test_winograd(target: str, tmp_path: Path) -> None:
    compiled = check(ROWS, tmp_path, target)
    by_winograd = [name for name, rule in compiled.rules.items() if rule == "winograd"]
    assert len(by_winograd) >= len(ROWS)


def test_two_threads_give_the_same_bits(tmp_path: Path) -> None:
    case = ROWS["weights beyond the second-level cache"]
    compiled = compile_onnx(case.model(), tmp_path)
    alone, together = (compiled.run(case.inputs(), threads=threads)["y"] for threads in (1, 2))
    assert np.array_equal(alone, together)
