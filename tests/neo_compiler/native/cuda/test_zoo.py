"""Real models compiled for a GPU: all their kernels, translated from PTX, agree with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.compiled import compile_onnx
from tests.stub_gpu.stub import Stub


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silero-vad", "magika", "blazeface-front"])
def test_a_real_model(name: str, tmp_path: Path, stub: Stub) -> None:
    try:
        model = load(zoo.fetch(name))
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))
    prepared = prepare(model, zoo.MODELS[name].shapes)
    actual = compile_onnx(prepared, tmp_path, "cuda-sm_53").run(zoo.inputs(name))
    expected = Reference(model).run(zoo.inputs(name))
    assert max(difference(value, actual[key]) for key, value in expected.items()) < 1e-3
