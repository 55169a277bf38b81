"""The engines that are timed: ours, and its peers, each behind the same two calls.

An engine is made from a model file, the inputs of every run, and a number of threads; making it is loading.
`run` computes all outputs, in the model's order, from arrays to arrays. Modules are imported on first use, so
that a process with one engine has the memory of one engine.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Feed = Mapping[str, NDArray[Any]]
OURS = "ours"


class Engine(Protocol):
    """A loaded model."""

    def __init__(self, model: Path, feed: Feed, threads: int) -> None: ...

    def run(self) -> list[NDArray[Any]]: ...


class Ours:
    """A compiled artifact in edge_runtime; `model` is the artifact."""

    def __init__(self, model: Path, feed: Feed, threads: int) -> None:
        import edge_runtime

        self._model = edge_runtime.load(model, threads=threads)
        self._feed = feed

    def run(self) -> list[NDArray[Any]]:
        return list(self._model.run(self._feed).values())


class OnnxRuntime:
    """onnxruntime on its CPU provider, with all the optimisations that it has by default."""

    def __init__(self, model: Path, feed: Feed, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        self._feed = dict(feed)

    def run(self) -> list[NDArray[Any]]:
        return list(self._session.run(None, self._feed))


class OpenVino:
    """OpenVINO on the CPU, for low latency; fp32 as all the others, where it would choose bf16 by itself."""

    def __init__(self, model: Path, feed: Feed, threads: int) -> None:
        import openvino

        wanted = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        compiled = openvino.Core().compile_model(str(model), "CPU", wanted)
        self._request = compiled.create_infer_request()
        self._outputs = compiled.outputs
        self._feed = dict(feed)

    def run(self) -> list[NDArray[Any]]:
        results = self._request.infer(self._feed, share_inputs=True)
        return [np.asarray(results[output]) for output in self._outputs]


class Mnn:
    """MNN on the CPU in fp32; `model` is a folder that `benchmarks.conversions` made."""

    def __init__(self, model: Path, feed: Feed, threads: int) -> None:
        import MNN

        wanted = {"backend": "CPU", "numThread": threads, "precision": "high"}
        self._runtime = MNN.nn.create_runtime_manager((wanted,))
        outputs = (model / "outputs.txt").read_text(encoding="utf-8").splitlines()
        file = str(model / "model.mnn")
        self._net = MNN.nn.load_module_from_file(file, list(feed), outputs, runtime_manager=self._runtime)
        self._feed = [narrow(array) for array in feed.values()]
        self._mnn = MNN.expr
        self._types = {"f": self._mnn.float, "i": self._mnn.int}

    def run(self) -> list[NDArray[Any]]:
        inputs = [
            self._mnn.const(array, list(array.shape), self._mnn.NCHW, self._types[array.dtype.kind])
            for array in self._feed
        ]
        return [self._read(output) for output in self._net.onForward(inputs)]

    def _read(self, output: Any) -> NDArray[Any]:
        if output.data_format == self._mnn.NC4HW4:
            output = self._mnn.convert(output, self._mnn.NCHW)
        return np.asarray(output.read())


class Ncnn:
    """ncnn on the CPU in fp32, without batches; `model` is a folder that `benchmarks.conversions` made."""

    def __init__(self, model: Path, feed: Feed, threads: int) -> None:
        import ncnn

        self._ncnn, self._net = ncnn, ncnn.Net()
        self._net.opt.num_threads = threads
        for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
            setattr(self._net.opt, f"use_{option}", False)
        files = str(model / "model.ncnn.param"), str(model / "model.ncnn.bin")
        if self._net.load_param(files[0]) or self._net.load_model(files[1]):
            raise RuntimeError("ncnn does not load its own converter's files")
        self._feed = {f"in{number}": narrow(array)[0] for number, array in enumerate(feed.values())}
        self._outputs = [f"out{number}" for number in range(len(self._net.output_names()))]

    def run(self) -> list[NDArray[Any]]:
        extractor = self._net.create_extractor()
        for name, array in self._feed.items():
            extractor.input(name, self._ncnn.Mat(array))
        return [np.array(extractor.extract(name)[1]) for name in self._outputs]


def narrow(array: NDArray[Any]) -> NDArray[Any]:
    """MNN and ncnn have no wider integers than int32."""
    return np.ascontiguousarray(array, np.int32 if array.dtype == np.int64 else None)


@dataclass(frozen=True)
class Row:
    """An engine, its distribution, and the modules that must be there, of which it imports the first."""

    engine: type[Engine]
    distribution: str
    modules: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether the modules can be found, without importing them."""
        return all(importlib.util.find_spec(module) for module in self.modules)

    @property
    def version(self) -> str:
        """The installed distribution's version."""
        return importlib.metadata.version(self.distribution)

    def prepare(self) -> None:
        """Import the module, which is no part of loading a model.

        onnxruntime and OpenVINO report over the network what they are used for, unless told otherwise before.
        """
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        modules: dict[str, Any] = vars(sys)["modules"]
        modules.setdefault("openvino_telemetry", None)
        importlib.import_module(self.modules[0])


ENGINES: Mapping[str, Row] = {
    OURS: Row(Ours, "neo-edge", ("edge_runtime",)),
    "onnxruntime": Row(OnnxRuntime, "onnxruntime", ("onnxruntime",)),
    "openvino": Row(OpenVino, "openvino", ("openvino",)),
    "mnn": Row(Mnn, "MNN", ("MNN", "_tools")),
    "ncnn": Row(Ncnn, "ncnn", ("ncnn", "pnnx")),
}
PEERS = tuple(name for name in ENGINES if name != OURS)


def difference(found: list[NDArray[Any]], expected: list[NDArray[Any]]) -> float:
    """The largest distance of two engines' outputs, relative to the largest magnitude of each output."""
    pairs = zip(found, expected, strict=True)
    return float(np.max([_relative(*pair) for pair in pairs], initial=0))  # NaN stays NaN


def _relative(found: NDArray[Any], expected: NDArray[Any]) -> float:
    wanted = expected.astype(np.float64)
    distance = np.abs(found.astype(np.float64).reshape(wanted.shape) - wanted)
    return float(distance.max(initial=0) / np.abs(wanted).max(initial=1e-30))
