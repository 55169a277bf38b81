"""Small models compiled as the job compiles them, run through the C interface, compared with onnxruntime."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike, NDArray

from edge_runtime.device import cpu_flags, machine
from edge_runtime.manifest import TensorSpec
from edge_runtime.native import NativeModel
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.build import build
from neo_compiler.native.extract import Program, extract
from neo_compiler.native.plan import Placed, Plan, Where
from neo_compiler.schedule import schedule
from neo_compiler.target import Precision, find_target
from neo_compiler.tools import translate
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, with_weights

Array = NDArray[np.generic]

# Two float32 sums of a few hundred products in different orders; a wrong index or a lost tap is far beyond.
TOLERANCE = 1e-5
NARROW = ("x86-64-v2", "x86-64-v3")
TARGETS = ("host", *NARROW)

on_all_targets = pytest.mark.parametrize("target", TARGETS)


@dataclass(frozen=True)
class Case:
    """A model in ONNX's text form: `body` is `(inputs) => (outputs) { nodes }`.

    Inputs named with a capital letter become weights, drawn at random unless `given` holds them; `given` may
    hold the other inputs' values too. `poisoned` is False where NaN in an input has no defined meaning.
    """

    body: str
    given: Mapping[str, ArrayLike] = field(default_factory=dict)
    opset: int = 17
    tolerance: float = TOLERANCE
    poisoned: bool = True

    def model(self) -> onnx.ModelProto:
        """The model with its weights."""
        model = parse(f"g {self.body}", f'<ir_version: 8, opset_import: ["" : {self.opset}]>')
        random = np.random.default_rng(1)
        weights = [value for value in model.graph.input if value.name[0].isupper()]
        return with_weights(model, **{value.name: self._value(value, random) for value in weights})

    def inputs(self) -> dict[str, Array]:
        """Values for the inputs: normal floats, whole numbers from 0 to 3, truth values."""
        random = np.random.default_rng(2)
        return {value.name: self._value(value, random) for value in self.model().graph.input}

    def _value(self, value: onnx.ValueInfoProto, random: np.random.Generator) -> Array:
        kind = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
        shape = tuple(size.dim_value for size in kind.shape.dim)
        drawn = random.standard_normal(shape) if dtype.kind == "f" else random.integers(0, 4, shape)
        return np.asarray(self.given.get(value.name, drawn), dtype)


@dataclass(frozen=True)
class Compiled:
    """A model's compiled files in `folder`, the plan they follow and the rule that scheduled each kernel."""

    folder: Path
    plan: Plan
    rules: Mapping[str, str]

    @property
    def library(self) -> Path:
        """The shared library."""
        return self.folder / "compiled.so"

    @property
    def params(self) -> Path:
        """The parameter file."""
        return self.folder / "compiled.params"

    def run(self, *runs: Mapping[str, Array], threads: int = 1) -> dict[str, Array]:
        """The outputs of the last of `runs`, which one session does one after the other."""
        model = NativeModel(self.library, self.params, threads)
        session = model.session()
        outputs: list[Array] = []
        try:
            for inputs in runs:
                outputs = [_spoiled(spec) for spec in model.outputs]
                session.run([np.ascontiguousarray(inputs[spec.name]) for spec in model.inputs], outputs)
            return {spec.name: value for spec, value in zip(model.outputs, outputs, strict=True)}
        finally:
            session.close()
            model.close()


def compile_onnx(
    model: onnx.ModelProto, folder: Path, target: str = "host", precision: Precision = Precision.FP32
) -> Compiled:
    """Compile `model` into `folder`; skips the test where this machine cannot run `target`."""
    profile = replace(find_target(target), precision=precision)
    if profile.arch != machine() or not set(profile.requires) <= cpu_flags():
        pytest.skip(f"this machine cannot run code for {target}")
    prepared = prepare(model, {})
    with translate(prepared):
        scheduled = schedule(lower(prepared, profile), profile)
        plan = build(scheduled.module, _outputs(prepared), profile, folder)
    return Compiled(folder, plan, scheduled.rules)


def plan_of(model: onnx.ModelProto, target: str = "host") -> Program:
    """The plan and the parameters of `model`, before any code exists."""
    prepared = prepare(model, {})
    with translate(prepared):
        return extract(lower(prepared, find_target(target)), _outputs(prepared))


def intermediates(plan: Plan) -> list[Placed]:
    """The tensors between the inputs and the outputs."""
    used = {position for step in plan.steps for position in step.args} - set(plan.results)
    tensors = [plan.tensors[position] for position in sorted(used)]
    return [tensor for tensor in tensors if tensor.where in (Where.ARENA, Where.OUTPUT)]


def families(names: Iterable[str], narrow: Iterable[str]) -> pytest.MarkDecorator:
    """Parametrize a test's `family` and `target`: all for the host, some for targets of narrower vectors."""
    pairs = [(name, "host") for name in names] + [(name, target) for name in narrow for target in NARROW]
    return pytest.mark.parametrize(("family", "target"), pairs)


def check(
    rows: Mapping[str, Case], folder: Path, target: str = "host", precision: Precision = Precision.FP32
) -> Compiled:
    """Compile all rows as one model, and assert that every output is that of onnxruntime.

    Another run goes before, with NaN for every float: nothing that it leaves in memory may show.
    """
    prefixes = [f"r{number}_" for number in range(len(rows))] if len(rows) > 1 else [""]
    cases = dict(zip(prefixes, rows.values(), strict=True))
    model = _side_by_side(cases)
    inputs = {prefix + name: value for prefix, case in cases.items() for name, value in case.inputs().items()}
    poisoned = tuple(prefix for prefix, case in cases.items() if case.poisoned)
    before = {name: _poison(value) if name.startswith(poisoned) else value for name, value in inputs.items()}
    compiled = compile_onnx(model, folder, target, precision)
    actual, expected = compiled.run(before, inputs), Reference(model).run(inputs)
    assert list(actual) == list(expected)
    if wrong := _wrong(dict(zip(rows, cases, strict=True)), rows, expected, actual):
        pytest.fail(f"outputs differ on {target}: {wrong}")
    return compiled


def check_one(case: Case, folder: Path, target: str = "host") -> Compiled:
    """`check` of a single case."""
    return check({"case": case}, folder, target)


def _outputs(model: onnx.ModelProto) -> tuple[str, ...]:
    return tuple(value.name for value in model.graph.output)


def _side_by_side(cases: Mapping[str, Case]) -> onnx.ModelProto:
    """One model of many, whose names get the prefixes: linking costs more than all kernels of a small one."""
    merged = onnx.ModelProto()
    for prefix, case in cases.items():
        model = onnx.compose.add_prefix(case.model(), prefix)
        assert not merged.opset_import or merged.opset_import == model.opset_import
        if not merged.opset_import:
            merged.CopyFrom(model)
            continue
        merged.graph.node.extend(model.graph.node)
        merged.graph.input.extend(model.graph.input)
        merged.graph.output.extend(model.graph.output)
        merged.graph.initializer.extend(model.graph.initializer)
    onnx.checker.check_model(merged)
    return merged


def _wrong(
    prefixes: Mapping[str, str],
    rows: Mapping[str, Case],
    expected: Mapping[str, Array],
    actual: Mapping[str, Array],
) -> dict[str, dict[str, float]]:
    """The rows that are beyond their tolerance: output → difference relative to its largest magnitude."""
    wrong = {}
    for row, case in rows.items():
        names = [name for name in expected if name.startswith(prefixes[row])]
        found = {name.removeprefix(prefixes[row]): difference(expected[name], actual[name]) for name in names}
        if not max(found.values()) <= case.tolerance:
            wrong[row] = found
    return wrong


def _poison(value: Array) -> Array:
    return np.full_like(value, np.nan) if value.dtype.kind == "f" else value


def _spoiled(spec: TensorSpec) -> Array:
    """An output buffer in which an element that nobody writes shows."""
    shape = tuple(int(size) for size in spec.shape)
    empty = np.empty(shape, spec.dtype)
    empty.reshape(-1).view(np.uint8)[:] = 0xFF
    return empty
