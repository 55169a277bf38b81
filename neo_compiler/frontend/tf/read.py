"""Files and folders that TensorFlow, Keras and TensorFlow Lite write."""

from __future__ import annotations

from pathlib import Path

import onnx

from neo_compiler.frontend.reading import Reading
from neo_compiler.frontend.sniff import KERAS, SAVED_MODEL, TFLITE
from neo_compiler.frontend.tf.convert import convert


def saved_model(path: Path, _reading: Reading) -> onnx.ModelProto:
    """The serving signature of the SavedModel in the folder `path`. Raises as `convert` does."""
    return convert(path, "--saved-model", SAVED_MODEL.phrase)


def keras(path: Path, _reading: Reading) -> onnx.ModelProto:
    """The model in the .keras or HDF5 file `path`; Keras refuses layers that hold Python code.

    Raises as `convert` does.
    """
    return convert(path, "--keras", KERAS.phrase)


def tflite(path: Path, _reading: Reading) -> onnx.ModelProto:
    """The model in the TensorFlow Lite file `path`. Raises as `convert` does."""
    return convert(path, "--tflite", TFLITE.phrase)
