"""A handler for Greengrass and Neo, unmodified: real network, real photographs, real processes."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks import builds, zoo
from benchmarks.pictures import PICTURES
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator

EXAMPLE = Path(__file__).parents[2] / "examples" / "neo_classifier"
SHOWN = {name: picture.shows for name, picture in PICTURES.items() if picture.shows is not None}


def fetched(fetch: Callable[[], Any]) -> Any:
    try:
        return fetch()
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))


def as_jpeg(path: Path) -> bytes:
    """Small enough for AWS IoT, which carries 128 KB."""
    stream = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").save(stream, "JPEG", quality=90)
    assert len(stream.getvalue()) < 128 << 10
    return stream.getvalue()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    folder = tmp_path_factory.mktemp("neo")
    fetched(lambda: zoo.fetch("efficientnet-lite0"))
    labels = fetched(zoo.labels)
    shutil.copytree(EXAMPLE / "function", folder / "function")
    shutil.copytree(builds.build("efficientnet-lite0", "host").artifact, folder / "model")
    (folder / "model" / "synset.txt").write_text("\n".join(labels) + "\n")
    document = json.loads((EXAMPLE / "group.json").read_text())
    assert not Path("/models/image_classifier").exists()
    with Simulator(folder, document, "embedded") as simulator, Probe(simulator.port) as probe:
        assert "inputs ['input'], outputs ['logits']" in simulator.log
        probe.subscribe("neo_classifier/result")
        yield probe


@pytest.mark.parametrize("name", SHOWN)
def test_it_names_what_a_photograph_shows(client: Probe, name: str) -> None:
    client.publish(f"neo_classifier/picture/{name}", as_jpeg(fetched(lambda: zoo.picture(name))))
    results = json.loads(client.take(30).payload)["inference-results"]
    assert results[0]["Label"] == zoo.labels()[SHOWN[name] or 0]
    scores = [float(row["Score"]) for row in results]
    assert scores == sorted(scores, reverse=True)
    assert 0.2 < scores[0] <= 1


def test_the_disk_is_as_it_was(client: Probe) -> None:
    assert not Path("/models/image_classifier").exists()
