from __future__ import annotations

import itertools

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import shape_inference

from neo_compiler.graph.passes.explicit_padding import explicit_padding
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, with_weights

NODES = {
    "Conv": "y = Conv<{mode}{more}>(x, w)",
    "MaxPool": "y = MaxPool<{mode}{more}, kernel_shape=[3, 2]>(x)",
    "AveragePool": "y = AveragePool<{mode}{more}, kernel_shape=[3, 2]>(x)",
    "AveragePool of zeros": "y = AveragePool<{mode}{more}, kernel_shape=[3, 2], count_include_pad=1>(x)",
    "ConvTranspose": "y = ConvTranspose<{mode}{more}>(x, w)",
}
MODES = [f'auto_pad="{mode}"' for mode in ("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET")]
WINDOWS = ("", ", strides=[2, 2]", ", strides=[3, 1]")


def rewritten(nodes: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The model as it is, and with explicit pads."""
    body = f"g (float[1, 4, 8, 11] x, float[4, 4, 3, 2] w) => (float[N, C, H, W] y) {{ {nodes} }}"
    weights = np.random.default_rng(0).standard_normal((4, 4, 3, 2))
    model = shape_inference.infer_shapes(with_weights(parse(body), w=weights))
    graph = ir.from_proto(model)
    explicit_padding(graph)
    result = ir.to_proto(graph)
    onnx.checker.check_model(result, full_check=True)
    return model, result


def pads(model: onnx.ModelProto) -> list[int]:
    """The explicit pads of the only node."""
    return next(list(row.ints) for row in model.graph.node[0].attribute if row.name == "pads")


def check(nodes: str) -> onnx.ModelProto:
    """Assert that nothing but the notation changes."""
    model, result = rewritten(nodes)
    assert not {"auto_pad", "output_shape"} & {row.name for row in result.graph.node[0].attribute}
    inputs = {"x": np.random.default_rng(1).standard_normal((1, 4, 8, 11)).astype(np.float32)}
    np.testing.assert_array_equal(Reference(result).run(inputs)["y"], Reference(model).run(inputs)["y"])
    return result


@pytest.mark.parametrize("kind", NODES)
def test_the_result_stays(kind: str) -> None:
    for mode, window in itertools.product(MODES[:3], WINDOWS):
        check(NODES[kind].format(mode=mode, more=window))


@pytest.mark.parametrize(
    "more", ["", ", strides=[2, 2]", ', auto_pad="SAME_UPPER"', ', auto_pad="SAME_LOWER"']
)
def test_an_output_shape_of_a_transposed_convolution(more: str) -> None:
    for size in ([8, 11], [9, 12], [10, 12]) if "strides" not in more else ([16, 22], [15, 21], [17, 23]):
        check(f"y = ConvTranspose<output_shape={size}{more}>(x, w)")


def test_a_stride_beyond_the_kernel() -> None:
    check(NODES["Conv"].format(mode=MODES[0], more=", strides=[1, 4]"))


def test_dilations_count() -> None:
    _, result = rewritten(NODES["Conv"].format(mode=MODES[0], more=", dilations=[2, 3]"))
    assert pads(result) == [2, 1, 2, 2]


@pytest.mark.parametrize("mode", ["", f", {MODES[3]}"])
def test_explicit_pads_stay(mode: str) -> None:
    _, result = rewritten(f"y = MaxPool<kernel_shape=[2, 2], pads=[1, 0, 0, 1]{mode}>(x)")
    assert pads(result) == [1, 0, 0, 1]
