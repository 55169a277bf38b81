"""How fast compiled trees are beside onnxruntime, on the same ONNX model: row by row, a thousand at a time.

python -m benchmarks.forests [MODEL ...] [--rows 1,1000] [--threads 1,2] [--target host] [--markdown]

The models are trained here on scikit-learn's own data sets (pip install 'neo-edge[sklearn,boosting]'), and
measured in alternating blocks of one process (`benchmarks.timing`). The ratio is onnxruntime's time / ours.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import edge_runtime
import neo_compiler
from benchmarks.forest_models import MODELS, Trained
from benchmarks.timing import Ratio, Turns, ratio, take_turns
from edge_runtime.commands.bench import busy_warning
from neo_compiler.verify.difference import difference


@dataclass(frozen=True)
class Row:
    """Times in milliseconds; `apart` is how far the outputs lie from each other, relative to the largest."""

    model: str
    rows: int
    threads: int
    ours_ms: float
    peer_ms: float
    ratio: Ratio
    apart: float
    onnx_bytes: int
    artifact_bytes: int

    def cells(self) -> list[str]:
        """The row of a table."""
        sizes = f"{self.onnx_bytes / 1e3:.0f} kB", f"{self.artifact_bytes / 1e3:.0f} kB"
        times = f"{self.ours_ms:.4f} ms", f"{self.peer_ms:.4f} ms"
        return [
            self.model,
            str(self.rows),
            str(self.threads),
            *times,
            str(self.ratio),
            f"{self.apart:.0e}",
            *sizes,
        ]


HEAD = ["model", "rows", "threads", "ours", "onnxruntime", "ratio [95 %]", "apart", "ONNX", "artifact"]


def measure(name: str, rows: int, threads: list[int], target: str, turns: Turns) -> Iterator[Row]:
    """Train, compile for so many rows, and time on each number of threads."""
    trained = MODELS[name]()
    given = np.resize(trained.rows, (rows, trained.rows.shape[1])).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="neo-forests-") as folder:
        source = Path(folder) / "model.onnx"
        source.write_bytes(trained.model)
        artifact = Path(folder) / "model.tar.gz"
        neo_compiler.compile(source, target=target, output=artifact, input_shapes={"X": given.shape})
        for count in threads:
            yield _timed(name, trained, (source, artifact), given, count, turns)


def _timed(
    name: str,
    trained: Trained,
    files: tuple[Path, Path],
    given: NDArray[np.float32],
    threads: int,
    turns: Turns,
) -> Row:
    peer = _onnxruntime(trained.model, given, threads)
    with edge_runtime.load(files[1], threads=threads) as model:

        def ours() -> dict[str, NDArray[np.generic]]:
            return model.run({"X": given})

        found, expected = list(ours().values()), peer()
        times = take_turns({"ours": ours, "onnxruntime": peer}, turns).times
    medians = {engine: float(np.median(values)) * 1e3 for engine, values in times.items()}
    return Row(
        name,
        len(given),
        threads,
        medians["ours"],
        medians["onnxruntime"],
        ratio(times["onnxruntime"], times["ours"]),
        max(difference(*pair) for pair in zip(expected, found, strict=True)),
        *(file.stat().st_size for file in files),
    )


def _onnxruntime(
    model: bytes, given: NDArray[np.float32], threads: int
) -> Callable[[], list[NDArray[np.generic]]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"X": given})


def main() -> int:
    """0 where no model is slower than onnxruntime; else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forests", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}; default: all")
    parser.add_argument("--rows", default="1,1000", metavar="N,N")
    parser.add_argument("--threads", default="1,2", metavar="N,N")
    parser.add_argument("--target", default="host")
    parser.add_argument("--markdown", action="store_true", help="print a table for documents")
    options = parser.parse_args()
    if unknown := set(options.models) - MODELS.keys():
        parser.error(f"no model {', '.join(unknown)}")
    if warning := busy_warning():
        print(warning, file=sys.stderr)
    threads = [int(count) for count in options.threads.split(",")]
    found: list[Row] = []
    _print(HEAD, options.markdown)
    if options.markdown:
        _print(["---"] * len(HEAD), options.markdown)
    for name in options.models or MODELS:
        for rows in map(int, options.rows.split(",")):
            for row in measure(name, rows, threads, options.target, Turns()):
                found.append(row)
                _print(row.cells(), options.markdown)
    return int(any(row.ratio.high < 1 for row in found))


def _print(cells: list[str], markdown: bool) -> None:
    print(f"| {' | '.join(cells)} |" if markdown else "  ".join(f"{cell:18}" for cell in cells), flush=True)


if __name__ == "__main__":
    sys.exit(main())
