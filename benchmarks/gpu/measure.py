"""Engines on a GPU, each behind one call, and what the GPU can do at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.cases import Case

Run = Callable[[], object]
Feed = Mapping[str, "np.ndarray[Any, Any]"]
COPIED, SIDE = 1 << 30, 8192


def ours(model: Any, feed: Feed) -> dict[str, Run]:
    """From arrays to arrays, and from tensors to tensors on the device, in memory that is kept."""
    runs: dict[str, Run] = {"ours, host": lambda: model.run(feed)}
    given = _on_device(feed)
    if given:
        kept = model.run(feed, outputs="device")
        runs["ours, device"] = lambda: model.run(given, outputs=kept)
    return runs


def _on_device(feed: Feed) -> dict[str, Any]:
    """The arrays as torch's tensors; nothing where there is no torch with a GPU."""
    try:
        import torch
    except ImportError:
        return {}
    if not torch.cuda.is_available():
        return {}
    return {name: torch.from_numpy(array).cuda() for name, array in feed.items()}


def torch_runs(case: Case, feed: Feed, device: str = "cuda") -> dict[str, Run]:
    """PyTorch as it comes and compiled, from tensors to tensors on the device, waited for.

    Raises ImportError where torch or onnx are missing, Unsupported for a model that it cannot be given.
    """
    import onnx
    import torch

    from benchmarks.gpu.onnx_torch import OnnxModule

    if case.model is None:
        raise ImportError("the model was not taken along")
    model = onnx.load(case.model)
    module = OnnxModule(model).eval().to(device)
    given = [torch.from_numpy(feed[row.name]).to(device) for row in model.graph.input if row.name in feed]
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None

    def waited(function: Callable[..., object]) -> Run:
        def run() -> object:
            with torch.inference_mode():
                found = function(*given)
            wait()
            return found

        return run

    compiled = torch.compile(module, mode="reduce-overhead")
    return {"torch eager": waited(module), "torch.compile": waited(compiled)}


def onnxruntime_runs(model: Path, feed: Feed) -> dict[str, Run]:
    """On the CPU, and on the GPU where that provider is installed; from arrays to arrays."""
    import onnxruntime

    runs: dict[str, Run] = {}
    names = {"CPUExecutionProvider": "onnxruntime CPU", "CUDAExecutionProvider": "onnxruntime CUDA"}
    for provider in set(onnxruntime.get_available_providers()) & names.keys():
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(model), options, [provider])
        runs[names[provider]] = partial(session.run, None, dict(feed))
    return runs


def peaks() -> dict[str, float]:
    """Bytes and fp32 operations a second that PyTorch reaches here: a copy, and a product of matrices."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    source = torch.empty(COPIED // 4, device="cuda")
    target = torch.empty_like(source)
    a, b = (torch.randn(SIDE, SIDE, device="cuda") for _ in range(2))
    return {
        "bytes_per_s": 2 * COPIED / device_seconds(lambda: target.copy_(source)),
        "flops_per_s": 2 * SIDE**3 / device_seconds(lambda: torch.mm(a, b)),
    }


def torch_device_seconds(runs: Mapping[str, Run]) -> dict[str, float]:
    """Of those runs that are PyTorch's: the GPU's time for one."""
    return {name: device_seconds(run) for name, run in runs.items() if name.startswith("torch")}


def device_seconds(run: Run, times: int = 10) -> float:
    """The median between events on the current stream, after a warm-up."""
    import torch

    found = []
    for _ in range(times + 3):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        found.append(start.elapsed_time(end) / 1e3)
    return float(np.median(found[3:]))
