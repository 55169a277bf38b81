"""The log handler that older SDKs attach to their loggers."""

from __future__ import annotations

import logging

# The worker's root logger brings everything to the core already, so this one has nothing to add.
local_cloudwatch_handler = logging.NullHandler()
