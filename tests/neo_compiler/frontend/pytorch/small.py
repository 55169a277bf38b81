"""A small convolutional network that behaves otherwise in training."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'neo-edge[torch]'")


class Small(torch.nn.Module):
    """[N, 3, 8, 8] → [N, 4]"""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 4, 3)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout(torch.relu(self.convolution(x)).mean((2, 3)))
