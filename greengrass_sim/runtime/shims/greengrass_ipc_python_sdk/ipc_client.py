"""Calls by ARN: over the worker's own link where there is one, else over HTTP to the core's daemon."""

from __future__ import annotations

import json
import logging
from collections import namedtuple
from typing import Any

from greengrass_common.env_vars import AUTH_TOKEN, GG_DAEMON_PORT

_API = "/2016-11-01/functions/"
_ID = "X-Amz-InvocationId"
_ERROR = "X-Amz-Function-Error"
_CONTEXT = "X-Amz-Client-Context"

WorkItem = namedtuple("WorkItem", ["invocation_id", "payload", "client_context"])
GetWorkResultOutput = namedtuple("GetWorkResultOutput", ["payload", "func_err"])


class IPCException(Exception):
    """The core refused the request, or does not answer."""


class InitializationResult(namedtuple("InitializationResult", ["function_error"])):
    """Whether a function could be initialised; `str()` gives the JSON that the daemon takes."""

    __slots__ = ()

    def __str__(self) -> str:
        error = self.function_error
        text = f'{type(error).__name__}("{error}")' if isinstance(error, Exception) else str(error or "")
        return json.dumps({"Success": not error, "Response": text}, ensure_ascii=False)


class IPCClient:
    """Posts calls and fetches results; a runtime also fetches its events and posts what became of them."""

    _GG_DAEMON_PORT = GG_DAEMON_PORT

    @staticmethod
    def set_gg_daemon_port(port: Any) -> None:
        IPCClient._GG_DAEMON_PORT = port

    def __init__(self, endpoint: str = "localhost", port: Any = None) -> None:
        self.endpoint = endpoint
        self.auth_token = AUTH_TOKEN

    @property
    def port(self) -> int:
        return int(IPCClient._GG_DAEMON_PORT or 8000)

    def post_work(
        self, function_arn: str, payload: Any, client_context: Any, invocation_type: str = "RequestResponse"
    ) -> str:
        """Calls the function or service; gives the id for `get_work_result`."""
        context = client_context.decode() if isinstance(client_context, bytes) else client_context
        link = _own_link()
        if link is None:
            headers = {_CONTEXT: context, "X-Amz-Invocation-Type": invocation_type}
            return str(self._request("POST", function_arn, headers, _as_bytes(payload))[0][_ID])
        return _post_over(
            link, function_arn, _as_bytes(payload), context, invocation_type == "RequestResponse"
        )

    def get_work_result(self, function_arn: str, invocation_id: str) -> Any:
        """Waits for the answer: its payload, and "Handled" or "Unhandled" where it is an error."""
        link = _own_link()
        if link is not None:
            error, payload = _answer(link, int(invocation_id))
            return GetWorkResultOutput(payload=payload, func_err=error)
        headers, payload = self._request("GET", function_arn, {_ID: invocation_id})
        return GetWorkResultOutput(payload=payload, func_err=headers.get(_ERROR) or "")

    def get_work(self, function_arn: str) -> Any:
        """Waits for the next event of this process's own function."""
        headers, payload = self._request("GET", function_arn + "/work", {})
        return WorkItem(headers[_ID], payload, headers.get(_CONTEXT))

    def post_work_result(self, function_arn: str, work_item: Any) -> None:
        headers = {_ID: work_item.invocation_id}
        self._request("POST", function_arn + "/work", headers, _as_bytes(work_item.payload))

    def post_handler_err(self, function_arn: str, invocation_id: str, handler_err: str) -> None:
        body = json.dumps({"errorMessage": handler_err}).encode()
        self._request("POST", function_arn + "/work", {_ID: invocation_id, _ERROR: "Handled"}, body)

    def put_initialization_result(self, function_arn: str, func_error: Any) -> None:
        body = str(InitializationResult(func_error)).encode()
        self._request("PUT", function_arn + "/initialized", {}, body)

    def _request(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[Any, bytes]:
        """The answer's headers and body; IPCException with the text that callers of the SDK know."""
        from urllib.error import HTTPError, URLError
        from urllib.request import ProxyHandler, Request, build_opener

        url = f"http://{self.endpoint}:{self.port}{_API}{path}"
        request = Request(url, body if method != "GET" else None, headers, method=method)
        request.add_header("Authorization", self.auth_token or "")
        try:
            # The daemon is on this machine: never by a proxy.
            with build_opener(ProxyHandler({})).open(request) as response:
                return response.headers, response.read()
        except HTTPError as error:
            with error:
                reason = error.read().decode("utf-8", "replace")
            logging.getLogger(__name__).error("HTTP Error %s:%s, %s", error.code, error.reason, reason)
            raise IPCException(str(error)) from error
        except URLError as error:
            raise IPCException(str(error)) from error


def _own_link() -> Any:
    """The link of the worker that this module runs in; None in any other process."""
    try:
        from greengrass_sim.runtime.link import current
    except ImportError:
        return None
    return current()


def _post_over(link: Any, arn: str, payload: bytes, context: str, wait: bool) -> str:
    from greengrass_sim.runtime.link import ROUTER_ARN, CallRefused, is_within_limits

    custom = _custom(context) if arn == ROUTER_ARN else {}
    topic = custom.get("subject", "")
    if custom and custom.get("queueFullPolicy") != "AllOrError" and is_within_limits(topic, payload):
        try:
            link.publish(topic, payload)
        except CallRefused as refused:
            raise _as_http(refused) from None
        return ""
    number = link.begin_call(arn, payload, context, wait)
    if not wait:
        _answer(link, number)  # the core has taken the call, or says why not
    return str(number)


def _answer(link: Any, number: int) -> tuple[str, bytes]:
    from greengrass_sim.runtime.link import CallRefused

    try:
        answer: tuple[str, bytes] = link.end_call(number)
    except CallRefused as refused:
        raise _as_http(refused) from None
    return answer


def _as_http(refused: Any) -> IPCException:
    from http.client import responses

    phrase = responses.get(refused.status, "Unknown")
    logging.getLogger(__name__).error("HTTP Error %s:%s, %s", refused.status, phrase, refused.reason)
    return IPCException(f"HTTP Error {refused.status}: {phrase}")


def _custom(context: str) -> dict[str, Any]:
    import base64

    custom: dict[str, Any] = json.loads(base64.b64decode(context)).get("custom") or {}
    return custom


def _as_bytes(payload: Any) -> bytes:
    read = getattr(payload, "read", None)
    if callable(read):
        payload = read()
    if payload is None:
        return b""
    if isinstance(payload, str):
        return payload.encode()
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return bytes(payload)
    raise TypeError(f"a payload is str, bytes or a file object, not {type(payload).__name__}")
