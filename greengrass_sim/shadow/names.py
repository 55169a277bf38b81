"""The topics of shadows: `$aws/things/THING/shadow[/name/NAME]/OPERATION`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from greengrass_sim.shadow.errors import ShadowRejected

OPERATIONS = frozenset({"get", "update", "delete"})
_NAME = re.compile(r"[a-zA-Z0-9:_-]+")
_LONGEST = {"ThingName": 128, "ShadowName": 64}


@dataclass(frozen=True)
class ShadowName:
    """A shadow of a thing; `name` is empty for the classic one."""

    thing: str
    name: str = ""

    def topic(self, suffix: str) -> str:
        """The topic of an operation or event, such as `update/delta`."""
        named = f"/name/{self.name}" if self.name else ""
        return f"$aws/things/{self.thing}/shadow{named}/{suffix}"


def parse_topic(topic: str) -> tuple[ShadowName, str] | None:
    """The shadow and the operation that a request topic names; None for every other topic."""
    match topic.split("/"):
        case ["$aws", "things", thing, "shadow", operation] if operation in OPERATIONS:
            return ShadowName(thing), operation
        case ["$aws", "things", thing, "shadow", "name", name, operation] if operation in OPERATIONS and name:
            return ShadowName(thing, name), operation
    return None


def check_name(shadow: ShadowName) -> None:
    """Raises ShadowRejected where a name is too long or has characters that no name has."""
    _check("ThingName", shadow.thing)
    if shadow.name:
        _check("ShadowName", shadow.name)


def _check(kind: str, name: str) -> None:
    if not name:
        raise ShadowRejected(400, f"{kind} is missing")
    if len(name) > _LONGEST[kind]:
        raise ShadowRejected(400, f"{kind} has a maximum length of {_LONGEST[kind]}")
    if not _NAME.fullmatch(name):
        raise ShadowRejected(400, f"{kind} must match pattern {_NAME.pattern}")
