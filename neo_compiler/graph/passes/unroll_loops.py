"""A Loop or Scan that is known to take a few turns is replaced by them, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.checks.endless import stays_true
from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import constant, integer, integers, shape
from neo_compiler.graph.shape_inference.fold import fold

MOST_TURNS = 64
MOST_NODES = 1024  # of all turns together
SINCE = 13  # of opsets: axes are inputs

# What the body gets in a turn, from its number and the values that the turn before left.
Arguments = Callable[[int, Sequence[ir.Value]], list[ir.Value]]


@dataclass(frozen=True)
class _Turns:
    """The body's first outputs are `skipped`, then come those that the next turn gets, then those that are
    collected: along `axes`, in the order of the turns or, where `backwards`, against it.
    """

    body: ir.Graph
    count: int
    states: list[ir.Value]
    arguments: Arguments
    skipped: int
    axes: Sequence[int]
    backwards: Sequence[int]


def unroll_loops(model: ir.Model) -> None:
    """Replace every Loop and Scan whose number of turns is constant and small, also inside of others."""
    opset = model.opset_imports.get("", 0)
    while opset >= SINCE and sum(_unroll(model.graph, node, opset) for node in list(model.graph)):
        fold(model)


def _unroll(graph: ir.Graph, node: ir.Node, opset: int) -> bool:
    find = None if node.domain else KINDS.get(node.op_type)
    build = Builder(node, opset)
    turns = find(node, build) if find and "body" in node.attributes else None
    if turns is None or not _fits(turns):
        return False
    states, collected = turns.states, []
    for number in range(turns.count):
        arguments = turns.arguments(number, states)
        results = _turn(graph, turns.body, arguments, f"{node.name}/{number}", build.nodes)[turns.skipped :]
        states = results[: len(states)]
        collected.append(results[len(states) :])
    results = [*states, *_together(turns, collected, build)][: len(node.outputs)]
    copies = [build("Identity", value) for value in results]
    for weight in build.weights:
        graph.register_initializer(weight)
    ir.convenience.replace_nodes_and_values(graph, node, [node], build.nodes, node.outputs, copies)
    return True


def _fits(turns: _Turns) -> bool:
    size = sum(1 for _ in turns.body.all_nodes())
    outputs = turns.skipped + len(turns.states) + len(turns.axes)
    tensors = all(isinstance(value.type, ir.TensorType) for value in turns.body.inputs)
    return (
        0 < turns.count <= MOST_TURNS
        and turns.count * size <= MOST_NODES
        and len(turns.body.outputs) == outputs
        and tensors
    )


def _turn(
    graph: ir.Graph, body: ir.Graph, arguments: Sequence[ir.Value], prefix: str, nodes: list[ir.Node]
) -> list[ir.Value]:
    """The results of a copy of the body, whose nodes are added to `nodes` and its weights to the graph."""
    copy = body.clone(allow_outer_scope_values=True)
    given = dict(zip(copy.inputs, arguments, strict=True))
    results = [given.get(value, value) for value in copy.outputs]
    copy.outputs.clear()
    for value, argument in given.items():
        ir.convenience.replace_all_uses_with(value, argument)
    for value in list(copy.initializers.values()):
        copy.initializers.pop(str(value.name))
        value.name = f"{prefix}/{value.name}"
        graph.register_initializer(value)
    inner = list(copy)
    for node in inner:
        node.name = f"{prefix}/{node.name}"
        for value in node.outputs:
            if value.name:
                value.name, value.shape = f"{prefix}/{value.name}", None  # which may differ from turn to turn
    copy.remove(inner)
    nodes += inner
    return results


def _together(turns: _Turns, collected: Sequence[Sequence[ir.Value]], build: Builder) -> list[ir.Value]:
    whole = []
    for place, (axis, backwards) in enumerate(zip(turns.axes, turns.backwards, strict=True)):
        rows = [build("Unsqueeze", row[place], np.array([axis])) for row in collected]
        whole.append(build("Concat", *(rows[::-1] if backwards else rows), axis=axis))
    return whole


def _loop(node: ir.Node, build: Builder) -> _Turns | None:
    body, states = node.attributes["body"].as_graph(), [value for value in node.inputs[2:] if value]
    count, begins = constant(node, 0), constant(node, 1)
    entered = len(node.inputs) < 2 or node.inputs[1] is None or (begins is not None and begins.all())
    complete = len(body.inputs) == len(states) + 2 == max(2, len(node.inputs)) and body.outputs
    if count is None or not entered or not complete or not stays_true(body):
        return None

    def arguments(number: int, values: Sequence[ir.Value]) -> list[ir.Value]:
        return [build("Identity", np.array(number)), build("Identity", np.array(True)), *values]

    scans = max(0, len(body.outputs) - 1 - len(states))
    turns = min(int(count.reshape(-1)[0]), MOST_TURNS + 1)
    return _Turns(body, turns, states, arguments, 1, [0] * scans, [0] * scans)


def _scan(node: ir.Node, build: Builder) -> _Turns | None:
    body, count = node.attributes["body"].as_graph(), integer(node, "num_scan_inputs", 0)
    inputs = [value for value in node.inputs if value]
    first = len(inputs) - count
    if not 0 < count <= len(inputs) == len(node.inputs) == len(body.inputs):
        return None
    rows, sizes = inputs[first:], [shape(value) for value in inputs[first:]]
    axes = integers(node, "scan_input_axes") or [0] * count
    backwards = integers(node, "scan_input_directions") or [0] * count
    if len(axes) != count or len(backwards) != count:
        return None
    if any(not size or not -len(size) <= axis < len(size) for size, axis in zip(sizes, axes, strict=True)):
        return None
    lengths = {size[axis] for size, axis in zip(sizes, axes, strict=True) if size}
    outputs = len(body.outputs) - first
    if len(lengths) != 1 or outputs < 0:
        return None
    (length,) = lengths

    def arguments(number: int, values: Sequence[ir.Value]) -> list[ir.Value]:
        places = [length - 1 - number if back else number for back in backwards]
        taken = zip(rows, places, axes, strict=True)
        return [*values, *(build("Gather", row, np.array(place), axis=axis) for row, place, axis in taken)]

    ends = [integers(node, f"scan_output_{name}") or [0] * outputs for name in ("axes", "directions")]
    return _Turns(body, length, inputs[:first], arguments, 0, ends[0], ends[1])


KINDS: dict[str, Callable[[ir.Node, Builder], _Turns | None]] = {"Loop": _loop, "Scan": _scan}
