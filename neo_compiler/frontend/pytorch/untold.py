"""Files of PyTorch that can run code, and do not tell what goes into their model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.frontend.extras import require
from neo_compiler.frontend.reading import Reading

REMEDY = "write it with torch.export.save(torch.export.export(model.eval(), inputs), 'model.pt2')"


def check_allowed(path: Path, what: str, reading: Reading) -> None:
    """Raise ModelError without `reading.trust`, MissingExtra without PyTorch; `what` names the format."""
    if not reading.trust:
        raise ModelError(
            f"{path} is {what}: whoever made it can run any code when it is opened. Better load it where it "
            f"was made and {REMEDY}; if you trust where it comes from, add --trust and --input-shape"
        )
    require("torch", what)


def drawn_inputs(path: Path, reading: Reading) -> tuple[Any, ...]:
    """A float32 tensor of each shape that the user gave. Raises UsageError where there is none."""
    import torch

    if not reading.shapes:
        raise UsageError(
            f"{path} does not tell its inputs' shapes: give --input-shape for each, in their order"
        )
    return tuple(torch.randn(shape) for shape in reading.shapes.values())
