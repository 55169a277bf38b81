"""Operators that ONNX itself defines by a graph of others, where no native code exists for them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import onnx
import onnx_ir as ir
from onnx.defs import OpSchema, SchemaError
from onnx_ir.passes.common import InlinePass

from neo_compiler.graph.checks.operators import supported_operators
from neo_compiler.graph.passes.lift_constants import lift_constants
from neo_compiler.graph.passes.lower_operators import has_rule
from neo_compiler.graph.passes.name_nodes import name_nodes
from neo_compiler.graph.passes.splice_ifs import splice_ifs
from neo_compiler.graph.shape_inference.fold import fold
from neo_compiler.graph.shape_inference.infer import value_type

DEPTH = 4  # functions that call functions
OWN = "neo.expanded"  # the domain of the bodies on their way

GRAPHS = frozenset({ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS})  # the inliner refuses them

log = logging.getLogger(__name__)


def _has_more_results(node: ir.Node) -> bool:
    return sum(bool(value.name) for value in node.outputs) > 1


def _is_not_last_axis(node: ir.Node) -> bool:
    axis = node.attributes.get("axis")
    return axis is not None and axis.as_int() != -1


# Forms of operators that the importer knows by name, but not in this use.
FORMS: dict[str, Callable[[ir.Node], bool]] = {
    "CastLike": lambda _node: True,
    "LayerNormalization": _has_more_results,
    "RMSNormalization": _is_not_last_axis,
}


def expand_functions(model: ir.Model) -> None:
    """Replace such operators by their definitions, as long as there are any."""
    for _ in range(DEPTH):
        found = [node for node in model.graph if _wanted(node) and _register(node, model)]
        if not found:
            return
        InlinePass()(model)
        name_nodes(model)
        lift_constants(model)
        fold(model)
        splice_ifs(model)


@functools.cache
def _supported() -> frozenset[str]:
    return supported_operators()


def _wanted(node: ir.Node) -> bool:
    name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
    form = FORMS.get(name)
    return form(node) if form else name not in _supported() and not has_rule(node)


def _register(node: ir.Node, model: ir.Model) -> bool:
    """Let the node call a function of the model, its operator's definition; False where there is none."""
    version = model.graph.opset_imports.get(node.domain)
    if version is None or any(attribute.type in GRAPHS for attribute in node.attributes.values()):
        return False
    try:
        schema = onnx.defs.get_schema(node.op_type, version, node.domain)
        _write_defaults(node, schema)
        body = _definition(node, schema, version)
    except (SchemaError, RuntimeError) as error:
        log.info("%s %r has no definition: %s", node.op_type, node.name, error)
        return False
    if body is None:
        return False
    _keep_results(body, node)
    body.domain, body.name = OWN, f"{node.op_type}:{node.name}"
    for row in body.opset_import:
        row.version = model.graph.opset_imports.get(row.domain, row.version)
    function = ir.serde.deserialize_function(body)
    model.functions[function.identifier()] = function
    model.graph.opset_imports[OWN] = 1
    node.domain, node.op_type = OWN, body.name
    return True


def _keep_results(body: onnx.FunctionProto, node: ir.Node) -> None:
    """A definition that depends on its use names all results, but makes only those that are read."""
    made = {name for inner in body.node for name in inner.output}
    del body.output[len(node.outputs) :]
    for name in set(body.output) - made:
        body.node.append(onnx.helper.make_node("Identity", [body.input[0]], [name]))


def _write_defaults(node: ir.Node, schema: OpSchema) -> None:
    """A definition refers to attributes by name, also to those that the node leaves at their defaults."""
    for name, attribute in schema.attributes.items():
        if name not in node.attributes and attribute.default_value.name:
            node.attributes[name] = ir.serde.deserialize_attribute(attribute.default_value)


# The stubs of onnx do not know the parts of a schema that tell of functions.
def _definition(node: ir.Node, schema: Any, version: int) -> onnx.FunctionProto | None:
    proto = ir.to_proto(node)
    if schema.has_function:
        versions = schema.function_opset_versions
        data = schema.get_function_with_opset_version(_newest(versions, version))
    elif schema.has_context_dependent_function:
        versions = schema.context_dependent_function_opset_versions
        types = [value_type(value) if value is not None else onnx.TypeProto() for value in node.inputs]
        data = schema.get_context_dependent_function_with_opset_version(
            _newest(versions, version),
            proto.SerializeToString(),
            [kind.SerializeToString() for kind in types],
        )
    else:
        return None
    return onnx.FunctionProto.FromString(data) if data else None


def _newest(versions: list[int], version: int) -> int:
    """The newest of the definitions that hold in opset `version`."""
    return max((known for known in versions if known <= version), default=min(versions))
