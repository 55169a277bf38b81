"""Where the outputs of a run go: new arrays, new tensors on the device, or memory of the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.arrays import aligned_empty, check_names, fixed_shape, on_gpu
from edge_runtime.errors import InputError
from edge_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from edge_runtime.arrays import Array
    from edge_runtime.cuda.tensor import DeviceTensor
    from edge_runtime.engine import Engine, Values

HOST, DEVICE = "host", "device"


def make_results(engine: Engine, wish: str | Mapping[str, Any]) -> list[Any]:
    """One object an output, in the model's order; InputError where `wish` cannot be fulfilled."""
    if isinstance(wish, Mapping):
        check_names("output", engine.outputs, wish, partial=True)
        return [wish[spec.name] if spec.name in wish else _new_array(spec) for spec in engine.outputs]
    if wish == HOST:
        return [_new_array(spec) for spec in engine.outputs]
    if wish != DEVICE:
        raise InputError(f"outputs: {wish!r} given, {HOST!r}, {DEVICE!r} or arrays by name expected")
    return [_new_tensor(spec, engine) for spec in engine.outputs]


def writable(specs: Sequence[TensorSpec], results: Sequence[Any], stream: int | None) -> Values:
    """What the code writes to, of `make_results`; InputError where an object is not as the model declares."""
    return [_writable(spec, value, stream) for spec, value in zip(specs, results, strict=True)]


def handed_over(
    specs: Sequence[TensorSpec], results: Sequence[Array], wish: str | Mapping[str, Any]
) -> list[Any]:
    """Results of a run whose shapes it decided, in what the caller gives for them.

    InputError where `wish` cannot be fulfilled.
    """
    if not isinstance(wish, Mapping):
        raise InputError(
            f"outputs: {wish!r} given; a model with symbolic dimensions gives {HOST!r} arrays only"
        )
    check_names("output", specs, wish, partial=True)
    exact = [replace(spec, shape=result.shape) for spec, result in zip(specs, results, strict=True)]
    made = [wish.get(spec.name, result) for spec, result in zip(specs, results, strict=True)]
    for place, result in zip(writable(exact, made, None), results, strict=True):
        place[...] = result  # type: ignore[index]
    return made


def _new_array(spec: TensorSpec) -> Array:
    return aligned_empty(spec.dtype, fixed_shape(spec))


def _new_tensor(spec: TensorSpec, engine: Engine) -> DeviceTensor:
    from edge_runtime.cuda.tensor import DeviceTensor
    from edge_runtime.native import NativeModel

    if not isinstance(engine, NativeModel) or engine.device is None:
        raise InputError(
            "outputs: there is no device that they could stay on: this model runs in host memory"
        )
    shape = fixed_shape(spec)
    block = engine.take(prod(shape) * np.dtype(spec.dtype).itemsize)
    return DeviceTensor(block, spec.dtype, shape, engine.device)


def _writable(spec: TensorSpec, value: Any, stream: int | None) -> Any:
    if on_gpu(value):
        from edge_runtime.cuda.dlpack import borrow

        return borrow(value, stream, spec, "output")
    if not isinstance(value, np.ndarray):
        raise InputError(f"output {spec.name!r}: a numpy array or a tensor on a GPU is expected")
    if value.dtype != np.dtype(spec.dtype) or value.shape != fixed_shape(spec):
        raise InputError(
            f"output {spec.name!r}: {value.dtype.name} {list(value.shape)} given, "
            f"{spec.dtype} {list(spec.shape)} expected"
        )
    if not value.flags.c_contiguous or not value.flags.writeable:
        raise InputError(f"output {spec.name!r}: the array is read-only, or its values do not lie in order")
    return value
