"""A photograph is classified over MQTT by a model that was compiled a moment ago: `make demo`.

Fetches EfficientNet-Lite0 and a photograph, compiles, starts the embedded broker and the simulator with the
group in examples/image_classifier, publishes the photograph and prints the answer.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks import zoo
from benchmarks.pictures import PICTURES
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.report import Report

MODEL, PICTURE = "efficientnet-lite0", "chelsea"
EXAMPLE = Path(__file__).parent.parent / "examples" / "image_classifier"
ANSWERS, QUESTION = "image_classifier/result", f"image_classifier/picture/{PICTURE}"
PATIENCE_S = 60.0


def main() -> int:
    """Run the demonstration; the exit code is that of the first part that fails."""
    try:
        with tempfile.TemporaryDirectory(prefix="neo-demo-") as folder:
            _demonstrate(Path(folder) / "image_classifier")
    except EdgeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


def _demonstrate(group: Path) -> None:
    shutil.copytree(EXAMPLE, group, ignore=shutil.ignore_patterns("__pycache__"))
    (group / "labels.txt").write_text("\n".join(zoo.labels()) + "\n", encoding="utf-8")
    picture = zoo.picture(PICTURE)
    _say(
        "model",
        f"{MODEL}, {zoo.MODELS[MODEL].licence}, {zoo.fetch(MODEL).stat().st_size / 1e6:.1f} MB of ONNX",
    )
    _say("photograph", f"{PICTURE}, {PICTURES[PICTURE].licence}, {picture.stat().st_size / 1e3:.0f} kB")
    _describe(compile_model(CompileOptions(zoo.fetch(MODEL), output=group / "model.tar.gz")))
    with _simulator(group / "group.json") as url:
        _say("simulator", f"serving at {url}, embedded broker")
        answer, seconds = _ask(url, picture.read_bytes())
    _say("answer", f"{answer['label']}, confidence {answer['confidence']:.2f}")
    others = ", ".join(f"{row['label']} {row['confidence']:.2f}" for row in answer["top5"][1:])
    _say("", f"then {others}")
    stages = sorted(answer["ms"].items(), key=lambda stage: stage[0] == "total")
    _say("handler", ", ".join(f"{name} {ms:.1f} ms" for name, ms in stages))
    _say("round trip", f"{seconds * 1000:.1f} ms from publishing the photograph to its answer")


def _describe(report: Report) -> None:
    manifest = report.manifest
    stages = {path[0]: seconds for path, seconds in report.seconds.items() if len(path) == 1}
    _say("compile", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in stages.items()))
    _say("artifact", f"{report.size / 1e6:.1f} MB for {manifest.target.name}")
    if manifest.accuracy is not None and manifest.accuracy.max_relative is not None:
        largest = f"{manifest.accuracy.max_relative:.1e} of the largest output"
        _say("difference", f"{largest}, at most, from {manifest.accuracy.reference}")


def _say(what: str, text: str) -> None:
    print(f"{what:<12}{text}", flush=True)


@contextmanager
def _simulator(group: Path) -> Iterator[str]:
    """The URL of a core that runs `group`, in a process of its own."""
    command = [sys.executable, "-m", "greengrass_sim.cli", "start", str(group), "--port", "0"]
    command += ["--log-level", "warning", "--limits", "none"]  # the photograph is larger than AWS IoT allows
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as core:
        try:
            assert core.stdout is not None
            ready = core.stdout.readline().split()
            if ready[:1] != ["ready"]:
                raise _Unreachable("the simulator did not start; its log above says why")
            yield ready[1]
        finally:
            core.terminate()


def _ask(url: str, picture: bytes) -> tuple[dict[str, Any], float]:
    """The answer to a photograph, and the seconds until it came."""
    answers: queue.Queue[bytes] = queue.Queue()
    subscribed: queue.Queue[None] = queue.Queue()
    address = urlsplit(url)
    client = Client(CallbackAPIVersion.VERSION2, client_id="demo")
    client.on_subscribe = lambda *_: subscribed.put(None)
    client.on_message = lambda _client, _data, message: _keep(answers, message)
    client.connect(address.hostname or "127.0.0.1", address.port or 1883)
    client.loop_start()
    try:
        client.subscribe(ANSWERS, qos=1)
        subscribed.get(timeout=PATIENCE_S)
        start = time.perf_counter()
        client.publish(QUESTION, picture, qos=1)
        answer = answers.get(timeout=PATIENCE_S)
        return json.loads(answer), time.perf_counter() - start
    except queue.Empty:
        raise _Unreachable(f"no answer within {PATIENCE_S:.0f} s; the log above says why") from None
    finally:
        client.disconnect()
        client.loop_stop()


def _keep(answers: queue.Queue[bytes], message: MQTTMessage) -> None:
    answers.put(message.payload)


class _Unreachable(EdgeError):
    exit_code = ExitCode.UNREACHABLE


if __name__ == "__main__":
    sys.exit(main())
