"""The model after each step of its preparation, as files for a viewer of ONNX such as Netron."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import onnx
import onnx_ir as ir

from neo_compiler.package.output import output_error

Seen = Callable[[str, ir.Model], None]
PATTERN = "[0-9][0-9]-*.onnx"


def unseen(_name: str, _model: ir.Model) -> None:
    """What steps are shown to where nobody wants to see them."""


def dump(folder: Path | None) -> Seen:
    """A function that writes a model as `folder`/NN-<step>.onnx, numbered from 00; `unseen` without a folder.

    Files of an earlier dump there are gone. Raises OutputError, as the function does.
    """
    if folder is None:
        return unseen
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in folder.glob(PATTERN):
            earlier.unlink()
    except OSError as error:
        raise output_error(folder, error) from error
    numbers = itertools.count()
    return lambda name, model: _write(ir.to_proto(model), folder / f"{next(numbers):02}-{name}.onnx")


def _write(model: onnx.ModelProto, path: Path) -> None:
    unfinished = path.with_name(f".{path.name}")
    try:
        unfinished.write_bytes(model.SerializeToString())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise output_error(path.parent, error) from error
