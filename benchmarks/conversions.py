"""Models in the peers' own formats, made once by the peers' own converters and kept beside our builds."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.builds import cache_folder
from benchmarks.peers import ENGINES, Feed
from edge_runtime.errors import EdgeError

TIMEOUT_S = 600
PNNX_TYPES = {"float32": "f32", "int32": "i32", "int64": "i64"}

# Not the command that MNN installs: that one also installs a package and reports over the network.
MNN_CONVERTER = "import sys, _tools; _tools.mnnconvert(sys.argv)"


class ConversionError(EdgeError):
    """A peer's converter does not take a model."""


def converted(engine: str, source: Path, feed: Feed) -> Path:
    """What `engine` loads for the ONNX model `source`. Raises ConversionError."""
    convert = _CONVERTERS.get(engine)
    if convert is None:
        return source
    path = cache_folder() / f"{source.stem}-{engine}-{ENGINES[engine].version}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            made = Path(scratch) / "model"
            made.mkdir()
            convert(source.resolve(), feed, made)
            made.rename(path)
    return path


def _mnn(source: Path, _feed: Feed, folder: Path) -> None:
    import onnx

    outputs = [output.name for output in onnx.load(source).graph.output]
    (folder / "outputs.txt").write_text("\n".join(outputs), encoding="utf-8")
    options = ["--modelFile", str(source), "--MNNModel", "model.mnn", "--bizCode", "benchmark"]
    _run([sys.executable, "-c", MNN_CONVERTER, "-f", "ONNX", *options], folder, ["model.mnn"])


def _ncnn(source: Path, feed: Feed, folder: Path) -> None:
    spec = importlib.util.find_spec("pnnx")  # to import it would need torch
    assert spec is not None
    assert spec.origin is not None
    model = folder / "model.onnx"
    model.symlink_to(source)
    shapes = ",".join(f"{list(array.shape)}{PNNX_TYPES[array.dtype.name]}" for array in feed.values())
    program, wanted = str(Path(spec.origin).parent / "pnnx"), ["model.ncnn.param", "model.ncnn.bin"]
    _run([program, model.name, f"inputshape={shapes.replace(' ', '')}", "fp16=0"], folder, wanted)
    for file in folder.iterdir():
        if file.name not in wanted:
            file.unlink()


_CONVERTERS: Mapping[str, Callable[[Path, Feed, Path], None]] = {"mnn": _mnn, "ncnn": _ncnn}


def _run(command: list[str], folder: Path, wanted: list[str]) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode or not all((folder / name).exists() for name in wanted):
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise ConversionError(f"its converter does not take the model: {said[-1]}")
