"""How long tests wait for what has to happen: they go on as soon as it does."""

from __future__ import annotations

BUSY_S = 240.0  # no wait is this long, but on a machine that has much else to do
