"""What a user can ask of a compilation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from neo_compiler.errors import UsageError
from neo_compiler.sizes import Shapes, Sizes


class Fallback(StrEnum):
    """What onnxruntime may run: nothing, parts of a model, or even all of it."""

    NEVER = "never"
    PARTS = "parts"
    WHOLE = "whole"


@dataclass(frozen=True)
class CompileOptions:
    """Everything that a compilation depends on, beside the model file's content.

    `input_shapes` gives the shapes of inputs and `dimensions` the sizes of dimensions that the model names,
    as numbers, or as several sizes, see neo_compiler.sizes; `output` None means
    `<model stem>-<target>.tar.gz` in the current folder; `tolerance` is how far an output may lie from the
    reference, relative to its largest magnitude.
    `target_file` is a table of further targets; `compiler_options` (`mcpu`, `mattr`) change the target's CPU;
    `require_verified` refuses to write code that could not be executed. `tune` is how many seconds may be
    spent on measuring kernels; with 0 the records of earlier measurements are used, with None (the default)
    not even they, so that the same options give the same bytes. `further_targets` are compiled into the same
    artifact. `trust` allows model files that run code of their own when they are opened. `cross_compiler`
    names a C compiler that links for the device, instead of ziglang.
    """

    model: Path
    target: str = "host"
    output: Path | None = None
    input_shapes: Shapes = field(default_factory=dict)
    dimensions: Mapping[str, Sizes] = field(default_factory=dict)
    tolerance: float = 1e-4
    seed: int = 0
    target_file: Path | None = None
    compiler_options: Mapping[str, Any] = field(default_factory=dict)
    require_verified: bool = False
    tune: float | None = None
    fallback: Fallback = Fallback.PARTS
    further_targets: tuple[str, ...] = ()
    trust: bool = False
    cross_compiler: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < float("inf"):
            raise UsageError(f"the tolerance must be a number of at least 0, not {self.tolerance}")
        if self.seed < 0:
            raise UsageError(f"the seed must be at least 0, not {self.seed}")
        if self.tune is not None and not 0 <= self.tune < float("inf"):
            raise UsageError(f"the seconds for tuning must be a number of at least 0, not {self.tune}")
