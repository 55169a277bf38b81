"""Trained models → checked, self-contained artifacts for edge devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neo_compiler.stages import Observer

__all__ = ["compile"]


def compile(  # noqa: A001, PLR0913 - the public name; options are keywords so that a call reads as a sentence
    model: object,
    *,
    example_inputs: tuple[Any, ...] | None = None,
    dynamic_shapes: Any = None,
    target: str | Sequence[str] = "host",
    output: str | Path | None = None,
    input_shapes: Mapping[str, Sequence[int | str | Sequence[int]]] | None = None,
    dimensions: Mapping[str, int | str | Sequence[int]] | None = None,
    tolerance: float = 1e-4,
    seed: int = 0,
    target_file: str | Path | None = None,
    compiler_options: Mapping[str, Any] | None = None,
    require_verified: bool = False,
    tune: float | None = None,
    fallback: str = "parts",
    trust: bool = False,
    cross_compiler: str = "",
    observer: Observer | None = None,
) -> Path:
    """Compile `model` and return where the artifact lies.

    `model` is the path of a file or folder whose format `neo compile --help` lists, or an object: a
    torch.nn.Module, traced with the tensors `example_inputs` and torch.export's `dynamic_shapes`, a
    torch.export.ExportedProgram or a keras.Model. `trust` allows files that run code of their own when they
    are opened, as pickled ones do.

    `target` is a name that `neo targets` lists, or one of the TOML table `target_file`; several make an
    artifact from which each device takes what fits it best. `compiler_options`, such as
    {"mcpu": "cortex-a73"}, change its CPU. `output` is a `.tar.gz` file or a new folder, by default
    `<model stem>-<target>.tar.gz` in the current folder. `input_shapes` fixes symbolic inputs, as
    {"x": (1, 3, 224, 224)}, or leaves several sizes open, as {"x": ("1..8", 3, [192, 224], 224)};
    `dimensions` does so for dimensions that the model names, as {"sequence": "1..128"}. The compiled
    model is run and compared with onnxruntime on inputs drawn with `seed`; `tolerance` is relative to each
    output's largest magnitude. Where neither this machine nor an emulator can execute the code it is written
    unverified, and says so, unless `require_verified` forbids it. At most `tune` seconds are spent on
    measuring kernels on this machine; 0 uses the records of earlier measurements, None not even them.
    `fallback` tells what onnxruntime may run on the device where no native code exists: "never" nothing,
    "parts" parts of the model, "whole" even all of it. `cross_compiler` names a C compiler of this system
    that links for the device, instead of ziglang. `observer` is called with a StageEvent when a stage
    begins and ends.

    Raises a subclass of NeoError; its `exit_code` is the one that the command line ends with.
    """
    from neo_compiler.frontend.memory import Examples, model_file
    from neo_compiler.job import compile_model, compile_package
    from neo_compiler.options import CompileOptions, Fallback
    from neo_compiler.sizes import as_size, as_sizes

    names = (target,) if isinstance(target, str) else tuple(target)
    options = CompileOptions(
        model=Path(),
        target=names[0],
        further_targets=names[1:],
        output=None if output is None else Path(output),
        input_shapes={name: tuple(map(as_size, shape)) for name, shape in (input_shapes or {}).items()},
        dimensions={name: as_sizes(sizes) for name, sizes in (dimensions or {}).items()},
        tolerance=tolerance,
        seed=seed,
        target_file=None if target_file is None else Path(target_file),
        compiler_options=dict(compiler_options or {}),
        require_verified=require_verified,
        tune=tune,
        fallback=Fallback(fallback),
        trust=trust,
        cross_compiler=cross_compiler,
    )
    build = compile_package if names[1:] else compile_model
    with model_file(model, Examples(example_inputs, dynamic_shapes)) as path:
        return build(replace(options, model=path), observer).path
