"""Files on the command line → the arrays of a run."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import numpy as np

from edge_runtime.commands.pictures import SUFFIXES, PictureOptions, read_picture
from edge_runtime.errors import InputError
from edge_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from edge_runtime.arrays import Array


def read_inputs(
    arguments: Iterable[str], specs: Sequence[TensorSpec], options: PictureOptions
) -> dict[str, Array]:
    """Arrays by input name, from `file.npz`, `file.npy`, `picture.jpg`, and `name=` before the latter two.

    Raises InputError with the argument that cannot be used.
    """
    arrays: dict[str, Array] = {}
    for argument in arguments:
        for name, array in _read(argument, specs, options).items():
            if name in arrays:
                raise InputError(f"input {name!r} is given twice")
            arrays[name] = array
    return arrays


def _read(argument: str, specs: Sequence[TensorSpec], options: PictureOptions) -> dict[str, Array]:
    name, path = _split(argument, specs)
    if name is None and path.suffix == ".npz":
        return read_npz(path)
    if name is None and len(specs) != 1:
        names = ", ".join(spec.name for spec in specs)
        raise InputError(f"{argument}: this model has {len(specs)} inputs, say which: NAME={path} ({names})")
    spec = next((spec for spec in specs if name in (spec.name, None)), None)
    if spec is None:
        raise InputError(
            f"{argument}: there is no input {name!r}; there is {', '.join(s.name for s in specs)}"
        )
    if path.suffix.lower() in SUFFIXES:
        return {spec.name: read_picture(path, spec, options)}
    return {spec.name: _read_npy(path)}


def _split(argument: str, specs: Sequence[TensorSpec]) -> tuple[str | None, Path]:
    """A name may hold `=` itself, and so may a path."""
    for spec in specs:
        if argument.startswith(f"{spec.name}="):
            return spec.name, Path(argument[len(spec.name) + 1 :])
    name, found, path = argument.partition("=")
    if found and not Path(argument).exists() and re.fullmatch(r"[^/]+", name):
        return name, Path(path)
    return None, Path(argument)


def _read_npy(path: Path) -> Array:
    if path.suffix != ".npy":
        raise InputError(f"{path}: a .npy, .npz or picture file is expected")
    try:
        with path.open("rb") as file:
            array: Array = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    return array


def read_npz(path: Path) -> dict[str, Array]:
    """All arrays of a .npz file; raises InputError."""
    try:
        with ZipFile(path) as archive:
            return {name[: -len(".npy")]: _read_entry(archive, name) for name in archive.namelist()}
    except (
        OSError,
        ValueError,
        BadZipFile,
        EOFError,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def _read_entry(archive: ZipFile, name: str) -> Array:
    with archive.open(name) as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array
