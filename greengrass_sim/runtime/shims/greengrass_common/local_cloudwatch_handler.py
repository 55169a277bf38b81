"""The class behind `common_log_appender.local_cloudwatch_handler`."""

from __future__ import annotations

from logging import NullHandler as LocalCloudwatchLogHandler

__all__ = ["LocalCloudwatchLogHandler"]
