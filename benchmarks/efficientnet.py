"""EfficientNet-Lite0 for ImageNet-1k as ONNX, from a PyTorch checkpoint of its weights.

The architecture is EfficientNet (Tan and Le, 2019) in its Lite variant: MBConv blocks without squeeze and
excitation, ReLU6 instead of swish, stem and head of fixed width, TensorFlow's SAME padding. Convolution,
batch normalisation and activation stay separate nodes: fusing them is the compiler's work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.torch_file import load_state

OPSET = 17
IR_VERSION = 8
SIZE = 224
CLASSES = 1000
EPSILON = 1e-3


@dataclass(frozen=True)
class Stage:
    """A run of MBConv blocks; only the first one strides and changes the channel count."""

    blocks: int
    kernel: int
    stride: int
    expand: int
    channels: int


STEM_CHANNELS = 32
STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expand=1, channels=16),
    Stage(blocks=2, kernel=3, stride=2, expand=6, channels=24),
    Stage(blocks=2, kernel=5, stride=2, expand=6, channels=40),
    Stage(blocks=3, kernel=3, stride=2, expand=6, channels=80),
    Stage(blocks=3, kernel=5, stride=1, expand=6, channels=112),
    Stage(blocks=4, kernel=5, stride=2, expand=6, channels=192),
    Stage(blocks=1, kernel=3, stride=1, expand=6, channels=320),
)


@dataclass(frozen=True)
class Block:
    """One MBConv block: a pointwise expansion, a depthwise convolution, a pointwise projection."""

    prefix: str
    kernel: int
    stride: int
    expand: int
    channels_in: int
    channels_out: int

    @property
    def residual(self) -> bool:
        return self.stride == 1 and self.channels_in == self.channels_out


def convert(checkpoint: bytes) -> bytes:
    """Turn the checkpoint into a serialized model: input f32[1,3,224,224] → logits f32[1,1000]."""
    content: bytes = build(load_state(checkpoint)).SerializeToString()
    return content


def build(weights: dict[str, NDArray[Any]]) -> onnx.ModelProto:
    """Build the network around `weights`, named as in the checkpoint; KeyError names a missing one."""
    graph = _Graph(weights)
    x = graph.relu6(graph.conv_bn("input", "_conv_stem", "_bn0", kernel=3, stride=2))
    for block in _blocks():
        x = graph.block(x, block)
    x = graph.relu6(graph.conv_bn(x, "_conv_head", "_bn1"))
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x], "pool")], "flatten", axis=1)
    graph.node("Gemm", [x, graph.weight("_fc.weight"), graph.weight("_fc.bias")], "logits", transB=1)
    return graph.model()


def _blocks() -> Iterator[Block]:
    channels, index = STEM_CHANNELS, 0
    for stage in STAGES:
        for repeat in range(stage.blocks):
            stride = stage.stride if repeat == 0 else 1
            prefix = f"_blocks.{index}."
            yield Block(prefix, stage.kernel, stride, stage.expand, channels, stage.channels)
            channels, index = stage.channels, index + 1


@dataclass
class _Graph:
    """The ONNX graph while it grows; every method appends nodes and returns the name of its result."""

    weights: dict[str, NDArray[Any]]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, TensorProto] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=lambda: {"input": SIZE})

    def node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        self.sizes.setdefault(name, self.sizes.get(inputs[0], 0))
        return name

    def weight(self, name: str) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(self.weights[name], np.float32), name)
        return name

    def limit(self, name: str, value: float) -> str:
        self.constants[name] = numpy_helper.from_array(np.array(value, np.float32), name)
        return name

    def conv_bn(
        self, x: str, conv: str, norm: str, *, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> str:
        size = self.sizes[x]
        out = -(-size // stride)
        pad = max((out - 1) * stride + kernel - size, 0)
        self.sizes[conv] = out
        x = self.node(
            "Conv",
            [x, self.weight(f"{conv}.weight")],
            conv,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad // 2, pad // 2, pad - pad // 2, pad - pad // 2],
            group=groups,
        )
        parts = [self.weight(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        return self.node("BatchNormalization", [x, *parts], norm, epsilon=EPSILON)

    def relu6(self, x: str) -> str:
        return self.node("Clip", [x, self.limit("zero", 0), self.limit("six", 6)], f"{x}.relu6")

    def block(self, x: str, block: Block) -> str:
        name, shortcut = block.prefix, x
        if block.expand != 1:
            x = self.relu6(self.conv_bn(x, f"{name}_expand_conv", f"{name}_bn0"))
        depthwise = {
            "kernel": block.kernel,
            "stride": block.stride,
            "groups": block.channels_in * block.expand,
        }
        x = self.relu6(self.conv_bn(x, f"{name}_depthwise_conv", f"{name}_bn1", **depthwise))
        x = self.conv_bn(x, f"{name}_project_conv", f"{name}_bn2")
        return self.node("Add", [x, shortcut], f"{name}add") if block.residual else x

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "efficientnet_lite0",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])],
            list(self.constants.values()),
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model
