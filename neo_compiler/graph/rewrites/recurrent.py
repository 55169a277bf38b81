"""LSTM, GRU and RNN → matrix products, step by step, for sequences of static length.

The formulas are those of the ONNX operators. The products of the inputs with their weights are one matrix
product for all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import constant, dtype, integer, operand, shape, text, texts

MOST_STEPS = 64  # each step is a dozen kernels; longer sequences would take minutes to compile
PLAIN = frozenset({"Relu", "Sigmoid", "Softplus", "Softsign", "Tanh"})
REFUSED = ("activation_alpha", "activation_beta", "clip")

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
ACTIVATIONS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}

State = tuple[ir.Value, ir.Value]


@dataclass(frozen=True)
class _Layer:
    """One direction of a layer; `steps` are the inputs' products, [N, gates * H] each."""

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


def recurrent(node: ir.Node, build: Builder) -> list[ir.Value | None] | None:
    """The results Y, Y_h and Y_c; None for symbolic sizes, many steps and rare options."""
    kind, batch_first = node.op_type, integer(node, "layout", 0) == 1
    sizes, size = shape(node.inputs[0]), integer(node, "hidden_size", 0)
    directions = 2 if text(node, "direction", "forward") == "bidirectional" else 1
    names = texts(node, "activations") or ACTIVATIONS[kind] * directions
    rare = integer(node, "input_forget", 0) == 1 or any(name in node.attributes for name in REFUSED)
    if sizes is None or rare or not set(names) <= PLAIN:
        return None
    steps, batch = (sizes[1], sizes[0]) if batch_first else (sizes[0], sizes[1])
    lengths = constant(node, 4)
    if (operand(node, 4) is not None and (lengths is None or (lengths != steps).any())) or steps > MOST_STEPS:
        return None
    x = node.inputs[0]
    if batch_first:
        x = build("Transpose", x, perm=[1, 0, 2])
    zero = np.zeros((batch, size), dtype(node.inputs[0]).numpy())  # type: ignore[union-attr] # has a shape
    rows, hidden, cells = [], [], []
    for number in range(directions):
        layer = _layer(node, build, number, names[number * len(names) // directions :], size)
        start = [_initial(node, build, place, number, zero) for place in (5, 6)]
        backwards = number == 1 or text(node, "direction", "forward") == "reverse"
        outputs, (h, c) = _run(
            layer, CELLS[kind], _products(node, build, x, number), (start[0], start[1]), backwards
        )
        rows.append(outputs)
        hidden.append(h)
        cells.append(c)
    return _results(build, rows, hidden, cells, batch_first=batch_first)[: len(node.outputs)]


def _layer(node: ir.Node, build: Builder, number: int, names: Sequence[str], size: int) -> _Layer:
    gates = GATES[node.op_type] * size
    bias, peepholes = operand(node, 3), operand(node, 7)
    return _Layer(
        build,
        size,
        names,
        build("Transpose", _picked(build, node.inputs[2], number), perm=[1, 0]),
        None if bias is None else build.sliced(_picked(build, bias, number), gates, 2 * gates, 0),
        []
        if peepholes is None
        else [build.sliced(_picked(build, peepholes, number), i * size, (i + 1) * size, 0) for i in range(3)],
        integer(node, "linear_before_reset", 0) == 1,
    )


def _products(node: ir.Node, build: Builder, x: ir.Value | None, number: int) -> list[ir.Value]:
    """The inputs times their weights, plus their bias, one value a step."""
    weight = build("Transpose", _picked(build, node.inputs[1], number), perm=[1, 0])
    products = build("MatMul", x, weight)
    if (bias := operand(node, 3)) is not None:
        gates = GATES[node.op_type] * integer(node, "hidden_size", 0)
        products = build("Add", products, build.sliced(_picked(build, bias, number), 0, gates, 0))
    sizes = shape(node.inputs[0])
    steps = sizes[integer(node, "layout", 0)] if sizes is not None else 0
    one = np.zeros(1, np.int64)
    if steps == 1:
        return [build("Squeeze", products, one)]
    parts = build.several(steps, "Split", products, np.ones(steps, np.int64), axis=0)
    return [build("Squeeze", part, one) for part in parts]


def _initial(node: ir.Node, build: Builder, place: int, number: int, zero: np.ndarray) -> ir.Value:
    value = operand(node, place) if node.op_type == "LSTM" or place == 5 else None
    if value is None:
        return build("Identity", zero)
    if integer(node, "layout", 0) == 1:
        value = build("Transpose", value, perm=[1, 0, 2])
    return _picked(build, value, number)


def _run(
    layer: _Layer,
    cell: Callable[[_Layer, ir.Value, State], State],
    steps: list[ir.Value],
    state: State,
    backwards: bool,
) -> tuple[list[ir.Value], State]:
    outputs = []
    for step in reversed(steps) if backwards else steps:
        state = cell(layer, step, state)
        outputs.append(state[0])
    return outputs[::-1] if backwards else outputs, state


def _lstm(layer: _Layer, step: ir.Value, state: State) -> State:
    build, (h, c) = layer.build, state
    total = build("Add", step, build("MatMul", h, layer.weight))
    if layer.bias is not None:
        total = build("Add", total, layer.bias)
    enter, leave, keep, new = layer.gates(total, 4)
    if layer.peepholes:
        enter = build("Add", enter, build("Mul", layer.peepholes[0], c))
        keep = build("Add", keep, build("Mul", layer.peepholes[2], c))
    fresh = build("Mul", layer.activated(0, enter), layer.activated(1, new))
    c = build("Add", build("Mul", layer.activated(0, keep), c), fresh)
    if layer.peepholes:
        leave = build("Add", leave, build("Mul", layer.peepholes[1], c))
    return build("Mul", layer.activated(0, leave), layer.activated(2, c)), c


def _gru(layer: _Layer, step: ir.Value, state: State) -> State:
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


def _rnn(layer: _Layer, step: ir.Value, state: State) -> State:
    build, (h, c) = layer.build, state
    total = build("Add", step, build("MatMul", h, layer.weight))
    if layer.bias is not None:
        total = build("Add", total, layer.bias)
    return layer.activated(0, total), c


CELLS: dict[str, Callable[[_Layer, ir.Value, State], State]] = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}


def _results(
    build: Builder,
    rows: list[list[ir.Value]],
    hidden: list[ir.Value],
    cells: list[ir.Value],
    *,
    batch_first: bool,
) -> list[ir.Value | None]:
    steps = [_stacked(build, [row[step] for row in rows]) for step in range(len(rows[0]))]
    y, y_h, y_c = _stacked(build, steps), _stacked(build, hidden), _stacked(build, cells)
    if not batch_first:
        return [y, y_h, y_c]
    return [
        build("Transpose", y, perm=[2, 0, 1, 3]),
        build("Transpose", y_h, perm=[1, 0, 2]),
        build("Transpose", y_c, perm=[1, 0, 2]),
    ]


def _stacked(build: Builder, values: Sequence[ir.Value]) -> ir.Value:
    rows = [build("Unsqueeze", value, np.zeros(1, np.int64)) for value in values]
    return build("Concat", *rows, axis=0) if len(rows) > 1 else rows[0]


def _picked(build: Builder, value: ir.Value | None, number: int) -> ir.Value:
    """value[number]"""
    if value is None:
        raise ValueError("a recurrent operator without weights")
    return build("Squeeze", build.sliced(value, number, number + 1, 0), np.zeros(1, np.int64))
