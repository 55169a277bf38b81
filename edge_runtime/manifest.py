"""What an artifact says of itself: the schema of manifest.json."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from edge_runtime.errors import ArtifactError
from edge_runtime.package.schema import SchemaError, parse

SCHEMA_VERSION = 1

# Names that `Manifest.features` may hold: what a reader has to know beyond this schema.
KNOWN_FEATURES: frozenset[str] = frozenset({"buckets", "cuda", "parts", "variants"})

DTYPES: frozenset[str] = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)


@dataclass(frozen=True)
class TensorSpec:
    """Name, numpy dtype name and shape of a model's input or output.

    A symbolic dimension is a str: a name, or for outputs also a sum of products, as `2*batch+1`.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for another type."""
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype {self.dtype!r:.60} is none of {', '.join(sorted(DTYPES))}")


@dataclass(frozen=True)
class ModelIdentity:
    """The model that was compiled: `format` is e.g. "onnx", `sha256` that of its file."""

    name: str
    sha256: str
    format: str
    opset: int | None = None


@dataclass(frozen=True)
class CompilerIdentity:
    """What compiled it: the same model, options and versions give the same bytes."""

    name: str
    version: str
    tvm: str
    llvm: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GpuNeeds:
    """The device that kernels are for: `api` is "cuda", `arch` the least architecture, such as "sm_53".

    `ptx` is the version of the kernels' text, `cuda` the first CUDA version whose driver reads it.
    """

    api: str
    arch: str
    ptx: str
    cuda: str


@dataclass(frozen=True)
class TargetNeeds:
    """Where it runs: `arch` as `uname -m` names it, `requires` the CPU flags as Linux names them.

    `gpu` is None where all is done by the CPU.
    """

    name: str
    triple: str
    arch: str
    cpu: str
    requires: tuple[str, ...] = ()
    gpu: GpuNeeds | None = None


@dataclass(frozen=True)
class Memory:
    """Bytes: arena and scratch a session, parameters once a machine."""

    arena_bytes: int
    params_bytes: int
    scratch_bytes: int


@dataclass(frozen=True)
class Accuracy:
    """Largest difference from the reference; relative to the largest magnitude of each output.

    `executed` tells what ran the compiled code for it: "natively", or an emulator. It is "" where nothing
    did: then no difference is known.
    """

    reference: str
    samples: int
    max_relative: float | None
    max_absolute: float | None
    tolerance: float
    executed: str = "natively"


@dataclass(frozen=True)
class Placement:
    """Which backend ("native", "onnxruntime") runs how many nodes; `operators` counts them by name."""

    backend: str
    nodes: int
    operators: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A piece of a model that is run in several; `path` is its library or, for onnxruntime, its .onnx file.

    The tensors are named as in the whole model. `operators` counts the operators of its nodes; `reasons`
    tells for the operators of a part in onnxruntime why they are not native.
    """

    backend: str
    path: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    params: str | None = None
    nodes: int = 0
    operators: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dimension:
    """The sizes that a symbolic dimension may have: from `low` to `high`, or only `values` if there are any.

    `padded`: inputs that are smaller than what was compiled are filled up, and the outputs are cut.
    """

    low: int
    high: int
    values: tuple[int, ...] = ()
    padded: bool = False


@dataclass(frozen=True)
class Bucket:
    """The model as compiled for some sizes of its symbolic dimensions, which `dimensions` holds by name.

    Code that takes a dimension as it comes has a range there, all other code a single size.
    """

    dimensions: dict[str, Dimension]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    memory: Memory
    parts: tuple[Part, ...]
    accuracy: Accuracy | None = None


@dataclass(frozen=True)
class FileEntry:
    """SHA-256 in hexadecimal and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Variant:
    """One of several compilations of a model in one archive; the fields are those of a manifest of its own.

    `files` maps the names that its files have in an artifact of their own to those in the archive, where
    identical files lie once.
    """

    compiler: CompilerIdentity
    target: TargetNeeds
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    memory: Memory
    accuracy: Accuracy | None
    placement: tuple[Placement, ...]
    files: dict[str, str]
    features: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    buckets: tuple[Bucket, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """All of manifest.json; `files` names every other file of the artifact.

    `features` names what a reader must understand to run this artifact rightly, so that an older reader
    refuses it; keys that no reader needs may be added freely. `parts` run in their order, and are empty where
    one library is the whole model. Where the model has symbolic dimensions, `dimensions` tells their sizes,
    `buckets` hold what was compiled for them, and `memory` is that of the largest of them. Where there are
    `variants`, the most demanding target first, fields that these have, but for `files`, repeat the first of
    them: see `edge_runtime.package.choice`. `labels` has, for an output of class numbers, the names of the
    classes, and `columns`, for a table, those of its columns.
    """

    model: ModelIdentity
    compiler: CompilerIdentity
    target: TargetNeeds
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    memory: Memory
    accuracy: Accuracy | None
    placement: tuple[Placement, ...]
    files: dict[str, FileEntry]
    features: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    buckets: tuple[Bucket, ...] = ()
    variants: tuple[Variant, ...] = ()
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Raises ArtifactError with the place of what is wrong."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:  # also: not UTF-8, nested without end
            raise ArtifactError(f"manifest.json is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise ArtifactError("manifest.json is not a JSON object")
        _check_version(document.get("schema_version"))
        digest = document.pop("digest", None)
        if digest is not None and digest != _digest(document):
            raise ArtifactError("manifest.json was altered after it was written: its `digest` does not match")
        try:
            manifest = parse(cls, document, "")
        except SchemaError as error:
            raise ArtifactError(f"manifest.json: {error}") from None
        if unknown := unknown_features(manifest):
            raise ArtifactError(f"the artifact {unknown}: install a newer neo-edge")
        _check_variants(manifest)
        return manifest

    def to_json(self) -> str:
        """Equal manifests give equal text."""
        document = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        if not self.variants:  # as it was before there were any
            del document["variants"]
        return json.dumps({**document, "digest": _digest(document)}, **_STYLE) + "\n"


def unknown_features(row: Manifest | Variant) -> str | None:
    """What this version lacks to run it, as a sentence without its subject; None where that is nothing."""
    unknown = sorted(set(row.features) - KNOWN_FEATURES)
    return f"needs {', '.join(unknown)}, which this edge_runtime does not know" if unknown else None


_STYLE: dict[str, Any] = {"indent": 1, "sort_keys": True, "ensure_ascii": False, "allow_nan": False}


def _digest(document: dict[str, Any]) -> str:
    """Covers every key, also those that this version does not know."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _check_variants(manifest: Manifest) -> None:
    for number, variant in enumerate(manifest.variants):
        if absent := sorted(set(variant.files.values()) - manifest.files.keys()):
            raise ArtifactError(f"manifest.json: variants[{number}].files: there is no {', '.join(absent)}")


def _check_version(version: object) -> None:
    if version == SCHEMA_VERSION:
        return
    if not isinstance(version, int):
        raise ArtifactError(f"manifest.json: schema_version: int expected, found {version!r:.60}")
    advice = "install a newer neo-edge" if version > SCHEMA_VERSION else "compile the model again"
    raise ArtifactError(
        f"manifest.json has schema {version}, this edge_runtime reads {SCHEMA_VERSION}: {advice}"
    )
