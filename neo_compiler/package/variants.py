"""Artifacts of one model for several targets → one artifact, in which identical files lie once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_runtime.manifest import FileEntry, Manifest, Variant
from edge_runtime.package.verify import MANIFEST
from neo_compiler.target import Target

FEATURE = "variants"
WEIGHTS = ".params"


def preference(target: Target) -> tuple[int, int]:
    """Sorts targets as a device should prefer them: those that demand most of a machine come first."""
    return -target.vector, -len(target.requires)


def gather(parts: Sequence[tuple[Manifest, Path]], folder: Path) -> Manifest:
    """Move the files of `parts`, finished artifacts in the order of preference, into one below `folder`.

    A file lies under the name of the first target that has it: `<target>/<name>`.
    """
    places: dict[FileEntry, str] = {}
    files: dict[str, FileEntry] = {}
    variants = []
    for manifest, source in parts:
        for name, entry in sorted(manifest.files.items()):
            place = places.setdefault(entry, f"{manifest.target.name}/{name}")
            if place not in files:
                files[place] = entry
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                (source / name).rename(folder / place)
        variants.append(_variant(manifest, places))
    first = parts[0][0]
    whole = replace(first, files=files, features=(FEATURE,), parts=(), variants=tuple(variants))
    (folder / MANIFEST).write_text(whole.to_json(), encoding="utf-8")
    return whole


def _variant(manifest: Manifest, places: dict[FileEntry, str]) -> Variant:
    files = {name: places[entry] for name, entry in manifest.files.items()}
    return Variant(**manifest.shared(), files=files)


@dataclass(frozen=True)
class Storage:
    """What an artifact for several targets holds, in bytes.

    `alone` is what artifacts for each target would hold together, `stored` what this one does;
    `weights_stored` is the part of that for weights, of which `weights_once` would be needed if all targets
    read the same layout. `shared` names the files that another target has too: (target, file, holder).
    """

    alone: int
    stored: int
    weights_stored: int
    weights_once: int
    shared: tuple[tuple[str, str, str], ...]

    def rows(self) -> Iterator[tuple[str, str]]:
        """For the report: titles and texts."""
        yield (
            "stored",
            f"{megabytes(self.stored)} for {megabytes(self.alone)} of files; kept once: {self._common()}",
        )
        extra = self.weights_stored - self.weights_once
        if extra:
            yield (
                "layouts",
                f"weights in layouts that differ by target take {megabytes(extra)} more than one layout",
            )
        else:
            yield "layouts", "all targets read the same weights"

    def _common(self) -> str:
        rows = (f"{name} of {target} ({holder}'s)" for target, name, holder in self.shared)
        return ", ".join(rows) or "nothing"


def storage(manifest: Manifest) -> Storage:
    """Of an artifact with variants."""
    rows = [
        (variant.target.name, name, place)
        for variant in manifest.variants
        for name, place in variant.files.items()
    ]
    weights = {place: manifest.files[place].size for _, _, place in rows if place.endswith(WEIGHTS)}
    needed = [
        sum(weights.get(place, 0) for place in set(variant.files.values())) for variant in manifest.variants
    ]
    holders = ((target, name, place.partition("/")[0]) for target, name, place in rows)
    return Storage(
        alone=sum(manifest.files[place].size for _, _, place in rows),
        stored=sum(entry.size for entry in manifest.files.values()),
        weights_stored=sum(weights.values()),
        weights_once=max(needed),
        shared=tuple(row for row in holders if row[0] != row[2]),
    )


def megabytes(count: int) -> str:
    """A number of bytes as people read it."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
