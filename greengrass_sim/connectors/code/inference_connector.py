"""A picture in, probabilities or boxes out: the function behind a connector for inference.

The model is an artifact of `neo compile` with one picture as its input. For image classification its first
output holds a score for each class; for object detection rows of class, score, xmin, ymin, xmax, ymax, the
latter from 0 to 1, and a class below 0 in rows that stand for nothing.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from edge_runtime.artifact import open_artifact
from edge_runtime.commands.pictures import PictureOptions, read_picture
from edge_runtime.model import Model

CONTENT_TYPES = ("image/jpeg", "image/png")
_BOX = 6


def probabilities(outputs: dict[str, Any]) -> str:
    """`[0.3,0.1,...]`; scores that are no probabilities yet become some by softmax."""
    scores = next(iter(outputs.values())).astype(np.float64).ravel()
    if scores.min() < 0 or abs(scores.sum() - 1) > 1e-3:
        scores = np.exp(scores - scores.max())
        scores /= scores.sum()
    return _as_json(scores)


def boxes(outputs: dict[str, Any]) -> str:
    """`{"prediction": [[class, score, xmin, ymin, xmax, ymax], ...]}`, the best first."""
    found = next(iter(outputs.values())).astype(np.float64)
    if found.shape[-1:] != (_BOX,):
        raise ValueError(
            f"the model's first output has the shape {list(found.shape)}; object detection needs rows of "
            "class, score, xmin, ymin, xmax, ymax"
        )
    rows = found.reshape(-1, _BOX)
    rows = rows[rows[:, 0] >= 0]
    return _as_json(rows[np.argsort(-rows[:, 1], kind="stable")], '{{"prediction":{}}}')


def handler(event: bytes, context: Any) -> str:
    """The answer to one call; what it raises is the error that the caller gets."""
    content_type = (context.client_context.custom or {}).get("Content-Type")
    if content_type not in CONTENT_TYPES:
        raise ValueError(f"ContentType {content_type!r} is none of {', '.join(CONTENT_TYPES)}")
    array = read_picture(event, MODEL.inputs[0], OPTIONS)
    body = ANSWERS[os.environ["ALGORITHM"]](MODEL.run({MODEL.inputs[0].name: array}))
    return json.dumps({"Body": body, "Content-Type": "application/json"})


def _as_json(numbers: Any, form: str = "{}") -> str:
    return form.format(json.dumps(numbers.round(8).tolist(), separators=(",", ":")))


def _numbers(name: str, default: str) -> tuple[float, ...]:
    return tuple(float(one) for one in os.environ.get(name, default).split(","))


ANSWERS = {"image-classification": probabilities, "object-detection": boxes}
OPTIONS = PictureOptions(
    _numbers("INPUT_MEAN", "0"), _numbers("INPUT_SCALE", "1"), os.environ.get("INPUT_LAYOUT")
)
MODEL = Model(open_artifact(os.environ["AWS_GG_RESOURCE_PREFIX"] + os.environ["MODEL_PATH"], extras=True))
