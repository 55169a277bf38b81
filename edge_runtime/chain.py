"""A model in several parts, run one after the other; tensors pass between them by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime.engine import Engine, NativeMemory, Session
from edge_runtime.errors import ArtifactError
from edge_runtime.fallback import OrtModel
from edge_runtime.manifest import Bucket, Manifest, Part, TensorSpec
from edge_runtime.native import NativeModel

if TYPE_CHECKING:
    from edge_runtime.arrays import Array


class Chain:
    """The parts of a model, or of one of its buckets.

    `files` are the names that its manifest knows, `place` tells where they lie. Raises ArtifactError where
    one is missing or does not fit.
    """

    def __init__(
        self, whole: Manifest | Bucket, files: Container[str], place: Callable[[str], Path], threads: int
    ) -> None:
        self.inputs, self.outputs = whole.inputs, whole.outputs
        _check_names(whole)
        self._parts: list[Engine] = []
        with ExitStack() as opened:
            for part in whole.parts:
                engine = open_part(part, files, place, threads)
                opened.callback(engine.close)
                self._parts.append(engine)
            opened.pop_all()
        self._threads = threads or len(os.sched_getaffinity(0))

    @property
    def threads(self) -> int:
        return self._threads

    @property
    def memory(self) -> NativeMemory:
        """The sum over all parts."""
        rows = [part.memory for part in self._parts]
        return NativeMemory(
            *(sum(getattr(row, field.name) for row in rows) for field in fields(NativeMemory))
        )

    @property
    def steps(self) -> list[str]:
        return [step for part in self._parts for step in part.steps]

    def session(self) -> ChainSession:
        return ChainSession(self.inputs, self.outputs, self._parts)

    def close(self) -> None:
        for part in self._parts:
            part.close()


class ChainSession:
    """A session of every part. A tensor is let go after its last reader."""

    def __init__(
        self, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], parts: Sequence[Engine]
    ) -> None:
        self._inputs, self._outputs = [spec.name for spec in inputs], [spec.name for spec in outputs]
        self._parts: list[tuple[list[str], list[str], Session]] = []
        with ExitStack() as opened:
            for part in parts:
                session = part.session()
                opened.callback(session.close)
                names = [spec.name for spec in part.inputs], [spec.name for spec in part.outputs]
                self._parts.append((*names, session))
            opened.pop_all()
        last = {name: place for place, (names, _, _) in enumerate(self._parts) for name in names}
        self._done = [
            [name for name, end in last.items() if end == place and name not in self._outputs]
            for place in range(len(self._parts))
        ]

    @property
    def stream(self) -> None:
        """Between parts all values are arrays."""

    def run(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        for made, value in zip(outputs, self.compute(inputs), strict=True):
            made[...] = value

    def compute(self, inputs: Sequence[Any]) -> list[Array]:
        values = dict(zip(self._inputs, inputs, strict=True))
        for _ in self._run(values):
            pass
        return [values[name] for name in self._outputs]

    def time(self, inputs: Sequence[Any]) -> list[int]:
        """Each part runs twice: for its results, and timed."""
        values, times = dict(zip(self._inputs, inputs, strict=True)), list[int]()
        for session, given in self._run(values):
            times += session.time(given)
        return times

    def close(self) -> None:
        for _, _, session in self._parts:
            session.close()

    def _run(self, values: dict[str, Array]) -> Iterator[tuple[Session, list[Array]]]:
        for (names, made, session), done in zip(self._parts, self._done, strict=True):
            given = [values[name] for name in names]
            values.update(zip(made, session.compute(given), strict=True))
            for name in done:
                del values[name]
            yield session, given


def open_part(part: Part, files: Container[str], place: Callable[[str], Path], threads: int) -> Engine:
    """The engine of a part. Raises ArtifactError where its files are missing or do not fit."""
    for name in filter(None, (part.path, part.params)):
        if name not in files:
            raise ArtifactError(f"there is no {name}")
    if part.backend == "onnxruntime":
        return OrtModel(place(part.path), part, threads)
    if part.backend != "native":
        raise ArtifactError(f"{part.path}: there is no backend {part.backend!r}: install a newer neo-edge")
    native = NativeModel(place(part.path), place(part.params) if part.params else None, threads)
    if not native.declare(part.inputs, part.outputs):
        native.close()
        raise ArtifactError(f"manifest.json and {part.path} disagree about inputs and outputs")
    return native


def _check_names(whole: Manifest | Bucket) -> None:
    """Every tensor has to be there, as it is expected, before a part reads it."""
    known: dict[str, TensorSpec] = {spec.name: spec for spec in whole.inputs}
    for part in whole.parts:
        _check_known(part.inputs, known, part.path)
        known |= {spec.name: spec for spec in part.outputs}
    _check_known(whole.outputs, known, "the model")


def _check_known(specs: Sequence[TensorSpec], known: Mapping[str, TensorSpec], reader: str) -> None:
    for spec in specs:
        if known.get(spec.name) != spec:
            raise ArtifactError(f"manifest.json: no part makes {spec.name!r} as {reader} needs it")
