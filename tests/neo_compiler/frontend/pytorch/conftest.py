from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.neo_compiler.frontend.pytorch.small import Small


@pytest.fixture
def small() -> Small:
    from tests.neo_compiler.frontend.pytorch.small import Small, torch

    torch.manual_seed(0)
    return Small()


@pytest.fixture
def archive(small: Small, tmp_path: Path) -> Path:
    """A program with a symbolic batch, as torch.export.save writes it."""
    from tests.neo_compiler.frontend.pytorch.small import torch

    batch = torch.export.Dim("batch", min=1, max=8)
    program = torch.export.export(small.eval(), (torch.randn(2, 3, 8, 8),), dynamic_shapes={"x": {0: batch}})
    path = tmp_path / "small.pt2"
    torch.export.save(program, path)
    return path
