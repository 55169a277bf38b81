"""A loaded model: named arrays in, named arrays out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, overload
from weakref import finalize

import numpy as np

from edge_runtime.arrays import Declared, check_inputs
from edge_runtime.artifact import LIBRARY, PARAMS, Artifact, open_artifact
from edge_runtime.buckets import Selection
from edge_runtime.chain import Chain, open_part
from edge_runtime.engine import Engine, NativeMemory
from edge_runtime.errors import ArtifactError, InputError, RunError
from edge_runtime.manifest import Dimension, Manifest, Placement, TensorSpec
from edge_runtime.native import NativeModel
from edge_runtime.results import HOST, handed_over, make_results, writable
from edge_runtime.sessions import WHOLE, EngineSet

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
        manifest = artifact.manifest
        self.artifact = artifact
        self.inputs: tuple[TensorSpec, ...] = manifest.inputs
        self.outputs: tuple[TensorSpec, ...] = manifest.outputs
        self.threads: int = threads or len(os.sched_getaffinity(0))
        self._names = [spec.name for spec in self.outputs]
        self._declared = Declared(self.inputs)
        self._selection = Selection(manifest) if manifest.buckets else None
        self._engines = EngineSet(partial(_open_engine, artifact, self.threads))
        self._close = finalize(self, _close, self._engines, artifact)
        self._whole = self._engines.open(WHOLE) if self._selection is None else None

    @property
    def manifest(self) -> Manifest:
        """What the compiler wrote about the model."""
        return self.artifact.manifest

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """The sizes that the symbolic dimensions of the inputs may have."""
        return self.manifest.dimensions

    @property
    def memory(self) -> NativeMemory:
        """What has been opened so far takes; of a model with symbolic dimensions that grows as it is used."""
        return self._engines.memory

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

        Raises InputError where a name, dtype or shape is not as `inputs`, `dimensions` or `outputs` declare;
        RunError where the model is closed or its code reports an error.
        """
        if self._selection is not None:
            results = self._run_fitted(self._selection, inputs, outputs)
            return dict(zip(self._names, results, strict=True))
        pool = self._whole or self._engines.open(WHOLE)
        session = pool.take()
        try:
            given = self._declared.fitting(inputs)
            if given is None:
                given = check_inputs(self.inputs, inputs, session.stream)
            if outputs == HOST:
                results = session.compute(given)
            else:
                results = make_results(pool.engine, outputs)
                session.run(given, writable(self.outputs, results, session.stream))
        finally:
            pool.give_back(session)
        return dict(zip(self._names, results, strict=True))

    def _run_fitted(
        self, selection: Selection, inputs: Mapping[str, Any], outputs: str | Mapping[str, Any]
    ) -> list[Any]:
        given = check_inputs(self.inputs, inputs)
        fit = selection.fit(given)
        with self._engines.open(fit.place).session() as session:
            results = fit.cut(session.compute(fit.filled(given)))
        return results if outputs == HOST else handed_over(self.outputs, results, outputs)

    def named(self, outputs: Mapping[str, Array]) -> dict[str, Array]:
        """What `run` returned, with class names in place of the numbers that stand for them."""
        tables = {name: np.array(names) for name, names in self.manifest.labels.items()}
        return {
            name: tables[name].take(array, mode="clip") if name in tables else array
            for name, array in outputs.items()
        }

    def profile(self, inputs: Mapping[str, Any]) -> list[StepTime]:
        """One inference that is timed step by step. Raises as `run` does."""
        fit = None
        if self._selection is not None:
            given = check_inputs(self.inputs, inputs)
            fit = self._selection.fit(given)
        pool = self._engines.open(fit.place if fit else WHOLE)
        with pool.session() as session:
            values = fit.filled(given) if fit else check_inputs(self.inputs, inputs, session.stream)
            times = session.time(values)
        return [StepTime(name, time / 1e9) for name, time in zip(pool.steps, times, strict=True)]

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


def _close(engines: EngineSet, artifact: Artifact) -> None:
    engines.close()
    artifact.close()


def _open_engine(artifact: Artifact, threads: int, number: int) -> Engine:
    manifest, folder, place = artifact.manifest, artifact.folder, artifact.file
    if number != WHOLE:
        bucket = manifest.buckets[number]
        alone = bucket.parts[0] if len(bucket.parts) == 1 else None
        if alone and (alone.inputs, alone.outputs) == (bucket.inputs, bucket.outputs):
            return open_part(alone, manifest.files, place, threads)
        return Chain(bucket, manifest.files, place, threads)
    if manifest.parts:
        return Chain(manifest, manifest.files, place, threads)
    if LIBRARY not in manifest.files:
        raise ArtifactError(f"{folder} holds no {LIBRARY}")
    params = artifact.file(PARAMS) if PARAMS in manifest.files else None
    native = NativeModel(artifact.file(LIBRARY), params, threads)
    if (native.inputs, native.outputs) != (manifest.inputs, manifest.outputs):
        native.close()
        raise ArtifactError(f"{folder}: manifest.json and {LIBRARY} disagree about inputs and outputs")
    return native
