"""Mutants of ONNX models: damaged files, and models whose structure is wrong or unusual."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from random import Random
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from neo_compiler.graph.nodes import all_nodes
from tests.fuzz.damage import damaged
from tests.fuzz.seeds import seed_models

NUMBERS = (0, 1, -1, 2, 7, 255, 2**16, 2**31 - 1, 2**31, -(2**31), 2**32, 2**63 - 1, -(2**63))
SIZES = (0, 1, 2, 3, 5, 16, -1, 2**16, 2**24, 2**31, 2**62)
FLOATS = (0.0, -1.0, 1e-45, 3e38, float("inf"), float("nan"))
WORDS = ("", "x", "NOTSET", "SAME_UPPER", "linear", "../../etc/passwd", "\x00", "é" * 200)
OPSETS = (-1, 0, 1, 6, 9, 13, 18, 21, 24, 28, 29, 1000, 2**40)


def model_mutant(random: Random) -> bytes:
    """A model's file, damaged in bytes or in structure."""
    data = random.choice(_seeds())
    if random.random() < 0.3:
        return damaged(data, random)
    model = onnx.ModelProto.FromString(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        with contextlib.suppress(DecodeError):  # nested deeper than protobuf reads
            random.choice(CHANGES)(model, random)
    data = bytes(model.SerializeToString())
    return damaged(data, random) if random.random() < 0.1 else data


@functools.cache
def _seeds() -> list[bytes]:
    return seed_models()


@functools.cache
def _operators() -> list[str]:
    return sorted({schema.name for schema in onnx.defs.get_all_schemas()})


def _node(model: onnx.ModelProto, random: Random) -> onnx.NodeProto:
    nodes = list(all_nodes(model.graph))
    return random.choice(nodes) if nodes else model.graph.node.add()


def _names(model: onnx.ModelProto) -> list[str]:
    nodes = list(all_nodes(model.graph))
    return [name for node in nodes for name in (*node.input, *node.output)] or ["x"]


def _operator(model: onnx.ModelProto, random: Random) -> None:
    _node(model, random).op_type = random.choice([*_operators(), "", "Nothing"])


def _domain(model: onnx.ModelProto, random: Random) -> None:
    _node(model, random).domain = random.choice(("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "my.own"))


def _rewire(model: onnx.ModelProto, random: Random) -> None:
    node = _node(model, random)
    side = random.choice((node.input, node.output))
    if not side or random.random() < 0.2:
        side.append(random.choice(_names(model)))
    else:
        side[random.randrange(len(side))] = random.choice([*_names(model), "", "nowhere"])


def _drop_operand(model: onnx.ModelProto, random: Random) -> None:
    node = _node(model, random)
    side = random.choice((node.input, node.output))
    if side:
        del side[random.randrange(len(side))]


def _repeat_node(model: onnx.ModelProto, random: Random) -> None:
    copy = onnx.NodeProto.FromString(_node(model, random).SerializeToString())
    if random.random() < 0.5:
        copy.output[:] = [f"{name}_again" for name in copy.output]
    model.graph.node.insert(random.randint(0, len(model.graph.node)), copy)


def _drop_node(model: onnx.ModelProto, random: Random) -> None:
    if model.graph.node:
        del model.graph.node[random.randrange(len(model.graph.node))]


def _attribute(model: onnx.ModelProto, random: Random) -> None:
    node = _node(model, random)
    kinds: list[Any] = [
        random.choice(NUMBERS),
        random.choice(FLOATS),
        random.choice(WORDS),
        [random.choice(NUMBERS) for _ in range(random.randint(1, 6))],
    ]
    names = [attribute.name for attribute in node.attribute]
    known = onnx.defs.get_schema(node.op_type).attributes if onnx.defs.has(node.op_type) else {}
    name = random.choice([*names, *known, "axis"])
    for place, attribute in enumerate(node.attribute):
        if attribute.name == name:
            del node.attribute[place]
            break
    if random.random() < 0.8:
        node.attribute.append(onnx.helper.make_attribute(name, random.choice(kinds)))


def _value(model: onnx.ModelProto, random: Random) -> Any:
    values = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    return random.choice(values) if values else model.graph.input.add()


def _shape(model: onnx.ModelProto, random: Random) -> None:
    kind = _value(model, random).type.tensor_type
    if not kind.shape.dim or random.random() < 0.2:
        kind.shape.dim.add().dim_value = random.choice(SIZES)
    elif random.random() < 0.2:
        del kind.shape.dim[random.randrange(len(kind.shape.dim))]
    else:
        size = random.choice(kind.shape.dim)
        size.dim_value = random.choice(SIZES)
        if random.random() < 0.3:
            size.dim_param = random.choice(("N", "a-b", "?", ""))


def _type(model: onnx.ModelProto, random: Random) -> None:
    kind = _value(model, random).type
    if random.random() < 0.8:
        kind.tensor_type.elem_type = random.randrange(-1, 30)
    else:
        kind.Clear()


def _weight(model: onnx.ModelProto, random: Random) -> None:
    if not model.graph.initializer:
        return
    tensor = random.choice(model.graph.initializer)
    change = random.randrange(6)
    if change == 0:
        tensor.data_type = random.randrange(30)
    elif change == 1:
        tensor.raw_data = damaged(tensor.raw_data, random)
    elif change == 2 and tensor.dims:
        tensor.dims[random.randrange(len(tensor.dims))] = random.choice(SIZES)
    elif change == 3:
        tensor.data_location = onnx.TensorProto.EXTERNAL
        onnx.external_data_helper.set_external_data(tensor, random.choice(WORDS), 0, 2**40)
    elif change == 4:
        tensor.raw_data = random.randbytes(len(tensor.raw_data))
    else:
        model.graph.initializer.remove(tensor)


def _opset(model: onnx.ModelProto, random: Random) -> None:
    change = random.randrange(4)
    if change == 0:
        del model.opset_import[:]
    elif change == 1:
        model.opset_import.add().domain = random.choice(("my.own", "ai.onnx.ml"))
    elif change == 2:
        model.ir_version = random.choice((0, 1, 3, 4, 10, 99, 2**40))
    else:
        for row in model.opset_import:
            row.version = random.choice(OPSETS)


def _rename(model: onnx.ModelProto, random: Random) -> None:
    value = _value(model, random)
    value.name = random.choice([*_names(model), "", "a/b", "\n", "x" * 5000])


def _nest(model: onnx.ModelProto, random: Random) -> None:
    """The graph inside of a branch inside of a branch."""
    for _ in range(random.choice((1, 3, 60))):
        inner = onnx.GraphProto.FromString(model.graph.SerializeToString())
        del inner.input[:]
        node = onnx.helper.make_node("If", [random.choice(_names(model))], [random.choice(_names(model))])
        for name in ("then_branch", "else_branch")[: random.choice((1, 1, 2))]:
            attribute = node.attribute.add()
            attribute.name, attribute.type = name, onnx.AttributeProto.GRAPH
            attribute.g.CopyFrom(inner)
        if model.ByteSize() > 1 << 16:
            return
        del model.graph.node[:]
        model.graph.node.append(node)


CHANGES: tuple[Callable[[onnx.ModelProto, Random], None], ...] = (
    _operator,
    _operator,
    _domain,
    _rewire,
    _rewire,
    _drop_operand,
    _repeat_node,
    _drop_node,
    _attribute,
    _attribute,
    _attribute,
    _shape,
    _shape,
    _type,
    _weight,
    _weight,
    _opset,
    _rename,
    _nest,
)
