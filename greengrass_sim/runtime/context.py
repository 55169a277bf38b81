"""The `context` object that a handler gets, as the Lambda runtime of a Greengrass core makes it."""

from __future__ import annotations

import time
from collections import namedtuple
from dataclasses import dataclass, field

ClientContext = namedtuple("ClientContext", ["client", "custom", "env"])


@dataclass(eq=False)
class Context:
    """What is known of one invocation; the topic is `context.client_context.custom["subject"]`.

    `deadline` is on the monotonic clock, in seconds.
    """

    aws_request_id: str
    invoked_function_arn: str
    function_name: str
    function_version: str
    client_context: ClientContext
    deadline: float = field(repr=False)
    identity: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout, never negative."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))
