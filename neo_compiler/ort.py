"""onnxruntime as the compiler uses it: on one thread, without a word, and without its telemetry."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class OrtError(Exception):
    """onnxruntime refused a model or could not run it; the message is its own."""


class Session:
    """A model in onnxruntime; one thread, so that results do not depend on how busy the machine is."""

    def __init__(self, model: bytes, *, optimised: bool = False) -> None:
        """`model` is a serialised ModelProto. Raises OrtError."""
        ort, errors = _onnxruntime()
        levels = ort.GraphOptimizationLevel
        options = ort.SessionOptions()
        options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._errors = errors
        try:
            self._session = ort.InferenceSession(model, options, ["CPUExecutionProvider"])
        except errors as error:
            raise OrtError(str(error)) from error
        self.outputs: tuple[str, ...] = tuple(output.name for output in self._session.get_outputs())

    def run(self, names: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[Any]:
        """The outputs of these names: arrays, and lists of arrays for sequences. Raises OrtError."""
        try:
            values = self._session.run(list(names), dict(inputs))
        except self._errors as error:
            raise OrtError(str(error)) from error
        # Sequences stay lists: their tensors may have different shapes.
        return [value if isinstance(value, list) else np.asarray(value) for value in values]


def _onnxruntime() -> tuple[Any, tuple[type[Exception], ...]]:
    """The module, and the errors that a model can cause.

    From 1.29 on, it reports names and hashes of models over the network unless this variable is set before it
    is imported. Whoever imports it earlier, in the same process, has to set it too.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    # RuntimeError and ValueError: values of types that numpy does not have, inputs of another type.
    classes = (value for value in vars(state).values() if isinstance(value, type))
    kinds = (kind for kind in classes if issubclass(kind, Exception))
    return onnxruntime, (*kinds, RuntimeError, ValueError)
