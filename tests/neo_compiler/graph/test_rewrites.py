"""Every rewrite computes what onnxruntime computes for the operator that it replaces."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike

from neo_compiler.errors import UnsupportedOperators
from neo_compiler.graph import prepare
from neo_compiler.verify.inputs import seeded_inputs
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, with_weights

random = np.random.default_rng(3)


def drawn(*shape: int) -> np.ndarray:
    return random.standard_normal(shape).astype(np.float32)


LSTM = "g (float[5, 2, 3] x, float[1, 16, 3] w, float[1, 16, 4] r, float[1, 32] b) => ({0}) {{ {1} }}"
LSTM_WEIGHTS = {"w": drawn(1, 16, 3), "r": drawn(1, 16, 4), "b": drawn(1, 32)}
BOTH = {"w": drawn(2, 12, 3), "r": drawn(2, 12, 4), "b": drawn(2, 24)}
GRU = "g (float[6, 2, 3] x, float[2, 12, 3] w, float[2, 12, 4] r, float[2, 24] b) => ({0}) {{ {1} }}"

CASES: dict[str, tuple[str, dict[str, ArrayLike]]] = {
    "lstm": (
        LSTM.format(
            "float[5, 1, 2, 4] y, float[1, 2, 4] h, float[1, 2, 4] c",
            "y, h, c = LSTM<hidden_size = 4>(x, w, r, b)",
        ),
        LSTM_WEIGHTS,
    ),
    "lstm with the defaults written out, as PyTorch does": (
        LSTM.format(
            "float[5, 1, 2, 4] y",
            'y = LSTM<hidden_size = 4, direction = "forward", input_forget = 0, layout = 0>(x, w, r, b)',
        ),
        LSTM_WEIGHTS,
    ),
    "lstm with a state and peepholes, backwards": (
        """g (float[5, 2, 3] x, float[1, 2, 4] h0, float[1, 2, 4] c0, float[1, 16, 3] w, float[1, 16, 4] r,
            float[1, 32] b, float[1, 12] p) => (float[1, 2, 4] h, float[1, 2, 4] c) {
            n, h, c = LSTM<hidden_size = 4, direction = "reverse">(x, w, r, b, , h0, c0, p) }""",
        {**LSTM_WEIGHTS, "p": drawn(1, 12)},
    ),
    "gru in both directions": (
        GRU.format(
            "float[6, 2, 2, 4] y, float[2, 2, 4] h",
            'y, h = GRU<hidden_size = 4, direction = "bidirectional">(x, w, r, b)',
        ),
        BOTH,
    ),
    "gru that resets last": (
        GRU.format(
            "float[6, 2, 2, 4] y",
            'y = GRU<hidden_size = 4, direction = "bidirectional", linear_before_reset = 1>(x, w, r, b)',
        ),
        BOTH,
    ),
    "rnn of one step": (
        """g (float[1, 2, 3] x, float[1, 4, 3] w, float[1, 4, 4] r) => (float[1, 1, 2, 4] y) {
            y = RNN<hidden_size = 4, activations = ["Relu"]>(x, w, r) }""",
        {"w": drawn(1, 4, 3), "r": drawn(1, 4, 4)},
    ),
    "qlinear matmul": (
        """g (uint8[2, 4] x, float s, uint8 z, int8[4, 3] w, float[3] t, int8[3] u, float v, uint8 o)
            => (uint8[2, 3] y) { y = QLinearMatMul(x, s, z, w, t, u, v, o) }""",
        {
            "s": 0.02,
            "z": np.uint8(120),
            "w": random.integers(-127, 128, (4, 3)).astype(np.int8),
            "t": np.array([0.01, 0.02, 0.03], np.float32),
            "u": np.zeros(3, np.int8),
            "v": 0.03,
            "o": np.uint8(100),
        },
    ),
    "qlinear conv": (
        """g (uint8[1, 2, 6, 6] x, float s, uint8 z, int8[3, 2, 3, 3] w, float[3] t, int8[3] u, float v,
            uint8 o, int32[3] b) => (uint8[1, 3, 4, 4] y) { y = QLinearConv(x, s, z, w, t, u, v, o, b) }""",
        {
            "s": 0.02,
            "z": np.uint8(120),
            "w": random.integers(-127, 128, (3, 2, 3, 3)).astype(np.int8),
            "t": np.array([0.01, 0.02, 0.03], np.float32),
            "u": np.zeros(3, np.int8),
            "v": 0.1,
            "o": np.uint8(100),
            "b": np.array([100, -200, 50], np.int32),
        },
    ),
    "conv integer": (
        """g (uint8[1, 2, 5, 5] x, uint8[3, 2, 3, 3] w, uint8 z) => (int32[1, 3, 3, 3] y) {
            y = ConvInteger(x, w, z) }""",
        {"w": random.integers(0, 256, (3, 2, 3, 3)).astype(np.uint8), "z": np.uint8(7)},
    ),
    "cumsum in reverse, without itself": (
        "g (float[3, 7] x, int64 a) => (float[3, 7] y) { y = CumSum<reverse = 1, exclusive = 1>(x, a) }",
        {"a": 1},
    ),
    "cumsum of whole numbers": (
        "g (int64[5, 2] x, int64 a) => (int64[5, 2] y) { y = CumSum(x, a) }",
        {"a": 0},
    ),
    "top k of the smallest": (
        """g (float[3, 9] x, int64[1] k) => (float[3, 4] v, int64[3, 4] i) {
            v, i = TopK<largest = 0>(x, k) }""",
        {"k": [4]},
    ),
    "top k with equal values, not last": (
        "g (int64[6, 3] x, int64[1] k) => (int64[4, 3] v, int64[4, 3] i) { v, i = TopK<axis = 0>(x, k) }",
        {"k": [4]},
    ),
    "one hot": (
        "g (int64[4] x, int64 d, float[2] v) => (float[3, 4] y) { y = OneHot<axis = 0>(x, d, v) }",
        {"d": 3, "v": [2.0, 5.0]},
    ),
    "sinh and cosh": ("g (float[64] x) => (float[64] y, float[64] z) { y = Sinh(x) z = Cosh(x) }", {}),
    "powers of two types": (
        "g (float[8] x, int64[8] e) => (float[8] y, int64[8] z) { y = Pow(x, e) z = Pow(e, e) }",
        {},
    ),
    "norms": (
        """g (float[4, 6] x) => (float[4, 6] y, float[4, 6] z) {
            y = LpNormalization<p = 1>(x) z = LpNormalization(x) }""",
        {},
    ),
    "a part without elements": (
        """g (float[4, 6] x, int64[3] s, float[4, 1] w) => (float[4, 3] y, float[4, 3] z) {
            y, e, z = Split<axis = 1>(x, s) }""",
        {"s": [3, 0, 3]},
    ),
    "layer normalization with its statistics": (
        """g (float[3, 8] x, float[8] w) => (float[3, 8] y, float[3, 1] m, float[3, 1] i) {
            y, m, i = LayerNormalization(x, w) }""",
        {"w": drawn(8)},
    ),
    "celu, a function": ("g (float[16] x) => (float[16] y) { y = Celu<alpha = 2.0>(x) }", {}),
}


def model(name: str) -> onnx.ModelProto:
    body, weights = CASES[name]
    made = parse(body)
    names = {value.name for value in made.graph.input}
    return with_weights(made, **{key: value for key, value in weights.items() if key in names})


@pytest.mark.parametrize("name", CASES)
def test_the_replacement_computes_the_same(name: str) -> None:
    original = model(name)
    prepared = prepare(original, {})
    kept = {node.op_type for node in original.graph.node} - {"Split"}
    assert not kept & {node.op_type for node in prepared.graph.node} - {"Pow", "LayerNormalization"}
    inputs = seeded_inputs(prepared, 1)
    found, expected = Reference(prepared).run(inputs), Reference(original).run(inputs)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-6)


def test_long_sequences_and_symbolic_lengths_stay_as_they_are() -> None:
    body = """g (float[65, 1, 2] x, float[1, 3, 2] w, float[1, 3, 3] r) => (float[65, 1, 1, 3] y) {
        y = RNN<hidden_size = 3>(x, w, r) }"""
    with pytest.raises(UnsupportedOperators, match="RNN: 1 node"):
        prepare(with_weights(parse(body), w=drawn(1, 3, 2), r=drawn(1, 3, 3)), {})


def test_what_has_no_right_result_is_refused() -> None:
    with pytest.raises(UnsupportedOperators, match=r"no one right result.*\n.*random"):
        prepare(parse("g (float[4] x) => (float[4] y) { n = RandomNormalLike(x) y = Add(x, n) }"), {})
    decoder = "g (uint8[64] x) => (uint8[8, 8, 3] y) { y = ImageDecoder(x) }"
    with pytest.raises(UnsupportedOperators, match="decode it before, and give pixels"):
        prepare(parse(decoder, '<ir_version: 9, opset_import: ["" : 20]>'), {})
    resize = """g (float[1, 1, 4, 4] x, float[4] s) => (float[1, 1, 2, 2] y) {
        y = Resize<mode = "linear", coordinate_transformation_mode = "align_corners">(x, , s) }"""
    with pytest.raises(UnsupportedOperators, match="align_corners with scales"):
        prepare(with_weights(parse(resize), s=[1.0, 1.0, 0.6, 0.6]), {})
