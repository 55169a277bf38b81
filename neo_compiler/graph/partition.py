"""A model in parts that run one after the other: native ones, and those for the fallback.

rank(n) is the smallest number, at least the rank of every producer of n, whose parity is n's colour: even for
native code, odd for the fallback. A part is all nodes of one rank. Along every edge the rank does not fall,
so the parts in the order of their ranks are a valid order, and no path leaves a part and comes back. Their
number is one more than the most changes of colour along any path; no chain of parts has fewer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import onnx

# Work that is worth a visit to native code between two visits to the fallback.
HEAVY = frozenset(
    {"Conv", "ConvTranspose", "Gemm", "MatMul", "MatMulInteger", "QLinearConv", "QLinearMatMul"}
)


@dataclass(frozen=True)
class Part:
    """Nodes of a model as a model of its own; its tensors keep their names."""

    native: bool
    model: onnx.ModelProto

    @property
    def inputs(self) -> list[str]:
        """Names of the tensors that it reads."""
        return [value.name for value in self.model.graph.input]

    @property
    def outputs(self) -> list[str]:
        """Names of the tensors that others read."""
        return [value.name for value in self.model.graph.output]


def partition(model: onnx.ModelProto, foreign: Collection[str]) -> list[Part]:
    """The parts of a prepared model; `foreign` names the first outputs of the nodes for the fallback.

    Small native parts between two parts of the fallback join these, as long as heavy ones are left.
    """
    nodes, colours = list(model.graph.node), {}
    for place, node in enumerate(nodes):
        colours[place] = node_name(node) in foreign
    ranks = _ranks(nodes, colours)
    islands = _islands(nodes, ranks)
    if islands:
        colours |= {place: True for place, rank in enumerate(ranks) if rank in islands}
        ranks = _ranks(nodes, colours)
    groups = defaultdict(list)
    for place, rank in enumerate(ranks):
        groups[rank].append(nodes[place])
    if len(groups) == 1 and not _has_empty_input(model):  # with inputs that nothing reads, outputs in order
        return [Part(rank % 2 == 0, model) for rank in groups]
    return [Part(rank % 2 == 0, submodel(model, groups[rank])) for rank in sorted(groups)]


def _has_empty_input(model: onnx.ModelProto) -> bool:
    """Whether an input has no elements: no native code can be made that takes it."""
    return any(
        size.HasField("dim_value") and size.dim_value == 0
        for value in model.graph.input
        for size in value.type.tensor_type.shape.dim
    )


def node_name(node: onnx.NodeProto) -> str:
    """A name that the node has to itself: that of its first output."""
    return str(next(name for name in node.output if name))


def submodel(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]) -> onnx.ModelProto:
    """Some nodes of `model`, in order, with their weights; what others read of them are the outputs."""
    graph = model.graph
    mine = {id(node) for node in nodes}
    made = dict.fromkeys(name for node in nodes for name in node.output if name)
    read_elsewhere = {name for node in graph.node if id(node) not in mine for name in reads(node)}
    read_elsewhere |= {value.name for value in graph.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    used = dict.fromkeys(name for node in nodes for name in reads(node))
    types = {value.name: value for value in (*graph.value_info, *graph.input, *graph.output)}
    inputs = [name for name in used if name not in weights and name not in made]
    outputs = [name for name in made if name in read_elsewhere]
    part = onnx.helper.make_graph(
        nodes,
        graph.name,
        _typed(inputs, types),
        _typed(outputs, types),
        [weights[name] for name in used if name in weights],
        value_info=[types[name] for name in made if name in types and name not in outputs],
    )
    return onnx.helper.make_model(
        part, opset_imports=model.opset_import, ir_version=model.ir_version, functions=model.functions
    )


def reads(node: onnx.NodeProto) -> list[str]:
    """The tensors that a node reads, with those that its subgraphs take from outside."""
    found = [name for name in node.input if name]
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            own = {value.name for value in (*graph.input, *graph.initializer)}
            own |= {name for inner in graph.node for name in inner.output}
            inside = [name for inner in graph.node for name in reads(inner)]
            found += [name for name in (*inside, *(value.name for value in graph.output)) if name not in own]
    return found


def _typed(names: Iterable[str], types: Mapping[str, onnx.ValueInfoProto]) -> list[onnx.ValueInfoProto]:
    return [types.get(name) or onnx.ValueInfoProto(name=name) for name in names]


def _ranks(nodes: Sequence[onnx.NodeProto], foreign: Mapping[int, bool]) -> list[int]:
    made: dict[str, int] = {}
    ranks = []
    for place, node in enumerate(nodes):  # in topological order, as ONNX demands
        least = max((made.get(name, 0) for name in reads(node)), default=0)
        rank = least + (least % 2 != foreign[place])
        ranks.append(rank)
        made |= dict.fromkeys(node.output, rank)
    return ranks


def _islands(nodes: Sequence[onnx.NodeProto], ranks: Sequence[int]) -> set[int]:
    """Native ranks without heavy work between two ranks of the fallback, where other native ranks remain."""
    operators = defaultdict(set)
    for node, rank in zip(nodes, ranks, strict=True):
        operators[rank].add(node.op_type)
    native = [rank for rank in operators if rank % 2 == 0]
    light = {rank for rank in native if not operators[rank] & HEAVY}
    between = {rank for rank in light if rank - 1 in operators and rank + 1 in operators}
    return between if any(rank not in between for rank in native) else set()
