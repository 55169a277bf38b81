"""A plan as C: constant tables that the model-independent runtime loops over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_runtime.manifest import TensorSpec
from neo_compiler.native.check_plan import check_plan
from neo_compiler.native.literal import c_string
from neo_compiler.native.plan import Placed, Plan, Step, Where
from neo_compiler.native.size import Extent, Linear
from neo_compiler.native.storage import DTYPES, tensor_bytes


class _Shapes:
    """All dimensions in one array; equal shapes share their place in it."""

    def __init__(self) -> None:
        self.values: list[Extent] = []
        self._places: dict[tuple[Extent, ...], int] = {}

    def place(self, shape: tuple[Extent, ...]) -> int:
        if shape not in self._places:
            self._places[shape] = len(self.values)
            self.values.extend(shape)
        return self._places[shape]

    def rows(self) -> tuple[list[int], list[Linear]]:
        """The sizes, -1 for those that a run decides, and the sums that these are, in their order."""
        sums = [size for size in self.values if isinstance(size, Linear)]
        return [size if isinstance(size, int) else -1 for size in self.values], sums


def _interface(plan: Plan) -> tuple[list[Placed], list[Placed]]:
    """The tensors that are the plan's inputs and outputs."""
    found = {row.index: row for row in reversed(plan.tensors) if row.where is Where.INPUT}
    inputs = [found[number] for number in range(len(plan.inputs))]
    return inputs, [plan.tensors[result] for result in plan.results]


def _dtype(name: str) -> str:
    code, bits = DTYPES[name]
    return f"{{{code}, {bits}, 1}}"


def _table(kind: str, name: str, rows: Iterable[str]) -> Iterator[str]:
    nothing = "{0}" if kind.startswith("neo_") else "0"  # C knows no empty array
    yield f"static const {kind} {name}[] = {{"
    yield from (f"    {row}," for row in list(rows) or [nothing])
    yield "};"


def _spec_rows(
    specs: Iterable[TensorSpec], tensors: Iterable[Placed], plan: Plan, shapes: _Shapes
) -> Iterator[str]:
    for spec, tensor in zip(specs, tensors, strict=True):
        place = f"{len(tensor.shape)}, {shapes.place(tensor.shape)}, {tensor_bytes(tensor, plan)}u"
        yield f"{{{c_string(spec.name)}, {_dtype(spec.dtype)}, {place}}}"


def _tensor_rows(tensors: Iterable[Placed], shapes: _Shapes) -> Iterator[str]:
    for row in tensors:
        place = f"{row.offset}u, {row.index}, {shapes.place(row.shape)}"
        yield f"{{{place}, {_dtype(row.dtype)}, {len(row.shape)}, NEO_{row.where.name}}}"


def _step_rows(plan: Plan, *, launched: bool) -> Iterator[str]:
    first = 0
    for step in plan.steps:
        function = "0" if launched else f"__tvm_ffi_{step.kernel}"
        count = len(_arguments(step, plan))
        yield f"{{{function}, {c_string(step.kernel)}, {first}, {count}}}"
        first += count


def _arguments(step: Step, plan: Plan) -> list[int]:
    """Positions in the tensors; those behind the last stand for the open dimensions."""
    first = len(plan.tensors)
    return [*step.args, *(range(first, first + len(plan.dimensions)) if step.sized else ())]


def _filled(plan: Plan) -> Iterator[int]:
    """For each value of each fill: a constant, and how many times each dimension is added to it."""
    for row in plan.fills:
        for value in row.values:
            sum_ = Linear(value, (0,) * len(plan.dimensions)) if isinstance(value, int) else value
            yield from (sum_.constant, *sum_.factors)


def _dimension_rows(plan: Plan) -> Iterator[str]:
    for row in plan.dimensions:
        yield f"{{{c_string(row.name)}, {row.low}, {row.high}, {row.input}, {row.axis}}}"


def _chunks(values: Iterable[int]) -> Iterator[str]:
    texts = [str(value) for value in values]
    for start in range(0, len(texts), 16):
        yield ", ".join(texts[start : start + 16])


def driver_source(plan: Plan, *, launched: bool = False) -> str:
    """The C source that defines `neo_plan`; the same plan gives the same text.

    Where steps are `launched` on a GPU there are no functions to call for them.
    Raises ValueError where the plan contradicts itself, which is a mistake of the compiler.
    """
    check_plan(plan)
    shapes = _Shapes()
    specs = [
        list(_spec_rows(rows, tensors, plan, shapes))
        for rows, tensors in zip((plan.inputs, plan.outputs), _interface(plan), strict=True)
    ]
    tensors = list(_tensor_rows(plan.tensors, shapes))
    args = [arg for step in plan.steps for arg in _arguments(step, plan)]
    values, sums = shapes.rows()
    counts = (
        *map(len, (plan.inputs, plan.outputs, plan.tensors, plan.steps, args)),
        *map(len, (values, plan.dimensions, plan.fills)),
    )
    sizes = (plan.arena_bytes, plan.params_bytes, plan.scratch_bytes)
    called = set() if launched else {step.kernel for step in plan.steps}
    lines = [
        '#include "plan.h"',
        *(f"neo_kernel __tvm_ffi_{name};" for name in sorted(called)),
        *_table("neo_spec_row", "inputs", specs[0]),
        *_table("neo_spec_row", "outputs", specs[1]),
        *_table("neo_tensor_row", "tensors", tensors),
        *_table("neo_step_row", "steps", _step_rows(plan, launched=launched)),
        *_table("uint32_t", "args", _chunks(args)),
        *_table("uint32_t", "results", _chunks(plan.results)),
        *_table("int64_t", "shapes", _chunks(values)),
        *_table("neo_dimension_row", "dimensions", _dimension_rows(plan)),
        *_table("int64_t", "sums", _chunks(value for row in sums for value in (row.constant, *row.factors))),
        *_table("neo_fill_row", "fills", (f"{{{row.tensor}, {len(row.values)}}}" for row in plan.fills)),
        *_table("int64_t", "filled", _chunks(_filled(plan))),
        "const neo_plan_tables neo_plan = {",
        "    inputs, outputs, tensors, steps, args, results, shapes, dimensions, sums, fills, filled,",
        f"    {', '.join(map(str, counts))},",
        f"    {', '.join(f'{size}u' for size in sizes)},",
        "};",
    ]
    return "\n".join(lines) + "\n"
