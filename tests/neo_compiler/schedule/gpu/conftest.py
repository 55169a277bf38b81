"""Compiled kernels run over the driver without a GPU."""

from __future__ import annotations

from tests.stub_gpu.fixtures import stub

__all__ = ["stub"]
