"""Random weights for the onnx wheel's weightless ImageNet topologies; activations stay as in a trained net.

The wheel's files fill every weight with one constant, so all channels are equal and a softmax is flat or
one-hot. Here each filter gets mean zero and a norm that keeps the variance from layer to layer: scaled
weight standardization (Brock et al., "Characterizing signal propagation to close the performance gap in
unnormalized ResNets", 2021). Mean zero also keeps different inputs apart, which plain He weights do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float32]

SEED = 20
OPSET = 9  # what the wheel's files are written in
IR_VERSION = 8

# 1 / sqrt(variance of relu(x)) for x ~ N(0, 1): undoes what the rectifier takes from a centred signal.
RELU_GAIN = float(np.sqrt(2 / (1 - 1 / np.pi)))
# A block's branch adds to its shortcut; halved, sixteen blocks in a row stay within one order of magnitude.
BRANCH_SCALE = 0.5

# Operators after which a rectified signal is still one: all values non-negative, about the same spread.
TRANSPARENT = {
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "LRN",
    "Dropout",
    "Reshape",
    "Transpose",
    "Concat",
}


def randomise(content: bytes) -> bytes:
    """Return the topology with seeded weights as initializers, its image the only input left."""
    topology = _Topology(onnx.load_from_string(content).graph)
    randomised: bytes = _rebuild(topology, _weights(topology)).SerializeToString()
    return randomised


@dataclass(frozen=True)
class _Topology:
    graph: onnx.GraphProto

    @cached_property
    def nodes(self) -> list[onnx.NodeProto]:
        return [node for node in self.graph.node if node.op_type != "ConstantOfShape"]

    @cached_property
    def constants(self) -> dict[str, TensorProto]:
        return {tensor.name: tensor for tensor in self.graph.initializer}

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every floating-point weight's shape, whether stored or generated."""
        generated = {
            node.output[0]: tuple(int(size) for size in numpy_helper.to_array(self.constants[node.input[0]]))
            for node in self.graph.node
            if node.op_type == "ConstantOfShape"
        }
        stored = {t.name: tuple(t.dims) for t in self.constants.values() if t.data_type == TensorProto.FLOAT}
        return generated | stored

    @cached_property
    def producers(self) -> dict[str, onnx.NodeProto]:
        return {output: node for node in self.nodes for output in node.output}

    @cached_property
    def readers(self) -> dict[str, list[onnx.NodeProto]]:
        readers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                readers.setdefault(name, []).append(node)
        return readers

    def weight(self, name: str) -> str:
        """The weight behind `name`: some files reshape a weight before its use."""
        while name not in self.shapes:
            name = self.producers[name].input[0]
        return name

    def rectified(self, name: str) -> bool:
        """Whether the value `name` comes out of a Relu."""
        producer = self.producers.get(name)
        if producer is None:
            return False
        return producer.op_type == "Relu" or (
            producer.op_type in TRANSPARENT and self.rectified(producer.input[0])
        )


def _weights(topology: _Topology) -> dict[str, Array]:
    rng = np.random.default_rng(SEED)
    makers = {
        "Conv": _linear,
        "Gemm": _linear,
        "BatchNormalization": _normalisation,
        "Unsqueeze": _channelwise,
    }
    weights: dict[str, Array] = {}
    for node in topology.nodes:
        if maker := makers.get(node.op_type):
            weights.update(maker(topology, node, rng))
    return weights


def _linear(
    topology: _Topology, node: onnx.NodeProto, rng: np.random.Generator
) -> Iterator[tuple[str, Array]]:
    """Filters of mean zero after a Relu (else its mean would grow from layer to layer), and a small bias."""
    name = topology.weight(node.input[1])
    shape = topology.shapes[name]
    fan_in = shape[-1] if node.op_type == "Gemm" else int(np.prod(shape[1:]))
    filters = rng.standard_normal((int(np.prod(shape)) // fan_in, fan_in), dtype=np.float32)
    gain = 1.0
    depthwise = node.op_type == "Conv" and shape[1] == 1
    if topology.rectified(node.input[0]) and not depthwise:
        filters -= filters.mean(axis=1, keepdims=True)
        gain = RELU_GAIN
    filters *= np.float32(gain / np.sqrt(fan_in))
    yield name, filters.reshape(shape)
    for bias in node.input[2:]:
        yield bias, _normal(rng, topology.shapes[bias])


def _normalisation(
    topology: _Topology, node: onnx.NodeProto, rng: np.random.Generator
) -> Iterator[tuple[str, Array]]:
    scale, shift, mean, variance = node.input[1:]
    shape = topology.shapes[scale]
    joins = any(reader.op_type == "Sum" for reader in topology.readers.get(node.output[0], []))
    yield scale, _near_one(rng, shape) * np.float32(BRANCH_SCALE if joins else 1)
    yield shift, _normal(rng, shape)
    yield mean, _normal(rng, shape)
    yield variance, _near_one(rng, shape)


def _channelwise(
    topology: _Topology, node: onnx.NodeProto, rng: np.random.Generator
) -> Iterator[tuple[str, Array]]:
    """A scale or a shift that the file keeps beside its BatchNormalization, as a vector to be unsqueezed."""
    shape = topology.shapes[node.input[0]]
    scales = topology.readers[node.output[0]][0].op_type == "Mul"
    yield node.input[0], _near_one(rng, shape) if scales else _normal(rng, shape)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(0.1)


def _near_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(0.8, 1.2, shape).astype(np.float32)


def _rebuild(topology: _Topology, weights: dict[str, Any]) -> onnx.ModelProto:
    graph, read = topology.graph, topology.readers
    kept = [tensor for name, tensor in topology.constants.items() if name in read and name not in weights]
    inputs = [value for value in graph.input if value.name in read and value.name not in topology.constants]
    rebuilt = helper.make_graph(
        topology.nodes,
        graph.name,
        inputs,
        list(graph.output),
        kept + [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(rebuilt, opset_imports=opsets, ir_version=IR_VERSION)
