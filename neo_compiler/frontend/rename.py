"""Other names for what goes into a model and comes out of it."""

from __future__ import annotations

from collections.abc import Mapping

import onnx


def rename(model: onnx.ModelProto, names: Mapping[str, str]) -> onnx.ModelProto:
    """Rename values of the main graph in place, old name -> new name; returns `model`.

    A name that the model already has for another value, or that two values would get, leaves everything as it
    is: names are a courtesy.
    """
    graph = model.graph
    old = {name: new for name, new in names.items() if name != new}
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    if len(set(names.values())) < len(names) or taken & (set(old.values()) - old.keys()):
        return model
    _rename(graph, old)
    return model


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                _rename(inner, names)
