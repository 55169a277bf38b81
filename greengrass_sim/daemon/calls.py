"""Calls by HTTP: a request starts one, another fetches its answer."""

from __future__ import annotations

import asyncio
import uuid

from greengrass_sim.daemon.http import Request, Response
from greengrass_sim.exchange import BAD_REQUEST, NOT_FOUND
from greengrass_sim.invocation import FunctionError, Refusal, Reply
from greengrass_sim.workers.caller import Caller

ID = "x-amz-invocationid"
KINDS = ("RequestResponse", "Event")
KEPT_S = 600.0


class Calls:
    """Answers that nobody has fetched yet are kept for KEPT_S."""

    def __init__(self) -> None:
        self._under_way: dict[str, tuple[str, asyncio.Task[Reply]]] = {}
        self._forgetting: set[asyncio.TimerHandle] = set()

    def close(self) -> None:
        """Forgets them all."""
        for timer in self._forgetting:
            timer.cancel()
        for _, task in self._under_way.values():
            task.cancel()
        self._under_way.clear()

    async def answer(self, client: Caller, arn: str, request: Request) -> Response:
        """Raises Refusal for what is no call, or one that the core does not take."""
        if request.method == "POST":
            return await self._begin(client, arn, request)
        if request.method == "GET":
            return await self._end(client, request.headers.get(ID, ""))
        raise Refusal(405, f"{request.method} is not understood here")

    async def _begin(self, client: Caller, arn: str, request: Request) -> Response:
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in KINDS:
            raise Refusal(BAD_REQUEST, f"X-Amz-Invocation-Type is one of {', '.join(KINDS)}, not {kind!r}")
        context, identity = request.headers.get("x-amz-client-context", ""), str(uuid.uuid4())
        if kind == "Event":
            await client.call(arn, request.body, context, False)
            return Response(202, headers={ID: identity})
        task = asyncio.get_running_loop().create_task(client.call(arn, request.body, context, True))
        await asyncio.sleep(0)  # now it is under way, or refused
        if task.done():
            task.result()
        self._under_way[identity] = (client.arn, task)
        self._forgetting.add(asyncio.get_running_loop().call_later(KEPT_S, self._forget, identity))
        return Response(headers={ID: identity})

    async def _end(self, client: Caller, identity: str) -> Response:
        source, task = self._under_way.get(identity, ("", None))
        if task is None or source != client.arn:
            raise Refusal(NOT_FOUND, f"no call {identity!r} is under way")
        reply = await asyncio.shield(task)
        self._under_way.pop(identity, None)
        error = {} if reply.error is FunctionError.NONE else {"x-amz-function-error": str(reply.error)}
        return Response(200, reply.payload, {ID: identity, **error})

    def _forget(self, identity: str) -> None:
        _, task = self._under_way.pop(identity, ("", None))
        if task is not None:
            task.cancel()
