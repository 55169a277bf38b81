"""Real models: what the passes make of them can be imported and computes the same."""

from __future__ import annotations

import onnx
import pytest

from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.tools import translate
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

TRAINED = [name for name in zoo.MODELS if not name.startswith("light_")]


def fetched(name: str) -> onnx.ModelProto:
    try:
        return load(zoo.fetch(name))
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", TRAINED)
def test_a_real_model_becomes_importable_and_stays_equal(name: str) -> None:
    from tvm.relax.frontend.onnx import from_onnx

    model = fetched(name)
    prepared = prepare(model, zoo.MODELS[name].shapes)
    onnx.checker.check_model(prepared, full_check=True)
    inputs = zoo.inputs(name)
    expected, actual = Reference(model).run(inputs), Reference(prepared).run(inputs)
    assert max(difference(value, actual[key]) for key, value in expected.items()) == 0
    with translate(prepared):
        from_onnx(prepared, keep_params_in_input=False)


def test_weights_that_are_int8_stay_int8() -> None:
    model = fetched("minilm-int8")
    prepared = prepare(model, zoo.MODELS["minilm-int8"].shapes)
    assert prepared.ByteSize() < 1.01 * model.ByteSize()
    int8 = [tensor for tensor in prepared.graph.initializer if tensor.data_type == onnx.TensorProto.INT8]
    assert sum(len(tensor.raw_data) for tensor in int8) > 20_000_000
