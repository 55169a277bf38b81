"""Which of an archive's variants this machine runs, and why.

A choice is made twice. Here, when an archive is opened, by target: the machine decides, and only the files of
the chosen target are unpacked. What was compiled of it for several sizes of the inputs are its buckets, of
which the arrays of each run choose one, see edge_runtime.buckets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_runtime.device import CORES, cpu_names, machine
from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Manifest, TargetNeeds, Variant
from edge_runtime.package.verify import misfit


@dataclass(frozen=True)
class Wish:
    """What a caller asks for: a target by its name, or the best; `fit`: this machine has to support it."""

    target: str | None = None
    fit: bool = True


@dataclass(frozen=True)
class Candidate:
    """All variants for one target, and why this machine cannot run them; None where it can."""

    variants: tuple[Variant, ...]
    misfit: str | None

    @property
    def target(self) -> TargetNeeds:
        return self.variants[0].target


@dataclass(frozen=True)
class Choice:
    """The one of the `candidates` that was chosen, and why."""

    chosen: Candidate
    reason: str
    candidates: tuple[Candidate, ...]

    def missed(self) -> list[str]:
        """What this machine lacks for a GPU's code, whose processor it has."""
        rows = (row for row in self.candidates if row is not self.chosen and row.target.gpu)
        return [
            f"{row.target.name}: {row.misfit}" for row in rows if row.misfit and row.target.arch == machine()
        ]

    @property
    def files(self) -> frozenset[str]:
        """The names in the archive of all files that are needed."""
        return frozenset(name for variant in self.chosen.variants for name in variant.files.values())

    def rows(self) -> list[dict[str, str | bool | None]]:
        """Every target with what speaks for it or against it."""
        return [
            {
                "target": row.target.name,
                "chosen": row is self.chosen,
                "reason": self.reason if row is self.chosen else row.misfit or "it would fit too",
            }
            for row in self.candidates
        ]


def choose(manifest: Manifest, wish: Wish) -> Choice:
    """The variants for this machine, of a manifest that has some.

    Of those that fit, the ones for a GPU come first, then those for this very CPU, then those for an
    architecture's level, then those for another CPU; among equals, the first in the manifest. Raises
    ArtifactError, with the reason for each target, where none fits, or where the one that is asked for is not
    there or does not fit.
    """
    rows = _candidates(manifest)
    if wish.target is not None:
        return Choice(_named(rows, wish), "it was asked for", rows)
    fitting = [row for row in rows if row.misfit is None]
    if fitting:
        best = min(fitting, key=lambda row: _strangeness(row.target))
        return Choice(best, _reason(best, len(fitting)), rows)
    if wish.fit:
        raise ArtifactError(_refusal(rows))
    return Choice(rows[0], "none fits this machine; this is the first", rows)


def view(manifest: Manifest, variant: Variant) -> Manifest:
    """What the manifest of an artifact of this variant alone says; the rest is the same for all."""
    files = {name: manifest.files[place] for name, place in variant.files.items()}
    return replace(manifest, files=files, variants=(), **variant.shared())


def check_target(manifest: Manifest, wish: Wish) -> None:
    """For a manifest without variants: raises ArtifactError where it is not for the target asked for."""
    if wish.target not in (None, manifest.target.name):
        raise ArtifactError(f"it holds nothing for target {wish.target!r}: it is for {manifest.target.name}")


def _candidates(manifest: Manifest) -> tuple[Candidate, ...]:
    groups: dict[str, list[Variant]] = {}
    for variant in manifest.variants:
        groups.setdefault(variant.target.name, []).append(variant)
    if any(row.target != rows[0].target for rows in groups.values() for row in rows):
        raise ArtifactError("manifest.json: variants of one target have different needs")
    return tuple(Candidate(tuple(rows), _misfit(rows)) for rows in groups.values())


def _misfit(rows: list[Variant]) -> str | None:
    unknown = next(filter(None, (row.unknown_features() for row in rows)), None)
    return f"it {unknown}" if unknown else misfit(rows[0].target)


def _named(rows: tuple[Candidate, ...], wish: Wish) -> Candidate:
    found = next((row for row in rows if row.target.name == wish.target), None)
    if found is None:
        names = ", ".join(row.target.name for row in rows)
        raise ArtifactError(f"it holds nothing for target {wish.target!r}: it has {names}")
    if wish.fit and found.misfit:
        raise ArtifactError(found.misfit)
    return found


def _strangeness(target: TargetNeeds) -> int:
    """-1 for a GPU, 0 for this machine's CPU, 1 for no single CPU, 2 for another that runs here too."""
    if target.gpu:
        return -1
    names = cpu_names()
    if target.cpu in names:
        return 0
    return 2 if names and target.cpu in CORES.values() else 1


def _reason(best: Candidate, fitting: int) -> str:
    if fitting == 1:
        return "only it fits this machine"
    if best.target.gpu:
        return f"of {fitting} that fit, it is for this GPU"
    if not _strangeness(best.target):
        return f"of {fitting} that fit, it is for this CPU, {best.target.cpu}"
    return f"of {fitting} that fit, it comes first"


def _refusal(rows: tuple[Candidate, ...]) -> str:
    lines = "".join(f"\n  {row.target.name}: {row.misfit}" for row in rows)
    return (
        f"none of its {len(rows)} targets fits this machine ({machine()}); "
        f"compile the model for one that does:{lines}"
    )
