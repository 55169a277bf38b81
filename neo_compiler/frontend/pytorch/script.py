"""TorchScript programs, as torch.jit.save writes them: only with --trust."""

from __future__ import annotations

import io
from pathlib import Path

import onnx

from neo_compiler.frontend.pytorch.export import OPSET, explained, quiet
from neo_compiler.frontend.pytorch.untold import check_allowed, drawn_inputs
from neo_compiler.frontend.reading import Reading
from neo_compiler.frontend.sniff import TORCHSCRIPT


def read(path: Path, reading: Reading) -> onnx.ModelProto:
    """The program in the file `path`, as PyTorch's older exporter makes ONNX of it.

    The inputs' shapes and names are those of `reading.shapes`, in their order. Raises ModelError without
    `reading.trust` and where PyTorch fails, UsageError without shapes.
    """
    check_allowed(path, TORCHSCRIPT.phrase, reading)
    import torch

    inputs = drawn_inputs(path, reading)
    written = io.BytesIO()
    with quiet(), explained(f"PyTorch {torch.__version__} cannot turn {path} into ONNX"):
        module = torch.jit.load(path, map_location="cpu").eval()
        torch.onnx.export(
            module, inputs, written, dynamo=False, opset_version=OPSET, input_names=list(reading.shapes)
        )
    return onnx.load_from_string(written.getvalue())
