"""Every model of the zoo, compiled for ARM and executed under emulation, as a Markdown table.

    python -m benchmarks.emulated                              all models, for rasp4b, rasp5 and rasp3b
    python -m benchmarks.emulated silero-vad --target rasp3b --target jetson_nano

Twice each: the kernels when the artifact is compiled, and then the artifact, by edge_runtime in Python with
numpy on Debian 12 for that CPU (see benchmarks.userland). A difference is relative to the output's largest
magnitude.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import zoo
from benchmarks.userland import userland
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.errors import MismatchError
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.report import Report
from neo_compiler.target import find_target

TARGETS = ("rasp4b", "rasp5", "rasp3b")
PORTS = {"aarch64": "arm64", "armv7l": "armhf"}
HEAD = ("model", "target", "executed by", "kernels", "artifact on Debian", "allowed", "seconds")


@dataclass(frozen=True)
class Row:
    """One model for one target; `artifact` is the largest difference of its self-test."""

    name: str
    report: Report
    artifact: float
    seconds: float

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        checks = self.report.checks
        return (
            self.name,
            self.report.manifest.target.name,
            self.report.executed,
            f"{max(check.difference for check in checks):.0e}",
            f"{self.artifact:.0e}",
            f"{max(check.tolerance for check in checks):.0e}",
            f"{self.seconds:.0f}",
        )


def measure(name: str, target: str) -> Row:
    """Compile and execute one model; raises EdgeError where that fails."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="neo-emulated-") as folder:
        output = Path(folder, f"{name}-{target}")
        shapes = zoo.MODELS[name].shapes
        options = CompileOptions(zoo.fetch(name), target, output, shapes, require_verified=True)
        report = compile_model(options)
        found = _selftest(output, target)
    return Row(name, report, found, time.perf_counter() - start)


def _selftest(artifact: Path, target: str) -> float:
    """The largest difference of the artifact's own examples, on Debian for the target's CPU."""
    profile = find_target(target)
    system = userland(PORTS[profile.arch])
    command = ("-m", "edge_runtime.cli", "selftest", artifact, "--json", "--threads", "1")
    done = system.python(*command, cpu=profile.emulate)
    if done.returncode:
        raise MismatchError(f"the self-test ended with {done.returncode}: {done.stderr or done.stdout}")
    return max(float(case["difference"]) for case in json.loads(done.stdout)["cases"])


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit code is that of the last model that failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulated", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: the whole zoo")
    parser.add_argument("--target", action="append", metavar="NAME", help=f"default: {', '.join(TARGETS)}")
    options = parser.parse_args(arguments)
    code = ExitCode.OK
    print(_line(HEAD), _line(("---",) * len(HEAD)), sep="\n", flush=True)
    for name in options.models or zoo.MODELS:
        for target in options.target or TARGETS:
            try:
                print(_line(measure(name, target).cells()), flush=True)
            except EdgeError as error:
                print(f"{name}, {target}: {error}", file=sys.stderr, flush=True)
                code = error.exit_code
    return code


if __name__ == "__main__":
    sys.exit(main())
