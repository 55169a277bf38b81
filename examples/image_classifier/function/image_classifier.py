"""Says what a photograph shows: the bytes of a JPEG or PNG come in, a JSON answer goes out.

The model is the machine learning resource of the group, compiled by `neo compile`. It takes float32 pictures
[1, 3, 224, 224] with values (pixel - 127) / 128, and gives 1,000 scores.
"""

import io
import json
import os
import time
from pathlib import Path

import greengrasssdk
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

import edge_runtime

MODEL = os.environ["AWS_GG_RESOURCE_PREFIX"] + "/models/image_classifier"
RESULT_TOPIC = os.environ.get("RESULT_TOPIC", "image_classifier/result")
SIDE = 224

labels = Path(os.environ["LABELS"]).read_text(encoding="utf-8").splitlines()
model = edge_runtime.load(MODEL)
client = greengrasssdk.client("iot-data")


def decode(payload):
    """The picture as RGB, turned the way the camera was held."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(payload))).convert("RGB")


def prepare(picture):
    """The middle square of the picture as the model wants it."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.BICUBIC)
    values = (np.asarray(square, np.float32) - 127) / 128
    return np.ascontiguousarray(values.transpose(2, 0, 1)[np.newaxis])


def best(scores, count=5):
    """The most likely labels with their probabilities."""
    exponents = np.exp(scores - scores.max())
    probabilities = exponents / exponents.sum()
    order = np.argsort(-probabilities, kind="stable")[:count]
    return [{"label": labels[i], "confidence": round(float(probabilities[i]), 4)} for i in order]


class Stopwatch:
    """The milliseconds of each stage, by name."""

    def __init__(self):
        self._laps = {}
        self._last = time.perf_counter()

    def lap(self, name):
        now = time.perf_counter()
        self._laps[name] = (now - self._last) * 1000
        self._last = now

    def ms(self):
        times = {**self._laps, "total": sum(self._laps.values())}
        return {name: round(value, 2) for name, value in times.items()}


def classify(payload):
    """The answer for one picture; `ms` tells how long each stage took."""
    watch = Stopwatch()
    picture = decode(payload)
    watch.lap("decode")
    array = prepare(picture)
    watch.lap("prepare")
    scores = model.run({"input": array})["logits"][0]
    watch.lap("inference")
    top = best(scores)
    watch.lap("rank")
    return {**top[0], "top5": top, "ms": watch.ms()}


def handler(event, context):
    try:
        answer = classify(event)
    except UnidentifiedImageError:
        answer = {"error": f"{len(event)} bytes that are no picture"}
    answer["subject"] = context.client_context.custom["subject"]
    client.publish(topic=RESULT_TOPIC, payload=json.dumps(answer))


# The first run touches the model's memory for the first time; better now than with the first photograph.
model.run({"input": np.zeros((1, 3, SIDE, SIDE), np.float32)})
