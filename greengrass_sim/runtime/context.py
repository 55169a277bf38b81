"""The `context` object that a handler gets, as the Lambda runtime of a Greengrass core makes it."""

from __future__ import annotations

import time
from collections import namedtuple
from typing import Any

ClientContext = namedtuple("ClientContext", ["client", "custom", "env"])


class CoreContext:
    """What a core tells of an invocation; the topic is `context.client_context.custom["subject"]`.

    `client_context` is None when another function called without one.
    """

    identity = None

    def __init__(
        self, function: dict[str, Any], request_id: str, client_context: ClientContext | None
    ) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = function["arn"]
        self.function_name = function["name"]
        self.function_version = function["version"]
        self.client_context = client_context

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"


class Context(CoreContext):
    """With what AWS Lambda tells beyond that; a core does not."""

    def __init__(
        self, function: dict[str, Any], request_id: str, client_context: ClientContext | None
    ) -> None:
        super().__init__(function, request_id, client_context)
        self.memory_limit_in_mb = str((function["memory_kb"] or 0) // 1024)
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = f"{time.strftime('%Y/%m/%d')}/[{self.function_version}]"
        self._deadline = time.monotonic() + function["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout, never negative."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))
