"""Files of torch.export.save."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx

from neo_compiler.errors import ModelError
from neo_compiler.frontend.extras import require
from neo_compiler.frontend.pytorch.export import explained, quiet, to_onnx
from neo_compiler.frontend.pytorch.guard import check_harmless
from neo_compiler.frontend.reading import Reading

# With it, PyTorch unpickles nothing but tensors, whatever its callers ask for.
ONLY_TENSORS = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def read(path: Path, reading: Reading) -> onnx.ModelProto:
    """The program in the archive `path`, as ONNX.

    Raises ModelError where it is damaged, of another version, or names what could run code and
    `reading.trust` does not allow that.
    """
    require("torch", "a PyTorch exported program")
    if reading.trust:
        return to_onnx(_open(path))
    check_harmless(path)
    with _only_tensors():
        return to_onnx(_open(path))


def _open(path: Path) -> Any:
    import torch

    with quiet(), explained(f"PyTorch {torch.__version__} cannot open {path}"):
        try:
            program = torch.export.load(path)
        except KeyError as error:
            raise ModelError(f"{path} holds several programs, none of them named 'model'") from error
    program._guards_code = []  # Python text that PyTorch would execute; it only checks inputs
    return program


@contextmanager
def _only_tensors() -> Iterator[None]:
    before = os.environ.get(ONLY_TENSORS)
    os.environ[ONLY_TENSORS] = "1"
    try:
        yield
    finally:
        del os.environ[ONLY_TENSORS]
        if before is not None:
            os.environ[ONLY_TENSORS] = before
