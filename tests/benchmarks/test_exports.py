"""Small versions of networks that are exported from PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest

NAMES = ("vit", "convnext", "segformer", "gpt2", "lstm", "decoder")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_native_and_agrees_with_onnxruntime(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'neo-edge[torch]'")
    pytest.importorskip("transformers", reason="transformers is not installed")
    from benchmarks.exports import measure, native_nodes

    report, _, _ = measure(name, small=True, folder=tmp_path)
    native, total = native_nodes(report)
    assert native == total > 0
    assert max(check.difference for check in report.checks) < 1e-5


def test_all_networks_are_tried() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'neo-edge[torch]'")
    pytest.importorskip("transformers", reason="transformers is not installed")
    from benchmarks.networks import NETWORKS

    assert set(NETWORKS) == set(NAMES)
