"""A worker's process as the local daemon knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from greengrass_sim.runtime.ipc import Frame
from greengrass_sim.workers.caller import Caller


class Events(Protocol):
    """The events of a program that fetches them by HTTP."""

    async def first(self) -> Frame:
        """The INVOKE frame of the event to handle now; waits for one. Asking again gives the same."""

    def finished(self, identity: str, payload: bytes, error: Mapping[str, str] | None) -> bool:
        """How the event ended (`error` as in a RESULT frame); False when it is not the one to handle now."""

    def initialized(self, error: str | None) -> None:
        """The program is ready for events, or says why it will never be."""


@dataclass(frozen=True, eq=False)
class Guest:
    """In whose name the process asks, and the events that it fetches; None where they come another way."""

    caller: Caller
    events: Events | None = None


class Door(Protocol):
    """The local daemon, by which processes come to the core."""

    def admit(self, guest: Guest) -> Mapping[str, str]:
        """The environment variables that a process needs to be known as `guest`."""

    def dismiss(self, guest: Guest) -> None:
        """The process has ended: its token opens nothing any more, nobody waits for its calls."""
