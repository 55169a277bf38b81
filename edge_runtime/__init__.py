"""Runs compiled models on a device; numpy is the only dependency.

with edge_runtime.load("model.tar.gz", threads=2) as model:
    outputs = model.run({"input": array})
"""

from edge_runtime.errors import ArtifactError, EdgeError, ExitCode, InputError, RunError
from edge_runtime.manifest import Manifest, TensorSpec
from edge_runtime.model import Model, load

__all__ = [
    "ArtifactError",
    "EdgeError",
    "ExitCode",
    "InputError",
    "Manifest",
    "Model",
    "RunError",
    "TensorSpec",
    "load",
]
