"""Recorded messages in a file: a header, then a message a line, all as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from greengrass_sim.errors import UsageError
from greengrass_sim.watch.stream import Event, as_text, from_text

FORMAT, VERSION = "greengrass-sim recording", 1


@dataclass(frozen=True)
class Recorded:
    """A message and when it came, in seconds after the first one; `source` as subscriptions name it."""

    after: float
    topic: str
    payload: bytes
    source: str

    def to_line(self) -> str:
        fields = {"after": round(self.after, 6), "topic": self.topic, "source": self.source}
        return json.dumps({**fields, **as_text(self.payload)}, ensure_ascii=False)


def write_header(file: TextIO) -> None:
    """The first line."""
    file.write(json.dumps({"format": FORMAT, "version": VERSION}) + "\n")


def recorded(event: Event, first: float) -> Recorded:
    """What is kept of an event of the kind `message`; `first` is when the first one came."""
    return Recorded(event["at"] - first, event["topic"], from_text(event), event["source"])


def read(path: Path) -> list[Recorded]:
    """All messages of a file; UsageError where it is none, or damaged."""
    try:
        with path.open(encoding="utf-8") as file:
            lines = list(_objects(path, file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the recording {path}: {error}") from error
    head = lines[0] if lines else {}
    if head.get("format") != FORMAT:
        raise UsageError(f"{path} is no recording of `greengrass-sim record`")
    if head.get("version") != VERSION:
        raise UsageError(f"{path} has version {head.get('version')}, this one reads {VERSION}")
    return [_parse(path, number, line) for number, line in enumerate(lines[1:], 2)]


def _objects(path: Path, file: TextIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UsageError(f"{path}: line {number} is no JSON object")
        yield found


def _parse(path: Path, number: int, line: dict[str, Any]) -> Recorded:
    try:
        return Recorded(float(line["after"]), str(line["topic"]), from_text(line), str(line["source"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: line {number} is no recorded message: {error}") from None
