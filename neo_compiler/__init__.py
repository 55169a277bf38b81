"""Trained models → checked, self-contained artifacts for edge devices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

if TYPE_CHECKING:
    from neo_compiler.options import Keywords
    from neo_compiler.stages import Observer

__all__ = ["compile"]


def compile(  # noqa: A001 - the public name
    model: object,
    *,
    example_inputs: tuple[Any, ...] | None = None,
    dynamic_shapes: Any = None,
    observer: Observer | None = None,
    **keywords: Unpack[Keywords],
) -> Path:
    """Compile `model` and return where the artifact lies.

    `model` is the path of a file or folder whose format `neo compile --help` lists, or an object: a
    torch.nn.Module, traced with the tensors `example_inputs` and torch.export's `dynamic_shapes`, a
    torch.export.ExportedProgram or a keras.Model. `trust` allows files that run code of their own when they
    are opened, as pickled ones do.

    `target` is a name that `neo targets` lists, by default "host", or one of the TOML table `target_file`;
    several make an artifact from which each device takes what fits it best. `compiler_options`, such as
    {"mcpu": "cortex-a73"}, change its CPU. `output` is a `.tar.gz` file or a new folder, by default
    `<model stem>-<target>.tar.gz` in the current folder. `input_shapes` fixes symbolic inputs, as
    {"x": (1, 3, 224, 224)}, or leaves several sizes open, as {"x": ("1..8", 3, [192, 224], 224)};
    `dimensions` does so for dimensions that the model names, as {"sequence": "1..128"}.

    The compiled model is run and compared with onnxruntime on inputs drawn with `seed`; `tolerance`, by
    default that of the precision, is relative to each output's largest magnitude. Where neither this machine
    nor an emulator can execute the code it is written unverified, and says so, unless `require_verified`
    forbids it. At most `tune` seconds are spent on measuring kernels on this machine; 0 uses the records of
    earlier measurements, None, the default, not even them. `fallback` tells what onnxruntime may run on the
    device where no native code exists: "never" nothing, "parts", the default, parts of the model, "whole"
    even all of it. `cross_compiler` names a C compiler of this system that links for the device, instead of
    ziglang. `precision` "tf32" or "fp16" lets a GPU round the factors of products and convolutions for its
    tensor cores, with a tolerance of 1e-2; "fp32", the default, is exact, with one of 1e-4.
    `dump` is a folder for the model after each step of its preparation, as ONNX files.
    `observer` is called with a StageEvent when a stage begins and ends.

    Raises a subclass of NeoError; its `exit_code` is the one that the command line ends with.
    """
    from neo_compiler.frontend.memory import Examples, model_file
    from neo_compiler.job import compile_job
    from neo_compiler.options import options_from

    options = options_from(keywords)
    with model_file(model, Examples(example_inputs, dynamic_shapes)) as path:
        return compile_job(replace(options, model=path), observer).path
