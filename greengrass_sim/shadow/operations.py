"""Get, update and delete of one shadow: the store before and after, and what is to be told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from greengrass_sim.shadow import messages
from greengrass_sim.shadow.document import Document, Json
from greengrass_sim.shadow.errors import ShadowRejected, not_found, too_large
from greengrass_sim.shadow.names import ShadowName
from greengrass_sim.shadow.request import client_token, parse_update, read_body
from greengrass_sim.shadow.store import ShadowStore


@dataclass(frozen=True)
class Outcome:
    """The answer to the caller, and the messages to publish: topic suffix and body, in their order."""

    answer: Json
    events: tuple[tuple[str, Json], ...]


class ShadowOperations:
    """Each method is one transaction; `clock` gives seconds since 1970."""

    def __init__(self, store: ShadowStore, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._clock = clock
        self._operations = {"get": self._get, "update": self._update, "delete": self._delete}

    def run(self, shadow: ShadowName, operation: str, payload: bytes) -> Outcome:
        """Does what is asked for, or rejects it; a rejection changes nothing."""
        token: str | None = None
        try:
            if operation == "update" and not payload:
                raise ShadowRejected(400, "Missing update payload")
            body = read_body(payload) if payload.strip() else {}
            token = client_token(body)
            with self._store.transaction():
                outcome = self._operations[operation](shadow, body)
        except ShadowRejected as error:
            return self.rejection(error, operation, token)
        return _with_token(outcome, token)

    def rejection(self, error: ShadowRejected, operation: str, token: str | None = None) -> Outcome:
        """The outcome of a request that is refused."""
        answer = messages.rejected(error, int(self._clock()))
        return _with_token(Outcome(answer, ((f"{operation}/rejected", answer),)), token)

    def _get(self, shadow: ShadowName, _: Json) -> Outcome:
        answer = messages.got(self._existing(shadow), int(self._clock()))
        return Outcome(answer, (("get/accepted", answer),))

    def _update(self, shadow: ShadowName, body: Json) -> Outcome:
        request, now = parse_update(body), int(self._clock())
        before = self._store.get(shadow)
        start = before or Document(version=self._store.latest_version(shadow))
        request.check_version(start)
        after = start.update(request.state, now)
        if sum(_size(part) for part in after.state.values()) > self._max_bytes:
            raise too_large()
        self._store.put(shadow, after)
        answer = messages.updated(request.state, after, now)
        delta = messages.delta(after, now)
        return Outcome(
            answer,
            (
                *([("update/delta", delta)] if delta else []),
                ("update/documents", messages.documents(before, after, now)),
                ("update/accepted", answer),
            ),
        )

    def _delete(self, shadow: ShadowName, _: Json) -> Outcome:
        answer = messages.deleted(self._existing(shadow).version, int(self._clock()))
        self._store.delete(shadow)
        return Outcome(answer, (("delete/accepted", answer),))

    def _existing(self, shadow: ShadowName) -> Document:
        document = self._store.get(shadow)
        if document is None:
            raise not_found(shadow.name)
        return document


def _with_token(outcome: Outcome, token: str | None) -> Outcome:
    if token is None:
        return outcome
    added = {"clientToken": token}
    return Outcome(
        {**outcome.answer, **added}, tuple((suffix, {**body, **added}) for suffix, body in outcome.events)
    )


def _size(section: Json) -> int:
    return len(json.dumps(section, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass"))
