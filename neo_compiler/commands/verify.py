"""`neo verify`"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import onnx

import edge_runtime
from edge_runtime.manifest import TensorSpec
from neo_compiler.commands.table import print_table
from neo_compiler.errors import UsageError
from neo_compiler.frontend import Reading, load
from neo_compiler.graph.prepare import prepared
from neo_compiler.options import CompileOptions
from neo_compiler.verify import compare, draw_sample

SCHEMA_VERSION = 1


def run(arguments: argparse.Namespace) -> None:
    """Compare an artifact with its model; the result goes to stdout, one line an output."""
    options = CompileOptions(Path(arguments.model), tolerance=arguments.tolerance, seed=arguments.seed)
    with edge_runtime.load(arguments.artifact, threads=1) as artifact:
        shapes = {
            spec.name: tuple(size for size in spec.shape if isinstance(size, int)) for spec in artifact.inputs
        }
        model = load(options.model, Reading(arguments.trust, shapes))
        _check_names("inputs", artifact.inputs, model.graph.input)
        _check_names("outputs", artifact.outputs, model.graph.output)
        sample = draw_sample(model, prepared(model, shapes), options.tolerance, options.seed)
        checks = compare(sample, artifact.run(dict(sample.inputs)))
    if arguments.json:
        outputs = [asdict(check) for check in checks]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "outputs": outputs}, indent=1))
    elif not arguments.quiet:
        rows = [(check.name, f"{check.difference:.1e}, allowed {check.tolerance:.1e}") for check in checks]
        print_table(rows, sys.stdout)


def _check_names(kind: str, artifact: Sequence[TensorSpec], model: Sequence[onnx.ValueInfoProto]) -> None:
    ours, theirs = [spec.name for spec in artifact], [value.name for value in model]
    if ours != theirs:
        raise UsageError(
            f"the artifact was not compiled from this model: its {kind} are {', '.join(ours)}, "
            f"the model's are {', '.join(theirs)}"
        )
