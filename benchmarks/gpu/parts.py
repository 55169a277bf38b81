"""Carry a folder in pieces of limited size, and put it together again.

python -m benchmarks.gpu.parts split FOLDER PARTS --mb 50      PARTS/0, PARTS/1, …
python -m benchmarks.gpu.parts join FOLDER PART …              in any order, in one go or in several
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

INDEX = "index.json"
MEGABYTE = 1_000_000


def split(folder: Path, parts: Path, limit: int) -> list[Path]:
    """Writes the files of `folder` as parts of at most `limit` bytes, each with an index of its pieces."""
    made: list[Path] = []
    used, rows = limit, list[dict[str, object]]()
    for name, offset, size, content in _pieces(folder, limit // 8):
        if used + len(content) > limit:
            used, rows = 0, []
            made.append(parts / str(len(made)))
            made[-1].mkdir(parents=True)
        (made[-1] / str(len(rows))).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        rows.append({"file": name, "offset": offset, "size": size, "sha256": digest})
        (made[-1] / INDEX).write_text(json.dumps(rows), encoding="utf-8")
        used += len(content)
    return made


def _pieces(folder: Path, most: int) -> Iterator[tuple[str, int, int, bytes]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size, offset = path.stat().st_size, 0
        with path.open("rb") as file:
            while (content := file.read(most)) or offset == 0:
                yield path.relative_to(folder).as_posix(), offset, size, content
                offset += len(content)
                if not content:
                    break


def join(folder: Path, parts: list[Path]) -> None:
    """Puts the pieces of parts where they belong; raises ValueError where one is damaged."""
    for part in parts:
        for number, row in enumerate(json.loads((part / INDEX).read_text(encoding="utf-8"))):
            content = (part / str(number)).read_bytes()
            if hashlib.sha256(content).hexdigest() != row["sha256"]:
                raise ValueError(f"{part}/{number} is damaged")
            path = folder / row["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("r+b" if path.exists() else "wb") as file:
                file.seek(row["offset"])
                file.write(content)


def main(arguments: list[str] | None = None) -> int:
    """Return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.parts", description="Carry a folder.")
    commands = parser.add_subparsers(dest="command", required=True)
    splitting = commands.add_parser("split")
    splitting.add_argument("folder", type=Path)
    splitting.add_argument("parts", type=Path)
    splitting.add_argument("--mb", type=int, default=50, help="of a part; default: %(default)s")
    joining = commands.add_parser("join")
    joining.add_argument("folder", type=Path)
    joining.add_argument("parts", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    if options.command == "join":
        join(options.folder, options.parts)
    else:
        print(*split(options.folder, options.parts, options.mb * MEGABYTE), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
