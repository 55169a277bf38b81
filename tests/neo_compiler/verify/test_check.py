from __future__ import annotations

import numpy as np
import onnx
import pytest

from neo_compiler.errors import ExitCode, MismatchError, ModelError
from neo_compiler.graph import prepare
from neo_compiler.verify import TOLERANCE, Sample, compare, draw_sample
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import SYMBOLIC, parse


def sample_of(model: onnx.ModelProto, tolerance: float = TOLERANCE, **shapes: tuple[int, ...]) -> Sample:
    return draw_sample(model, prepare(model, shapes), tolerance, seed=0)


def test_the_reference_runs_the_original_at_the_fixed_shape() -> None:
    sample = sample_of(parse(SYMBOLIC), x=(2, 3, 8, 8))
    np.testing.assert_array_equal(sample.expected["y"], np.maximum(sample.inputs["x"], 0))
    assert sample.tolerances == {"y": TOLERANCE}


def test_the_tolerance_grows_with_onnxruntimes_own_difference() -> None:
    # A sum of large values that cancel: its order decides what is left of the small ones.
    body = """g (float[1, 4096] x) => (float y) {
        big = Exp(x) bigger = Mul(big, big) huge = Mul(bigger, bigger)
        total = ReduceSum<keepdims=0>(huge)
        parts = Neg(huge)
        rest = ReduceSum<keepdims=0>(parts)
        y = Add(total, rest)
    }"""
    model = parse(body)
    sample = sample_of(model)
    own = Reference(model, optimised=True).run(sample.inputs)["y"]
    assert sample.tolerances["y"] >= TOLERANCE
    assert compare(sample, {"y": own})[0].difference <= sample.tolerances["y"]


def test_a_tolerance_of_zero_stays_zero() -> None:
    assert sample_of(parse(SYMBOLIC), 0.0, x=(1, 3, 8, 8)).tolerances == {"y": 0.0}


def test_what_is_within_the_tolerance_passes_and_is_measured() -> None:
    sample = Sample({}, {"y": np.array([1.0, 2.0])}, {"y": 1e-3})
    (check,) = compare(sample, {"y": np.array([1.0, 2.001])})
    assert check.name == "y"
    assert check.difference == pytest.approx(5e-4)
    assert check.absolute == pytest.approx(1e-3)


@pytest.mark.parametrize("wrong", [2.1, np.nan, np.inf])
def test_what_is_beyond_the_tolerance_is_a_mismatch(wrong: float) -> None:
    sample = Sample({}, {"a": np.ones(2), "y": np.array([1.0, 2.0])}, {"a": 1e-4, "y": 1e-4})
    with pytest.raises(MismatchError, match="1 of 2 outputs differ from onnxruntime") as caught:
        compare(sample, {"a": np.ones(2), "y": np.array([1.0, wrong])})
    assert "  y: " in str(caught.value)
    assert "allowed 0.0001" in str(caught.value)
    assert caught.value.exit_code == ExitCode.MISMATCH


def test_a_model_that_onnxruntime_refuses_is_a_model_error() -> None:
    model = parse("g (float[2] x) => (float[2] y) { y = Relu(x) }")
    model.graph.node[0].op_type = "Nonsense"
    with pytest.raises(ModelError, match="onnxruntime, the reference, cannot load the model"):
        Reference(model)
    model = parse("g (float[2, 2] x, int64[1] i) => (float[1, 2] y) { y = Gather(x, i) }")
    with pytest.raises(ModelError, match="cannot run the model"):
        Reference(model).run({"x": np.ones((2, 2), np.float32), "i": np.array([9])})
