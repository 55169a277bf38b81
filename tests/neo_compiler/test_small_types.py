"""bfloat16, float8, float4, int4 and int2: compiled, they give what ONNX's own types give, code by code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir

import edge_runtime
from neo_compiler.graph.small_types import FLOATS, SMALL, restored, storage, stored
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from tests.neo_compiler.models import save

HAVE_CASTS = sorted(SMALL - {ir.DataType.FLOAT8E8M0, ir.DataType.INT2, ir.DataType.UINT2})


def compiled(graph: onnx.GraphProto, folder: Path) -> Path:
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 24)])
    onnx.checker.check_model(model)
    compile_model(CompileOptions(save(model, folder), output=folder / "artifact"))
    return folder / "artifact"


def casts(kinds: list[ir.DataType]) -> onnx.GraphProto:
    """Floats to every type, and every type's codes to floats."""
    nodes, inputs = [], [onnx.helper.make_tensor_value_info("x", 1, [len(numbers())])]
    outputs = []
    for kind in kinds:
        name = kind.name
        nodes += [
            onnx.helper.make_node("Cast", ["x"], [f"to{name}"], to=int(kind)),
            onnx.helper.make_node("Cast", [f"c{name}"], [f"from{name}"], to=1),
        ]
        inputs.append(onnx.helper.make_tensor_value_info(f"c{name}", int(kind), [codes(kind).size]))
        outputs.append(onnx.helper.make_tensor_value_info(f"to{name}", int(kind), [len(numbers())]))
        outputs.append(onnx.helper.make_tensor_value_info(f"from{name}", 1, [codes(kind).size]))
    return onnx.helper.make_graph(nodes, "casts", inputs, outputs)


def codes(kind: ir.DataType) -> np.ndarray:
    """Every code of a type; whole numbers as they are stored."""
    if kind == ir.DataType.BFLOAT16:
        return np.arange(2**16, dtype=np.uint16)
    bits = 4 if kind.bitwidth == 4 else 8
    every = np.arange(2**bits, dtype=np.uint8)
    return every if kind in FLOATS else stored(every.astype(kind.numpy()))


def numbers() -> np.ndarray:
    """Numbers in the range of all types, halfway between their numbers, and tiny ones."""
    random = np.random.default_rng(5)
    wide = random.standard_normal(2000) * 2.0 ** random.integers(-20, 3, 2000)
    halves = np.arange(-96, 96) / 16
    return np.concatenate([wide, halves, [0.0, -0.0, np.nan, 1e-40, -1e-40]]).astype(np.float32)


def test_casts_of_every_code(tmp_path: Path) -> None:
    x = numbers()
    path = compiled(casts(HAVE_CASTS), tmp_path)
    with edge_runtime.load(path, threads=1) as model:
        assert {row.backend for row in model.placement} == {"native"}
        found = model.run({"x": x, **{f"c{kind.name}": codes(kind) for kind in HAVE_CASTS}})
    for kind in HAVE_CASTS:
        back = codes(kind).view(kind.numpy()) if kind in FLOATS else codes(kind)
        np.testing.assert_array_equal(found[f"from{kind.name}"], back.astype(np.float32), kind.name)
        if kind in FLOATS:
            small = found[f"to{kind.name}"]
            assert small.dtype == storage(kind)
            expected = x.astype(kind.numpy())
            np.testing.assert_array_equal(
                restored(small, expected).astype(np.float32), expected.astype(np.float32), kind.name
            )


def test_whole_numbers_keep_their_low_bits(tmp_path: Path) -> None:
    kinds = [ir.DataType.INT4, ir.DataType.UINT4]
    nodes = [onnx.helper.make_node("Cast", ["x"], [kind.name], to=int(kind)) for kind in kinds]
    outputs = [onnx.helper.make_tensor_value_info(kind.name, int(kind), [256]) for kind in kinds]
    inputs = [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.INT8, [256])]
    path = compiled(onnx.helper.make_graph(nodes, "g", inputs, outputs), tmp_path)
    x = np.arange(-128, 128, dtype=np.int8)
    with edge_runtime.load(path, threads=1) as model:
        found = model.run({"x": x})
    np.testing.assert_array_equal(found["INT4"], ((x & 15) ^ 8) - 8)
    np.testing.assert_array_equal(found["UINT4"], (x & 15).astype(np.uint8))


def test_small_floats_are_computed_with(tmp_path: Path) -> None:
    """Every node's result is rounded, as the reference rounds it."""
    kind = ir.DataType.BFLOAT16
    kinds = [onnx.helper.make_tensor_value_info(name, int(kind), [4, 4]) for name in ("x", "y", "z")]
    nodes = [
        onnx.helper.make_node("Mul", ["x", "y"], ["m"]),
        onnx.helper.make_node("Add", ["m", "x"], ["a"]),
        onnx.helper.make_node("Transpose", ["a"], ["z"]),
    ]
    path = compiled(onnx.helper.make_graph(nodes, "g", kinds[:2], kinds[2:]), tmp_path)
    random = np.random.default_rng(3)
    x, y = (random.standard_normal((4, 4)).astype(kind.numpy()) for _ in "xy")
    with edge_runtime.load(path, threads=1) as model:
        found = restored(model.run({"x": stored(x), "y": stored(y)})["z"], x)
    np.testing.assert_array_equal(found.astype(np.float32), ((x * y) + x).T.astype(np.float32))
