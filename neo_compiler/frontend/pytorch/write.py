"""PyTorch models in memory, written as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx

from neo_compiler.frontend.memory import Examples
from neo_compiler.frontend.pytorch.export import program_of, to_onnx


def write(model: Any, examples: Examples, folder: Path) -> Path:
    """Write `model`, a torch.nn.Module or torch.export.ExportedProgram, into `folder`; returns the file.

    Raises as `program_of` and `to_onnx` do.
    """
    path = folder / f"{type(model).__name__}.onnx"
    onnx.save(to_onnx(program_of(model, examples)), path)
    return path
