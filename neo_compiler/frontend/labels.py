"""Class names become numbers: compiled code knows no text, and who runs the model gets the names back.

Where a text that leaves the model is one of a list, it leaves as its place in that list; the lists stand in
the model's metadata under KEY. A ZipMap, which makes a dictionary for each row, leaves its table of
probabilities instead, whose columns are named there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KEY = "neo.labels"
DOMAIN = "ai.onnx.ml"
# Operators that hand their first input's elements on.
TRANSPARENT = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
CLASSIFIERS = {
    "TreeEnsembleClassifier": "classlabels_int64s",
    "LinearClassifier": "classlabels_ints",
    "SVMClassifier": "classlabels_ints",
}


@dataclass
class Labels:
    """By the name of an output: the texts that its numbers stand for, and the names of its columns."""

    values: dict[str, list[str]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)


def labels_of(model: onnx.ModelProto) -> Labels:
    """What `number_labels` noted in a model."""
    text = next((row.value for row in model.metadata_props if row.key == KEY), None)
    return Labels() if text is None else Labels(**json.loads(text))


def number_labels(model: onnx.ModelProto) -> None:
    """Change the model in place where its outputs are class names or dictionaries of probabilities."""
    kept = [row for row in model.metadata_props if row.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    found = Labels()
    _open_dictionaries(model.graph, found)
    _number_texts(model.graph, found)
    if found.values or found.columns:
        model.metadata_props.add(key=KEY, value=json.dumps(asdict(found), sort_keys=True))


def _open_dictionaries(graph: onnx.GraphProto, found: Labels) -> None:
    outputs = {value.name: value for value in graph.output}
    for node in graph.node:
        if (node.domain, node.op_type) != (DOMAIN, "ZipMap") or node.output[0] not in outputs:
            continue
        names = [str(name) for name in _texts(node, "classlabels_strings") or _ints(node)]
        shape = [None, len(names)]
        outputs[node.output[0]].type.CopyFrom(helper.make_tensor_type_proto(TensorProto.FLOAT, shape))
        found.columns[node.output[0]] = names
        node.CopyFrom(helper.make_node("Identity", node.input, node.output, name=node.name))


def _number_texts(graph: onnx.GraphProto, found: Labels) -> None:
    weights = {tensor.name: tensor for tensor in graph.initializer}
    tables: dict[str, list[str]] = {}
    changes: list[Callable[[], None]] = []
    for node in graph.node:
        if not node.domain and node.op_type in TRANSPARENT and node.input[0] in tables:
            tables[node.output[0]] = tables[node.input[0]]
        elif any(name in tables for name in node.input):
            return  # a text that the model itself goes on with
        elif (origin := _origin(node, weights)) is not None:
            tables[node.output[0]], change = origin
            changes.append(change)
    for change in changes:
        change()
    for value in _typed_values(graph):
        if value.name in tables and value.type.tensor_type.elem_type == TensorProto.STRING:
            value.type.tensor_type.elem_type = TensorProto.INT64
    found.values.update((row.name, tables[row.name]) for row in graph.output if row.name in tables)


def _typed_values(graph: onnx.GraphProto) -> Iterator[onnx.ValueInfoProto]:
    yield from graph.output
    yield from graph.value_info


def _origin(
    node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]
) -> tuple[list[str], Callable[[], None]] | None:
    """The texts that a node's first result is made of, and what makes numbers of them."""
    if node.domain == DOMAIN and node.op_type in CLASSIFIERS:
        names = _texts(node, "classlabels_strings")
        attribute, places = CLASSIFIERS[node.op_type], range(len(names))
        return (names, lambda: _swap(node, "classlabels_strings", attribute, places)) if names else None
    if node.domain == DOMAIN and node.op_type == "LabelEncoder":
        return _encoder(node)
    if (node.domain, node.op_type) in ((DOMAIN, "ArrayFeatureExtractor"), ("", "Gather")):
        table = weights.get(node.input[0])
        if table is not None and table.data_type == TensorProto.STRING:
            names = [text.decode() for text in table.string_data]
            return names, lambda: _renumber(table)
    return None


def _encoder(node: onnx.NodeProto) -> tuple[list[str], Callable[[], None]] | None:
    texts = _texts(node, "values_strings")
    if not texts:
        return None
    default = next((a.s.decode() for a in node.attribute if a.name == "default_string"), "_Unused")
    names = list(dict.fromkeys([*texts, default]))

    def change() -> None:
        _swap(node, "values_strings", "values_int64s", [names.index(text) for text in texts])
        _swap(node, "default_string", "default_int64", names.index(default))

    return names, change


def _renumber(table: onnx.TensorProto) -> None:
    if table.data_type == TensorProto.STRING:  # else another node that reads it was first
        places = np.arange(len(table.string_data), dtype=np.int64).reshape(tuple(table.dims))
        table.CopyFrom(numpy_helper.from_array(places, table.name))


def _swap(node: onnx.NodeProto, old: str, new: str, value: Any) -> None:
    kept = [attribute for attribute in node.attribute if attribute.name not in (old, new)]
    del node.attribute[:]
    node.attribute.extend(kept)
    node.attribute.append(helper.make_attribute(new, value if isinstance(value, int) else list(value)))


def _texts(node: onnx.NodeProto, name: str) -> list[str]:
    return next((_decoded(a.strings) for a in node.attribute if a.name == name), [])


def _decoded(texts: Sequence[bytes]) -> list[str]:
    return [text.decode() for text in texts]


def _ints(node: onnx.NodeProto) -> list[int]:
    return next((list(a.ints) for a in node.attribute if a.name == "classlabels_int64s"), [])
