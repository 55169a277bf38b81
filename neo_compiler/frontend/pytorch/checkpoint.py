"""Pickled PyTorch modules, which run code of their own when they are opened: only with --trust."""

from __future__ import annotations

from pathlib import Path

import onnx

from neo_compiler.errors import ModelError
from neo_compiler.frontend.memory import Examples
from neo_compiler.frontend.pytorch.export import explained, program_of, quiet, to_onnx
from neo_compiler.frontend.pytorch.untold import REMEDY, check_allowed, drawn_inputs
from neo_compiler.frontend.reading import Reading
from neo_compiler.frontend.rename import rename
from neo_compiler.frontend.sniff import CHECKPOINT


def read(path: Path, reading: Reading) -> onnx.ModelProto:
    """The module in the file `path`, traced with inputs of the shapes `reading.shapes`, in their order.

    Raises ModelError without `reading.trust`, for weights without a model, and where PyTorch fails;
    UsageError without shapes.
    """
    check_allowed(path, CHECKPOINT.phrase, reading)
    import torch

    with quiet(), explained(f"PyTorch {torch.__version__} cannot open {path}"):
        module = torch.load(path, map_location="cpu", weights_only=False)
    if not isinstance(module, torch.nn.Module):
        raise ModelError(
            f"{path} holds a {type(module).__name__}: weights without the model that they belong to; build "
            f"the model in Python, load them into it, and {REMEDY}"
        )
    model = to_onnx(program_of(module, Examples(drawn_inputs(path, reading))))
    traced = [value.name for value in model.graph.input]
    return rename(model, dict(zip(traced, reading.shapes, strict=True)))
