"""Packages that only some formats need, looked for when they are needed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from types import MappingProxyType

from neo_compiler.errors import MissingExtra

# Extra of this project -> the modules that it brings.
EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "torch": ("torch", "onnxscript"),
        "tensorflow": ("tensorflow", "tf2onnx"),
        "sklearn": ("sklearn", "skl2onnx"),
    }
)


def require(extra: str, what: str) -> None:
    """Raise MissingExtra, with the command that helps, where a module of `extra` is not installed.

    `what` needs it, such as "a TensorFlow Lite model".
    """
    missing = [name for name in EXTRAS[extra] if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"reading {what} needs {' and '.join(missing)}, not installed here: "
            f"pip install 'neo-edge[{extra}]'"
        )
