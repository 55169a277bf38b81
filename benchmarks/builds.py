"""The zoo's compiled models in a cache, which forgets them as soon as the compiler changes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import zoo
from benchmarks.fetch import publish
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.sources import source_hash
from neo_compiler.target import Target, find_target

ROOT = Path(__file__).resolve().parents[1]
KEY_LENGTH = 16
ARTIFACT, REPORT = "artifact", "report.json"


class BuildError(EdgeError):
    """A model of the zoo does not compile; the message is the compiler's, and so is the exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        known = exit_code in set(ExitCode)
        self.exit_code = ExitCode(exit_code) if known else ExitCode.BUG


@dataclass(frozen=True)
class Build:
    """A compiled model: its folder in the cache, and what `neo compile --json` and the clock told of it."""

    name: str
    target: str
    folder: Path

    @property
    def artifact(self) -> Path:
        """The artifact, unpacked."""
        return self.folder / ARTIFACT

    @property
    def report(self) -> dict[str, Any]:
        """`compile_s`, `peak_rss_bytes` and `report`, the compiler's own."""
        return dict(json.loads((self.folder / REPORT).read_text(encoding="utf-8")))

    def work(self) -> dict[str, Any]:
        """Each kernel's rule, operations and bytes, see `benchmarks.work`; found out on the first call."""
        counting = hashlib.sha256(ROOT.joinpath("benchmarks", "work.py").read_bytes()).hexdigest()
        path = self.folder / f"work-{counting[:KEY_LENGTH]}.json"
        if not path.exists():
            publish(path, _child("benchmarks.work", self.name, self.target).encode())
        return dict(json.loads(path.read_text(encoding="utf-8")))


def cache_folder() -> Path:
    """Where builds lie: `compiled` in $NEO_CACHE, else in `.cache` in the repository's root."""
    chosen = os.environ.get("NEO_CACHE")
    return (Path(chosen) if chosen else ROOT / ".cache") / "compiled"


def build(name: str, target: str) -> Build:
    """The zoo's model `name`, compiled for `target`; from the cache where nothing has changed since.

    Raises BuildError where it does not compile, ZooUnavailable where the model cannot be had.
    """
    folder = build_folder(name, target)
    if not folder.exists():
        _compile(name, target, folder)
        for outdated in _builds(name, target) - {folder}:
            shutil.rmtree(outdated, ignore_errors=True)
    return Build(name, target, folder)


def build_folder(name: str, target: str) -> Path:
    """Where `build` puts the model; the name changes with whatever the outcome depends on."""
    return cache_folder() / f"{name}-{target}-{_key(name, find_target(target))}"


def _key(name: str, profile: Target) -> str:
    """Changes with the model, with the profile that the target stands for here, and with the compiler."""
    shapes = sorted(zoo.MODELS[name].shapes.items())
    with zoo.fetch(name).open("rb") as file:
        model = hashlib.file_digest(file, "sha256").hexdigest()
    parts = (model, shapes, sorted(dataclasses.asdict(profile).items()), source_hash())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:KEY_LENGTH]


def _builds(name: str, target: str) -> set[Path]:
    return set(cache_folder().glob(f"{name}-{target}-{'?' * KEY_LENGTH}"))


def _compile(name: str, target: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        work = Path(scratch) / "build"
        work.mkdir()
        before = source_hash()
        report = _child("benchmarks.compiling", name, target, str(work / ARTIFACT))
        if source_hash() != before:
            raise BuildError("the compiler's sources changed while it compiled: run this again", ExitCode.BUG)
        (work / REPORT).write_text(report, encoding="utf-8")
        if not folder.exists():
            work.rename(folder)


def _child(module: str, *arguments: str) -> str:
    """What a process of its own prints: TVM stays out of the one that measures."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(_last(done.stderr.splitlines()), done.returncode)
    return done.stdout


def _last(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "the compiler ended without a word")


def fixed_shapes(name: str) -> Path:
    """The ONNX file with every input's shape fixed, as ours has it: what the peers load."""
    source, shapes = zoo.fetch(name), zoo.MODELS[name].shapes
    if not shapes:
        return source
    identity = hashlib.sha256(repr(sorted(shapes.items())).encode()).hexdigest()[:KEY_LENGTH]
    path = cache_folder() / f"{source.stem}-{identity}.onnx"
    return path if path.exists() else publish(path, _with_shapes(source, shapes))


def _with_shapes(source: Path, shapes: dict[str, tuple[int, ...]]) -> bytes:
    import onnx

    model = onnx.load(source)
    for value in model.graph.input:
        dimensions = value.type.tensor_type.shape.dim
        for dimension, size in zip(dimensions, shapes.get(value.name, ()), strict=False):
            dimension.dim_value = size
    return bytes(model.SerializeToString())
