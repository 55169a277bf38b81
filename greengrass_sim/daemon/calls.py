"""Calls by HTTP: a request starts one, another fetches its answer."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

from greengrass_sim.daemon.http import CONTEXT, ERROR, ID, Request, Response
from greengrass_sim.exchange import BAD_REQUEST, NOT_FOUND
from greengrass_sim.invocation import FunctionError, Refusal, Reply
from greengrass_sim.workers.caller import Caller

KINDS = ("RequestResponse", "Event")
KEPT_S = 600.0


@dataclass(frozen=True)
class _Call:
    """`timer` forgets it."""

    caller: Caller
    task: asyncio.Task[Reply]
    timer: asyncio.TimerHandle

    def cancel(self) -> None:
        self.timer.cancel()
        self.task.cancel()


class Calls:
    """Answers that nobody has fetched yet are kept for KEPT_S, at most until their caller has gone."""

    def __init__(self) -> None:
        self._under_way: dict[str, _Call] = {}

    def forget(self, caller: Caller | None = None) -> None:
        """Nobody waits any more for what `caller`, or anybody, has called."""
        for identity, call in list(self._under_way.items()):
            if caller is None or call.caller is caller:
                call.cancel()
                del self._under_way[identity]

    async def answer(self, caller: Caller, arn: str, request: Request) -> Response:
        """Raises Refusal for what is no call, or one that the core does not take."""
        if request.method == "POST":
            return await self._begin(caller, arn, request)
        if request.method == "GET":
            return await self._end(caller, request.headers.get(ID, ""))
        raise Refusal(405, f"{request.method} is not understood here")

    async def _begin(self, caller: Caller, arn: str, request: Request) -> Response:
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in KINDS:
            raise Refusal(BAD_REQUEST, f"X-Amz-Invocation-Type is one of {', '.join(KINDS)}, not {kind!r}")
        context, identity = request.headers.get(CONTEXT, ""), str(uuid.uuid4())
        if kind == "Event":
            await caller.call(arn, request.body, context, False)
            return Response(202, headers={ID: identity})
        loop = asyncio.get_running_loop()
        task = loop.create_task(caller.call(arn, request.body, context, True))
        await asyncio.sleep(0)  # now it is under way, or refused
        if task.done():
            task.result()
        self._under_way[identity] = _Call(caller, task, loop.call_later(KEPT_S, self._expire, identity))
        return Response(headers={ID: identity})

    async def _end(self, caller: Caller, identity: str) -> Response:
        call = self._under_way.get(identity)
        if call is None or call.caller is not caller:
            raise Refusal(NOT_FOUND, f"no call {identity!r} is under way")
        reply = await asyncio.shield(call.task)
        call.timer.cancel()
        self._under_way.pop(identity, None)
        error = {} if reply.error is FunctionError.NONE else {ERROR: str(reply.error)}
        return Response(200, reply.payload, {ID: identity, **error})

    def _expire(self, identity: str) -> None:
        if call := self._under_way.pop(identity, None):
            call.cancel()
