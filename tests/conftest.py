"""What holds for every test."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

from benchmarks.fetch import cache_folder

# onnxruntime reports names and hashes of models over the network unless told otherwise before its import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# zig builds a C library for each architecture once, which takes most of a minute.
os.environ.setdefault("ZIG_GLOBAL_CACHE_DIR", str(cache_folder().parent / "zig"))

# How long an example takes says more about what else the machine does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# A shell's background job ignores SIGINT, and so would every process that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
