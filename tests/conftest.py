"""What holds for every test."""

from __future__ import annotations

import os

# onnxruntime reports names and hashes of models over the network unless told otherwise before its import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
