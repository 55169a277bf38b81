from __future__ import annotations

from tests.stub_gpu.fixtures import mlp_for_gpu, no_driver, stub

__all__ = ["mlp_for_gpu", "no_driver", "stub"]
