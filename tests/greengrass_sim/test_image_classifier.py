"""The example: its pieces, and the whole of it with a small network that our compiler made."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import neo_compiler
from greengrass_sim.group import load_group
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import write_group
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator

EXAMPLE = Path(__file__).parents[2] / "examples" / "image_classifier"
WEIGHTS = np.random.default_rng(0).standard_normal((1000, 3)).astype(np.float32)


def save_small_classifier(path: Path) -> None:
    """Scores the mean colour of a picture."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["means"]),
        helper.make_node("Flatten", ["means"], ["colour"]),
        helper.make_node("Gemm", ["colour", "weights"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 224, 224])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1000])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's group with a compiled model and labels, `class 0` to `class 999`."""
    folder = tmp_path_factory.mktemp("classifier")
    save_small_classifier(folder / "small.onnx")
    neo_compiler.compile(folder / "small.onnx", target="host", output=folder / "model.tar.gz")
    (folder / "labels.txt").write_text("\n".join(f"class {number}" for number in range(1000)))
    document = json.loads((EXAMPLE / "group.json").read_text())
    (function,) = document["Functions"]
    function["LocalPath"] = str(EXAMPLE / "function")
    function["FunctionConfiguration"]["Environment"]["Variables"]["LABELS"] = str(folder / "labels.txt")
    write_group(folder, document)
    return folder


def encoded(picture: Image.Image, form: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form)
    return stream.getvalue()


def expected_top5(values: np.ndarray) -> list[tuple[str, float]]:
    """For a picture whose prepared values have these means by channel."""
    scores = WEIGHTS.astype(np.float64) @ values
    probabilities = np.exp(scores - scores.max())
    probabilities /= probabilities.sum()
    return [(f"class {i}", float(probabilities[i])) for i in np.argsort(-probabilities)[:5]]


def check(answer: dict[str, Any], colour: tuple[int, int, int], tolerance: float = 1e-3) -> None:
    wanted = expected_top5((np.array(colour) - 127) / 128)
    assert [row["label"] for row in answer["top5"]] == [label for label, _ in wanted]
    assert [row["confidence"] for row in answer["top5"]] == pytest.approx(
        [p for _, p in wanted], abs=tolerance
    )
    assert (answer["label"], answer["confidence"]) == (wanted[0][0], answer["top5"][0]["confidence"])
    stages = answer["ms"]
    assert set(stages) == {"decode", "prepare", "inference", "rank", "total"}
    assert stages["total"] == pytest.approx(sum(stages.values()) - stages["total"], abs=0.1)


def test_photographs_over_mqtt(folder: Path) -> None:
    document = json.loads((folder / "group.json").read_text())
    colour = (250, 20, 130)
    with Simulator(folder, document, "embedded") as simulator, Probe(simulator.port) as client:
        client.subscribe("image_classifier/result")
        for form in ("PNG", "JPEG"):
            picture = Image.new("RGB", (300, 200), colour)
            client.publish(f"image_classifier/picture/{form}", encoded(picture, form))
            answer = json.loads(client.take().payload)
            assert answer["subject"] == f"image_classifier/picture/{form}"
            check(answer, colour, tolerance=1e-3 if form == "PNG" else 0.02)
        client.publish("image_classifier/picture/x", b"no picture")
        assert json.loads(client.take().payload)["error"] == "10 bytes that are no picture"


@pytest.mark.parametrize(
    ("mode", "size", "colour"),
    [
        ("RGB", (224, 224), (1, 2, 3)),
        ("L", (500, 300), 200),
        ("RGBA", (30, 400), (9, 80, 200, 128)),
        ("P", (8, 8), 0),
    ],
)
def test_pictures_of_all_kinds(folder: Path, mode: str, size: tuple[int, int], colour: Any) -> None:
    picture = Image.new(mode, size, colour)
    (folder / "picture").write_bytes(encoded(picture, "PNG"))
    result = run_command("invoke", "image_classifier", "-e", "picture", folder=folder)
    assert result.returncode == 0, result.stderr
    (message,) = json.loads(result.stdout)["published"]
    pixel = picture.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    check(json.loads(message["payload"]), pixel)  # type: ignore[arg-type] # three numbers, it is RGB


def test_the_middle_square_counts(folder: Path) -> None:
    """Red at both ends of a wide picture is cut off; a turned photograph is turned back first."""
    wide = Image.new("RGB", (900, 300), (255, 0, 0))
    wide.paste((0, 0, 255), (300, 0, 600, 300))
    turned = wide.rotate(90, expand=True)
    exif = turned.getexif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    turned.save(stream, "PNG", exif=exif)
    for payload in (encoded(wide, "PNG"), stream.getvalue()):
        (folder / "picture").write_bytes(payload)
        result = run_command("invoke", "image_classifier", "-e", "picture", folder=folder)
        (message,) = json.loads(result.stdout)["published"]
        check(json.loads(message["payload"]), (0, 0, 255))


def test_the_group_of_the_example_is_sound_but_for_the_files_to_add(tmp_path: Path) -> None:
    document = json.loads((EXAMPLE / "group.json").read_text())
    document["Functions"][0]["LocalPath"] = str(EXAMPLE / "function")
    tarfile.open(tmp_path / "model.tar.gz", "w:gz").close()
    loaded = load_group(write_group(tmp_path, document))
    assert loaded.functions[0].id == "image_classifier"
