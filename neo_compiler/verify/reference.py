"""What the original model computes: onnxruntime, with and without its own optimisations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as state

from neo_compiler.errors import ModelError

ORT_ERRORS = (
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.NotImplemented,
    state.RuntimeException,
)


class Reference:
    """The original model in onnxruntime; one thread, so that results do not depend on the machine's load."""

    def __init__(self, model: onnx.ModelProto, *, optimised: bool = False) -> None:
        levels = ort.GraphOptimizationLevel
        options = ort.SessionOptions()
        options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        except ORT_ERRORS as error:
            raise ModelError(f"onnxruntime, the reference, cannot load the model: {error}") from error
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The model's outputs by name. Raises ModelError where onnxruntime cannot run it."""
        try:
            values = self._session.run(list(self.outputs), dict(inputs))
        except ORT_ERRORS as error:
            raise ModelError(f"onnxruntime, the reference, cannot run the model: {error}") from error
        return {name: np.asarray(value) for name, value in zip(self.outputs, values, strict=True)}
