"""From a path to a model that may run on the device that the caller named."""

from __future__ import annotations

import json
import os
from pathlib import Path

from edge_runtime.artifact import Artifact, open_artifact
from edge_runtime.dlr.errors import DLRError
from edge_runtime.errors import EdgeError
from edge_runtime.model import Model

META = "compiled.meta"
DEVICES = {"cpu": 1, "gpu": 2, "opencl": 4}


def open_model(path: str, device: str) -> Model:
    """Raises ValueError, KeyError and DLRError, as `DLRModel` says."""
    if device not in DEVICES:
        raise KeyError(device)
    artifact = _open(path)
    try:
        _check_device(artifact, device)
        return Model(artifact, _threads())
    except EdgeError as error:
        artifact.close()
        raise DLRError(f"{path}: {error}") from error
    except BaseException:
        artifact.close()
        raise


def _threads() -> int | None:
    text = os.environ.get("TVM_NUM_THREADS", "")
    return int(text) if text.isdecimal() and int(text) else None


def _open(path: str) -> Artifact:
    if not Path(path).exists():
        raise ValueError(f"model_path {path} doesn't exist")
    try:
        return open_artifact(path, extras=True)
    except EdgeError as error:
        if Path(path).is_dir() and not (Path(path) / "manifest.json").exists():
            raise DLRError(
                f"Unable to determine backend from path: '{path}'. It holds no manifest.json, so it is not "
                "from `neo compile`; a model that another compiler has made has to be compiled again"
            ) from error
        raise DLRError(str(error)) from error


def _check_device(artifact: Artifact, given: str) -> None:
    """By compiled.meta; without one, or where it is not JSON, nothing is known."""
    try:
        document = json.loads(artifact.file(META).read_bytes())
        required = document["Requirements"]["TargetDeviceType"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if required != given:
        raise DLRError(f'Compiled model requires device type "{required}" but user gave "{given}".')
