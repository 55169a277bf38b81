"""One part of a model → its files in the artifact and its entry in the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnx_ir as ir

from edge_runtime.manifest import Part as PartEntry
from edge_runtime.manifest import TensorSpec
from neo_compiler.errors import ModelError
from neo_compiler.graph.nodes import listed
from neo_compiler.graph.oldest_opset import oldest_opset
from neo_compiler.graph.partition import Part, node_name
from neo_compiler.graph.passes.guard_division import guard_division
from neo_compiler.graph.small_types import SMALL, storage
from neo_compiler.native.plan import Plan
from neo_compiler.stages import Stages
from neo_compiler.target import Target
from neo_compiler.tools import translate
from neo_compiler.tune.outcome import Tuning
from neo_compiler.verify.execute import Code, Piece

if TYPE_CHECKING:
    from tvm import IRModule

LIBRARY, PARAMS = "compiled.so", "compiled.params"


@dataclass(frozen=True)
class BuiltPart:
    """`plan` is what the part's library executes, `rules` how its kernels were scheduled, and `kernels` their
    object file, outside the artifact; all three are for native parts only.
    """

    entry: PartEntry
    plan: Plan | None = None
    rules: Mapping[str, str] = field(default_factory=dict)
    kernels: Path | None = None
    tuning: Tuning | None = None

    def piece(self, files: Path) -> Piece:
        """The part, whose files lie in `files`, as it can be run."""
        names = [spec.name for spec in self.entry.inputs], [spec.name for spec in self.entry.outputs]
        if self.plan is None or self.kernels is None or self.entry.params is None:
            return Piece(*names, model=files / self.entry.path)
        return Piece(*names, code=Code(self.plan, self.kernels, files / self.entry.params))


@dataclass(frozen=True)
class Compiled:
    """What was compiled: `rules` names the rule that scheduled each kernel."""

    plan: Plan
    rules: dict[str, str]
    tuning: Tuning | None


def build_native(
    model: onnx.ModelProto,
    target: Target,
    places: tuple[Path, Path],
    stages: Stages,
    seconds: float | None = None,
) -> Compiled:
    """Write compiled.so and compiled.params into a folder, and the kernels to an object file.

    Kernels are tuned for at most so many seconds; None: not at all. The tools behind are imported here, since
    they take a second.
    """
    outputs = tuple(value.name for value in model.graph.output)
    with translate(model):
        with stages("lower"):
            from neo_compiler.lower import lower

            module = lower(model, target, stages)
        with stages("schedule"):
            from neo_compiler.schedule import schedule

            tuning = None if seconds is None else _tune(module, target, seconds, stages)
            scheduled = schedule(module, target, tuning.choices if tuning else {})
        with stages("build"):
            from neo_compiler.native.build import build

            plan = build(scheduled.module, outputs, target, places[0], stages, places[1])
    return Compiled(plan, scheduled.rules, tuning)


def _tune(module: IRModule, target: Target, seconds: float, stages: Stages) -> Tuning:
    from neo_compiler.tune.tune import tune

    with stages("tune"):
        return tune(module, target, seconds, stages)


@dataclass(frozen=True)
class Bench:
    """Where parts are built: `files` becomes the artifact, `seconds` may be spent on tuning each."""

    files: Path
    target: Target
    stages: Stages
    seconds: float | None


def native_part(part: Part, bench: Bench, place: str, kernels: Path) -> BuiltPart:
    """Compile a part into the folder `place` of the artifact, and its kernels to an object file."""
    folder = bench.files / place
    folder.mkdir(parents=True, exist_ok=True)
    made = build_native(part.model, bench.target, (folder, kernels), bench.stages, bench.seconds)
    entry = PartEntry(
        backend="native",
        path=(Path(place) / LIBRARY).as_posix(),
        params=(Path(place) / PARAMS).as_posix(),
        inputs=made.plan.inputs,
        outputs=made.plan.outputs,
        nodes=len(part.model.graph.node),
        operators=operators(part.model),
    )
    return BuiltPart(entry, made.plan, made.rules, kernels, made.tuning)


def fallback_part(part: Part, files: Path, place: str, reasons: Mapping[str, str]) -> BuiltPart:
    """Write a part as the ONNX file `place` below `files`; `reasons` has its nodes' by first output."""
    path = files / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(oldest_opset(guard_division(part.model)).SerializeToString(deterministic=True))
    nodes = part.model.graph.node
    entry = PartEntry(
        backend="onnxruntime",
        path=place,
        inputs=_specs(part.model.graph.input, part),
        outputs=_specs(part.model.graph.output, part),
        nodes=len(nodes),
        operators=operators(part.model),
        reasons={node.op_type: reasons[node_name(node)] for node in nodes if node_name(node) in reasons},
    )
    return BuiltPart(entry)


def _specs(values: Iterable[onnx.ValueInfoProto], part: Part) -> tuple[TensorSpec, ...]:
    try:
        return tuple(map(tensor_spec, values))
    except ModelError as error:
        raise ModelError(f"{error} (the operators there: {listed(part.model)})") from error


def tensor_spec(value: onnx.ValueInfoProto) -> TensorSpec:
    """Name, type and shape; a dimension that is not known gets a name.

    Raises ModelError where that is no tensor of a type that numpy has.
    """
    kind = value.type.tensor_type
    try:
        small = ir.DataType(kind.elem_type) in SMALL
        dtype = (
            storage(ir.DataType(kind.elem_type))
            if small
            else np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
        )
    except (KeyError, TypeError):
        dtype = np.dtype(object)
    if dtype.kind not in "biufc" or not kind.HasField("shape"):
        raise ModelError(
            f"{value.name!r} is no tensor of numbers of known rank, and nothing else passes between parts"
        )
    sizes = (
        size.dim_value if size.HasField("dim_value") else size.dim_param or f"{value.name}_{place}"
        for place, size in enumerate(kind.shape.dim)
    )
    return TensorSpec(value.name, dtype.name, tuple(sizes))


def operators(model: onnx.ModelProto) -> dict[str, int]:
    """How many nodes there are of each operator."""
    return dict(sorted(Counter(node.op_type for node in model.graph.node).items()))
