"""Calls of a service by its address, for `greengrass_machine_learning_sdk`."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from greengrass_ipc_python_sdk.ipc_client import IPCClient, IPCException

GreengrassServiceMessage = namedtuple("GreengrassServiceMessage", ["context", "payload"])
GreengrassServiceCallOutput = namedtuple("GreengrassServiceCallOutput", ["response", "error_response"])


class GreengrassRuntimeException(Exception):
    """The call did not reach the service, or it broke down over it."""


class GreengrassServiceClient:
    """`call` gives the answer as `response`, or as `error_response` where the service reports an error."""

    def __init__(self) -> None:
        self._client = IPCClient()

    def call(self, address: str, message: Any) -> Any:
        try:
            number = self._client.post_work(address, message.payload, message.context)
            result = self._client.get_work_result(address, number)
        except IPCException as error:
            raise GreengrassRuntimeException(str(error)) from error
        if result.func_err == "Unhandled":
            raise GreengrassRuntimeException(result.func_err)
        answer = GreengrassServiceMessage("", result.payload)
        if result.func_err:
            return GreengrassServiceCallOutput(None, answer)
        return GreengrassServiceCallOutput(answer, None)
