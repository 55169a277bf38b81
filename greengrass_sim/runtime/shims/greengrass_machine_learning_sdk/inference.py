"""`client("inference")`: pictures are classified, or objects detected, by a connector of the group."""

from __future__ import annotations

import base64
import json
import os
import re
from typing import Any

from greengrass_ipc_python_sdk.ipc_facade import (
    GreengrassRuntimeException,
    GreengrassServiceClient,
    GreengrassServiceMessage,
)
from greengrass_ipc_python_sdk.streaming_body import StreamingBody
from greengrass_machine_learning_sdk.exception import GreengrassDependencyException

_NAME = re.compile("[a-zA-Z0-9][a-zA-Z0-9-]{1,62}")
_REQUIRED = ("ServiceName", "Body", "AlgoType")
_HEADERS = {"ContentType": "Content-Type", "Accept": "Accept"}


class GreengrassInferenceException(Exception):
    """The service answered with an error."""


class Client:
    """Takes keyword arguments, as the SDK does."""

    def __init__(self) -> None:
        self._service = GreengrassServiceClient()

    def invoke_inference_service(self, **given: Any) -> dict[str, Any]:
        """What the service `ServiceName` for `AlgoType` says of the picture `Body`, of type `ContentType`.

        The answer's `Body` is to be read. ValueError for a missing or wrong argument;
        GreengrassInferenceException where the service reports an error, GreengrassDependencyException where
        there is no such service.
        """
        for name in _REQUIRED:
            if name not in given:
                raise ValueError(
                    f"{name} argument of Inference.Client.invoke_inference_service is a required argument "
                    "but was not provided"
                )
        algorithm = _checked("algo_type", given["AlgoType"])
        service = _checked("service_name", given["ServiceName"])
        custom = {header: given[name] for name, header in _HEADERS.items() if name in given}
        context = base64.b64encode(json.dumps({"custom": custom}).encode())
        arn = f"arn:aws:lambda:{os.environ['AWS_REGION']}:aws:function:GG-ML-INF-{algorithm}-{service}"
        try:
            output = self._service.call(arn, GreengrassServiceMessage(context, given["Body"]))
        except GreengrassRuntimeException as error:
            raise GreengrassDependencyException(error) from error
        if output.error_response:
            raise GreengrassInferenceException(output.error_response)
        answer: dict[str, Any] = json.loads(output.response.payload)
        return {**answer, "Body": StreamingBody(answer["Body"].encode())}


def _checked(field: str, name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"field {field} must match the regex ^{_NAME.pattern}$")
    return name
