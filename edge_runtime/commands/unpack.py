"""An artifact, or what an archive for several targets holds for one of them, as a folder."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from edge_runtime.artifact import open_artifact
from edge_runtime.errors import InputError
from edge_runtime.package.verify import MANIFEST


def unpack(path: str | Path, folder: str | Path, target: str | None = None) -> None:
    """Writes the artifact at `path` to the new folder `folder`: compiled.so, compiled.params and the rest.

    With a `target` it may be for another machine than this one; else it is what fits here best. The folder is
    an artifact for that target alone, the same that compiling for it alone makes. Raises ArtifactError, and
    InputError where the folder exists or cannot be made.
    """
    folder = Path(folder)
    if folder.exists():
        raise InputError(f"{folder} exists already: name a new folder")
    artifact = open_artifact(path, fit=target is None, target=target)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.absolute().parent) as work:
            whole = Path(work, "whole")
            for name in artifact.manifest.files:
                (whole / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(artifact.file(name), whole / name)
            (whole / MANIFEST).write_text(artifact.manifest.to_json(), encoding="utf-8")
            whole.rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        artifact.close()
