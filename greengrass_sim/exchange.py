"""The middle of the core: messages along subscriptions to targets, calls by ARN to services.

Everything else plugs in here: a function's workers, the broker, the shadows, the ML connector attach what
takes messages (`attach`), register what answers calls (`register`), and publish what they have to say
(`publish`, `send`). It belongs to the event loop's thread.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from greengrass_sim.invocation import FunctionError, Invocation, Refusal, Reply, Service
from greengrass_sim.limits import QUOTA_EXCEEDED, Limits
from greengrass_sim.receipt import Receipt
from greengrass_sim.router import Router
from greengrass_sim.watch.stream import Watch

NOT_FOUND, BAD_REQUEST, UNAVAILABLE, TOO_LARGE = 404, 400, 503, 413


class NoRoute(Refusal):
    """No subscription leads from the source along the topic."""


class QueueFullPolicy(StrEnum):
    """What becomes of a message when the queue of one of its targets is full; the values are the SDK's."""

    DEFAULT = ""  # as BEST_EFFORT
    BEST_EFFORT = "BestEffort"
    ALL_OR_ERROR = "AllOrError"


@dataclass(frozen=True, slots=True)
class Message:
    """`source` is the ARN of a function or thing, `cloud` or `GGShadowService`.

    `receipt` belongs to the request that the message comes from: who takes the message holds it until done.
    `parent` is the id of the event whose handler published it; `number` is for those who watch.
    """

    source: str
    topic: str
    payload: bytes
    receipt: Receipt | None = None
    parent: str = ""
    number: int = 0


class Target(Protocol):
    """What a subscription may name as its target."""

    def has_room(self, message: Message) -> bool:
        """Whether `deliver` would take the message now."""

    def deliver(self, message: Message) -> None:
        """Takes the message, at once; holds the receipt for as long as the message may still be lost."""


class Exchange:
    """Targets by the name that subscriptions give them, services by ARN."""

    def __init__(self, router: Router, watch: Watch | None = None) -> None:
        self.router = router
        self.watch = watch or Watch()
        self._targets: dict[str, Target] = {}
        self._services: dict[str, Service] = {}
        self._limits: dict[str, Limits] = {}
        self._log = logging.getLogger("router")

    def attach(self, name: str, target: Target, limits: Limits | None = None) -> None:
        """`target` takes what subscriptions bring to `name`, within `limits`; it may have many names."""
        self._targets[name] = target
        if limits is not None:
            self._limits[name] = limits

    def register(self, arn: str, service: Service) -> None:
        """`service` answers the calls of `arn`."""
        self._services[arn] = service

    @property
    def names(self) -> frozenset[str]:
        """All that has been attached."""
        return frozenset(self._targets)

    def publish(self, message: Message, policy: QueueFullPolicy = QueueFullPolicy.DEFAULT) -> None:
        """Brings the message to all targets, each once.

        Raises Refusal: without a subscription, beyond the limits of one target (none gets it), and with
        ALL_OR_ERROR when one has no room (none gets it).
        """
        refusal = self._refusal(message)
        names = () if refusal else self.router.targets(message.source, message.topic)
        targets = {self._targets[name]: name for name in names if name in self._targets}
        if self.watch.active:
            message = self._numbered(message, list(targets.values()), refusal.reason if refusal else None)
        if refusal:
            raise refusal
        if policy is QueueFullPolicy.ALL_OR_ERROR:
            full = [name for target, name in targets.items() if not target.has_room(message)]
            if full:
                self._drop(full[0], message)
                raise Refusal(UNAVAILABLE, f"the queue of {full[0]} is full, nobody got the message")
        for name in targets.values():
            self.hand_over(name, message)

    def hand_over(self, name: str, message: Message) -> None:
        """Gives the message to one target, or drops it where that has no room."""
        target = self._targets[name]
        if self.watch.active and not message.number:
            message = self._numbered(message, [name])
        if not target.has_room(message):
            size, topic = len(message.payload), message.topic
            self._log.warning("Discarding message of %d bytes on %s: %s has no room", size, topic, name)
            self._drop(name, message)
        elif self.watch.active:
            message, receipt = self.watch.followed(message, name)
            target.deliver(message)
            receipt.release()
        else:
            target.deliver(message)

    def _refusal(self, message: Message) -> Refusal | None:
        if reason := self.router.refusal(message.source, message.topic):
            return NoRoute(BAD_REQUEST, reason)
        for name in self.router.targets(message.source, message.topic):
            limits = self._limits.get(name)
            if limits and (breach := limits.of_message(message.topic, len(message.payload))):
                return Refusal(TOO_LARGE if breach.code == QUOTA_EXCEEDED else BAD_REQUEST, breach.reason)
        return None

    def _numbered(self, message: Message, targets: list[str], refused: str | None = None) -> Message:
        rows = self.router.matching(message.source, message.topic)
        return self.watch.numbered(message, [row.id for row in rows], targets, refused)

    def _drop(self, name: str, message: Message) -> None:
        if self.watch.active:
            self.watch.tell("dropped", message=message.number, target=name, reason="its queue is full")

    def send(self, message: Message) -> None:
        """As `publish`, but a message that goes nowhere is only logged."""
        try:
            self.publish(message)
        except NoRoute as refusal:
            self._log.debug("Failed to get routes. Discarding message. %s", refusal.reason)
        except Refusal as refusal:
            self._log.warning("Discarding message of %s: %s", message.source, refusal.reason)

    async def invoke(self, invocation: Invocation) -> Reply:
        """The answer of the function or service; raises Refusal when there is none or its queue is full."""
        service = self._services.get(invocation.arn) or self._only_version(invocation.arn)
        if service is None:
            raise Refusal(NOT_FOUND, f"there is no function or service {invocation.arn} on this core")
        reply = await service.invoke(invocation)
        if reply.error is not FunctionError.NONE and not invocation.wait:
            text = reply.payload.decode(errors="backslashreplace")
            self._log.error("the call of %s by %s failed: %s", invocation.arn, invocation.source, text)
        return reply

    def _only_version(self, arn: str) -> Service | None:
        """The SDK allows ARNs without version; that is clear where the group has one version."""
        versions = [name for name in self._services if name.rpartition(":")[0] == arn]
        return self._services[versions[0]] if len(versions) == 1 else None
