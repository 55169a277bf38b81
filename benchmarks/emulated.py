"""Every model of the zoo, compiled for ARM and executed under emulation, as a Markdown table.

    python -m benchmarks.emulated                              all models, for rasp4b, rasp5 and rasp3b
    python -m benchmarks.emulated silero-vad --target rasp3b --target jetson_nano-cpu
    python -m benchmarks.emulated --rows rows.jsonl            goes on where an interrupted run was

Twice each: the kernels when the artifact is compiled, and then the artifact, by edge_runtime in Python with
numpy on Debian 12 for that CPU (see benchmarks.userland). A difference is relative to the output's largest
magnitude.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import zoo
from benchmarks.userland import userland
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.errors import MismatchError
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.target import find_target

TARGETS = ("rasp4b", "rasp5", "rasp3b")
PORTS = {"aarch64": "arm64", "armv7l": "armhf"}
HEAD = ("model", "target", "executed by", "kernels", "artifact on Debian", "allowed", "seconds")


@dataclass(frozen=True)
class Row:
    """One model for one target: what executed its kernels, and how far they lay from the reference.

    `artifact` is the largest difference of the artifact's self-test on Debian, `allowed` the tolerance.
    """

    model: str
    target: str
    executed: str
    kernels: float
    artifact: float
    allowed: float
    seconds: float

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        differences = (f"{value:.0e}" for value in (self.kernels, self.artifact, self.allowed))
        return (self.model, self.target, self.executed, *differences, f"{self.seconds:.0f}")


def measure(name: str, target: str) -> Row:
    """Compile and execute one model; raises EdgeError where that fails."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="neo-emulated-") as folder:
        output = Path(folder, f"{name}-{target}")
        shapes = zoo.MODELS[name].shapes
        options = CompileOptions(zoo.fetch(name), target, output, shapes, require_verified=True)
        report = compile_model(options)
        found = _selftest(output, target)
    return Row(
        name,
        target,
        report.executed,
        kernels=max(check.difference for check in report.checks),
        artifact=found,
        allowed=max(check.tolerance for check in report.checks),
        seconds=round(time.perf_counter() - start, 1),
    )


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


def _known(file: Path | None) -> Iterator[Row]:
    """The rows of an earlier run."""
    if file is not None and file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            yield Row(**json.loads(line))


def _keep(row: Row, file: Path | None) -> None:
    print(_line(row.cells()), flush=True)
    if file is not None:
        with file.open("a", encoding="utf-8") as rows:
            rows.write(json.dumps(asdict(row)) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit code is that of the last model that failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulated", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: the whole zoo")
    parser.add_argument("--target", action="append", metavar="NAME", help=f"default: {', '.join(TARGETS)}")
    parser.add_argument(
        "--rows", type=Path, metavar="FILE", help="keep rows here; those in it are not made again"
    )
    options = parser.parse_args(arguments)
    code = ExitCode.OK
    known = {(row.model, row.target): row for row in _known(options.rows)}
    print(_line(HEAD), _line(("---",) * len(HEAD)), sep="\n", flush=True)
    for name, target in itertools.product(options.models or zoo.MODELS, options.target or TARGETS):
        try:
            if row := known.get((name, target)):
                print(_line(row.cells()), flush=True)
            else:
                _keep(measure(name, target), options.rows)
        except EdgeError as error:
            print(f"{name}, {target}: {error}", file=sys.stderr, flush=True)
            code = error.exit_code
    return code


if __name__ == "__main__":
    sys.exit(main())
