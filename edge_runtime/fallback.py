"""Parts of a model that no native code exists for: onnxruntime runs them, where it is installed."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.engine import NativeMemory
from edge_runtime.errors import ArtifactError, RunError
from edge_runtime.manifest import Part

if TYPE_CHECKING:
    from edge_runtime.arrays import Array


class OrtModel:
    """A part in onnxruntime; its sessions are one, since onnxruntime keeps no state between runs.

    Raises ArtifactError where onnxruntime is missing or refuses the part.
    """

    def __init__(self, file: Path, part: Part, threads: int) -> None:
        self.inputs, self.outputs = part.inputs, part.outputs
        self._threads, self._name = threads, part.path
        self._names = [spec.name for spec in part.inputs], [spec.name for spec in part.outputs]
        ort, self._errors = _onnxruntime()
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(str(file), options, ["CPUExecutionProvider"])
        except self._errors as error:
            raise ArtifactError(
                f"onnxruntime {ort.__version__} cannot load {part.path}: {error}; "
                "install the release that the manifest names as the reference"
            ) from None

    @property
    def threads(self) -> int:
        return self._threads

    @property
    def memory(self) -> NativeMemory:
        """Nothing: what onnxruntime takes is not known."""
        return NativeMemory(0, 0, 0, 0)

    @property
    def steps(self) -> list[str]:
        return [f"onnxruntime {self._name}"]

    def session(self) -> OrtModel:
        return self

    @property
    def stream(self) -> None:
        """There is no GPU."""

    def run(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        for made, value in zip(outputs, self.compute(inputs), strict=True):
            made[...] = value

    def compute(self, inputs: Sequence[Any]) -> list[Array]:
        """Raises RunError where onnxruntime fails, or a result has another shape than was compiled for."""
        given, made = self._names
        try:
            values = self._session.run(made, dict(zip(given, inputs, strict=True)))
        except self._errors as error:
            raise RunError(f"{self._name}: {error}") from None
        arrays = [np.asarray(value) for value in values]
        for spec, array in zip(self.outputs, arrays, strict=True):
            fits = len(spec.shape) == array.ndim and all(
                isinstance(size, str) or size == found
                for size, found in zip(spec.shape, array.shape, strict=True)
            )
            if not fits or array.dtype != np.dtype(spec.dtype):
                raise RunError(
                    f"{self._name}: {spec.name!r} is {array.dtype} {list(array.shape)} for these inputs; "
                    f"what follows was compiled for {spec.dtype} {list(spec.shape)}"
                )
        return arrays

    def time(self, inputs: Sequence[Any]) -> list[int]:
        start = time.perf_counter_ns()
        self.compute(inputs)
        return [time.perf_counter_ns() - start]

    def close(self) -> None:
        """Nothing to do: the memory goes with the object."""


def _onnxruntime() -> tuple[Any, tuple[type[Exception], ...]]:
    """The module and the errors that it raises. Its telemetry is switched off before it is imported."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state
    except ImportError:
        raise ArtifactError(
            "parts of this model run in onnxruntime, which is not installed: "
            "python -m pip install 'neo-edge[fallback]'"
        ) from None
    kinds = (value for value in vars(state).values() if isinstance(value, type))
    return onnxruntime, (*(kind for kind in kinds if issubclass(kind, Exception)), ValueError, RuntimeError)
