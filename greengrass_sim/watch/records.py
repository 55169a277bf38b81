"""The log of the core, kept for a while, and told to those who watch."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from greengrass_sim.watch.stream import Event, Watch

KEPT = 1000


class RecordBuffer(logging.Handler):
    """Holds the latest records as events; a handler may log from any thread."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._latest: deque[Event] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        details = {
            "at": record.created,
            "level": record.levelname,
            "name": record.name,
            "place": getattr(record, "place", None),
            "text": self.format(record),
        }
        self._latest.append({"event": "log", **details})
        if self._watch.active and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, details)

    def latest(self, count: int) -> list[Event]:
        """The last `count` records, the oldest first."""
        return list(self._latest)[-count:] if count else []

    def _tell(self, details: dict[str, Any]) -> None:
        self._watch.tell("log", **details)
