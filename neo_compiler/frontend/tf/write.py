"""Keras models in memory, written as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neo_compiler.errors import UsageError
from neo_compiler.frontend.memory import Examples


def write(model: Any, examples: Examples, folder: Path) -> Path:
    """Save `model`, a keras.Model, into `folder`; returns the file. Raises UsageError for example inputs."""
    if examples != Examples():
        raise UsageError("a Keras model tells its inputs: example inputs are for PyTorch")
    path = folder / f"{model.name}.keras"
    model.save(path)
    return path
