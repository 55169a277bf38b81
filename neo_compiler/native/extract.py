"""Relax → plan: the function `main` as a flat list of kernel calls over placed tensors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import tvm
from numpy.typing import NDArray
from tvm import relax

from edge_runtime.manifest import TensorSpec
from neo_compiler.lower.values import array_of, dtype_of, is_constant, shape_of
from neo_compiler.native.memory import Lifetime, aligned, assign_offsets
from neo_compiler.native.plan import Placed, Plan, Step, Where


@dataclass(frozen=True)
class Program:
    """A plan and the contents of its parameter file, in the order of their offsets."""

    plan: Plan
    params: tuple[tuple[int, NDArray[np.generic]], ...]


class _Extractor:
    """Walks `main` once; tensors first point at virtual places, which `finish` replaces by real ones."""

    def __init__(self) -> None:
        self.tensors: list[Placed] = []
        self.steps: list[Step] = []
        self.params: list[tuple[int, NDArray[np.generic]]] = []
        self._values: dict[relax.Expr, tuple[int, ...]] = {}
        self._constants: dict[tuple[bytes, str, tuple[int, ...]], int] = {}
        self._params_end = 0
        self._buffers: list[int] = []

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
        self.steps.append(Step(call.args[0].name_hint, arguments + outputs))
        return outputs

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
            self.params.append((self._params_end, value))
            place = Placed(Where.PARAMS, str(value.dtype), value.shape, 0, self._params_end)
            self._constants[key] = self._add(place)
            self._params_end += aligned(value.nbytes)
        return self._constants[key]

    def _buffer(self, ty: tvm.ir.Type) -> int:
        """A new intermediate; until the arena is laid out its `index` numbers the buffer."""
        shape = tuple(int(extent) for extent in ty.shape.values)
        self._buffers.append(len(self._buffers))
        return self._add(Placed(Where.ARENA, str(ty.dtype), shape, self._buffers[-1]))

    def _add(self, tensor: Placed) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def finish(
        self, inputs: tuple[TensorSpec, ...], outputs: tuple[str, ...], results: tuple[int, ...]
    ) -> Plan:
        """Place the buffers: results in the output buffers where they can be, the rest in the arena."""
        in_outputs: dict[int, int] = {}
        for number, position in enumerate(results):
            tensor = self.tensors[position]
            if tensor.where is Where.ARENA:
                in_outputs.setdefault(tensor.index, number)
        buffers = [buffer for buffer in self._buffers if buffer not in in_outputs]
        lifetimes = self._lifetimes()
        offsets, arena = assign_offsets([lifetimes[buffer] for buffer in buffers])
        placed = dict(zip(buffers, offsets, strict=True))

        def settle(tensor: Placed) -> Placed:
            if tensor.where is not Where.ARENA:
                return tensor
            if tensor.index in in_outputs:
                return replace(tensor, where=Where.OUTPUT, index=in_outputs[tensor.index])
            return replace(tensor, index=0, offset=placed[tensor.index])

        specs = tuple(
            TensorSpec(name, self.tensors[position].dtype, self.tensors[position].shape)
            for name, position in zip(outputs, results, strict=True)
        )
        tensors = tuple(settle(tensor) for tensor in self.tensors)
        return Plan(inputs, specs, tensors, tuple(self.steps), results, arena, self._params_end, 0)

    def _lifetimes(self) -> dict[int, Lifetime]:
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        nbytes: dict[int, int] = {}
        for number, step in enumerate(self.steps):
            for position in step.args:
                tensor = self.tensors[position]
                if tensor.where is Where.ARENA:
                    first.setdefault(tensor.index, number)
                    last[tensor.index] = number
                    size = math.prod(tensor.shape) * np.dtype(tensor.dtype).itemsize
                    nbytes[tensor.index] = max(size, nbytes.get(tensor.index, 0))
        # A result that no output buffer holds directly is copied after the last step.
        return {buffer: Lifetime(nbytes[buffer], first[buffer], last[buffer]) for buffer in first}


def _tensor_types(ty: tvm.ir.Type) -> Iterator[tvm.ir.Type]:
    if hasattr(ty, "fields"):
        yield from ty.fields
    else:
        yield ty


def extract(module: tvm.IRModule, outputs: tuple[str, ...]) -> Program:
    """The program of `module`'s function `main`, whose results are named `outputs`.

    `Plan.scratch_bytes` is left at zero: it is known after code generation.
    """
    main, walk = module["main"], _Extractor()
    for index, var in enumerate(main.params):
        walk.add_input(index, var)
    for block in main.body.blocks:
        for binding in block.bindings:
            walk.bind(binding)
    inputs = tuple(TensorSpec(var.name, dtype_of(var), shape_of(var)) for var in main.params)
    plan = walk.finish(inputs, outputs, walk.results(main.body.body))
    return Program(plan, tuple(walk.params))
