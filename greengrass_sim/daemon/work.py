"""Events by HTTP, for programs that fetch them: a request waits for one, another posts how it ended."""

from __future__ import annotations

import base64
import json
from typing import Any

from greengrass_sim.daemon.http import CONTEXT, ERROR, ID, Request, Response
from greengrass_sim.exchange import BAD_REQUEST, NOT_FOUND
from greengrass_sim.invocation import FunctionError, Refusal
from greengrass_sim.workers.guest import Events, Guest

WORK, INITIALIZED = "work", "initialized"
FORBIDDEN = 403


async def answer(guest: Guest, arn: str, action: str, request: Request) -> Response:
    """What `.../functions/ARN/work` and `.../initialized` answer; Refusal for what they do not take."""
    if arn != guest.caller.arn:
        raise Refusal(FORBIDDEN, f"the header Authorization holds a token of {guest.caller.arn}")
    if guest.events is None:
        raise Refusal(BAD_REQUEST, "the worker of this function gets its events another way")
    match request.method, action:
        case "GET", "work":
            return await _next(guest.events)
        case "POST", "work":
            return _end(guest.events, request)
        case "PUT", "initialized":
            return _begin(guest.events, request)
    raise Refusal(405, f"{request.method} is not understood here")


async def _next(events: Events) -> Response:
    frame = await events.first()
    headers = {ID: frame.header["id"]}
    if frame.header["context"] is not None:
        client, custom, env = frame.header["context"]
        parts = {"client": client, "custom": custom, "env": env}
        headers[CONTEXT] = base64.b64encode(json.dumps(parts).encode()).decode()
    return Response(200, frame.payload, headers)


def _end(events: Events, request: Request) -> Response:
    identity, kind = request.headers.get(ID, ""), request.headers.get(ERROR, "")
    error = _error(kind, request.body) if kind else None
    if not events.finished(identity, b"" if error else request.body, error):
        raise Refusal(NOT_FOUND, f"{identity!r} is not the event that this worker has to handle now")
    return Response()


def _begin(events: Events, request: Request) -> Response:
    """The body is `{"Success": true}`, or with false a `Response` that says why not."""
    body = _object(request.body)
    if not isinstance(body.get("Success"), bool):
        raise Refusal(BAD_REQUEST, 'the body must look like {"Success": true, "Response": ""}')
    events.initialized(None if body["Success"] else str(body.get("Response") or "it does not say why"))
    return Response()


def _error(kind: str, body: bytes) -> dict[str, str]:
    """As in a RESULT frame; `body` is `{"errorMessage": ...}`, with what else AWS Lambda has in there."""
    given = _object(body)
    text = str(given.get("errorMessage") or body.decode(errors="backslashreplace"))
    if kind == FunctionError.UNHANDLED:
        return {"error": text}
    name, trace = str(given.get("errorType") or "Error"), given.get("stackTrace") or []
    lines = trace if isinstance(trace, list) else str(trace).splitlines()
    return {"error": f"{name}: {text}", "type": name, "trace": "\n".join(map(str, lines))}


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
