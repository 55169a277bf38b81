"""Files and folders at other paths where mounts are not allowed: Python's functions on files are led there.

It reaches what goes through `open`, `os`, `pathlib`, `shutil`, `glob` and `ctypes.CDLL`, and so NumPy's
readers; not the files that libraries in C, C++ or Rust open by themselves, nor programs that the handler
starts. What is read-only is not kept from being written.
"""

from __future__ import annotations

import builtins
import ctypes
import functools
import io
import os
from collections.abc import Callable
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from greengrass_sim.runtime.views import View

# How many of the first arguments are paths.
_FUNCTIONS: tuple[tuple[Any, int, tuple[str, ...]], ...] = (
    (builtins, 1, ("open",)),
    (io, 1, ("open", "open_code")),
    (ctypes, 1, ("_dlopen",)),
    (
        os,
        1,
        (
            *("access", "chdir", "chmod", "chown", "listdir", "lstat", "mkdir", "mkfifo", "open", "pathconf"),
            *("readlink", "remove", "rmdir", "scandir", "stat", "statvfs", "truncate", "unlink", "utime"),
        ),
    ),
    (os, 2, ("link", "rename", "replace")),
)


def install(views: Sequence[View]) -> None:
    """Leads paths at and below each view's destination to its source, in this process."""
    table = {os.path.normpath(destination): source for source, destination, _ in views}
    for module, count, names in _FUNCTIONS:
        for name in names:
            setattr(module, name, _led(getattr(module, name), count, table))


def _led(call: Callable[..., Any], count: int, table: dict[str, str]) -> Callable[..., Any]:
    @functools.wraps(call)
    def led(*arguments: Any, **named: Any) -> Any:
        paths = (_source(argument, table) for argument in arguments[:count])
        if "path" in named:
            named["path"] = _source(named["path"], table)
        return call(*paths, *arguments[count:], **named)

    return led


def _source(path: Any, table: dict[str, str]) -> Any:
    """Where `path` leads; descriptors, relative and other paths stay as they are."""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    text = os.fsdecode(path) if isinstance(path, bytes) else path
    if not (isinstance(text, str) and text.startswith("/")):
        return path
    text = os.path.normpath(text)
    for destination, source in table.items():
        if text == destination or text.startswith(f"{destination}/"):
            found = source + text[len(destination) :]
            return os.fsencode(found) if isinstance(path, bytes) else found
    return path
