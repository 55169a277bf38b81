"""`greengrasssdk.client("iot-data")`: publish messages, read and change shadows."""

from __future__ import annotations

import base64
import json
from typing import Any

from greengrass_common.env_vars import MY_FUNCTION_ARN, ROUTER_FUNCTION_ARN, SHADOW_FUNCTION_ARN
from greengrasssdk import Lambda

# What the SDK calls a policy, and what the core does.
_POLICIES = {"": "", "BestEffort": "BestEffort", "AllOrException": "AllOrError"}


class ShadowError(Exception):
    """The shadow service answered with an error."""


class Client:
    """Takes keyword arguments, as the SDK does; those that it does not know are ignored there too."""

    def __init__(self) -> None:
        self.lambda_client = Lambda.Client()

    def publish(self, **given: Any) -> None:
        """Publishes `payload` (str, bytes, or a file object; empty without it) to `topic`.

        ValueError without a topic or with an unknown `queueFullPolicy`; InvocationException when no
        subscription leads from this function along the topic, or a queue is full and the policy says so.
        """
        topic, policy = _needed(given, "topic"), given.get("queueFullPolicy", "")
        if policy not in _POLICIES:
            raise ValueError(f"queueFullPolicy must be one of {tuple(_POLICIES)}, not {policy!r}")
        custom = {"source": MY_FUNCTION_ARN, "subject": topic, "queueFullPolicy": _POLICIES[policy]}
        payload = given.get("payload", b"")
        self.lambda_client._invoke_internal(ROUTER_FUNCTION_ARN or "", payload, _context(custom), "Event")

    def get_thing_shadow(self, **given: Any) -> dict[str, bytes]:
        """`payload` is the shadow of `thingName`; ShadowError when there is none."""
        return self._shadow("get", _needed(given, "thingName"), b"")

    def update_thing_shadow(self, **given: Any) -> dict[str, bytes]:
        """Changes the shadow of `thingName` by `payload`."""
        return self._shadow("update", _needed(given, "thingName"), _needed(given, "payload"))

    def delete_thing_shadow(self, **given: Any) -> dict[str, bytes]:
        return self._shadow("delete", _needed(given, "thingName"), b"")

    def _shadow(self, operation: str, thing: str, payload: Any) -> dict[str, bytes]:
        context = _context({"subject": f"$aws/things/{thing}/shadow/{operation}"})
        answer = self.lambda_client._invoke_internal(SHADOW_FUNCTION_ARN or "", payload, context)
        if answer["FunctionError"]:
            raise ShadowError(
                f'Request for shadow state returned FunctionError "{answer["FunctionError"]}" '
                f'with error payload "{answer["Payload"]}"'
            )
        body: bytes = answer["Payload"].read()
        document = json.loads(body)
        if "code" in document and "message" in document:
            raise ShadowError(
                f"Request for shadow state returned error code {document['code']} "
                f'with message "{document["message"]}"'
            )
        return {"payload": body}


def _needed(given: dict[str, Any], name: str) -> Any:
    if name not in given:
        raise ValueError(f"the argument {name} is missing")
    return given[name]


def _context(custom: dict[str, Any]) -> bytes:
    return base64.b64encode(json.dumps({"custom": custom}).encode())
