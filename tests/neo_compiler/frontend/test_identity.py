from __future__ import annotations

from pathlib import Path

from neo_compiler.frontend.identity import identify
from tests.neo_compiler.models import RELU, parse, save


def test_a_file_has_the_hash_of_its_content(tmp_path: Path) -> None:
    first, second = save(parse(RELU), tmp_path, "a"), save(parse(RELU), tmp_path, "b")
    assert identify(first) == identify(second)
    assert (identify(first).format, identify(first).size) == ("onnx", first.stat().st_size)


def test_a_folder_changes_with_each_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "0").write_bytes(b"weights")
    before = identify(tmp_path)
    assert (before.format, before.size) == ("saved_model", 12)
    (tmp_path / "variables" / "0").write_bytes(b"WEIGHTS")
    after = identify(tmp_path)
    assert after.size == before.size
    assert after.sha256 != before.sha256
