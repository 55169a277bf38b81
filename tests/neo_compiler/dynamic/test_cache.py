"""A decoder's layer with its cache of keys and values: two open dimensions, and their sum in the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

import edge_runtime
import neo_compiler
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, save, with_weights

# Two heads of four. A token sees itself, those before it, and the whole past.
DECODER = """g (int64[1, n] ids, float[1, 2, past, 4] keys, float[1, 2, past, 4] values,
                float[50, 8] Words, float[8, 24] W, float[8, 50] V)
    => (float[1, n, 50] logits, float[1, 2, all, 4] all_keys, float[1, 2, all, 4] all_values) {
    x = Gather(Words, ids)
    qkv = MatMul(x, W)
    q0, k0, v0 = Split<axis = 2, num_outputs = 3>(qkv)
    heads = Constant<value = int64[4] {0, -1, 2, 4}>()
    q1 = Reshape(q0, heads)
    k1 = Reshape(k0, heads)
    v1 = Reshape(v0, heads)
    q = Transpose<perm = [0, 2, 1, 3]>(q1)
    k2 = Transpose<perm = [0, 2, 1, 3]>(k1)
    v2 = Transpose<perm = [0, 2, 1, 3]>(v1)
    all_keys = Concat<axis = 2>(keys, k2)
    all_values = Concat<axis = 2>(values, v2)
    t = Transpose<perm = [0, 1, 3, 2]>(all_keys)
    s = MatMul(q, t)
    sizes = Shape(keys)
    two = Constant<value = int64 {2}>()
    one = Constant<value = int64 {1}>()
    zero = Constant<value = int64 {0}>()
    p = Gather(sizes, two)
    idsizes = Shape(ids)
    n = Gather(idsizes, one)
    total = Add(p, n)
    places = Range(zero, total, one)
    rows0 = Range(p, total, one)
    ax = Constant<value = int64[1] {1}>()
    rows = Unsqueeze(rows0, ax)
    seen = LessOrEqual(places, rows)
    low = Constant<value = float {-10000.0}>()
    masked = Where(seen, s, low)
    a = Softmax<axis = -1>(masked)
    c = MatMul(a, all_values)
    c1 = Transpose<perm = [0, 2, 1, 3]>(c)
    flat = Constant<value = int64[3] {0, -1, 8}>()
    c2 = Reshape(c1, flat)
    logits = MatMul(c2, V)
}"""


def decoder() -> onnx.ModelProto:
    random = np.random.default_rng(0)
    weights = {"Words": (50, 8), "W": (8, 24), "V": (8, 50)}
    model = parse(DECODER, '<ir_version: 8, opset_import: ["" : 18]>')
    return with_weights(model, **{name: random.standard_normal(shape) for name, shape in weights.items()})


def inputs(n: int, past: int) -> dict[str, Any]:
    random = np.random.default_rng(100 * n + past)
    kept = [random.standard_normal((1, 2, past, 4)).astype(np.float32) for _ in range(2)]
    return {"ids": random.integers(0, 50, (1, n)), "keys": kept[0], "values": kept[1]}


def test_a_cache_grows_from_nothing(tmp_path: Path) -> None:
    model = decoder()
    path = neo_compiler.compile(
        save(model, tmp_path), output=tmp_path / "out", dimensions={"n": "1..48", "past": "0..60"}
    )
    reference = Reference(model)
    with edge_runtime.load(path, threads=1) as loaded:
        assert len(loaded.manifest.buckets) == 1
        assert [spec.shape for spec in loaded.outputs][1] == (1, 2, "n+past", 4)
        for n, past in ((1, 0), (1, 1), (48, 0), (5, 7), (1, 60), (48, 60)):
            expected, found = reference.run(inputs(n, past)), loaded.run(inputs(n, past))
            assert {name: value.shape for name, value in found.items()} == {
                name: value.shape for name, value in expected.items()
            }
            assert max(difference(value, found[name]) for name, value in expected.items()) < 1e-5
        given = inputs(6, 0)
        whole = loaded.run(given)["logits"]
        state = {"keys": given["keys"], "values": given["values"]}
        for place in range(6):
            step = loaded.run({"ids": given["ids"][:, place : place + 1], **state})
            state = {"keys": step["all_keys"], "values": step["all_values"]}
            np.testing.assert_allclose(step["logits"][0, 0], whole[0, place], rtol=1e-4, atol=1e-5)
