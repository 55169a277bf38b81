"""LSTM, GRU and RNN → matrix products, step by step, for sequences of static length.

The formulas are those of the ONNX operators. The products of the inputs with their weights are one matrix
product for all steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import constant, dtype, integer, operand, shape, text, texts
from neo_compiler.graph.rewrites.recurrent.cells import CELLS, Cell, Layer, State

MOST_STEPS = 64  # each step is a dozen kernels; longer sequences would take minutes to compile
PLAIN = frozenset({"Relu", "Sigmoid", "Softplus", "Softsign", "Tanh"})
REFUSED = ("activation_alpha", "activation_beta", "clip")

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
ACTIVATIONS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}


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


def _layer(node: ir.Node, build: Builder, number: int, names: Sequence[str], size: int) -> Layer:
    gates = GATES[node.op_type] * size
    bias, peepholes = operand(node, 3), operand(node, 7)
    return Layer(
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
    layer: Layer,
    cell: Cell,
    steps: list[ir.Value],
    state: State,
    backwards: bool,
) -> tuple[list[ir.Value], State]:
    outputs = []
    for step in reversed(steps) if backwards else steps:
        state = cell(layer, step, state)
        outputs.append(state[0])
    return outputs[::-1] if backwards else outputs, state


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
