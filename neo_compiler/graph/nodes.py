"""Walking over the nodes of a model as ONNX stores it."""

from __future__ import annotations

from collections.abc import Iterator

import onnx


def listed(model: onnx.ModelProto, most: int = 12) -> str:
    """The operators of a model, for a message."""
    names = dict.fromkeys(f"{node.domain}.{node.op_type}".lstrip(".") for node in all_nodes(model.graph))
    return ", ".join([*names][:most]) + (", ..." if len(names) > most else "")


def all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """The nodes of a graph and of its subgraphs, each before those inside it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from all_nodes(inner)
