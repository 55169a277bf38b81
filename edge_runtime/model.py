"""A loaded model: named arrays in, named arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, overload
from weakref import finalize

import numpy as np

from edge_runtime.arrays import Declared, check_inputs
from edge_runtime.artifact import LIBRARY, PARAMS, Artifact, open_artifact
from edge_runtime.chain import Chain
from edge_runtime.engine import Engine, NativeMemory
from edge_runtime.errors import ArtifactError, InputError, RunError
from edge_runtime.manifest import Manifest, Placement, TensorSpec
from edge_runtime.native import NativeModel
from edge_runtime.results import HOST, make_results, writable
from edge_runtime.sessions import SessionPool

if TYPE_CHECKING:
    from edge_runtime.arrays import Array
    from edge_runtime.cuda.tensor import DeviceTensor


@dataclass(frozen=True)
class StepTime:
    """One kernel call of a run; `seconds` is the wall time on the calling thread."""

    kernel: str
    seconds: float


class Model:
    """Made by `load`. May be used by several threads at a time: each run has its own memory."""

    def __init__(self, artifact: Artifact, threads: int | None = None) -> None:
        engine = _open_engine(artifact, threads or 0)
        self.artifact = artifact
        self.inputs: tuple[TensorSpec, ...] = engine.inputs
        self.outputs: tuple[TensorSpec, ...] = engine.outputs
        self.threads: int = engine.threads
        self.memory: NativeMemory = engine.memory
        self._engine = engine
        self._steps = engine.steps
        self._names = [spec.name for spec in self.outputs]
        self._declared = Declared(self.inputs)
        self._sessions = SessionPool(engine)
        self._close = finalize(self, _close, self._sessions, artifact)

    @property
    def manifest(self) -> Manifest:
        """What the compiler wrote about the model."""
        return self.artifact.manifest

    @property
    def placement(self) -> tuple[Placement, ...]:
        """Which backend runs how much of the model."""
        return self.manifest.placement

    @overload
    def run(self, inputs: Mapping[str, Any]) -> dict[str, Array]: ...
    @overload
    def run(self, inputs: Mapping[str, Any], outputs: Literal["host"]) -> dict[str, Array]: ...
    @overload
    def run(self, inputs: Mapping[str, Any], outputs: Literal["device"]) -> dict[str, DeviceTensor]: ...
    @overload
    def run(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]: ...
    def run(self, inputs: Mapping[str, Any], outputs: str | Mapping[str, Any] = HOST) -> dict[str, Any]:
        """One inference; what it returns is new and belongs to the caller, and its values are there.

        A model for a GPU takes arrays and, without a copy, tensors on its device: whatever has `__dlpack__`,
        such as those of torch and CuPy. `outputs` "device" leaves the results there, as DeviceTensors; a
        mapping of names to arrays or tensors has these written to, and returned in place of new ones.

        A class whose label is text is given as its place in `manifest.labels`: see `named`.

        Raises InputError where a name, dtype or shape is not as `inputs` or `outputs` declare; RunError where
        the model is closed or its code reports an error.
        """
        session = self._sessions.take()
        try:
            given = self._declared.fitting(inputs)
            if given is None:
                given = check_inputs(self.inputs, inputs, session.stream)
            if outputs == HOST:
                results: list[Any] = session.compute(given)
            else:
                results = make_results(self._engine, outputs)
                session.run(given, writable(self.outputs, results, session.stream))
        finally:
            self._sessions.give_back(session)
        return dict(zip(self._names, results, strict=True))

    def named(self, outputs: Mapping[str, Array]) -> dict[str, Array]:
        """What `run` returned, with class names in place of the numbers that stand for them."""
        tables = {name: np.array(names) for name, names in self.manifest.labels.items()}
        return {
            name: tables[name].take(array, mode="clip") if name in tables else array
            for name, array in outputs.items()
        }

    def profile(self, inputs: Mapping[str, Any]) -> list[StepTime]:
        """One inference that is timed step by step. Raises as `run` does."""
        with self._sessions.session() as session:
            times = session.time(check_inputs(self.inputs, inputs, session.stream))
        return [StepTime(name, time / 1e9) for name, time in zip(self._steps, times, strict=True)]

    def close(self) -> None:
        """Frees the threads and the memory, after the runs that are under way; may be called again."""
        self._close()

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def load(path: str | Path, threads: int | None = None, target: str | None = None) -> Model:
    """Opens an artifact, a .tar.gz or a folder, and proves that it is whole and fits this machine.

    `threads` compute together, the caller's included; None: as many as this process may use CPUs. Of an
    artifact for several targets the best for this machine is used, or the one called `target`;
    `Model.artifact.choice` tells why. Raises ArtifactError.
    """
    if threads is not None and threads < 1:
        raise InputError(f"threads: {threads} given, at least 1 expected")
    artifact = open_artifact(path, target=target)
    try:
        return Model(artifact, threads)
    except RunError as error:
        artifact.close()
        raise ArtifactError(f"{path}: {error}") from None
    except BaseException:
        artifact.close()
        raise


def _close(sessions: SessionPool, artifact: Artifact) -> None:
    sessions.close()
    artifact.close()


def _open_engine(artifact: Artifact, threads: int) -> Engine:
    manifest, folder = artifact.manifest, artifact.folder
    if manifest.parts:
        return Chain(manifest, artifact.file, threads)
    if LIBRARY not in manifest.files:
        raise ArtifactError(f"{folder} holds no {LIBRARY}")
    params = artifact.file(PARAMS) if PARAMS in manifest.files else None
    native = NativeModel(artifact.file(LIBRARY), params, threads)
    if (native.inputs, native.outputs) != (manifest.inputs, manifest.outputs):
        native.close()
        raise ArtifactError(f"{folder}: manifest.json and {LIBRARY} disagree about inputs and outputs")
    return native
