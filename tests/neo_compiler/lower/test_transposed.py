"""Transposed convolutions against onnxruntime."""

from __future__ import annotations

from pathlib import Path

from tests.neo_compiler.compiled import Case, check, on_all_targets


def transposed(
    channels: tuple[int, int],
    kernel: tuple[int, int],
    attributes: str,
    size: tuple[int, int] = (5, 6),
    group: int = 1,
    batch: int = 1,
) -> Case:
    """One transposed convolution with a bias, behind an ordinary one, so that its input is blocked."""
    data, weight = (batch, 3, *size), (channels[0], channels[1] // group, *kernel)
    return Case(f"""
        (float{list(data)} x, float[{channels[0]}, 3, 1, 1] V, float{list(weight)} W, float[{channels[1]}] B)
        => (float[N, C, H, W2] y) {{
            c = Conv(x, V)
            y = ConvTranspose<{attributes}, group={group}>(c, W, B)
        }}""")


ROWS = {
    "k2 s2": transposed((16, 16), (2, 2), "strides=[2, 2]"),
    "k2 s2, 24 to 1": transposed((24, 1), (2, 2), "strides=[2, 2]"),
    "k2 s2, 5 to 24": transposed((5, 24), (2, 2), "strides=[2, 2]"),
    "k2 s2, 40 to 100, batch 2": transposed((40, 100), (2, 2), "strides=[2, 2]", batch=2),
    "k3 s2, output padding": transposed(
        (24, 24), (3, 3), "strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]"
    ),
    "k4 s2 p1": transposed((32, 7), (4, 4), "strides=[2, 2], pads=[1, 1, 1, 1]"),
    "k3 s1": transposed((8, 24), (3, 3), "pads=[1, 1, 1, 1]"),
    "k3 s3": transposed((8, 24), (3, 3), "strides=[3, 3]"),
    "k2 s3: gaps": transposed((8, 24), (2, 2), "strides=[3, 3]"),
    "k1 s2: gaps": transposed((8, 3), (1, 1), "strides=[2, 2]"),
    "k5x3 s2x1": transposed((17, 9), (5, 3), "strides=[2, 1], pads=[2, 1, 2, 1]"),
    "four different sides": transposed((8, 24), (4, 4), "strides=[2, 2], pads=[0, 1, 2, 3]"),
    "output shape": transposed((8, 24), (4, 4), "strides=[2, 2], output_shape=[9, 12]"),
    "output shape, SAME_UPPER": transposed(
        (8, 24), (4, 4), 'strides=[2, 2], output_shape=[9, 12], auto_pad="SAME_UPPER"'
    ),
    "SAME_UPPER": transposed((8, 24), (3, 3), 'strides=[2, 2], auto_pad="SAME_UPPER"'),
    "one pixel": transposed((8, 24), (4, 4), "strides=[2, 2], pads=[1, 1, 1, 1]", (1, 1)),
    "dilated": transposed((8, 24), (3, 3), "strides=[2, 2], dilations=[2, 2]"),
    "grouped": transposed((8, 24), (2, 2), "strides=[2, 2]", group=2),
    "depthwise": transposed((24, 24), (4, 4), "strides=[2, 2], pads=[1, 1, 1, 1]", group=24),
    "one dimension": Case("""(float[1, 8, 21] x, float[8, 5, 4] W, float[5] B) => (float[N, C, T] y) {
        y = ConvTranspose<strides=[2], pads=[1, 1]>(x, W, B)
    }"""),
    "of the input": Case("""(float[2, 8, 5, 5] x, float[8, 5, 2, 2] W) => (float[N, C, H, V] y) {
        y = ConvTranspose<strides=[2, 2]>(x, W)
    }"""),
    "Relu, convolution": Case("""(
        float[1, 8, 5, 5] x, float[8, 21, 2, 2] W, float[21] B, float[4, 21, 3, 3] V
    ) => (float[N, C, H, U] y) {
        t = ConvTranspose<strides=[2, 2]>(x, W, B)
        r = Relu(t)
        y = Conv<pads=[1, 1, 1, 1]>(r, V)
    }"""),
    "of a width of 1 channel, then sigmoid": Case("""(float[1, 24, 7, 7] x, float[24, 1, 2, 2] W, float[1] B)
    => (float[N, C, H, U] y) {
        t = ConvTranspose<strides=[2, 2]>(x, W, B)
        y = Sigmoid(t)
    }"""),
}


@on_all_targets
def test_transposed_convolution(target: str, tmp_path: Path) -> None:
    check(ROWS, tmp_path, target)
