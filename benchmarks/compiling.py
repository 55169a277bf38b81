"""Compile one model of the zoo in this process, and tell what that took.

    python -m benchmarks.compiling NAME TARGET ARTIFACT

prints JSON: the seconds, the most memory in bytes, and the compiler's own report. It fails as `neo` does.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks import zoo
from benchmarks.startup import peak_rss
from edge_runtime.errors import EdgeError
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions


def main(name: str, target: str, output: str) -> int:
    """Return an exit code."""
    options = CompileOptions(
        zoo.fetch(name), target=target, output=Path(output), input_shapes=zoo.MODELS[name].shapes
    )
    start = time.perf_counter()
    try:
        report = compile_model(options)
    except EdgeError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return error.exit_code
    seconds = time.perf_counter() - start
    found = {"compile_s": seconds, "peak_rss_bytes": peak_rss(), "report": report.to_json()}
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
