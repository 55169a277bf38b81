"""A fault that is planted in the middle of a model is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from edge_runtime.errors import ExitCode
from neo_compiler.cli import main
from neo_compiler.graph.prepare import Prepared, prepare_parts
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.parts import assembly, layers
from neo_compiler.parts.assembly import Compiled
from neo_compiler.parts.layers import first_difference
from neo_compiler.target import find_target
from neo_compiler.verify.inputs import seeded_inputs
from tests.neo_compiler.models import parse, save

MODEL = """g (float[2, 4, 4] x) => (float[2, 4, 4] y, float[2] d) {
    a = Sin(x) b = Tanh(a) c = Mul(b, a) d = Det(c) e = Cos(c) f = Exp(e) y = Sub(f, e) }"""
TOLERANCE = 1e-4


@pytest.fixture(name="model")
def model_() -> onnx.ModelProto:
    return parse(MODEL)


def prepare(model: onnx.ModelProto) -> Prepared:
    return prepare_parts(model, {}, lambda proto: [seeded_inputs(proto, 0)])


def miscompiled(model: onnx.ModelProto, *arguments: Any) -> Compiled:
    """Takes a Cos for a Sin."""
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    for node in copy.graph.node:
        node.op_type = {"Cos": "Sin"}.get(node.op_type, node.op_type)
    return assembly.build_native(copy, *arguments)


def test_nothing_is_found_where_nothing_differs(model: onnx.ModelProto) -> None:
    prepared = prepare(model)
    inputs = seeded_inputs(model, 1)
    assert first_difference(model, prepared, find_target("host"), inputs, TOLERANCE) is None


def test_the_node_that_is_compiled_wrongly(model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "build_native", miscompiled)
    prepared = prepare(model)
    found = first_difference(model, prepared, find_target("host"), seeded_inputs(model, 1), TOLERANCE)
    assert found is not None
    assert (found.operator, found.output, found.of) == ("Cos", "e", 7)
    assert found.difference > TOLERANCE
    assert found.alone > TOLERANCE
    assert "operator Cos" in str(found)


def test_the_node_that_is_prepared_wrongly(model: onnx.ModelProto) -> None:
    prepared = prepare(model)
    tampered = onnx.ModelProto.FromString(prepared.model.SerializeToString())
    next(node for node in tampered.graph.node if node.op_type == "Tanh").op_type = "Sigmoid"
    wrong = replace(prepared, model=tampered)
    found = first_difference(model, wrong, find_target("host"), seeded_inputs(model, 1), TOLERANCE)
    assert found is not None
    assert (found.operator, found.output) == ("Sigmoid", "b")


def test_neo_verify_names_the_node(
    model: onnx.ModelProto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = parse(MODEL.replace("Cos", "Sin"))
    path, artifact = save(model, tmp_path), tmp_path / "artifact"
    compile_model(CompileOptions(save(other, tmp_path, "other.onnx"), output=artifact))
    monkeypatch.setattr(layers, "build_native", miscompiled)
    assert main(["verify", str(artifact), str(path), "--layers"]) == ExitCode.MISMATCH
    said = capsys.readouterr().err
    assert "outputs differ" in said
    assert "operator Cos" in said
