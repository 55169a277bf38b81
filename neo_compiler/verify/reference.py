"""What the original model computes: onnxruntime, with and without its own optimisations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx

from neo_compiler.errors import ModelError
from neo_compiler.ort import OrtError, Session


class Reference:
    """The original model in onnxruntime; its own optimisations are off unless asked for."""

    def __init__(self, model: onnx.ModelProto, *, optimised: bool = False) -> None:
        try:
            self._session = Session(model.SerializeToString(), optimised=optimised)
        except OrtError as error:
            raise ModelError(f"onnxruntime, the reference, cannot load the model: {error}") from error

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The model's outputs by name. Raises ModelError where onnxruntime cannot run it."""
        names = self._session.outputs
        try:
            values = self._session.run(names, inputs)
        except OrtError as error:
            raise ModelError(f"onnxruntime, the reference, cannot run the model: {error}") from error
        return dict(zip(names, values, strict=True))
