"""Real models on what was recorded: photographs and voices, beside onnxruntime.

python -m benchmarks.recordings               all of them, as a Markdown table
python -m benchmarks.recordings silero-vad
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import edge_runtime
import neo_compiler
from benchmarks import zoo
from benchmarks.fetch import Member, Package, cache_folder, publish, read_member
from benchmarks.pictures import PICTURES
from benchmarks.sounds import speech
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.frontend import load
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

HEADINGS = ("model", "inputs", "difference", "seen")
ALLOWED = 1e-4

HEIGHTS, WIDTHS = (192, 320, 448), (320, 512)  # of pictures, for the text detector
TEXT = 0.3  # the probability from which PP-OCR takes a pixel for a part of a text

WINDOW, CONTEXT, WINDOWS = (
    512,
    64,
    100,
)  # samples, samples of the window before, windows of the speech detector
SPEECH = 0.5  # the probability from which Silero VAD takes a window for speech

LINES = Member(
    Package(
        "npm", "jp.keijiro.mlsd", "1.0.0", "700e384ed337273202138ecad4a540b4b4f224b6aae92e85696c7c1a405b0bc8"
    ),
    "package/ONNX/mlsd_320x320_tiny.onnx",
    "8ed66620ee42e13b814f9d281f21873fe0ffca44261087188384dc4f365440f7",
)
PHOTOGRAPHS = ("chelsea", "coffee", "astronaut", "rocket")
FAINT = 1e-3  # a score far below those of lines


@dataclass(frozen=True)
class Seen:
    """What a model did with some `inputs`: the largest difference from onnxruntime, and `found` in words."""

    inputs: str
    difference: float
    found: str


def text_detector(
    folder: Path, heights: Sequence[int] = HEIGHTS, widths: Sequence[int] = WIDTHS, target: str = "host"
) -> Seen:
    """PP-OCR's detector on pictures of several sizes, from one artifact.

    The difference is that of probabilities, absolute, and relative to the largest where there is text: a
    picture without text has probabilities of rounding noise.
    """
    source = zoo.fetch("ppocr-det")
    shapes = {"x": (1, 3, tuple(heights), tuple(widths))}
    path = neo_compiler.compile(source, target=target, output=folder / "text", input_shapes=shapes)
    reference, worst, texts = Reference(load(source)), 0.0, 0
    with edge_runtime.load(path, threads=1) as model:
        sizes = [(height, width) for height in heights for width in widths]
        for size in sizes:
            for name in PICTURES:
                given = {"x": _scaled(name, size)}
                (expected,), (found,) = reference.run(given).values(), model.run(given).values()
                has_text = expected.max() > TEXT
                texts += int(has_text)
                worst = max(worst, float(np.abs(expected - found).max()))
                worst = max(worst, difference(expected, found) if has_text else 0.0)
    pictures = len(sizes) * len(PICTURES)
    return Seen(f"{pictures} pictures of {len(sizes)} sizes", worst, f"text in {texts} of them")


def _scaled(name: str, size: tuple[int, int]) -> NDArray[np.float32]:
    """A photograph as the detector takes it: f32[1, 3, height, width], normalised."""
    pixels = _pixels(name, size) / 127.5 - 1
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def _pixels(name: str, size: tuple[int, int]) -> NDArray[np.float32]:
    with Image.open(zoo.picture(name)) as picture:
        scaled = picture.convert("RGB").resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(scaled, np.float32)


def speech_detector(folder: Path, windows: int = WINDOWS, target: str = "host") -> Seen:
    """Silero VAD on recorded voices, its state carried from window to window; the difference is absolute."""
    source = zoo.fetch("silero-vad")
    shapes = {"input": (1, CONTEXT + WINDOW), "state": (2, 1, 128)}
    path = neo_compiler.compile(source, target=target, output=folder / "vad", input_shapes=shapes)
    sound = np.concatenate([np.zeros(CONTEXT, np.float32), speech()])
    reference, worst, heard = Reference(load(source)), 0.0, 0
    states = [np.zeros(shapes["state"], np.float32)] * 2
    with edge_runtime.load(path, threads=1) as model:
        for number in range(windows):
            piece = sound[number * WINDOW :][: CONTEXT + WINDOW][None]
            expected = reference.run({"input": piece, "state": states[0]})
            found = model.run({"input": piece, "state": states[1]})
            states = [expected["stateN"], found["stateN"]]
            heard += int(expected["output"][0, 0] > SPEECH)
            worst = max(worst, float(np.abs(expected["output"] - found["output"]).max()))
            worst = max(worst, difference(*states))
    return Seen(f"{windows} windows of 32 ms, one after another", worst, f"speech in {heard} of them")


def line_detector(folder: Path, target: str = "host") -> Seen:
    """M-LSD on photographs. Raises AssertionError for points that only one side kept without cause.

    It keeps a score only where that is the largest of its nine neighbours. Where two of them are the same but
    for rounding, another order of summation keeps another one; such points are counted, not compared.
    """
    path = cache_folder() / "mlsd" / f"{LINES.sha256[:12]}.onnx"
    source = load(path if path.exists() else publish(path, read_member(LINES)))
    artifact = neo_compiler.compile(path, target=target, output=folder / "lines")
    reference, worst, ties, kept = Reference(source), 0.0, 0, 0
    (name,) = (value.name for value in source.graph.input)
    with edge_runtime.load(artifact, threads=1) as model:
        for picture in PHOTOGRAPHS:
            pixels = _pixels(picture, (320, 320))
            given = {name: np.concatenate([pixels, np.ones((320, 320, 1), np.float32)], 2)[None]}
            expected, found = reference.run(given), model.run(given)
            worst = max(worst, difference(expected["offsets"], found["offsets"]))
            one, other = expected["scores"], found["scores"]
            tied = (one > 0) != (other > 0)
            ties, kept = ties + int(tied.sum()), kept + int((one > 0).sum())
            worst = max(worst, float(np.abs(one - other)[~tied].max() / one.max()))
            weakest = float(np.maximum(one, other)[tied].max(initial=0.0))
            assert weakest < FAINT, f"{picture}: a line of {weakest} is there on one side only"
    return Seen(f"{len(PHOTOGRAPHS)} photographs", worst, f"{kept} points, {ties} of them ties")


CASES: Mapping[str, Callable[[Path], Seen]] = {
    "ppocr-det": text_detector,
    "silero-vad": speech_detector,
    "mlsd-tiny": line_detector,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recordings", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(CASES)}; default: all")
    names = parser.parse_args(arguments).models or CASES
    code = ExitCode.OK
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            try:
                seen = CASES[name](Path(folder))
            except EdgeError as error:
                print(f"{name}: {error}", file=sys.stderr)
                code = error.exit_code
                continue
            print(f"| {name} | {seen.inputs} | {seen.difference:.0e} | {seen.found} |", flush=True)
            code = code if seen.difference <= ALLOWED else ExitCode.MISMATCH
    return code


if __name__ == "__main__":
    sys.exit(main())
