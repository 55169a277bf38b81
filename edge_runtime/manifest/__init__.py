"""What an artifact says of itself: the schema of manifest.json."""

from edge_runtime.manifest.code import Accuracy, Bucket, Dimension, Part, Placement
from edge_runtime.manifest.identity import CompilerIdentity, FileEntry, ModelIdentity
from edge_runtime.manifest.manifest import Manifest
from edge_runtime.manifest.needs import GpuNeeds, Memory, TargetNeeds
from edge_runtime.manifest.tensor import TensorSpec
from edge_runtime.manifest.variant import Variant

__all__ = [
    "Accuracy",
    "Bucket",
    "CompilerIdentity",
    "Dimension",
    "FileEntry",
    "GpuNeeds",
    "Manifest",
    "Memory",
    "ModelIdentity",
    "Part",
    "Placement",
    "TargetNeeds",
    "TensorSpec",
    "Variant",
]
