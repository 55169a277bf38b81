"""All of manifest.json, read and written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest.identity import FileEntry, ModelIdentity
from edge_runtime.manifest.variant import Compilation, Variant
from edge_runtime.package.schema import SchemaError, parse

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Manifest(Compilation):
    """All of manifest.json; `files` names every other file of the artifact.

    Keys that no reader needs may be added freely. Where there are `variants`, the most demanding target
    first, the fields that these share repeat the first of them: see `edge_runtime.package.choice`. `labels`
    has, for an output of class numbers, the names of the classes, and `columns`, for a table, those of its
    columns.
    """

    model: ModelIdentity
    files: dict[str, FileEntry]
    variants: tuple[Variant, ...] = ()
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Raises ArtifactError with the place of what is wrong."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:  # also: not UTF-8, nested without end
            raise ArtifactError(f"manifest.json is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise ArtifactError("manifest.json is not a JSON object")
        _check_version(document.get("schema_version"))
        digest = document.pop("digest", None)
        if digest is not None and digest != _digest(document):
            raise ArtifactError("manifest.json was altered after it was written: its `digest` does not match")
        try:
            manifest = parse(cls, document, "")
        except SchemaError as error:
            raise ArtifactError(f"manifest.json: {error}") from None
        if unknown := manifest.unknown_features():
            raise ArtifactError(f"the artifact {unknown}: install a newer neo-edge")
        _check_variants(manifest)
        return manifest

    def to_json(self) -> str:
        """Equal manifests give equal text."""
        document = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        if not self.variants:  # as it was before there were any
            del document["variants"]
        return json.dumps({**document, "digest": _digest(document)}, **_STYLE) + "\n"


_STYLE: dict[str, Any] = {"indent": 1, "sort_keys": True, "ensure_ascii": False, "allow_nan": False}


def _digest(document: dict[str, Any]) -> str:
    """Covers every key, also those that this version does not know."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _check_variants(manifest: Manifest) -> None:
    for number, variant in enumerate(manifest.variants):
        if absent := sorted(set(variant.files.values()) - manifest.files.keys()):
            raise ArtifactError(f"manifest.json: variants[{number}].files: there is no {', '.join(absent)}")


def _check_version(version: object) -> None:
    if version == SCHEMA_VERSION:
        return
    if not isinstance(version, int):
        raise ArtifactError(f"manifest.json: schema_version: int expected, found {version!r:.60}")
    advice = "install a newer neo-edge" if version > SCHEMA_VERSION else "compile the model again"
    raise ArtifactError(
        f"manifest.json has schema {version}, this edge_runtime reads {SCHEMA_VERSION}: {advice}"
    )
