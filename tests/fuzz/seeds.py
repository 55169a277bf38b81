"""Small models that use much of what the compiler knows; the mutants are made of them."""

from __future__ import annotations

import numpy as np
import onnx

from tests.neo_compiler.models import parse, with_weights

_HEAD = '<ir_version: 8, opset_import: ["" : 17]>'
_random = np.random.default_rng(11)

# Body, and the shapes of the inputs that become weights.
_BODIES: dict[str, tuple[str, dict[str, tuple[int, ...]]]] = {
    "convolutions": (
        """g (float[1, 3, 8, 8] x, float[4, 3, 3, 3] w, float[4] b, float[4, 1, 3, 3] v) => (float[1, 4] y) {
        a = Conv<pads = [1, 1, 1, 1]>(x, w, b) r = Relu(a) d = Conv<group = 4>(r, v)
        p = GlobalAveragePool(d) y = Flatten(p) }""",
        {"w": (4, 3, 3, 3), "b": (4,), "v": (4, 1, 3, 3)},
    ),
    "layers": (
        """g (float[2, 8] x, float[8, 8] w, float[8] b) => (float[2, 8] y, float[2, 3] t, int64[2, 3] i) {
        k = Constant<value_ints = [3]>() a = MatMul(x, w) c = Add(a, b) s = Softmax(c)
        t, i = TopK(s, k) y = Tanh(c) }""",
        {"w": (8, 8), "b": (8,)},
    ),
    "lstm": (
        """g (float[4, 1, 3] x, float[1, 8, 3] w, float[1, 8, 2] r) => (float[4, 1, 1, 2] y) {
        y = LSTM<hidden_size = 2>(x, w, r) }""",
        {"w": (1, 8, 3), "r": (1, 8, 2)},
    ),
    "branch": (
        """g (float[2] x, bool c) => (float[2] y) {
        y = If(c) <then_branch = t () => (float[2] a) { a = Neg(x) },
                   else_branch = e () => (float[2] b) { b = Abs(x) }> }""",
        {},
    ),
    "loop": (
        """g (float[2] x, int64 n, bool c) => (float[2] y) {
        y = Loop(n, c, x) <body = b (int64 i, bool k, float[2] v) => (bool o, float[2] u) {
            o = Identity(k) u = Add(v, v) }> }""",
        {},
    ),
    "shapes": (
        """g (float[2, 3, 4] x, int64[2] i) => (float[2, 12] y, float[2, 3, 2] z) {
        s = Shape(x) one = Constant<value_ints = [-1]>() f = Slice(s, zero, end) t = Concat<axis = 0>(f, one)
        y = Reshape(x, t) z = Gather<axis = 2>(x, i)
        }""",
        {},
    ),
    "picture": (
        """g (float[1, 1, 4, 4] x, float[4] roi, float[4] scales) => (float[1, 1, 8, 8] y) {
        r = Resize<mode = "linear">(x, roi, scales) p = MaxPool<kernel_shape = [1, 1]>(r) y = Sigmoid(p) }""",
        {},
    ),
    "quantised": (
        """g (float[2, 4] x, float s, int8 z, int8[4, 4] w) => (float[2, 4] y) {
        q = QuantizeLinear(x, s, z) d = DequantizeLinear(q, s, z) e = DequantizeLinear(w, s, z)
        y = MatMul(d, e) }""",
        {},
    ),
    "whole numbers": (
        """g (int64[4] x, int64[4] y) => (int64[4] z, bool[4] b) {
        a = Div(x, y) m = Mod(x, y) z = Mul(a, m) b = Less(x, y) }""",
        {},
    ),
    "sequence": (
        """g (float[4] x, float[2] w) => (float[6] y) {
        s = SequenceConstruct(x, w) y = ConcatFromSequence<axis = 0>(s) }""",
        {},
    ),
}
_CONSTANTS = {
    "shapes": {"zero": np.array([0]), "end": np.array([1])},
    "picture": {"roi": np.zeros(4, np.float32), "scales": np.array([1, 1, 2, 2], np.float32)},
    "quantised": {
        "s": np.float32(0.1),
        "z": np.int8(0),
        "w": _random.integers(-9, 9, (4, 4)).astype(np.int8),
    },
}
_FUNCTION = """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
g (float[2, 2] x) => (float[2, 2] y) { y = own.twice(x) }
<domain: "own", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) }"""


def seed_models() -> list[bytes]:
    """The models' files."""
    models = [_model(name, *row) for name, row in _BODIES.items()]
    models.append(onnx.parser.parse_model(_FUNCTION))
    return [model.SerializeToString(deterministic=True) for model in models]


def _model(name: str, body: str, weights: dict[str, tuple[int, ...]]) -> onnx.ModelProto:
    constants = _CONSTANTS.get(name, {})
    if name == "shapes":  # constants that are no inputs in the text
        model = onnx.parser.parse_model(f"{_HEAD} {body}")
        model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in constants.items())
        return model
    drawn = {key: _random.standard_normal(shape).astype(np.float32) for key, shape in weights.items()}
    return with_weights(parse(body, _HEAD), **drawn, **constants)
