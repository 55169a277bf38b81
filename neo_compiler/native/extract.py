"""Relax → plan: the function `main` as a flat list of kernel calls over placed tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import tvm
from numpy.typing import NDArray
from tvm import relax

from edge_runtime.manifest import TensorSpec
from neo_compiler.lower.values import array_of, dtype_of, is_constant, shape_of
from neo_compiler.native.cuda.launches import Operator
from neo_compiler.native.memory import aligned
from neo_compiler.native.place import Draft, place
from neo_compiler.native.plan import Placed, Plan, Step, Where

_CALLED: Mapping[str, Operator] = MappingProxyType({})
_NOTHING: Mapping[str, tuple[int, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class Program:
    """A plan and the contents of its parameter file, in the order of their offsets."""

    plan: Plan
    params: tuple[tuple[int, NDArray[np.generic]], ...]


class _Extractor:
    """Walks `main` once and drafts its program; on a GPU `operators` has the launches of each operator."""

    def __init__(
        self, operators: Mapping[str, Operator], overwritable: Mapping[str, tuple[int, ...]] = _NOTHING
    ) -> None:
        self._operators = operators
        self._overwritable = overwritable
        self.tensors: list[Placed] = []
        self.steps: list[Step] = []
        self.params: list[tuple[int, NDArray[np.generic]]] = []
        self._values: dict[relax.Expr, tuple[int, ...]] = {}
        self._constants: dict[tuple[bytes, str, tuple[int, ...]], int] = {}
        self.params_bytes = 0
        self._buffers = 0

    def add_input(self, index: int, var: relax.Var) -> None:
        self._values[var] = (self._add(Placed(Where.INPUT, dtype_of(var), shape_of(var), index)),)

    def bind(self, binding: relax.VarBinding) -> None:
        self._values[binding.var] = self._evaluate(binding.value)

    def results(self, body: relax.Expr) -> tuple[int, ...]:
        return self._positions(body)

    def _evaluate(self, value: relax.Expr) -> tuple[int, ...]:
        if not isinstance(value, relax.Call):
            return self._positions(value)
        name = value.op.name
        if name == "relax.call_tir":
            return self._call(value)
        if name == "relax.reshape":
            (source,) = self._positions(value.args[0])
            return (self._add(replace(self.tensors[source], shape=shape_of(value))),)
        raise NotImplementedError(name)

    def _call(self, call: relax.Call) -> tuple[int, ...]:
        arguments = tuple(position for field in call.args[1].fields for position in self._positions(field))
        outputs = tuple(self._buffer(ty) for ty in _tensor_types(call.ty))
        name = str(call.args[0].name_hint)
        operator = self._operators.get(name)
        if operator is None:
            places = self._overwritable.get(name, ()) if len(outputs) == 1 else ()
            self.steps.append(Step(name, arguments + outputs, overwritable=places))
        else:
            self._launch(name, operator, arguments + outputs)
        return outputs

    def _launch(self, name: str, operator: Operator, parameters: tuple[int, ...]) -> None:
        places = (*parameters, *(self._new(dtype, shape) for dtype, shape in operator.temporaries))
        for launch in operator.calls:
            self.steps.append(Step(launch.kernel, tuple(places[place] for place in launch.args), name))

    def _positions(self, expr: relax.Expr) -> tuple[int, ...]:
        if is_constant(expr):
            return (self._constant(array_of(expr)),)
        if isinstance(expr, relax.Tuple):
            return tuple(position for field in expr.fields for position in self._positions(field))
        if isinstance(expr, relax.TupleGetItem):
            return (self._positions(expr.tuple_value)[int(expr.index)],)
        return self._values[expr]

    def _constant(self, value: NDArray[np.generic]) -> int:
        key = hashlib.sha256(value.tobytes()).digest(), str(value.dtype), value.shape
        if key not in self._constants:
            self.params.append((self.params_bytes, value))
            place = Placed(Where.PARAMS, str(value.dtype), value.shape, 0, self.params_bytes)
            self._constants[key] = self._add(place)
            self.params_bytes += aligned(value.nbytes)
        return self._constants[key]

    def _buffer(self, ty: tvm.ir.Type) -> int:
        return self._new(str(ty.dtype), tuple(int(extent) for extent in ty.shape.values))

    def _new(self, dtype: str, shape: tuple[int, ...]) -> int:
        """A tensor in a new buffer, which `index` numbers until it is placed."""
        self._buffers += 1
        return self._add(Placed(Where.ARENA, dtype, shape, self._buffers))

    def _add(self, tensor: Placed) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def _tensor_types(ty: tvm.ir.Type) -> Iterator[tvm.ir.Type]:
    if hasattr(ty, "fields"):
        yield from ty.fields
    else:
        yield ty


@dataclass(frozen=True)
class Drafted:
    """A program before its tensors are placed; `inputs` names those of `main`."""

    draft: Draft
    inputs: tuple[str, ...]
    params: tuple[tuple[int, NDArray[np.generic]], ...]
    params_bytes: int


def draft(
    module: tvm.IRModule,
    operators: Mapping[str, Operator] = _CALLED,
    overwritable: Mapping[str, tuple[int, ...]] = _NOTHING,
) -> Drafted:
    """The program of `module`'s function `main`; the other arguments are as for `extract`."""
    main, walk = module["main"], _Extractor(operators, overwritable)
    for index, var in enumerate(main.params):
        walk.add_input(index, var)
    for block in main.body.blocks:
        for binding in block.bindings:
            walk.bind(binding)
    results = walk.results(main.body.body)  # which may add constants to the tensors
    drafted = Draft(tuple(walk.tensors), tuple(walk.steps), results)
    return Drafted(drafted, tuple(var.name for var in main.params), tuple(walk.params), walk.params_bytes)


def settle(drafted: Drafted, outputs: tuple[str, ...]) -> Program:
    """The program with every tensor at its place, whose results are named `outputs`.

    `Plan.scratch_bytes` is left at zero: it is known after code generation.
    """
    placed, arena = place(drafted.draft)
    plan = Plan(
        inputs=tuple(
            _spec(name, placed.tensors[number], placed) for number, name in enumerate(drafted.inputs)
        ),
        outputs=tuple(
            _spec(name, placed.tensors[position], placed)
            for name, position in zip(outputs, placed.results, strict=True)
        ),
        tensors=placed.tensors,
        steps=placed.steps,
        results=placed.results,
        arena_bytes=arena,
        params_bytes=drafted.params_bytes,
        scratch_bytes=0,
        dimensions=placed.dimensions,
        fills=placed.fills,
    )
    return Program(plan, drafted.params)


def _spec(name: str, tensor: Placed, placed: Draft) -> TensorSpec:
    names = [row.name for row in placed.dimensions]
    shape = (size if isinstance(size, int) else size.text(names) for size in tensor.shape)
    return TensorSpec(name, tensor.dtype, tuple(shape))


def extract(
    module: tvm.IRModule,
    outputs: tuple[str, ...],
    operators: Mapping[str, Operator] = _CALLED,
    overwritable: Mapping[str, tuple[int, ...]] = _NOTHING,
) -> Program:
    """The program of `module`'s function `main`, whose results are named `outputs`.

    `operators` are those that consist of launches on a GPU; each launch is a step then. `overwritable` names
    the parameters of kernels over which their result may be written.
    `Plan.scratch_bytes` is left at zero: it is known after code generation.
    """
    return settle(draft(module, operators, overwritable), outputs)
