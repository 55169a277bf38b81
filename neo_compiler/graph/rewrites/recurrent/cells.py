"""One step of an LSTM, a GRU and an RNN, by the formulas of the ONNX operators.

A step's input is already multiplied by its weights: [N, gates * H].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder

State = tuple[ir.Value, ir.Value]


@dataclass(frozen=True)
class Layer:
    """One direction of a layer."""

    build: Builder
    size: int
    activations: Sequence[str]
    weight: ir.Value
    bias: ir.Value | None
    peepholes: Sequence[ir.Value]
    reset_last: bool

    def activated(self, place: int, value: ir.Value) -> ir.Value:
        return self.build(self.activations[place], value)

    def gates(self, value: ir.Value, count: int) -> Sequence[ir.Value]:
        sizes = np.array([self.size] * count, np.int64)
        return self.build.several(count, "Split", value, sizes, axis=1)

    def total(self, step: ir.Value, h: ir.Value) -> ir.Value:
        """The gates before their activation: of a step's input and of the state before it."""
        total = self.build("Add", step, self.build("MatMul", h, self.weight))
        return total if self.bias is None else self.build("Add", total, self.bias)


def _lstm(layer: Layer, step: ir.Value, state: State) -> State:
    build, (h, c) = layer.build, state
    enter, leave, keep, new = layer.gates(layer.total(step, h), 4)
    if layer.peepholes:
        enter = build("Add", enter, build("Mul", layer.peepholes[0], c))
        keep = build("Add", keep, build("Mul", layer.peepholes[2], c))
    fresh = build("Mul", layer.activated(0, enter), layer.activated(1, new))
    c = build("Add", build("Mul", layer.activated(0, keep), c), fresh)
    if layer.peepholes:
        leave = build("Add", leave, build("Mul", layer.peepholes[1], c))
    return build("Mul", layer.activated(0, leave), layer.activated(2, c)), c


def _gru(layer: Layer, step: ir.Value, state: State) -> State:
    build, (h, c) = layer.build, state
    size = layer.size
    products = build("MatMul", h, layer.weight)
    if layer.bias is not None:
        products = build("Add", products, layer.bias)
    (x_update, x_reset, x_new), (h_update, h_reset, h_new) = layer.gates(step, 3), layer.gates(products, 3)
    update = layer.activated(0, build("Add", x_update, h_update))
    reset = layer.activated(0, build("Add", x_reset, h_reset))
    if layer.reset_last:
        recalled = build("Mul", reset, h_new)
    else:
        last = build.sliced(layer.weight, 2 * size, 3 * size, 1)
        recalled = build("MatMul", build("Mul", reset, h), last)
        if layer.bias is not None:
            recalled = build("Add", recalled, build.sliced(layer.bias, 2 * size, 3 * size, 0))
    new = layer.activated(1, build("Add", x_new, recalled))
    # (1 - update) * new + update * h
    return build("Add", new, build("Mul", update, build("Sub", h, new))), c


def _rnn(layer: Layer, step: ir.Value, state: State) -> State:
    h, c = state
    return layer.activated(0, layer.total(step, h)), c


Cell = Callable[[Layer, ir.Value, State], State]

CELLS: dict[str, Cell] = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}
