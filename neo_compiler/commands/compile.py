"""`neo compile`"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_runtime.errors import EdgeError
from neo_compiler.commands.table import print_table
from neo_compiler.console.absent import absent
from neo_compiler.console.failure import failure_json
from neo_compiler.console.progress import progress
from neo_compiler.errors import UsageError
from neo_compiler.options import CompileOptions, Fallback
from neo_compiler.page import write_page
from neo_compiler.precision import Precision
from neo_compiler.report import SCHEMA_VERSION
from neo_compiler.sizes import parse_dimensions, parse_input_shapes
from neo_compiler.target.find import HOST
from neo_compiler.target.neo import parse_compiler_options, platform_name
from neo_compiler.verify.emulate import INSTALL

WARNING = (
    "the artifact is not verified: this machine can neither execute its code nor emulate the target "
    "{targets} (" + INSTALL + ", which is for CPUs); run `edge-runtime selftest` on the device before you "
    "trust it"
)


def run(arguments: argparse.Namespace) -> None:
    """Compile; the artifact's path, or the report as JSON, goes to stdout and the table to stderr."""
    page = Path(arguments.page) if arguments.page else None
    if page and (page.is_dir() or not page.parent.is_dir()):
        raise UsageError(f"--page {page}: name a file in a folder that exists")
    compiler_options = parse_compiler_options(arguments.compiler_options)
    precision = Precision(arguments.precision)
    target, *further = _targets(arguments, compiler_options)
    options = CompileOptions(
        model=Path(arguments.model),
        target=target,
        further_targets=tuple(further),
        target_file=Path(arguments.target_file) if arguments.target_file else None,
        require_verified=arguments.require_verified,
        compiler_options=compiler_options,
        cross_compiler=arguments.cross_compiler,
        output=Path(arguments.output) if arguments.output else None,
        input_shapes=parse_input_shapes(arguments.input_shape),
        dimensions=parse_dimensions(arguments.dim),
        tolerance=precision.tolerance if arguments.tolerance is None else arguments.tolerance,
        seed=arguments.seed,
        tune=arguments.tune,
        fallback=Fallback(arguments.fallback),
        trust=arguments.trust,
        precision=precision,
        dump=Path(arguments.dump) if arguments.dump else None,
    )
    with progress(hidden=arguments.quiet) as observer:
        with absent("torch"):
            from neo_compiler.job import compile_job

        try:
            report = compile_job(options, observer)
            if page:
                write_page(report, page)
        except EdgeError as error:
            if arguments.json:
                print(
                    json.dumps({"schema_version": SCHEMA_VERSION, "failure": failure_json(error)}, indent=1)
                )
            raise
    if report.unexecuted:
        sys.stderr.write(f"neo: warning: {WARNING.format(targets=', '.join(report.unexecuted))}\n")
    if not arguments.quiet:
        print_table(report.rows(), sys.stderr)
    print(json.dumps(report.to_json(), indent=1) if arguments.json else report.path)


def _targets(arguments: argparse.Namespace, options: Mapping[str, Any]) -> list[str]:
    if arguments.target and arguments.target_platform:
        raise UsageError("--target and --target-platform exclude each other: give one of them")
    if arguments.target_platform:
        return [platform_name(arguments.target_platform, options)]
    return arguments.target or [HOST]
