"""Randomised topologies behave like networks: sane activations, an answer that depends on the input."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from benchmarks import light, zoo
from benchmarks.fetch import read_member
from benchmarks.rows import LIGHT
from tests.benchmarks.conftest import Run

SMALL = ["light_squeezenet", "light_shufflenet", "light_inception_v1", "light_densenet121"]
MEDIUM = ["light_inception_v2", "light_resnet50"]
LARGE = ["light_bvlc_alexnet", "light_zfnet512", "light_vgg19"]  # hundreds of megabytes each


@pytest.mark.parametrize("name", [f"light_{name}" for name in LIGHT])
def test_the_topology_is_the_pinned_one_and_takes_the_row_s_input(name: str) -> None:
    graph = onnx.load_from_string(read_member(zoo.MODELS[name].file)).graph
    (image, entry), *others = zoo.MODELS[name].inputs.items()
    shapes = {i.name: tuple(d.dim_value for d in i.type.tensor_type.shape.dim) for i in graph.input}
    assert others == []
    assert shapes[image] == entry.shape


@pytest.mark.parametrize("name", [*SMALL, *MEDIUM, *(pytest.param(n, marks=pytest.mark.slow) for n in LARGE)])
def test_activations_stay_sane(name: str, run: Run) -> None:
    model = onnx.load(zoo.fetch(name))
    assert {i.name for i in model.graph.input} == set(zoo.MODELS[name].inputs)
    assert all(node.op_type != "ConstantOfShape" for node in model.graph.node)
    result = model.graph.output[0].name
    linear = [
        n.output[0] for n in model.graph.node if n.op_type in ("Conv", "Gemm") and n.output[0] != result
    ]
    model.graph.output.extend(helper.make_empty_tensor_value_info(value) for value in linear)
    values = run(model.SerializeToString(), zoo.inputs(name, seed=1))
    spreads = [float(values[value].std()) for value in linear]
    assert 0.1 < min(spreads) <= max(spreads) < 10


@pytest.mark.parametrize("name", [*SMALL, *MEDIUM, *(pytest.param(n, marks=pytest.mark.slow) for n in LARGE)])
def test_the_answer_is_neither_one_hot_nor_constant(name: str, run: Run) -> None:
    path = zoo.fetch(name)
    one, other = (next(iter(run(path, zoo.inputs(name, seed)).values())).ravel() for seed in (1, 2))
    assert np.isfinite(one).all()
    assert one.max() < 0.9 * np.abs(one).sum()
    assert np.unique(one).size > 900
    assert np.abs(one - other).max() > 0.01 * np.abs(one).max()


def test_randomising_is_deterministic() -> None:
    topology = read_member(zoo.MODELS["light_squeezenet"].file)
    assert light.randomise(topology) == light.randomise(topology)


def test_filters_behind_a_rectifier_have_mean_zero() -> None:
    model = onnx.load(zoo.fetch("light_squeezenet"))
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    filters = weights["fire2/squeeze1x1_w_0"].reshape(16, -1)
    np.testing.assert_allclose(filters.mean(axis=1), 0, atol=1e-6)
    assert abs(filters.std() * np.sqrt(filters.shape[1]) - light.RELU_GAIN) < 0.2
