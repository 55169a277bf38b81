"""A shadow document, and what an update makes of it: pure functions, nothing is changed in place.

An update is merged deeply: objects key by key, everything else (arrays too) whole; null deletes a key. The
metadata is a tree like the state's with the time of the last change, in seconds, in place of each value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]

SECTIONS = ("desired", "reported")


@dataclass(frozen=True)
class Section:
    """`desired` or `reported`: the state, and the metadata in the same tree."""

    state: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)

    def merge(self, patch: Mapping[str, Any], now: int) -> Section:
        """The section after an update that changes what `patch` names."""
        state, metadata = dict(self.state), dict(self.metadata)
        for key, value in patch.items():
            if value is None:
                state.pop(key, None)
                metadata.pop(key, None)
            elif isinstance(value, dict):
                inner = self._inner(key).merge(value, now)
                state[key], metadata[key] = inner.state, inner.metadata
            else:
                state[key], metadata[key] = value, stamp(value, now)
        return Section(state, metadata)

    def _inner(self, key: str) -> Section:
        state = self.state.get(key)
        return Section(state, self.metadata[key]) if isinstance(state, dict) else Section()


@dataclass(frozen=True)
class Document:
    """Both sections and the version, which is 0 before the first update."""

    desired: Section = field(default_factory=Section)
    reported: Section = field(default_factory=Section)
    version: int = 0

    def update(self, state: Mapping[str, Any] | None, now: int) -> Document:
        """The next version; a section given as null is emptied, and so are both where `state` is null."""
        changes = dict.fromkeys(SECTIONS) if state is None else state
        sections = {
            name: Section() if changes[name] is None else getattr(self, name).merge(changes[name], now)
            for name in SECTIONS
            if name in changes
        }
        return replace(self, **sections, version=self.version + 1)

    @property
    def delta(self) -> tuple[Json, Json] | None:
        """The state and metadata of all that is desired and not reported so; None where there is nothing."""
        state = difference(self.desired.state, self.reported.state)
        return (state, pick(self.desired.metadata, state)) if state else None

    @property
    def state(self) -> Json:
        """The sections that hold something."""
        return {name: getattr(self, name).state for name in SECTIONS if getattr(self, name).state}

    @property
    def metadata(self) -> Json:
        """The metadata of the sections that hold something."""
        return {name: getattr(self, name).metadata for name in SECTIONS if getattr(self, name).state}


def stamp(value: Any, now: int) -> Any:
    """The metadata of a value that was set at `now`; an array has that of each element."""
    if isinstance(value, dict):
        return {key: stamp(inner, now) for key, inner in value.items()}
    if isinstance(value, list):
        return [stamp(inner, now) for inner in value]
    return {"timestamp": now}


def difference(desired: Json, reported: Json) -> Json:
    """What of `desired` is missing from `reported` or different there: merged into it, all is as desired."""
    delta: Json = {}
    for key, wanted in desired.items():
        if key not in reported:
            delta[key] = wanted
            continue
        found = reported[key]
        if isinstance(wanted, dict) and isinstance(found, dict):
            if inner := difference(wanted, found):
                delta[key] = inner
        elif not _equal(wanted, found):
            delta[key] = wanted
    return delta


def pick(metadata: Json, state: Json) -> Json:
    """The part of `metadata` that belongs to `state`, a part of the state that it describes."""
    return {
        key: pick(metadata[key], value) if isinstance(value, dict) else metadata[key]
        for key, value in state.items()
    }


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1, but 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    return bool(one == other)
