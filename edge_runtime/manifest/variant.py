"""One of the compilations that an artifact holds, and what it has in common with the artifact."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from edge_runtime.manifest.code import Accuracy, Bucket, Dimension, Part, Placement
from edge_runtime.manifest.identity import CompilerIdentity
from edge_runtime.manifest.needs import Memory, TargetNeeds
from edge_runtime.manifest.tensor import TensorSpec

# Names that `features` may hold: what a reader has to know beyond this schema.
KNOWN_FEATURES: frozenset[str] = frozenset({"buckets", "cuda", "parts", "variants"})


@dataclass(frozen=True, kw_only=True)
class Compilation:
    """What one compilation of a model says of itself: the fields that a manifest and its variants share.

    `features` names what a reader must understand to run it rightly, so that an older reader refuses it.
    `parts` run in their order, and are empty where one library is the whole model. Where the model has
    symbolic dimensions, `dimensions` tells their sizes, `buckets` hold what was compiled for them, and
    `memory` is that of the largest of them.
    """

    compiler: CompilerIdentity
    target: TargetNeeds
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    memory: Memory
    accuracy: Accuracy | None
    placement: tuple[Placement, ...]
    features: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    buckets: tuple[Bucket, ...] = ()

    def shared(self) -> dict[str, Any]:
        """These fields by name, whatever else a subclass has."""
        return {row.name: getattr(self, row.name) for row in fields(Compilation)}

    def unknown_features(self) -> str | None:
        """What this version lacks to run it, as a sentence without its subject; None if nothing."""
        unknown = sorted(set(self.features) - KNOWN_FEATURES)
        return f"needs {', '.join(unknown)}, which this edge_runtime does not know" if unknown else None


@dataclass(frozen=True, kw_only=True)
class Variant(Compilation):
    """One of several compilations of a model in one archive.

    `files` maps the names that its files have in an artifact of their own to those in the archive, where
    identical files lie once.
    """

    files: dict[str, str]
