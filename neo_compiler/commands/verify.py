"""`neo verify`"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

import edge_runtime
from edge_runtime.manifest import Dimension, Manifest, TensorSpec
from edge_runtime.shapes import shape_of
from neo_compiler.commands.table import print_table
from neo_compiler.errors import MismatchError, UsageError
from neo_compiler.frontend import Reading, load
from neo_compiler.graph.prepare import prepared
from neo_compiler.graph.small_types import stored
from neo_compiler.options import CompileOptions
from neo_compiler.precision import Precision
from neo_compiler.verify import OutputCheck, Sample, compare, draw_sample

if TYPE_CHECKING:
    from neo_compiler.parts.layers import Layer

SCHEMA_VERSION = 1


def run(arguments: argparse.Namespace) -> None:
    """Compare an artifact with its model; the result goes to stdout, one line an output.

    With `layers`, a mismatch is traced to the first node that differs, which is named on stderr, and with
    `json` on stdout.
    """
    with edge_runtime.load(arguments.artifact, threads=1) as artifact:
        tolerance = arguments.tolerance
        if tolerance is None:
            tolerance = _precision(artifact.manifest).tolerance
        options = CompileOptions(Path(arguments.model), tolerance=tolerance, seed=arguments.seed)
        rows = _sizes(artifact.manifest)
        largest = {spec.name: shape_of(spec, rows[-1]) for spec in artifact.inputs}
        model = load(options.model, Reading(arguments.trust, largest))
        _check_names("inputs", artifact.inputs, model.graph.input)
        _check_names("outputs", artifact.outputs, model.graph.output)
        checks = []
        for sizes in rows:
            shapes = {spec.name: shape_of(spec, sizes) for spec in artifact.inputs}
            sample = draw_sample(model, prepared(model, shapes), options.tolerance, options.seed)
            for number, one in enumerate((sample, *sample.further)):
                actual = artifact.run({name: stored(value) for name, value in one.inputs.items()})
                try:
                    found = compare(one, actual)
                except MismatchError as error:
                    if not arguments.layers:
                        raise
                    _explain(error, _trace(artifact, model, shapes, one, arguments), arguments)
                if number == 0:
                    checks += [replace(check, name=_name(check.name, sizes)) for check in found]
    _answer(checks, arguments)


def _precision(manifest: Manifest) -> Precision:
    """What the artifact's products were allowed to be rounded to."""
    return Precision(manifest.compiler.options.get("precision", Precision.FP32))


def _answer(checks: Sequence[OutputCheck], arguments: argparse.Namespace) -> None:
    if arguments.json:
        outputs = [asdict(check) for check in checks]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "outputs": outputs}, indent=1))
    elif not arguments.quiet:
        lines = [(check.name, f"{check.difference:.1e}, allowed {check.tolerance:.1e}") for check in checks]
        print_table(lines, sys.stdout)


def _sizes(manifest: Manifest) -> list[dict[str, int]]:
    """The smallest and the largest sizes of all that was compiled; none of a model with fixed shapes."""
    rows = [
        {name: size(row) for name, row in bucket.dimensions.items()}
        for bucket in manifest.buckets
        for size in (_low, _high)
    ]
    return list({tuple(row.items()): row for row in rows}.values()) or [{}]


def _low(row: Dimension) -> int:
    return row.low


def _high(row: Dimension) -> int:
    return row.high


def _name(output: str, sizes: Mapping[str, int]) -> str:
    given = ", ".join(f"{name} {size}" for name, size in sizes.items())
    return f"{output} ({given})" if given else output


def _trace(
    artifact: edge_runtime.Model,
    model: onnx.ModelProto,
    shapes: Mapping[str, tuple[int, ...]],
    sample: Sample,
    arguments: argparse.Namespace,
) -> Layer | None:
    from neo_compiler.graph.prepare import prepare_parts
    from neo_compiler.parts.layers import first_difference
    from neo_compiler.target import find_target
    from neo_compiler.target.neo import with_options

    manifest = artifact.manifest
    asked = manifest.compiler.options.get("compiler_options", {})
    file = Path(arguments.target_file) if arguments.target_file else None
    target = with_options(find_target(manifest.target.name, file), asked)
    target = replace(target, precision=_precision(manifest)).for_model(amplified=sample.amplified)
    parts = prepare_parts(model, shapes, lambda _proto: [sample.inputs])
    return first_difference(model, parts, target, sample.inputs, max(sample.tolerances.values()))


def _explain(error: MismatchError, layer: Layer | None, arguments: argparse.Namespace) -> None:
    """Raise the error with what is known of its cause."""
    if arguments.json:
        found = asdict(layer) if layer else None
        print(json.dumps({"schema_version": SCHEMA_VERSION, "first_difference": found}, indent=1))
    advice = (
        "compiled anew, no node differs: the artifact was made by other code or options; compile it again"
    )
    raise MismatchError(f"{error}\n{layer or advice}") from None


def _check_names(kind: str, artifact: Sequence[TensorSpec], model: Sequence[onnx.ValueInfoProto]) -> None:
    ours, theirs = [spec.name for spec in artifact], [value.name for value in model]
    if ours != theirs:
        raise UsageError(
            f"the artifact was not compiled from this model: its {kind} are {', '.join(ours)}, "
            f"the model's are {', '.join(theirs)}"
        )
