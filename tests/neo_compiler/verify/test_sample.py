from __future__ import annotations

import numpy as np
import onnx
import pytest

from neo_compiler.errors import ModelError
from neo_compiler.graph import prepare
from neo_compiler.verify.inputs import seeded_inputs
from neo_compiler.verify.reference import Reference
from neo_compiler.verify.sample import CANDIDATES, CEILING, SETS, TOLERANCE, Sample, draw_sample
from tests.neo_compiler.models import SYMBOLIC, parse, with_weights


def sample_of(model: onnx.ModelProto, tolerance: float = TOLERANCE, **shapes: tuple[int, ...]) -> Sample:
    return draw_sample(model, prepare(model, shapes), tolerance, seed=0)


def test_the_reference_runs_the_original_at_the_fixed_shape() -> None:
    sample = sample_of(parse(SYMBOLIC), x=(2, 3, 8, 8))
    np.testing.assert_array_equal(sample.expected["y"], np.maximum(sample.inputs["x"], 0))
    assert sample.tolerances == {"y": TOLERANCE}


def test_an_exact_answer_has_the_usual_tolerance() -> None:
    body = "g (float[4, 64] x) => (float[4, 64] y) { a = Sigmoid(x) y = Softmax(a) }"
    sample = sample_of(parse(body))
    assert sample.tolerances == {"y": TOLERANCE}
    assert not sample.amplified


def test_the_tolerance_grows_where_noise_at_the_input_does() -> None:
    body = """g (float[1, 256] x, float thousand) => (float[1, 256] y, float[1, 256] z) {
        big = Mul(x, thousand)
        y = Sin(big)
        z = Relu(x)
    }"""
    sample = sample_of(with_weights(parse(body), thousand=1000.0))
    assert TOLERANCE < sample.tolerances["y"] <= CEILING
    assert sample.tolerances["z"] == TOLERANCE
    assert sample.amplified


def test_a_whole_number_that_noise_changes_is_no_rounding_error() -> None:
    body = """g (float[1, 256] x, float million) => (int64[1, 256] y) {
        big = Mul(x, million)
        y = Cast<to = 7>(big)
    }"""
    sample = sample_of(with_weights(parse(body), million=1e6))
    assert sample.tolerances["y"] > TOLERANCE
    assert not sample.amplified


def test_no_tolerance_grows_beyond_the_ceiling() -> None:
    body = "g (float[1, 256] x, float million) => (float[1, 256] y) { big = Mul(x, million) y = Sin(big) }"
    model = with_weights(parse(body), million=1e6)
    assert sample_of(model).tolerances == {"y": CEILING}
    assert sample_of(model, 0.5).tolerances == {"y": 0.5}


def test_inputs_with_an_exact_answer_are_preferred() -> None:
    """Where the sum of the inputs is positive, this model answers with noise."""
    body = """g (float[64] x, float zero, float one, float million) => (float[64] y) {
        sum = ReduceSum<keepdims = 0>(x)
        unlucky = Greater(sum, zero)
        factor = Where(unlucky, million, one)
        scaled = Mul(x, factor)
        y = Sin(scaled)
    }"""
    model = with_weights(parse(body), zero=0.0, one=1.0, million=1e6)
    prepared = prepare(model, {})
    lucky = [float(seeded_inputs(prepared, seed)["x"].sum()) <= 0 for seed in range(20)]
    seed = next(start for start in range(17) if not lucky[start] and any(lucky[start : start + CANDIDATES]))
    sample = draw_sample(model, prepared, TOLERANCE, seed)
    assert sample.inputs["x"].sum() <= 0
    assert sample.tolerances == {"y": TOLERANCE}


def test_a_tolerance_of_zero_stays_zero() -> None:
    assert sample_of(parse(SYMBOLIC), 0.0, x=(1, 3, 8, 8)).tolerances == {"y": 0.0}


def test_a_model_that_onnxruntime_refuses_is_a_model_error() -> None:
    model = parse("g (float[2] x) => (float[2] y) { y = Relu(x) }")
    model.graph.node[0].op_type = "Nonsense"
    with pytest.raises(ModelError, match="onnxruntime, the reference, cannot load the model"):
        Reference(model)
    model = parse("g (float[2, 2] x, int64[1] i) => (float[1, 2] y) { y = Gather(x, i) }")
    with pytest.raises(ModelError, match="cannot run the model"):
        Reference(model).run({"x": np.ones((2, 2), np.float32), "i": np.array([9])})


def test_of_many_numbers_one_set_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    model = parse("g (float[4, 64] x) => (float[4, 64] y) { y = Relu(x) }")
    assert len(sample_of(model).further) == SETS - 1
    monkeypatch.setattr("neo_compiler.verify.sample.MANY", 4 * 64 - 1)
    assert not sample_of(model).further


def test_of_huge_inputs_fewer_candidates_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "g (float[1, 256] x, float million) => (float[1, 256] y) { big = Mul(x, million) y = Sin(big) }"
    model = with_weights(parse(body), million=1e6)
    runs: list[str] = []
    run = Reference.run
    monkeypatch.setattr(Reference, "run", lambda self, given: runs.append(self.name) or run(self, given))
    sample_of(model)
    assert len(runs) == 3 * CANDIDATES
    for numbers, candidates in ((2 * 256, 2), (255, 1)):
        runs.clear()
        monkeypatch.setattr("neo_compiler.verify.sample.BUDGET", numbers)
        sample_of(model)
        assert len(runs) == 3 * candidates
