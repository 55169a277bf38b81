"""Make cases for a machine with a GPU.

    python -m benchmarks.gpu.prepare FOLDER --target cuda-sm_90 [MODEL …] [--without-models]

Without names it takes the whole zoo; what does not compile is named, and left out.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import onnx

from benchmarks import zoo
from benchmarks.gpu.cases import ARTIFACT, MODEL, write_work
from benchmarks.gpu.floor import least_work
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions


def make_case(name: str, target: str, folder: Path, with_model: bool = True) -> None:
    """Writes FOLDER/NAME whole or not at all; raises EdgeError where the model does not compile."""
    source, shapes = zoo.fetch(name), zoo.MODELS[name].shapes
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".case-", dir=folder) as scratch:
        case = Path(scratch, name)
        case.mkdir()
        compile_model(CompileOptions(source, target=target, output=case / ARTIFACT, input_shapes=shapes))
        prepared = prepare(load(source), shapes)
        write_work(case, least_work(prepared))
        if with_model:
            onnx.save(prepared, case / MODEL)
        shutil.rmtree(folder / name, ignore_errors=True)
        case.rename(folder / name)


def main(arguments: list[str] | None = None) -> int:
    """Return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.prepare", description="Cases for a GPU.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: the whole zoo")
    parser.add_argument("--target", default="cuda-sm_90", help="default: %(default)s")
    parser.add_argument("--without-models", action="store_true", help="leave out what other engines need")
    options = parser.parse_args(arguments)
    failed = 0
    for name in options.models or zoo.MODELS:
        try:
            make_case(name, options.target, options.folder, not options.without_models)
            print(f"{name}: ready", flush=True)
        except EdgeError as error:
            failed += 1
            print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    return ExitCode.MODEL if failed else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
