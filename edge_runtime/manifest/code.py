"""What an artifact runs: its parts, for which sizes, on which backend, and how exact the results are."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_runtime.manifest.needs import Memory
from edge_runtime.manifest.tensor import TensorSpec


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
