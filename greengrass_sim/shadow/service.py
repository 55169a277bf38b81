"""`GGShadowService`: the shadows of things, for handlers by the SDK and for devices by topics."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from greengrass_sim.invocation import FunctionError, Invocation, Reply
from greengrass_sim.receipt import Receipt
from greengrass_sim.shadow.errors import ShadowRejected
from greengrass_sim.shadow.limits import ShadowLimits, Throttle
from greengrass_sim.shadow.names import ShadowName, check_name, parse_topic
from greengrass_sim.shadow.operations import Outcome, ShadowOperations
from greengrass_sim.shadow.store import ShadowStore

ARN = "arn:aws:lambda:::function:GGShadowService"
FILE = "shadows.sqlite3"

# Called with topic, payload and the receipt of the request, in the event loop's thread.
Publish = Callable[[str, bytes, Receipt | None], None]


class ShadowService:
    """Answers requests in their order, after it has published what they lead to.

    The database belongs to a thread, so that the loop never waits for the disk. Raises StateError when the
    file cannot be used.
    """

    def __init__(self, path: Path, publish: Publish, limits: ShadowLimits | None = None) -> None:
        limits = limits or ShadowLimits()
        self._publish = publish
        self._log = logging.getLogger("shadow")
        self._throttle = Throttle(limits, time.monotonic)
        self._thread = ThreadPoolExecutor(1, "shadow")
        try:
            self._store = self._thread.submit(ShadowStore, path).result()
        except BaseException:
            self._thread.shutdown()
            raise
        self._operations = ShadowOperations(self._store, limits.max_bytes)
        self._closed = False

    async def invoke(self, invocation: Invocation) -> Reply:
        """The answer to the request whose topic is the subject; a rejection is an answer too."""
        subject = str(invocation.custom.get("subject", ""))
        parsed = parse_topic(subject)
        if parsed is None:
            self._log.warning(
                "%s asks the shadow service on %r, no topic of a request", invocation.source, subject
            )
            return _unhandled(f"{subject!r} is no topic of a shadow request")
        shadow, operation = parsed
        outcome = await self._answer(shadow, operation, invocation.payload)
        if "code" in outcome.answer and "message" in outcome.answer:
            self._log.info(
                "%s of the shadow of %s rejected: %s", operation, shadow.thing, outcome.answer["message"]
            )
        for suffix, body in outcome.events:
            self._publish(shadow.topic(suffix), _bytes(body), invocation.receipt)
        return Reply(_bytes(outcome.answer))

    def close(self) -> None:
        """Finishes what was begun and closes the file; may be called again."""
        if not self._closed:
            self._closed = True
            self._thread.submit(self._store.close).result()
            self._thread.shutdown()

    async def _answer(self, shadow: ShadowName, operation: str, payload: bytes) -> Outcome:
        loop = asyncio.get_running_loop()
        try:
            check_name(shadow)
            with self._throttle.request(shadow.thing):
                return await loop.run_in_executor(
                    self._thread, self._operations.run, shadow, operation, payload
                )
        except ShadowRejected as error:
            return self._operations.rejection(error, operation)
        except Exception:  # noqa: BLE001 - the caller waits for an answer, whatever happened
            self._log.exception("%s of the shadow of %s failed", operation, shadow.thing)
            return self._operations.rejection(ShadowRejected(500, "Internal service failure"), operation)


def _unhandled(message: str) -> Reply:
    return Reply(_bytes({"errorMessage": message}), FunctionError.UNHANDLED)


def _bytes(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
