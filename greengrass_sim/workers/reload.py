"""Noticing that the code of a function has changed on disk."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

EVERY_S = 0.5
_SOURCES = (".py", ".js", ".mjs", ".cjs")  # programs of other languages have no suffix
_INSTALLED = {"__pycache__", "node_modules"}

Signature = dict[str, tuple[int, int]]


def signature(folder: Path) -> Signature:
    """Time of change and size of every module and every program below `folder`, by path."""
    found: Signature = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _INSTALLED]
        for name in files:
            if name.endswith(_SOURCES) or "." not in name:
                path = os.path.join(parent, name)  # noqa: PTH118 - a Path each would take as long as the rest
                try:
                    status = os.stat(path)  # noqa: PTH116 - likewise
                except OSError:
                    continue
                if "." in name or status.st_mode & stat.S_IXUSR:
                    found[path] = (status.st_mtime_ns, status.st_size)
    return found


class CodeWatch:
    """Looks at the folders of functions, given by ARN, and calls `changed` with the ARN."""

    def __init__(self, folders: Mapping[str, str], changed: Callable[[str], None]) -> None:
        self._folders = {arn: Path(folder) for arn, folder in folders.items()}
        self._changed = changed
        self._log = logging.getLogger("reload")
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it knows how the folders look now."""
        seen = await asyncio.to_thread(self._look)
        self._task = asyncio.get_running_loop().create_task(self._keep_looking(seen))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _keep_looking(self, seen: dict[str, Signature]) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            now = await asyncio.to_thread(self._look)
            for arn, files in now.items():
                if files != seen[arn]:
                    self._tell(arn, seen[arn], files)
            seen = now

    def _tell(self, arn: str, before: Signature, after: Signature) -> None:
        names = sorted({path for path, _ in before.items() ^ after.items()})
        self._log.info("%s changed: the workers of %s are restarted", ", ".join(names), arn)
        self._changed(arn)

    def _look(self) -> dict[str, Signature]:
        return {arn: signature(folder) for arn, folder in self._folders.items()}
