"""How far code for a range of sizes is from code for one size, and from onnxruntime.

python -m benchmarks.ranges [SIZE ...] [--runs 30]

MiniLM in int8 is compiled for 1 to 512 tokens and once for each size; all run on one thread, in alternating
blocks of one process (`benchmarks.timing`). Below 1, a ratio says that the range's code is the faster one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

import neo_compiler
from benchmarks import zoo
from benchmarks.peers import ENGINES, OURS, Feed, difference
from benchmarks.timing import Ratio, Turns, ratio, take_turns

PEER = "onnxruntime"
RANGE, FIXED = "range", "fixed"
SIZES = (16, 128, 384)
Size = TypeVar("Size", int, str)
HEADINGS = ("size", "range ms", "fixed ms", f"{PEER} ms", "range / fixed", f"range / {PEER}", "difference")


@dataclass(frozen=True)
class Ranged:
    """A model whose inputs have a range of sizes in place of "n", and hold whole numbers below `most`."""

    model: Path
    inputs: dict[str, tuple[int | str, ...]]
    span: str
    most: int

    def shapes(self, size: Size) -> dict[str, tuple[int | Size, ...]]:
        """The inputs' shapes with a size, or the range, in the place of "n"."""
        return {
            name: tuple(place if isinstance(place, int) else size for place in shape)
            for name, shape in self.inputs.items()
        }

    def feed(self, size: int) -> Feed:
        """Whole numbers for inputs of a size, the same each time."""
        random = np.random.default_rng(size)
        return {name: random.integers(0, self.most, shape) for name, shape in self.shapes(size).items()}


@dataclass(frozen=True)
class Row:
    """Medians in milliseconds, and the largest difference between the range's outputs and the peer's."""

    size: int
    ms: dict[str, float]
    of_fixed: Ratio
    of_peer: Ratio
    difference: float

    def cells(self) -> list[str]:
        """As HEADINGS has them."""
        times = [f"{self.ms[name]:.2f}" for name in (RANGE, FIXED, PEER)]
        return [str(self.size), *times, str(self.of_fixed), str(self.of_peer), f"{self.difference:.1e}"]


def measure(of: Ranged, sizes: Sequence[int], turns: Turns, folder: Path) -> Iterator[Row]:
    """Compile into a folder, and measure one size after the other, on one thread."""
    ranged = neo_compiler.compile(of.model, output=folder / RANGE, input_shapes=of.shapes(of.span))
    for size in sizes:
        fixed = neo_compiler.compile(of.model, output=folder / f"{size}", input_shapes=of.shapes(size))
        files = {RANGE: ranged, FIXED: fixed, PEER: of.model}
        kinds = {RANGE: OURS, FIXED: OURS, PEER: PEER}
        engines = {name: ENGINES[kinds[name]].engine(file, of.feed(size), 1) for name, file in files.items()}
        outputs = {name: engine.run() for name, engine in engines.items()}
        times = take_turns({name: engine.run for name, engine in engines.items()}, turns).times
        yield Row(
            size,
            {name: float(np.median(rows)) * 1e3 for name, rows in times.items()},
            ratio(times[RANGE], times[FIXED]),
            ratio(times[RANGE], times[PEER]),
            difference(outputs[RANGE], outputs[PEER]),
        )


def minilm() -> Ranged:
    """The sentence encoder of the zoo. Raises ZooUnavailable."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    return Ranged(zoo.fetch("minilm-int8"), dict.fromkeys(names, (1, "n")), "1..512", 2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a Markdown table; return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranges", description=__doc__)
    parser.add_argument(
        "sizes", nargs="*", type=int, default=SIZES, metavar="SIZE", help="default: %(default)s"
    )
    parser.add_argument("--runs", type=int, default=Turns.runs, metavar="30", help="of each, at least")
    given = parser.parse_args(arguments)
    print(f"| {' | '.join(HEADINGS)} |")
    print(f"|{'---:|' * len(HEADINGS)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="neo-ranges-") as folder:
        for row in measure(minilm(), given.sizes, Turns(runs=given.runs), Path(folder)):
            print(f"| {' | '.join(row.cells())} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
