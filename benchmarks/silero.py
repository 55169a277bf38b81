"""Silero VAD with its sampling rate fixed at 16 kHz.

The published model chooses between its 16 kHz and its 8 kHz network by an `If` on the input `sr`. A
compiled model is one network, so the 16 kHz branch becomes the graph and `sr` goes.
"""

from __future__ import annotations

import onnx
from onnx import helper

RATE_INPUT = "sr"


def fix_rate(content: bytes) -> bytes:
    """Return the 16 kHz network: input f32[batch,sequence], state f32[2,batch,128] → output, stateN."""
    model = onnx.load_from_string(content)
    graph = model.graph
    choice = next(node for node in graph.node if node.op_type == "If")
    branch = next(a.g for a in choice.attribute if a.name == "then_branch")
    renamed = dict(zip((value.name for value in branch.output), choice.output, strict=True))
    for node in branch.node:
        for i, name in enumerate(node.output):
            node.output[i] = renamed.get(name, name)
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
    read = {name for node in branch.node for name in node.input}
    fixed = helper.make_graph(
        list(branch.node),
        "silero_vad_16k",
        [value for value in graph.input if value.name != RATE_INPUT],
        list(graph.output),
        [tensor for tensor in [*graph.initializer, *branch.initializer] if tensor.name in read],
    )
    result = helper.make_model(fixed, opset_imports=list(model.opset_import), ir_version=model.ir_version)
    onnx.checker.check_model(result)
    fixed_content: bytes = result.SerializeToString()
    return fixed_content
