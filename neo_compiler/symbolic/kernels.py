"""Kernels lowered for several sizes → one kernel that takes the sizes as arguments.

A kernel is compared node by node with itself at the other points, in the form in which TVM writes expressions
as JSON. It is general where nothing differs but whole numbers, and each of these is the same sum of sizes at
all points. Two points more than needed for the sums confirm them, one of them with the largest sizes.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any

import tvm
import tvm_ffi
from tvm import tirx

from neo_compiler.native.size import Extent, Linear
from neo_compiler.symbolic.points import NotGeneral, Points

Node = dict[str, Any]

_INLINE = frozenset({1, 2, 3})  # static type indices of numbers: written in place, not as a node of their own
_LISTS = frozenset({"ffi.Array", "ffi.List", "ffi.Map", "ffi.Dict"})


def generalise(functions: Sequence[tirx.PrimFunc], points: Points) -> tirx.PrimFunc:
    """One function for those of all points; its last parameters are the sizes, as int64.

    A function that is the same at all points is returned as it is. Raises NotGeneral.
    """
    lists = [_nodes(function) for function in functions]
    differing = _differing(lists, points)
    if not differing:
        return functions[0]
    writer = _Writer(points)
    for number, node in enumerate(lists[0]):
        writer.write(number, node, _value(node, differing))
    root = len(lists[0]) - 1
    writer.add_parameters(root)
    return tvm.ir.load_json(json.dumps({"nodes": writer.nodes, "root_index": writer.places[root]}))


def _nodes(function: tirx.PrimFunc) -> list[Node]:
    """A function as JSON, the root last. Equal numbers share a node there; here each has its own."""
    document = json.loads(tvm.ir.save_json(function))
    nodes: list[Node] = []
    places: dict[int, int] = {}

    def place(reference: int) -> int:
        if reference in places:
            return places[reference]
        nodes.append(document["nodes"][reference])
        return len(nodes) - 1

    for number, node in enumerate(document["nodes"][: document["root_index"] + 1]):
        if node["type"] != "int":
            changed = _mapped(node, place)
            places[number] = len(nodes)
            nodes.append(changed)
    return nodes


def _differing(lists: Sequence[list[Node]], points: Points) -> dict[int, Extent]:
    """The nodes that hold numbers which differ, and the sums that these are."""
    if len({len(nodes) for nodes in lists}) > 1:
        raise NotGeneral("it has another structure at other sizes")
    found: dict[int, Extent] = {}
    for number, rows in enumerate(zip(*lists, strict=True)):
        first = rows[0]
        if all(row == first for row in rows):
            continue
        if any(row["type"] != "int" for row in rows):
            raise NotGeneral(f"a {first['type']} differs at other sizes")
        found[number] = points.fit([row["data"] for row in rows], "a number")
    _check_users(lists[0], found)
    return found


def _check_users(nodes: Sequence[Node], differing: dict[int, Extent]) -> None:
    """Only expressions can be replaced by sums, not attributes of another kind."""
    for node in nodes:
        if node["type"] == "ir.IntImm":
            continue
        if any(reference in differing for reference in _references(node)):
            raise NotGeneral(f"an attribute of {node['type']} differs at other sizes")


def _references(node: Node) -> list[int]:
    """The nodes that a node refers to."""
    found: list[int] = []

    def keep(reference: int) -> int:
        found.append(reference)
        return reference

    _mapped(node, keep)
    return found


def _value(node: Node, differing: dict[int, Extent]) -> Linear | None:
    """The sum that stands for a constant."""
    found = differing.get(node["data"]["value"]) if node["type"] == "ir.IntImm" else None
    return found if isinstance(found, Linear) else None


class _Writer:
    """The nodes of the general function; `places` maps the old numbers to the new ones."""

    def __init__(self, points: Points) -> None:
        self.nodes: list[Node] = []
        self.places: dict[int, int] = {}
        none = self._add({"type": "None"})
        self._none = none
        self._type = self._add({"type": "ir.PrimType", "data": {"span": none, "dtype": "int64"}})
        self._sizes = [self._size(name) for name in points.parameters]

    def write(self, number: int, node: Node, value: Linear | None) -> None:
        """Add a node of the old list, or the sum that stands for it."""
        if value is None:
            self.places[number] = self._add(_mapped(node, self.places.__getitem__))
            return
        dtype = self.nodes[self.places[node["data"]["ty"]]]["data"]["dtype"]
        if dtype != "int64":
            raise NotGeneral(f"a size is used as {dtype}")
        self.places[number] = self._sum(value)

    def add_parameters(self, root: int) -> None:
        """Let the function take the sizes behind its tensors."""
        function = self.nodes[self.places[root]]["data"]
        kind = self.nodes[function["ty"]]["data"]
        self._extend(function, "params", self._sizes)
        self._extend(kind, "params", [self._type] * len(self._sizes))

    def _extend(self, data: dict[str, Any], key: str, more: Sequence[int]) -> None:
        """The list gets a node of its own in the place of an unused one: nodes refer to earlier ones only."""
        old = self.nodes[data[key]]
        old["data"] = [*old["data"], *more]

    def _size(self, name: str) -> int:
        text = self._add({"type": "ffi.String", "data": name})
        return self._add({"type": "ir.Var", "data": {"span": self._none, "ty": self._type, "name": text}})

    def _sum(self, value: Linear) -> int:
        terms = [
            size if factor == 1 else self._binary("prim.Mul", size, self._number(factor))
            for factor, size in zip(value.factors, self._sizes, strict=True)
            if factor
        ]
        if value.constant:
            terms.append(self._number(value.constant))
        return functools.reduce(lambda left, right: self._binary("prim.Add", left, right), terms)

    def _number(self, value: int) -> int:
        whole = self._add({"type": "int", "data": value})
        return self._add(
            {"type": "ir.IntImm", "data": {"span": self._none, "ty": self._type, "value": whole}}
        )

    def _binary(self, kind: str, left: int, right: int) -> int:
        return self._add(
            {"type": kind, "data": {"span": self._none, "ty": self._type, "a": left, "b": right}}
        )

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1


@functools.cache
def _inline_fields(kind: str) -> frozenset[str]:
    info = tvm_ffi.core._lookup_or_register_type_info_from_type_key(kind)
    found = set()
    while info is not None:
        found |= {field.name for field in info.fields if field.field_static_type_index in _INLINE}
        info = info.parent_type_info
    return frozenset(found)


def _mapped(node: Node, change: Callable[[int], int]) -> Node:
    """The node with every reference to another one changed."""
    kind, data = node["type"], node.get("data")
    if kind in _LISTS:
        return {**node, "data": [change(reference) for reference in data or ()]}
    if not isinstance(data, dict):
        return dict(node)
    inline = _inline_fields(kind)
    changed = {
        name: change(value)
        if isinstance(value, int) and not isinstance(value, bool) and name not in inline
        else value
        for name, value in data.items()
    }
    return {**node, "data": changed}
