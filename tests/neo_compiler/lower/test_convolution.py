"""Convolutions of every form against onnxruntime."""

from __future__ import annotations

from pathlib import Path

from tests.neo_compiler.compiled import Case, check, families

SAME = "pads=[1, 1, 1, 1]"


def conv(
    channels: tuple[int, int] = (16, 16),
    size: tuple[int, ...] = (8, 8),
    kernel: tuple[int, ...] = (3, 3),
    attributes: str = SAME,
    group: int = 1,
    batch: int = 1,
) -> Case:
    """One convolution with a bias."""
    data = ", ".join(map(str, (batch, channels[0], *size)))
    weight = ", ".join(map(str, (channels[1], channels[0] // group, *kernel)))
    symbols = ", ".join("NCHW"[: 2 + len(size)])
    return Case(f"""(float[{data}] x, float[{weight}] W, float[{channels[1]}] B) => (float[{symbols}] y) {{
        y = Conv<{attributes}, group={group}>(x, W, B)
    }}""")


def depthwise(
    channels: int, size: tuple[int, ...] = (8, 8), kernel: tuple[int, ...] = (3, 3), attributes: str = SAME
) -> Case:
    """One convolution that keeps the channels apart."""
    return conv((channels, channels), size, kernel, attributes, channels)


FAMILIES = {
    "kernels": {
        "1x1": conv(kernel=(1, 1), attributes="pads=[0, 0, 0, 0]"),
        "1x1 stride 2": conv(kernel=(1, 1), attributes="strides=[2, 2]"),
        "3x3": conv(),
        "3x3 stride 2": conv(attributes=f"{SAME}, strides=[2, 2]"),
        "5x5": conv(size=(12, 12), kernel=(5, 5), attributes="pads=[2, 2, 2, 2]"),
        "5x5 stride 2": conv(size=(12, 12), kernel=(5, 5), attributes="pads=[2, 2, 2, 2], strides=[2, 2]"),
        "7x7 stride 2": conv((3, 32), (28, 28), (7, 7), "pads=[3, 3, 3, 3], strides=[2, 2]"),
        "1x7": conv(kernel=(1, 7), attributes="pads=[0, 3, 0, 3]"),
        "7x1": conv(kernel=(7, 1), attributes="pads=[3, 0, 3, 0]"),
        "2x4 stride 1x3": conv(size=(9, 17), kernel=(2, 4), attributes="strides=[1, 3]"),
        "stride beyond the kernel": conv(size=(11, 11), kernel=(2, 2), attributes="strides=[3, 3]"),
        "a row of a prime number of columns": conv(
            (1, 15), (1, 2074), (1, 64), "pads=[0, 0, 0, 0], strides=[1, 1]"
        ),
        "as large as the picture": conv(size=(7, 5), kernel=(7, 5), attributes="pads=[0, 0, 0, 0]"),
    },
    "padding": {
        "none": conv(attributes="pads=[0, 0, 0, 0]"),
        "four different sides": conv(attributes="pads=[0, 1, 2, 3]"),
        "beyond the kernel": conv(size=(4, 4), attributes="pads=[4, 4, 4, 4]"),
        "bottom and right": conv(attributes="pads=[0, 0, 1, 1], strides=[2, 2]"),
        "SAME_UPPER": conv(size=(8, 11), attributes='auto_pad="SAME_UPPER", strides=[2, 2]'),
        "SAME_LOWER": conv(size=(8, 11), attributes='auto_pad="SAME_LOWER", strides=[2, 2]'),
        "VALID": conv(attributes='auto_pad="VALID"'),
        "dilation": conv(size=(12, 12), attributes="dilations=[2, 3], pads=[2, 3, 2, 3]"),
        "dilation, stride": conv(size=(13, 13), attributes=f"{SAME}, dilations=[2, 2], strides=[2, 2]"),
    },
    "channels": {
        "1 to 1": conv((1, 1)),
        "3 to 5": conv((3, 5)),
        "5 to 3, 1x1": conv((5, 3), kernel=(1, 1), attributes="pads=[0, 0, 0, 0]"),
        "1 to 24": conv((1, 24)),
        "24 to 1": conv((24, 1)),
        "24 to 40": conv((24, 40)),
        "40 to 24, 1x1": conv((40, 24), kernel=(1, 1), attributes="pads=[0, 0, 0, 0]"),
        "100 to 100": conv((100, 100), (6, 6)),
        "17 to 31": conv((17, 31)),
        "64 to 128": conv((64, 128), (7, 7)),
        "an odd number of many blocks": conv((16, 520), (5, 13), (1, 1), "pads=[0, 0, 0, 0]"),
        "an odd number of many blocks, 3x3": conv((16, 528), (7, 7), attributes="strides=[2, 2]"),
    },
    "groups": {
        "2 that fill blocks": conv((32, 64), group=2),
        "4 that fill blocks, stride 2": conv((128, 64), attributes=f"{SAME}, strides=[2, 2]", group=4),
        "2 that fill input blocks only": conv((32, 40), group=2),
        "2 of 12 to 20": conv((24, 40), group=2),
        "4 of 6 to 3": conv((24, 12), group=4),
        "2 of 1 to 1": conv((2, 2), group=2),
        "20 of 3 to 2": conv((60, 40), group=20),
        "32 of 4 to 4": conv((128, 128), group=32),
        "2 of 12 to 20, batch 2": conv((24, 40), group=2, batch=2),
    },
    "depthwise": {
        "32": depthwise(32),
        "32, stride 2": depthwise(32, (15, 15), attributes=f"{SAME}, strides=[2, 2]"),
        "24, 5x5": depthwise(24, (9, 9), (5, 5), "pads=[2, 2, 2, 2]"),
        "3": depthwise(3),
        "37, dilated": depthwise(37, (12, 12), attributes="dilations=[2, 2], pads=[2, 2, 2, 2]"),
        "24, asymmetric": depthwise(24, attributes="pads=[0, 0, 1, 1], strides=[2, 2]"),
        "24, batch 3": conv((24, 24), group=24, batch=3),
        "16, multiplier 2": conv((16, 32), group=16),
        "5, multiplier 2": conv((5, 10), group=5),
        "32, kernel as large as the picture": depthwise(32, (7, 7), (7, 7), "pads=[0, 0, 0, 0]"),
    },
    "extents": {
        "batch 2": conv((24, 40), batch=2),
        "width 1": conv((24, 40), (9, 1), (3, 1), "pads=[1, 0, 1, 0]"),
        "one pixel": conv((24, 40), (1, 1), (1, 1), "pads=[0, 0, 0, 0]"),
        "one pixel, padded": conv((24, 40), (1, 1)),
        "width 13": conv((24, 40), (13, 13)),
        "width 37": conv((8, 24), (5, 37)),
        "width 111, stride 2": conv((3, 24), (111, 111), attributes="strides=[2, 2]"),
        "width 111, 1x1": conv((24, 24), (3, 111), kernel=(1, 1), attributes="pads=[0, 0, 0, 0]"),
    },
    "one dimension": {
        "5 taps": conv((24, 40), (37,), (5,), "pads=[2, 2]"),
        "stride 3, dilated": conv((1, 16), (64,), (4,), "strides=[3], dilations=[2]"),
        "depthwise": depthwise(24, (37,), (3,), "pads=[1, 1]"),
        "4 groups": conv((24, 12), (37,), (3,), "pads=[1, 1]", 4),
    },
}


@families(FAMILIES, narrow=("channels", "groups", "depthwise", "extents"))
def test_convolution(family: str, target: str, tmp_path: Path) -> None:
    check(FAMILIES[family], tmp_path, target)


def test_weights_that_are_an_input(tmp_path: Path) -> None:
    body = """(float[1, 24, 8, 8] x, float[20, 24, 3, 3] w, float[20] b) => (float[N, C, H, W] y) {
        y = Conv<pads=[1, 1, 1, 1]>(x, w, b)
    }"""
    check({"convolution": Case(body)}, tmp_path)
