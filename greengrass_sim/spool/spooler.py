"""The queue before the broker: bounded, in order, and on disk where that is wanted."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from greengrass_sim.errors import StateError
from greengrass_sim.receipt import Receipt
from greengrass_sim.spool.entry import Entry
from greengrass_sim.spool.file import SpoolFile

DEFAULT_BYTES = 2_621_440  # as on a core
WRITE_S = 0.01
REPORT_S = 1.0

# Publishes topic and payload with QoS 1, and releases the receipt when the broker has confirmed it.
Send = Callable[[str, bytes, Receipt], None]


@dataclass(frozen=True)
class SpoolOptions:
    """`in_flight` messages wait for their confirmation, and `bytes` before them; `name` is for the log."""

    name: str
    in_flight: int
    bytes: int = DEFAULT_BYTES


class Spooler:
    """Takes every message, and drops the oldest ones when they are more than `options.bytes`.

    What a request still waits for (it has a receipt) is neither counted nor dropped: the broker holds the
    request, and sends no more of them until this one is answered. With a file, a request waits no longer than
    until the message is there; a message that is confirmed within WRITE_S is never written.
    """

    def __init__(self, options: SpoolOptions, send: Send, file: SpoolFile | None = None) -> None:
        self._options = options
        self._send = send
        self._file = file
        self._log = logging.getLogger(f"spool.{options.name}")
        self._waiting: deque[Entry] = deque(file.load() if file else ())
        self._next = self._waiting[-1].number + 1 if self._waiting else 1
        self._bytes = sum(one.size for one in self._waiting)  # of those that may be dropped
        self._in_flight = 0
        self._unwritten: dict[int, Entry] = {}
        self._gone: list[int] = []
        self._writing: asyncio.TimerHandle | None = None
        self._dropped = 0
        self._reporting: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Sends what an earlier process has left."""
        if self._waiting:
            self._log.info("%d messages are left from the last time", len(self._waiting))
        self._make_room()
        self._advance()

    def put(self, topic: str, payload: bytes, receipt: Receipt | None = None) -> None:
        """Queues a message, and holds the receipt until the message cannot be lost any more."""
        entry = Entry(self._next, topic, payload, receipt.hold() if receipt else None)
        self._next += 1
        self._waiting.append(entry)
        if receipt is None:
            self._bytes += entry.size
        self._advance()
        if self._file is not None:
            self._unwritten[entry.number] = entry
            self._write_soon()
        self._make_room()

    @property
    def waiting(self) -> int:
        """How many messages the broker has not confirmed."""
        return len(self._waiting) + self._in_flight

    def close(self) -> None:
        """Writes what has to be kept; what waits in memory alone is lost."""
        for timer in (self._writing, self._reporting):
            if timer is not None:
                timer.cancel()
        self._report()
        if self._file is None:
            if self._waiting:
                self._log.warning("%d messages were not sent", len(self._waiting))
            return
        self._write()
        self._file.close()
        self._file = None

    def _advance(self) -> None:
        while self._waiting and self._in_flight < self._options.in_flight:
            entry = self._waiting.popleft()
            if entry.receipt is None:
                self._bytes -= entry.size
            entry.sent = True
            self._in_flight += 1
            receipt = Receipt(partial(self._confirmed, entry))
            self._send(entry.topic, entry.payload, receipt)
            receipt.release()

    def _confirmed(self, entry: Entry) -> None:
        self._in_flight -= 1
        self._forget(entry)
        self._advance()

    def _forget(self, entry: Entry) -> None:
        """The message needs no care any more."""
        if entry.receipt is not None:
            entry.receipt.release()
            entry.receipt = None
        self._unwritten.pop(entry.number, None)
        if entry.written and self._file is not None:
            self._gone.append(entry.number)
            self._write_soon()

    def _make_room(self) -> None:
        while self._bytes > self._options.bytes:
            entry = next(one for one in self._waiting if one.receipt is None)
            self._waiting.remove(entry)
            self._bytes -= entry.size
            self._forget(entry)
            self._dropped += 1
        if self._dropped and self._reporting is None:
            self._reporting = asyncio.get_running_loop().call_later(REPORT_S, self._report)

    def _report(self) -> None:
        """One line for many: this happens to hundreds of messages at once."""
        self._reporting = None
        if self._dropped:
            text = "dropped the %d oldest messages: more than %d bytes wait"
            self._log.warning(text, self._dropped, self._options.bytes)
            self._dropped = 0

    def _write_soon(self) -> None:
        if self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(WRITE_S, self._write)

    def _write(self) -> None:
        self._writing = None
        if self._file is None:
            return
        try:
            self._file.write(self._unwritten.values(), self._gone)
        except StateError as error:  # they stay in memory, and their requests with the broker
            self._log.error("%s; %d messages are in memory alone", error, len(self._unwritten))
            return
        written, self._unwritten, self._gone = self._unwritten, {}, []
        for entry in written.values():
            self._is_written(entry)
        self._make_room()

    def _is_written(self, entry: Entry) -> None:
        entry.written = True
        if entry.receipt is None:
            return
        entry.receipt.release()
        entry.receipt = None
        if not entry.sent:
            self._bytes += entry.size
