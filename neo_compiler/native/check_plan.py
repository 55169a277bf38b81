"""A plan that contradicts itself is a mistake of the compiler, and is found before it becomes code."""

from __future__ import annotations

from edge_runtime.manifest import TensorSpec
from edge_runtime.shapes import shape_of
from neo_compiler.native.plan import Placed, Plan, Where
from neo_compiler.native.storage import ALIGNMENT, byte_size, tensor_bytes


def check_plan(plan: Plan) -> None:
    """Raises ValueError, with the place, where a row points outside of its memory or results clash."""
    limits = {
        (Where.ARENA, 0): plan.arena_bytes,
        (Where.PARAMS, 0): plan.params_bytes,
        **{(Where.INPUT, i): _spec_bytes(row, plan) for i, row in enumerate(plan.inputs)},
        **{(Where.OUTPUT, i): _spec_bytes(row, plan) for i, row in enumerate(plan.outputs)},
    }
    for number, row in enumerate(plan.tensors):
        _check_place(number, row, limits, tensor_bytes(row, plan))
    for number, step in enumerate(plan.steps):
        if any(not 0 <= arg < len(plan.tensors) for arg in step.args):
            raise ValueError(
                f"step {number} ({step.kernel}): an argument is no tensor of the plan: {step.args}"
            )
    _check_results(plan)


def _spec_bytes(spec: TensorSpec, plan: Plan) -> int:
    """The most bytes of an input or output."""
    most = {row.name: row.high for row in plan.dimensions}
    return byte_size(spec.dtype, shape_of(spec, most))


def _check_place(number: int, row: Placed, limits: dict[tuple[Where, int], int], size: int) -> None:
    limit = limits.get((row.where, row.index))
    if limit is None:
        raise ValueError(f"tensor {number}: there is no {row.where.name.lower()} {row.index}")
    if row.offset < 0 or row.offset + size > limit:
        raise ValueError(f"tensor {number}: {row} reaches beyond the {limit} bytes of its memory")
    if row.offset % ALIGNMENT:
        raise ValueError(f"tensor {number}: offset {row.offset} is no multiple of {ALIGNMENT}")


def _check_results(plan: Plan) -> None:
    if len(plan.results) != len(plan.outputs):
        raise ValueError(f"{len(plan.results)} results for {len(plan.outputs)} outputs")
    held = [plan.tensors[result] for result in plan.results]
    names = [row.name for row in plan.dimensions]
    for number, (row, spec) in enumerate(zip(held, plan.outputs, strict=True)):
        shape = tuple(size if isinstance(size, int) else size.text(names) for size in row.shape)
        if (row.dtype, shape) != (spec.dtype, spec.shape):
            raise ValueError(f"output {number} ({spec.name}): {spec} is given by {row}")
    in_place = {
        i for i, row in enumerate(held) if (row.where, row.index) == (Where.OUTPUT, i) and row.offset == 0
    }
    for number, row in enumerate(held):
        if row.where is Where.OUTPUT and row.index not in in_place:
            raise ValueError(f"output {number}: its value lives in output {row.index}, which is overwritten")
