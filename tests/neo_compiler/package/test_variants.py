from __future__ import annotations

import json
from pathlib import Path

import pytest

import edge_runtime
import neo_compiler
from edge_runtime.artifact import open_artifact
from edge_runtime.commands.unpack import unpack
from neo_compiler.cli import main
from neo_compiler.errors import UsageError
from neo_compiler.job import compile_package
from neo_compiler.options import CompileOptions

SHAPES = {"x": (1, 3, 16, 16)}
TARGETS = ("x86-64-v2", "x86-64-v3")


@pytest.fixture(scope="module")
def package(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("package") / "conv.tar.gz"
    return neo_compiler.compile(model_path, target=TARGETS, output=output, input_shapes=SHAPES)


def test_each_target_is_what_it_is_alone(package: Path, model_path: Path, tmp_path: Path) -> None:
    for target in TARGETS:
        alone = tmp_path / f"{target}-alone"
        neo_compiler.compile(model_path, target=target, output=alone, input_shapes=SHAPES)
        unpack(package, tmp_path / target, target)
        files = [file for file in alone.rglob("*") if file.is_file()]
        assert len(files) == 5
        for file in files:
            assert (tmp_path / target / file.relative_to(alone)).read_bytes() == file.read_bytes()


def test_the_same_targets_in_another_order_give_the_same_bytes(
    package: Path, model_path: Path, tmp_path: Path
) -> None:
    again = neo_compiler.compile(
        model_path, target=TARGETS[::-1], output=tmp_path / "again.tar.gz", input_shapes=SHAPES
    )
    assert again.read_bytes() == package.read_bytes()


def test_the_most_demanding_target_comes_first(package: Path) -> None:
    choice = open_artifact(package, fit=False).choice
    assert choice is not None
    assert [row.target.name for row in choice.candidates] == ["x86-64-v3", "x86-64-v2"]


def test_the_report(model_path: Path, tmp_path: Path) -> None:
    options = CompileOptions(model_path, TARGETS[0], tmp_path / "folder", SHAPES, further_targets=TARGETS[1:])
    report = compile_package(options)
    assert {("load",), ("x86-64-v2", "lower"), ("x86-64-v3", "lower"), ("package",)} <= set(report.seconds)
    document = json.loads(json.dumps(report.to_json()))
    assert [row["target"] for row in document["targets"]] == ["x86-64-v3", "x86-64-v2"]
    assert "lower" in document["targets"][0]["seconds"]
    assert document["targets"][0]["accuracy"]
    assert document["storage"]["stored"] < document["storage"]["alone"]
    assert document["storage"]["shared"] == [["x86-64-v2", "selftest/0.npz", "x86-64-v3"]]
    titles = [title for title, _ in report.rows()]
    assert titles.count("target") == 2
    assert titles[-3:] == ["archive", "stored", "layouts"]
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == [
        "manifest.json",
        "x86-64-v2",
        "x86-64-v3",
    ]
    with edge_runtime.load(tmp_path / "folder", target="x86-64-v2") as model:
        assert model.manifest.target.name == "x86-64-v2"


def test_command_line(model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "conv.tar.gz"
    arguments = ["compile", str(model_path), "--input-shape", "x:1,3,16,16", "--target", "x86-64-v2"]
    assert main([*arguments, "--target", "x86-64-v3", "-o", str(output), "--quiet"]) == 0
    assert capsys.readouterr().out == f"{output}\n"
    assert main(["inspect", str(output)]) == 0
    shown = capsys.readouterr().out
    assert "x86-64-v2: " in shown
    assert main(["verify", str(output), str(model_path)]) == 0


@pytest.mark.parametrize(
    ("targets", "options", "message"),
    [
        (("rasp4b", "rasp4b"), {}, "target rasp4b is named 2 times"),
        (("jetson_nano", "jetson_tx1"), {}, "target jetson_nano is named 2 times"),
        (
            ("rasp4b", "rasp5"),
            {"mcpu": "cortex-a72"},
            "compiler options and a cross compiler are for one CPU",
        ),
    ],
)
def test_what_makes_no_sense(
    model_path: Path, tmp_path: Path, targets: tuple[str, ...], options: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        neo_compiler.compile(
            model_path, target=targets, output=tmp_path / "a.tar.gz", compiler_options=options
        )
    assert not list(tmp_path.iterdir())
