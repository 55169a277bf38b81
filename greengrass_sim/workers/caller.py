"""What a function's process asks of the core: to publish, and to call functions and services."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from greengrass_sim.exchange import BAD_REQUEST, Exchange, Message, QueueFullPolicy
from greengrass_sim.invocation import Invocation, Refusal, Reply
from greengrass_sim.runtime.link import ROUTER_ARN
from greengrass_sim.workers.work import Work


class Caller:
    """Asks in the name of the function `arn`; `current` gives the event being handled, if there is one.

    What is published over an event is tied to its receipt, and not published again by a second attempt.
    """

    def __init__(self, arn: str, exchange: Exchange, current: Callable[[], Work | None]) -> None:
        self.arn = arn
        self._exchange = exchange
        self.current = current
        self._log = logging.getLogger("router")
        self.waits_for: list[str] = []  # the ARNs whose answers are being waited for

    @property
    def outside(self) -> Caller:
        """The same function, between events."""
        return Caller(self.arn, self._exchange, lambda: None)

    def publish(self, topic: str, payload: bytes, policy: QueueFullPolicy = QueueFullPolicy.DEFAULT) -> None:
        """Raises Refusal without a subscription, or when a queue is full and the policy says so."""
        work = self.current()
        if work is not None and work.is_repetition(topic, payload):
            return
        receipt, parent = (work.receipt, work.id) if work else (None, "")
        message = Message(self.arn, topic, payload, receipt, parent)
        try:
            self._exchange.publish(message, policy)
        except Refusal as refusal:
            if work is not None:
                work.published.pop()
            self._log.warning("publish to %r refused: %s", topic, refusal.reason)
            raise

    async def call(self, arn: str, payload: bytes, context: str, wait: bool) -> Reply:
        """`context` is the client context in base64. Raises Refusal when there is nothing to call."""
        invocation = replace(_parsed(context), arn=arn, payload=payload, source=self.arn, wait=wait)
        if arn == ROUTER_ARN:
            self.publish(str(invocation.custom.get("subject", "")), payload, _policy(invocation))
            return Reply()
        work = self.current()
        if not wait:
            return await self._exchange.invoke(replace(invocation, receipt=work.receipt if work else None))
        self.waits_for.append(arn)
        try:
            return await self._exchange.invoke(invocation)
        finally:
            self.waits_for.remove(arn)


def _policy(invocation: Invocation) -> QueueFullPolicy:
    name = invocation.custom.get("queueFullPolicy", "")
    try:
        return QueueFullPolicy(name)
    except ValueError:
        raise Refusal(BAD_REQUEST, f"the queueFullPolicy {name!r} is unknown") from None


def _parsed(context: str) -> Invocation:
    """An invocation with what the client context holds, `{"client": ..., "custom": {...}, "env": ...}`."""
    if not context:
        return Invocation("", b"", "")
    try:
        parts: Any = json.loads(base64.b64decode(context))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, dict) or not isinstance(parts.get("custom") or {}, dict):
        raise Refusal(BAD_REQUEST, "the client context is no JSON object in base64")
    custom = parts.get("custom") or {}
    return Invocation("", b"", "", custom, client=parts.get("client"), env=parts.get("env"))
