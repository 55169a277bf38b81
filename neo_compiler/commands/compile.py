"""`neo compile`"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from neo_compiler.commands.table import print_table
from neo_compiler.options import CompileOptions, parse_input_shapes
from neo_compiler.progress import progress


def run(arguments: argparse.Namespace) -> None:
    """Compile; the artifact's path, or the report as JSON, goes to stdout and the table to stderr."""
    options = CompileOptions(
        model=Path(arguments.model),
        target=arguments.target,
        output=Path(arguments.output) if arguments.output else None,
        input_shapes=parse_input_shapes(arguments.input_shape),
        tolerance=arguments.tolerance,
        seed=arguments.seed,
    )
    with progress(hidden=arguments.quiet) as observer:
        from neo_compiler.job import compile_model

        report = compile_model(options, observer)
    if not arguments.quiet:
        print_table(report.rows(), sys.stderr)
    print(json.dumps(report.to_json(), indent=1) if arguments.json else report.path)
