"""The model after each step of its preparation, as files for a viewer of ONNX such as Netron."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import onnx_ir as ir

from neo_compiler.package.output import output_error, write_whole

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

    def write(name: str, model: ir.Model) -> None:
        write_whole(folder / f"{next(numbers):02}-{name}.onnx", ir.to_proto(model).SerializeToString())

    return write
