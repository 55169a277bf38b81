"""Log lines laid out as on a core."""

from __future__ import annotations

import logging
import time


class ConsoleFormatter(logging.Formatter):
    """`[time][LEVEL]-source,text`, where the source is our logger."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("[%(asctime)s][%(levelname)s]-%(name)s,%(message)s")
