"""The arrays of a run → a file, or a summary."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZipFile, ZipInfo

import numpy as np

from edge_runtime.errors import InputError
from edge_runtime.manifest import Manifest

if TYPE_CHECKING:
    from edge_runtime.arrays import Array

TOP = 5


def write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """Writes `path` whole or not at all; raises InputError where that is not possible."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            _write_arrays(file, arrays)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        raise


def _write_arrays(file: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """numpy.savez, which takes no array of the name `file`."""
    with ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def summarise(arrays: Mapping[str, Array], manifest: Manifest | None = None) -> list[dict[str, Any]]:
    """For each array its name, dtype, shape and largest values with their indices, and with their names."""
    labels, columns = (manifest.labels, manifest.columns) if manifest else ({}, {})
    rows = []
    for name, array in arrays.items():
        top = _largest(array)
        if name in labels:
            top = [_named(row, labels[name], row["value"]) for row in top]
        elif name in columns:
            top = [_named(row, columns[name], row["index"][-1]) for row in top]
        rows.append({"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "top": top})
    return rows


def _named(row: dict[str, Any], names: Sequence[str], place: int) -> dict[str, Any]:
    return {**row, "name": names[place]} if 0 <= place < len(names) else row


def _largest(array: Array) -> list[dict[str, Any]]:
    flat = array.ravel()
    order = np.argsort(-flat.astype(np.float64), kind="stable")[:TOP]
    places = zip(*np.unravel_index(order, array.shape), strict=True) if array.ndim else [()] * len(order)
    return [
        {"index": [int(i) for i in place], "value": flat[number].item()}
        for place, number in zip(places, order, strict=True)
    ]
