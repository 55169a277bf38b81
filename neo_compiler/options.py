"""What a user can ask of a compilation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypedDict

from neo_compiler.errors import UsageError
from neo_compiler.precision import Precision
from neo_compiler.sizes import Shapes, Sizes, as_size, as_sizes


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
    names a C compiler that links for the device, instead of ziglang. `precision` is what matrix products and
    convolutions on a GPU may be rounded to; the tolerance of that is its own. `dump` is a folder for the
    model after each step of its preparation.
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
    precision: Precision = Precision.FP32
    dump: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < float("inf"):
            raise UsageError(f"the tolerance must be a number of at least 0, not {self.tolerance}")
        if self.seed < 0:
            raise UsageError(f"the seed must be at least 0, not {self.seed}")
        if self.tune is not None and not 0 <= self.tune < float("inf"):
            raise UsageError(f"the seconds for tuning must be a number of at least 0, not {self.tune}")


class Keywords(TypedDict, total=False):
    """The options of a compilation as Python code gives them; see neo_compiler.compile."""

    target: str | Sequence[str]
    output: str | Path | None
    input_shapes: Mapping[str, Sequence[int | str | Sequence[int]]] | None
    dimensions: Mapping[str, int | str | Sequence[int]] | None
    tolerance: float | None
    seed: int
    target_file: str | Path | None
    compiler_options: Mapping[str, Any] | None
    require_verified: bool
    tune: float | None
    fallback: str
    trust: bool
    cross_compiler: str
    precision: str
    dump: str | Path | None


def options_from(keywords: Keywords) -> CompileOptions:
    """The options of a model that is not known yet. Raises UsageError, TypeError for an unknown keyword."""
    if unknown := sorted(keywords.keys() - Keywords.__annotations__.keys()):
        raise TypeError(f"compile() got an unexpected keyword argument {unknown[0]!r}")
    given: dict[str, Any] = dict(keywords)
    targets = given.pop("target", CompileOptions.target)
    if given.get("tolerance") is None:
        given["tolerance"] = Precision(given.get("precision", Precision.FP32)).tolerance
    first, *further = (targets,) if isinstance(targets, str) else targets
    found = {name: _READ[name](value) if name in _READ else value for name, value in given.items()}
    return CompileOptions(model=Path(), target=first, further_targets=tuple(further), **found)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "output": _path,
    "target_file": _path,
    "dump": _path,
    "input_shapes": lambda given: {name: tuple(map(as_size, row)) for name, row in (given or {}).items()},
    "dimensions": lambda given: {name: as_sizes(sizes) for name, sizes in (given or {}).items()},
    "compiler_options": lambda given: dict(given or {}),
    "fallback": Fallback,
    "precision": Precision,
}
