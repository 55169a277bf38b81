"""What holds for every test."""

from __future__ import annotations

import os
import signal

# onnxruntime reports names and hashes of models over the network unless told otherwise before its import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# A shell's background job ignores SIGINT, and so would every process that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
