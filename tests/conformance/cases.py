"""The cases that the installed onnx package brings: a model, inputs, and the outputs expected for them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from tests.conformance.parameters import with_parameters

TRAINING = "ai.onnx.preview.training"
IN_FOLDERS = ("simple", "pytorch-operator", "pytorch-converted")
DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"

# An array, a list of arrays (a sequence), or None (an optional without value).
Value = Any


@dataclass(frozen=True)
class Case:
    """`operator` is what the case tests; `fixed` names inputs that became initializers."""

    name: str
    kind: str
    operator: str
    model: onnx.ModelProto
    inputs: dict[str, Value]
    expected: dict[str, Value]
    rtol: float
    atol: float
    fixed: tuple[str, ...] = ()


def load_cases() -> list[Case]:
    """Every case but those of training operators, which no deployed model holds."""
    return [*_node_cases(), *(case for kind in IN_FOLDERS for case in _folder_cases(kind)), *_light_cases()]


def _node_cases() -> Iterator[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cases are computed in numpy, some from infinities
        from onnx.backend.test.loader import load_model_tests

        rows = load_model_tests(kind="node")
    operators: dict[str, str] = {}
    fixed: dict[str, tuple[str, ...]] = {}
    for row in rows:
        model = row.model
        if model is None or row.data_sets is None or any(o.domain == TRAINING for o in model.opset_import):
            continue
        base = row.name.partition("_expanded")[0]
        operator = operators.setdefault(base, _operator(model))
        (given, expected), *_ = row.data_sets
        case = _case(row, operator, model, (given, expected), fixed.get(base, ()))
        fixed.setdefault(base, case.fixed)
        yield case


def _folder_cases(kind: str) -> Iterator[Case]:
    from onnx.backend.test.loader import load_model_tests

    for row in load_model_tests(kind=kind):
        folder = Path(str(row.model_dir))
        model = onnx.load(folder / "model.onnx")
        data = folder / "test_data_set_0"
        inputs = [_read(path, value) for path, value in _files(data, "input", model.graph.input)]
        outputs = [_read(path, value) for path, value in _files(data, "output", model.graph.output)]
        yield _case(row, kind, model, (inputs, outputs))


def _light_cases() -> Iterator[Case]:
    """Whole networks, whose files hold neither weights nor inputs: the inputs rise evenly from 0 to 1."""
    for path in sorted((DATA / "light").glob("*.onnx")):
        model = onnx.load(path)
        weights = {tensor.name for tensor in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in weights]
        expected = [
            _read(path.with_name(f"{path.stem}_output_{place}.pb"), value)
            for place, value in enumerate(model.graph.output)
        ]
        names = [value.name for value in inputs], [value.name for value in model.graph.output]
        yield Case(
            f"test_{path.stem}",
            "light",
            "light",
            model,
            dict(zip(names[0], map(_ramp, inputs), strict=True)),
            dict(zip(names[1], expected, strict=True)),
            rtol=1e-3,
            atol=1e-7,
        )


def _case(
    row: Any,
    operator: str,
    model: onnx.ModelProto,
    values: tuple[Sequence[Value], Sequence[Value]],
    fixed: Sequence[str] = (),
) -> Case:
    """`fixed` are inputs that became constants in the same case in another form."""
    given, expected = (list(map(_array, side)) for side in values)
    weights = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in weights]
    inputs = dict(zip(names, given, strict=False))
    outputs = dict(zip((value.name for value in model.graph.output), expected, strict=False))
    model, names = with_parameters(model, inputs, fixed)
    inputs = {name: value for name, value in inputs.items() if name not in names}
    return Case(row.name, row.kind, operator, model, inputs, outputs, row.rtol, row.atol, names)


def _operator(model: onnx.ModelProto) -> str:
    node = model.graph.node[-1]
    return f"{node.domain}.{node.op_type}".lstrip(".")


def _files(folder: Path, kind: str, values: Any) -> Iterator[tuple[Path, onnx.ValueInfoProto]]:
    for place, value in enumerate(values):
        path = folder / f"{kind}_{place}.pb"
        if path.exists():
            yield path, value


def _read(path: Path, value: onnx.ValueInfoProto) -> Value:
    data = path.read_bytes()
    if value.type.HasField("sequence_type"):
        return numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


def _array(value: Value) -> Value:
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _ramp(value: onnx.ValueInfoProto) -> np.ndarray:
    shape = [size.dim_value or 1 for size in value.type.tensor_type.shape.dim]
    count = int(np.prod(shape))
    return (np.arange(count).reshape(shape) / count).astype(np.float32)
