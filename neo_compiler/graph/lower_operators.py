"""Operators without native code become others that have some."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from neo_compiler.graph.fold import set_types
from neo_compiler.graph.rewrites import REWRITES
from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.values import is_static

OLDEST = 13  # opset; the rewrites write axes as inputs


def lower_operators(model: ir.Model) -> None:
    """Apply the rewrites wherever they fit."""
    opset = model.graph.opset_imports.get("", 0)
    if opset < OLDEST:
        return
    for node in list(model.graph):
        rewrite = REWRITES.get(_name(node))
        build = Builder(node, opset)
        results = rewrite(node, build) if rewrite is not None else None
        if results is not None:
            _replace(model.graph, node, build, results)
        for made in [node] if results is None else build.nodes:
            if not all(is_static(value) for value in made.outputs if value.name):
                set_types(made, model)  # what comes after may ask for them


def has_rule(node: ir.Node) -> bool:
    """Whether there is a rewrite for the node's operator."""
    return _name(node) in REWRITES


def _name(node: ir.Node) -> str:
    return f"{node.domain}.{node.op_type}" if node.domain else node.op_type


def _replace(graph: ir.Graph, node: ir.Node, build: Builder, results: Sequence[ir.Value | None]) -> None:
    for weight in build.weights:
        graph.register_initializer(weight)
    pairs = [
        (old, new) for old, new in zip(node.outputs, results, strict=False) if old.name and new is not None
    ]
    ir.convenience.replace_nodes_and_values(
        graph, node, [node], build.nodes, [old for old, _ in pairs], [new for _, new in pairs]
    )
