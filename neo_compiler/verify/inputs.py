"""Seeded inputs for a model, drawn from its own input domain."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir

from neo_compiler.verify.domain import Domain, input_domain

GRID = 1 / 16  # values lie on a coarse grid, so that the self-test file, which holds them, compresses well
BLOCKS = (1, 4, 16)  # a picture or a sound has structure of several sizes, white noise has none
LONG_AXIS = 32


def seeded_inputs(prepared: onnx.ModelProto, seed: int) -> dict[str, np.ndarray]:
    """One array for each input of a prepared model; the same seed gives the same arrays.

    Bounded inputs are spread over their bounds, whole numbers without bounds are 0 or 1 as masks are, and
    other floats are normal with mean 0 and variance 1.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    return {str(value.name): _draw(value, random) for value in ir.from_proto(prepared).graph.inputs}


def _draw(value: ir.Value, random: np.random.Generator) -> np.ndarray:
    if value.shape is None or value.dtype is None:
        raise ValueError(f"input {value.name!r} has no static type")
    shape, dtype, domain = tuple(value.shape.numpy()), value.dtype.numpy(), input_domain(value)
    if value.dtype.is_floating_point():
        return np.asarray(_floats(domain, shape, random), dtype)
    low = 0 if domain.low is None else int(np.ceil(domain.low))
    high = max(low, low + 1 if domain.high is None else int(np.floor(domain.high)))
    return np.asarray(random.integers(low, high, shape, endpoint=True), dtype)


def _floats(domain: Domain, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    values = np.asarray(_field(shape, random))
    if domain.low is None or domain.high is None:
        return _on_grid(values, GRID)
    width = domain.high - domain.low
    values *= width
    values /= 4
    values += (domain.low + domain.high) / 2
    return _on_grid(values, GRID * min(1.0, width)).clip(domain.low, domain.high)


def _on_grid(values: np.ndarray, step: float) -> np.ndarray:
    """`values`, changed in place: an input may fill much of the memory."""
    values /= step
    np.rint(values, out=values)
    values *= step
    return values


def _field(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Normal noise; along the long axes of pictures and sounds it is a sum of noise in blocks."""
    if len(shape) < 3 or max(shape) < LONG_AXIS:
        return random.standard_normal(shape)
    total = np.zeros(shape)
    for block in BLOCKS:
        blocks = [block if size >= LONG_AXIS else 1 for size in shape]
        noise = random.standard_normal([-(-size // width) for size, width in zip(shape, blocks, strict=True)])
        for axis, width in enumerate(blocks):
            noise = noise.repeat(width, axis).take(range(shape[axis]), axis)
        total += noise
    return np.asarray(total / np.sqrt(len(BLOCKS)))
