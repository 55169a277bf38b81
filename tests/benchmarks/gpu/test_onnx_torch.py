from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from benchmarks.gpu.floor import least_work

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def model(nodes: list[onnx.NodeProto], weights: dict[str, Any], opset: int = 17) -> onnx.ModelProto:
    shape = [1, 3, 9, 8]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return onnx.shape_inference.infer_shapes(made)


RANDOM = np.random.default_rng(0)
W = RANDOM.standard_normal((4, 3, 3, 3), np.float32)
NODE = helper.make_node
CASES: dict[str, tuple[list[onnx.NodeProto], dict[str, Any], int]] = {
    "conv, padding on one side": (
        [NODE("Conv", ["x", "w"], ["y"], pads=[0, 0, 1, 1], strides=[2, 2], kernel_shape=[3, 3])],
        {"w": W},
        17,
    ),
    "mean over one-sided padding": (
        [NODE("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])],
        {},
        17,
    ),
    "largest, padded": ([NODE("MaxPool", ["x"], ["y"], kernel_shape=[3, 2], pads=[1, 0, 0, 1])], {}, 17),
    "softmax of old": ([NODE("Softmax", ["x"], ["y"])], {}, 9),
    "softmax": ([NODE("Softmax", ["x"], ["y"], axis=1)], {}, 17),
    "slices": (
        [NODE("Slice", ["x", "s", "e", "a", "t"], ["y"])],
        {"s": np.int64([1, 7]), "e": np.int64([9, -(2**40)]), "a": np.int64([2, 3]), "t": np.int64([2, -1])},
        17,
    ),
    "gather": ([NODE("Gather", ["x", "i"], ["y"], axis=2)], {"i": np.int64([[0, -1], [3, 2]])}, 17),
    "pad": ([NODE("Pad", ["x", "p"], ["y"], mode="reflect")], {"p": np.int64([0, 0, 2, 1, 0, 0, 0, 3])}, 17),
    "sums": ([NODE("ReduceSum", ["x", "a"], ["y"], keepdims=0)], {"a": np.int64([1, 3])}, 17),
}


@pytest.mark.parametrize("name", CASES)
def test_as_onnxruntime_computes(name: str) -> None:
    from benchmarks.gpu.onnx_torch import OnnxModule

    made = model(*CASES[name])
    x = np.random.default_rng(1).standard_normal((1, 3, 9, 8), np.float32)
    (expected,) = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"x": x})
    with torch.inference_mode():
        (found,) = OnnxModule(made).eval()(torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_what_there_is_no_call_for() -> None:
    from benchmarks.gpu.onnx_torch import OnnxModule, Unsupported

    with pytest.raises(Unsupported, match="Det"):
        OnnxModule(model([NODE("Det", ["x"], ["y"])], {}))


def test_least_work() -> None:
    """A convolution of 3x3 over 3 channels to [1, 4, 4, 4], and the bytes of weights, input and output."""
    work = least_work(model(*CASES["conv, padding on one side"]))
    assert work.flops == 2 * (4 * 4 * 4) * 27
    assert work.bytes == 4 * (4 * 27 + 3 * 9 * 8 + 4 * 4 * 4)
