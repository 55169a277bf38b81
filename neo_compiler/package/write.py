"""The last step: a folder of compiled files becomes the artifact that the user asked for."""

from __future__ import annotations

from pathlib import Path

from neo_compiler.package.archive import write_archive
from neo_compiler.package.output import is_archive, publish


def package(files: Path, path: Path, workspace: Path) -> None:
    """Publish the folder `files`, which lies in `workspace`, at `path`: packed where the name asks for it.

    Whatever goes wrong, `path` holds either what it held before or the whole artifact.
    """
    if is_archive(path):
        packed = workspace / path.name
        write_archive(files, packed)
        publish(packed, path, workspace)
    else:
        publish(files, path, workspace)
