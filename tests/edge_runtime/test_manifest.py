from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Manifest
from tests.edge_runtime import sample


@pytest.fixture
def text(mlp_folder: Path) -> str:
    return (mlp_folder / "manifest.json").read_text(encoding="utf-8")


def edited(text: str, **changes: Any) -> str:
    document = {**json.loads(text), **changes}
    del document["digest"]
    return json.dumps(document)


def test_round_trip(text: str, mlp_folder: Path) -> None:
    manifest = Manifest.from_json(text)
    assert manifest == sample.manifest_of(mlp_folder, sample.mlp_plan())
    assert manifest.to_json() == text
    assert manifest.inputs[0].shape == (sample.ROWS, sample.INNER)
    assert json.loads(text)["schema_version"] == 1


def test_order_of_keys_does_not_reach_the_text(text: str) -> None:
    document = json.loads(text)
    backwards = json.dumps(dict(reversed(document.items())))
    assert Manifest.from_json(backwards).to_json() == text


def test_every_changed_character_is_noticed(text: str) -> None:
    original = Manifest.from_json(text)
    for place, character in enumerate(text):
        changed = text[:place] + chr(ord(character) ^ 1) + text[place + 1 :]
        try:
            assert Manifest.from_json(changed) == original  # e.g. the name of the key `digest` itself
        except ArtifactError:
            continue


def test_symbolic_dimensions_and_later_keys(text: str) -> None:
    later = edited(text, inputs=[{"name": "x", "dtype": "float32", "shape": ["batch", 3]}], notes={"a": 1})
    assert Manifest.from_json(later).inputs[0].shape == ("batch", 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "has schema 2, this edge_runtime reads 1: install a newer neo-edge"),
        ({"schema_version": 0}, "has schema 0, this edge_runtime reads 1: compile the model again"),
        ({"schema_version": "1"}, "schema_version: int expected, found '1'"),
        ({"schema_version": None}, "schema_version: int expected, found None"),
        ({"inputs": [{"name": "x", "dtype": "float32"}]}, "inputs[0]: `shape` is missing"),
        (
            {"inputs": [{"name": "x", "dtype": "native", "shape": [1]}]},
            "inputs[0]: dtype 'native' is none of bool, float16",
        ),
        ({"memory": {"arena_bytes": "1"}}, "memory.arena_bytes: int expected, found '1'"),
        ({"files": {"a": {"sha256": "0", "size": None}}}, "files.a.size: int expected, found None"),
        (
            {"features": ["two-stage"]},
            "needs two-stage, which this edge_runtime does not know: install a newer",
        ),
    ],
)
def test_refusals(text: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        Manifest.from_json(edited(text, **changes))
    assert message in str(caught.value)


def test_an_edit_that_keeps_the_digest_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError, match="was altered after it was written"):
        Manifest.from_json(text.replace("sample", "simple"))


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", "[" * 100000, '"\\ud800"', "1e999"])
def test_what_is_no_manifest(text: str) -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json is not"):
        Manifest.from_json(text)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json is not JSON"):
        Manifest.from_json(b'{"a": "\xff"}')
