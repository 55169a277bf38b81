"""Which targets a message reaches: only those that a subscription (source, topic filter, target) names.

Pure and synchronous: no transport, no clock, no input or output. A message fans out to every target that
matches, once each, however many subscriptions lead there.
"""

from __future__ import annotations

from collections.abc import Iterable

from greengrass_sim.group import Subscription
from greengrass_sim.topics import matches, name_problem

CACHED_TOPICS = 4096


class Router:
    """The subscription table of a group; `targets` is remembered for the topics seen last."""

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self.subscriptions = tuple(subscriptions)
        self._from: dict[str, list[Subscription]] = {}
        for row in self.subscriptions:
            self._from.setdefault(row.source, []).append(row)
        self._remembered: dict[tuple[str, str], tuple[str, ...]] = {}

    def targets(self, source: str, topic: str) -> tuple[str, ...]:
        """Where a message from `source` goes, in the order of the subscriptions; empty when it is dropped."""
        key = (source, topic)
        known = self._remembered.get(key)
        if known is None:
            if len(self._remembered) >= CACHED_TOPICS:
                self._remembered.clear()
            known = self._remembered[key] = tuple(
                dict.fromkeys(row.target for row in self.matching(source, topic))
            )
        return known

    def matching(self, source: str, topic: str) -> list[Subscription]:
        """The subscriptions along which a message from `source` travels."""
        return [row for row in self._from.get(source, []) if matches(row.subject, topic)]

    def refusal(self, source: str, topic: str) -> str | None:
        """Why a message from `source` is not delivered, or None when it is."""
        if problem := name_problem(topic):
            return f"{topic!r} is no topic to publish to: {problem}"
        if self.targets(source, topic):
            return None
        return f"No subscription exists for the source {source} and subject {topic}"

    def filters(self, source: str, target: str) -> list[str]:
        """The topic filters of the subscriptions from `source` to `target`."""
        return [row.subject for row in self._from.get(source, []) if row.target == target]
