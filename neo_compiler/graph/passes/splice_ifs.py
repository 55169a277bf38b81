"""An If with a constant condition is replaced by the branch that it takes."""

from __future__ import annotations

import onnx_ir as ir

from neo_compiler.graph.shape_inference.fold import fold


def splice_ifs(model: ir.Model) -> None:
    """Replace every If whose condition is constant by its branch, also where folding makes more so."""
    while _splice_all(model.graph):
        fold(model)


def _splice_all(graph: ir.Graph) -> int:
    decided = [(node, taken) for node in graph if (taken := _taken_branch(node)) is not None]
    for node, branch in decided:
        _splice(graph, node, branch)
    return len(decided)


def _taken_branch(node: ir.Node) -> ir.Graph | None:
    if node.domain or node.op_type != "If" or node.inputs[0] is None:
        return None
    condition = node.inputs[0].const_value
    if condition is None:
        return None
    name = "then_branch" if condition.numpy().reshape(-1)[0] else "else_branch"
    return node.attributes[name].as_graph()


def _splice(graph: ir.Graph, node: ir.Node, branch: ir.Graph) -> None:
    """Move the branch's weights and nodes before `node`; branches may share names, so all get a prefix."""
    for value in list(branch.initializers.values()):
        branch.initializers.pop(str(value.name))
        value.name = f"{node.name}/{value.name}"
        graph.register_initializer(value)
    nodes, results = list(branch), list(branch.outputs)
    for inner in nodes:
        inner.name = f"{node.name}/{inner.name}"
        for value in inner.outputs:
            if value.name:
                value.name = f"{node.name}/{value.name}"
    branch.outputs.clear()
    branch.remove(nodes)
    copies = [ir.Node("", "Identity", [result], name=f"{node.name}/{result.name}") for result in results]
    graph.insert_before(node, nodes)
    values = [copy.outputs[0] for copy in copies]
    ir.convenience.replace_nodes_and_values(graph, node, [node], copies, node.outputs, values)
