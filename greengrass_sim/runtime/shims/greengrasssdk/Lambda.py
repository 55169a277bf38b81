"""`greengrasssdk.client("lambda")`: call other functions of the group."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from greengrass_common.function_arn_fields import FunctionArnFields
from greengrass_ipc_python_sdk.ipc_client import IPCClient, IPCException
from greengrass_ipc_python_sdk.streaming_body import StreamingBody


class InvocationException(Exception):
    """The core refused the call."""


class Client:
    """Takes keyword arguments, as the SDK does; those that it does not know are ignored there too."""

    def __init__(self, endpoint: str = "localhost", port: Any = None) -> None:
        self.ipc = IPCClient(endpoint=endpoint)

    def invoke(self, **given: Any) -> dict[str, Any]:
        """Calls `FunctionName` with `Payload`; gives `Payload` and `FunctionError` (empty for none).

        `InvocationType` is RequestResponse (which waits) or Event, `ClientContext` base64 in bytes.
        InvocationException when there is no such function; ValueError for wrong arguments.
        """
        if "FunctionName" not in given:
            raise ValueError("invoke needs the argument FunctionName")
        arn = FunctionArnFields(given["FunctionName"])
        asked = given.get("Qualifier", "")
        if asked and arn.qualifier and asked != arn.qualifier:
            raise ValueError(f"the Qualifier {asked!r} is not that of FunctionName, {arn.qualifier!r}")
        name = FunctionArnFields.build_function_arn(arn.unqualified_arn, arn.qualifier or asked)
        context = _checked(given.get("ClientContext", b""))
        kind = given.get("InvocationType", "RequestResponse")
        return self._invoke_internal(name, given.get("Payload", b""), context, kind)

    def _invoke_internal(
        self, arn: str, payload: Any, context: Any, kind: str = "RequestResponse"
    ) -> dict[str, Any]:
        try:
            number = self.ipc.post_work(arn, payload, context, kind)
            if kind == "Event":
                return {"Payload": b"", "FunctionError": ""}
            result = self.ipc.get_work_result(arn, number)
        except IPCException as error:
            raise InvocationException(f"Failed to invoke function due to {error}") from error
        body = result.payload if result.func_err else StreamingBody(result.payload)
        return {"Payload": body, "FunctionError": result.func_err}


def _checked(context: Any) -> str:
    if not isinstance(context, (bytes, bytearray)):
        raise ValueError("ClientContext must be bytes")
    try:
        base64.b64decode(context, validate=True)
    except binascii.Error as error:
        raise ValueError(f"ClientContext must be base64: {error}") from error
    return context.decode()
