"""A model that lives in a Python process, written to a file of a format that `load` reads."""

from __future__ import annotations

import contextlib
import importlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neo_compiler.errors import UsageError

# The package that a class of the model's kind comes from -> the module that writes such models.
WRITERS: Mapping[str, str] = MappingProxyType(
    {
        "torch": "neo_compiler.frontend.pytorch.write",
        "keras": "neo_compiler.frontend.tf.write",
    }
)


@dataclass(frozen=True)
class Examples:
    """What a model is traced with: positional inputs, and torch.export's note of which sizes may vary."""

    inputs: tuple[Any, ...] | None = None
    dynamic_shapes: Any = None


@contextlib.contextmanager
def model_file(model: object, examples: Examples) -> Iterator[Path]:
    """The path of a file with `model`, which may be one already; a file that was made is gone afterwards.

    Raises UsageError for objects of an unknown kind, and what the writer of its kind raises.
    """
    if isinstance(model, str | Path):
        if examples != Examples():
            raise UsageError("example inputs are for models in memory, not for files")
        yield Path(model)
        return
    with tempfile.TemporaryDirectory(prefix="neo-") as folder:
        yield _writer(model).write(model, examples, Path(folder))


def _writer(model: object) -> Any:
    roots = (kind.__module__.partition(".")[0] for kind in type(model).__mro__)
    for root in roots:
        if root in WRITERS:
            return importlib.import_module(WRITERS[root])
    raise UsageError(
        f"{type(model).__name__} is no model: give the path of a file, or an object of {', '.join(WRITERS)}"
    )
