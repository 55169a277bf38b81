"""`python -m tests.fuzz`: so many mutants of models and of artifacts, each in a process with limits."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.pool import Mutant, try_all
from tests.fuzz.trial import Limits

SUFFIXES = {"model": ".onnx", "artifact": ".tar.gz"}


def main() -> int:
    """0 where every mutant ended as it should; else 1."""
    arguments = _parser().parse_args()
    start, faults, slowest = time.monotonic(), 0, 0.0
    codes: dict[str, Counter[int]] = {"artifact": Counter(), "model": Counter()}
    numbers = {"artifact": arguments.artifacts, "model": arguments.models}
    mutants = [
        Mutant(kind, arguments.seed, arguments.first + number)
        for kind, count in numbers.items()
        for number in range(count)
    ]
    for mutant, trial in try_all(mutants, arguments.jobs, Limits(arguments.seconds)):
        codes[mutant.kind][trial.code] += 1
        slowest = max(slowest, trial.seconds)
        if trial.fault:
            faults += 1
            print(f"{mutant.kind} {mutant.number}: {trial.fault}", flush=True)
            _keep(mutant, arguments.keep)
    for kind, found in codes.items():
        listed = ", ".join(f"{count} with {code}" for code, count in sorted(found.items()))
        print(f"{found.total()} {kind}s of seed {arguments.seed} ended: {listed or 'none'}")
    print(f"{faults} faults; {time.monotonic() - start:.0f} s in all, {slowest:.1f} s for the slowest")
    return int(bool(faults))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--models", type=int, default=2000, metavar="N", help="mutants of ONNX files")
    parser.add_argument("--artifacts", type=int, default=2000, metavar="N", help="mutants of artifacts")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed, the same mutants")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    parser.add_argument("--seconds", type=float, default=Limits.seconds, metavar="S", help="limit of each")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where mutants with faults are written")
    return parser


def _keep(mutant: Mutant, folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{mutant.kind}-{mutant.seed}-{mutant.number}{SUFFIXES[mutant.kind]}"
        (folder / name).write_bytes(mutant.content())


if __name__ == "__main__":
    sys.exit(main())
