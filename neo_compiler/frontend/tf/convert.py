"""tf2onnx, run in a process of its own.

TensorFlow brings an LLVM, an allocator and threads of its own, prints what it likes, and asks for versions of
numpy and protobuf that may not be those of the compiler; so it never enters the compiler's process, and
NEO_TENSORFLOW may name the interpreter of another virtual environment that has it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import onnx

from neo_compiler.errors import MissingExtra, ModelError
from neo_compiler.frontend.extras import require
from neo_compiler.frontend.rename import rename

OPSET = 18  # the newest that tf2onnx 1.17 writes
INTERPRETER = "NEO_TENSORFLOW"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1"}
PREFIX, SUFFIX = "serving_default_", ":0"

log = logging.getLogger(__name__)


def convert(path: Path, option: str, what: str) -> onnx.ModelProto:
    """The ONNX model that `tf2onnx.convert OPTION path` writes; `what` names the format in messages.

    Raises MissingExtra where TensorFlow or tf2onnx is missing, ModelError with tf2onnx's reason.
    """
    python = os.environ.get(INTERPRETER)
    if not python:
        require("tensorflow", what)
    with tempfile.TemporaryDirectory(prefix="neo-") as folder:
        result = Path(folder) / "model.onnx"
        arguments = [option, str(path.resolve()), "--opset", str(OPSET), "--output", str(result)]
        done = _run(python or sys.executable, arguments, what)
        log.debug("%s", done.stderr)
        if done.returncode != 0 or not result.exists():
            raise ModelError(f"tf2onnx cannot convert {path}: {_reason(done.stderr)}")
        return plain_names(onnx.load(result))


def _run(python: str, arguments: list[str], what: str) -> subprocess.CompletedProcess[str]:
    command = [python, "-m", "tf2onnx.convert", *arguments]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **QUIET},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise MissingExtra(
            f"reading {what} needs the interpreter that {INTERPRETER} names, {python}: {error}"
        ) from error
    if "ModuleNotFoundError" in done.stderr and done.returncode != 0 and os.environ.get(INTERPRETER):
        raise MissingExtra(
            f"reading {what} needs tensorflow and tf2onnx: {python} -m pip install tensorflow-cpu tf2onnx"
        )
    return done


def _reason(text: str) -> str:
    """The last line that names an error, or the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or " - ERROR - " in line]
    return (errors or lines or ["it ended without a word"])[-1]


def plain_names(model: onnx.ModelProto) -> onnx.ModelProto:
    """Names of tensors in a TensorFlow graph end in :0, and those of a signature begin with its name."""
    values = (*model.graph.input, *model.graph.output)
    names = {value.name: value.name.removeprefix(PREFIX).removesuffix(SUFFIX) for value in values}
    return rename(model, names)
