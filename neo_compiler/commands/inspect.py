"""`neo inspect`"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from neo_compiler.commands.table import print_table
from neo_compiler.frontend.reading import Reading
from neo_compiler.frontend.sniff import recognise
from neo_compiler.package.output import is_archive

SCHEMA_VERSION = 1


def run(arguments: argparse.Namespace) -> None:
    """Show a model or an artifact on stdout."""
    path = Path(arguments.path)
    facts = _artifact(path) if _is_artifact(path) else _model(path, Reading(arguments.trust))
    if arguments.json:
        print(json.dumps({"schema_version": SCHEMA_VERSION, **facts}, indent=1))
        return
    print_table([row for title, value in facts.items() for row in _rows(title, value)], sys.stdout)


def _artifact(path: Path) -> dict[str, Any]:
    from edge_runtime.artifact import open_artifact

    artifact = open_artifact(path, fit=False)
    try:
        facts: dict[str, Any] = json.loads(artifact.manifest.to_json())
        rows = artifact.choice.rows() if artifact.choice else []
    finally:
        artifact.close()
    del facts["schema_version"], facts["digest"]
    targets = {str(row["target"]): row["reason"] for row in rows}
    return {"kind": "artifact", **({"targets": targets} if targets else {}), **facts}


def _is_artifact(path: Path) -> bool:
    return is_archive(path) or (path.is_dir() and not recognise(path).reader)


def _model(path: Path, reading: Reading) -> dict[str, Any]:
    from neo_compiler.frontend import load
    from neo_compiler.frontend.identity import identify
    from neo_compiler.graph import survey

    model = load(path, reading)
    found = identify(path)
    facts = {"kind": "model", "path": str(path), "format": found.format, "size": found.size}
    return {**facts, **survey(model)}


def _rows(title: str, value: Any) -> list[tuple[str, str]]:
    """The title stands beside the first line only."""
    return [(title if number == 0 else "", line) for number, line in enumerate(_lines(value))]


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}: {_inline(entry)}" for key, entry in value.items()] or ["none"]
    if isinstance(value, list):
        return [_inline(entry) for entry in value] or ["none"]
    return [_inline(value)]


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_inline(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return ",".join(map(_inline, value))
    return "none" if value is None else str(value)
