"""The events that belong to messages of some topics."""

from __future__ import annotations

from greengrass_sim.errors import UsageError
from greengrass_sim.topics import filter_problem, matches
from greengrass_sim.watch.stream import Event


class Selection:
    """Everything, or what begins with a message under `topic_filter`; raises UsageError for no filter."""

    def __init__(self, topic_filter: str | None) -> None:
        if topic_filter is not None and (problem := filter_problem(topic_filter)):
            raise UsageError(f"{topic_filter!r} is no topic filter: {problem}")
        self._filter = topic_filter
        self._messages: set[int] = set()
        self._works: set[str] = set()

    def topic(self, topic: str) -> bool:
        """Whether messages of `topic` are wanted."""
        return self._filter is None or matches(self._filter, topic)

    def event(self, event: Event) -> bool:
        """Whether the event belongs to a wanted message, which it follows from there."""
        if self._filter is None:
            return True
        match event["event"]:
            case "message":
                if self.topic(event["topic"]):
                    self._messages.add(event["number"])
                return event["number"] in self._messages
            case "queued":
                if event.get("message") in self._messages:
                    self._works.add(event["work"])
                return event["work"] in self._works
            case "started" | "finished":
                return event["work"] in self._works
            case "done" | "dropped":
                return event["message"] in self._messages
        return False
