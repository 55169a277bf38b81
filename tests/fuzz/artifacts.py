"""Mutants of artifacts: damaged archives, odd archives of whole files, manifests that say something else."""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from tests.fuzz.damage import damaged
from tests.neo_compiler.models import parse, save

Files = dict[str, bytes]
MANIFEST = "manifest.json"
MODELS = (
    "g (float[1, 4] x) => (float[1, 4] y) { y = Relu(x) }",
    "g (float[2, 4, 4] x) => (float[2] y) { a = Sigmoid(x) d = Det(a) y = Tanh(d) }",
)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 1e308, "", "x", "../up", "/etc/passwd", "native", "onnxruntime", [], {}, [[]],
    "float32", "object", "V1000000000", "compiled.so", "\udcff", "a" * 10**5, ["parts"], ["unknown"],
)  # fmt: skip


def seed_artifacts() -> list[Files]:
    """The files of artifacts for this machine, one of which runs in several parts."""
    with tempfile.TemporaryDirectory(prefix="neo-fuzz-") as name:
        return [_compiled(body, Path(name) / str(number)) for number, body in enumerate(MODELS)]


def _compiled(body: str, folder: Path) -> Files:
    folder.mkdir()
    compile_model(CompileOptions(save(parse(body), folder), output=folder / "out"))
    files = (path for path in (folder / "out").rglob("*") if path.is_file())
    return {path.relative_to(folder / "out").as_posix(): path.read_bytes() for path in files}


def artifact_mutant(seeds: list[Files], random: Random) -> bytes:
    """A damaged .tar.gz."""
    return random.choice(KINDS)(random.choice(seeds), random)


def _damaged_archive(files: Files, random: Random) -> bytes:
    return damaged(_packed(_tarred(files)), random)


def _damaged_tar(files: Files, random: Random) -> bytes:
    return _packed(damaged(_tarred(files), random))


def _damaged_file(files: Files, random: Random) -> bytes:
    name = random.choice(sorted(files))
    return _packed(_tarred({**files, name: damaged(files[name], random)}))


def _other_manifest(files: Files, random: Random) -> bytes:
    """A manifest whose digest is right and whose content is not."""
    document = json.loads(files[MANIFEST])
    for _ in range(random.choice((1, 1, 2, 4))):
        document = _changed(document, random)
    if isinstance(document, dict):
        document.pop("digest", None)
        text = json.dumps(document, sort_keys=True).encode()
        document["digest"] = hashlib.sha256(text).hexdigest()
    return _packed(_tarred({**files, MANIFEST: json.dumps(document).encode()}))


def _changed(document: Any, random: Random) -> Any:
    """A copy with another value somewhere inside."""
    document = copy.deepcopy(document)
    place: Any = document
    while isinstance(place, dict | list) and place:
        key = random.choice(sorted(place)) if isinstance(place, dict) else random.randrange(len(place))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or random.random() < 0.2:
            if random.random() < 0.2:
                del place[key]
            else:
                place[key] = random.choice((*VALUES, inner, [inner, inner]))
            return document
        place = inner
    return random.choice(VALUES)


def _odd_members(files: Files, random: Random) -> bytes:
    """Links, devices, names that lead out, files twice, sizes that are not there."""
    info = tarfile.TarInfo(random.choice(("extra", "../up", "/abs", MANIFEST, "a/b/c", "x" * 120, "parts")))
    info.type = random.choice(
        (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"0", b"5")
    )
    info.linkname = random.choice(("", "/etc/passwd", "compiled.so", "../.."))
    info.size = random.choice((0, 0, 1, 2**30)) if info.isreg() else 0
    extra = info.tobuf(tarfile.USTAR_FORMAT if len(info.name) < 100 else tarfile.GNU_FORMAT)
    content = _tarred(files)
    place = random.randrange(0, len(content), 512) if random.random() < 0.3 else 0
    return _packed(content[:place] + extra + content[place:])


def _missing(files: Files, random: Random) -> bytes:
    gone = random.choice(sorted(files))
    return _packed(_tarred({name: data for name, data in files.items() if name != gone}))


def _swapped(files: Files, random: Random) -> bytes:
    one, other = random.choice(sorted(files)), random.choice(sorted(files))
    return _packed(_tarred({**files, one: files[other]}))


def _tarred(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


KINDS: tuple[Callable[[Files, Random], bytes], ...] = (
    _damaged_archive,
    _damaged_tar,
    _damaged_file,
    _other_manifest,
    _other_manifest,
    _other_manifest,
    _odd_members,
    _missing,
    _swapped,
)
