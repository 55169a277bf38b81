"""A picture file as a model's input."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.arrays import fixed_shape
from edge_runtime.errors import InputError
from edge_runtime.manifest import TensorSpec
from edge_runtime.shapes import is_fixed, text_of

if TYPE_CHECKING:
    from edge_runtime.arrays import Array

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif"})
LAYOUTS = ("NCHW", "NHWC")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class PictureOptions:
    """A value becomes (pixel - mean) * scale, pixels being 0 to 255; one number, or one for each channel.

    `layout` None: NCHW or NHWC, by where the input's shape has 1, 3 or 4 channels.
    """

    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    layout: str | None = None


def read_picture(path: Path | bytes, spec: TensorSpec, options: PictureOptions) -> Array:
    """The picture of a file, or of its bytes, in the height, width, dtype and shape of the input.

    Raises InputError where Pillow is missing, the file is no picture, or the input does not take one.
    """
    if not is_fixed([spec]):
        raise InputError(f"input {spec.name!r} {text_of(spec.shape)} has no fixed size: give a .npy file")
    shape = fixed_shape(spec)
    layout = options.layout or _guess_layout(spec, shape)
    if len(shape) != 4 or shape[0] != 1 or shape[layout.index("C")] not in _MODES:
        raise InputError(
            f"input {spec.name!r} {list(shape)} does not take one {layout} picture; give a .npy file"
        )
    size = (shape[layout.index("W")], shape[layout.index("H")])
    channels = shape[layout.index("C")]
    pixels = _pixels(path, _MODES[channels], size).reshape(size[1], size[0], channels)
    values = _normalise(pixels, spec, options)
    return np.ascontiguousarray(values.transpose(2, 0, 1) if layout == "NCHW" else values)[np.newaxis]


def _guess_layout(spec: TensorSpec, shape: tuple[int, ...]) -> str:
    for layout in LAYOUTS:
        if len(shape) == 4 and shape[layout.index("C")] in _MODES:
            return layout
    raise InputError(f"input {spec.name!r} {list(shape)} does not take a picture; give a .npy file")


def _pixels(path: Path | bytes, mode: str, size: tuple[int, int]) -> Array:
    source = BytesIO(path) if isinstance(path, bytes) else path
    name = f"{len(path)} bytes" if isinstance(path, bytes) else path
    try:
        from PIL import Image
    except ImportError:
        raise InputError(
            f"{name}: reading pictures needs Pillow: python -m pip install pillow; or give a .npy file"
        ) from None
    try:
        with Image.open(source) as image:
            return np.asarray(image.convert(mode).resize(size, Image.Resampling.BILINEAR))
    except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: what Pillow raises for a broken PNG
        raise InputError(f"{name}: cannot be read as a picture: {error}") from None


def _normalise(pixels: Array, spec: TensorSpec, options: PictureOptions) -> Array:
    for name in ("mean", "scale"):
        if len(getattr(options, name)) not in (1, pixels.shape[2]):
            raise InputError(
                f"{name}: 1 or {pixels.shape[2]} numbers expected, {len(getattr(options, name))} given"
            )
    dtype: Any = np.dtype(spec.dtype)
    if dtype == pixels.dtype and options.mean == (0.0,) and options.scale == (1.0,):
        return pixels
    values = (pixels - np.asarray(options.mean)) * np.asarray(options.scale)
    array: Array = values.astype(dtype)
    return array
