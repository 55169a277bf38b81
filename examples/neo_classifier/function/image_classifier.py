"""Classifies photographs with DLR, as a handler for AWS IoT Greengrass and SageMaker Neo is written.

Nothing in this file is of this project: the model is at an absolute path, and `dlr` and `greengrasssdk` are
what a core offers.
"""

import io
import json
import logging
import os
import sys

import greengrasssdk
import numpy as np
from dlr import DLRModel
from PIL import Image

logger = logging.getLogger(__name__)
logging.basicConfig(stream=sys.stdout, level=logging.INFO)

MODEL_PATH = "/models/image_classifier/"
TOPIC = os.environ.get("RESULT_TOPIC", "neo_classifier/result")
SIDE = 224

client = greengrasssdk.client("iot-data")

# The function is long-lived: the model is loaded once, when the core starts it.
model = DLRModel(MODEL_PATH, "cpu")
with open(os.path.join(MODEL_PATH, "synset.txt")) as synset:
    labels = [line.strip() for line in synset]
logger.info("inputs %s, outputs %s", model.get_input_names(), model.get_output_names())


def preprocess(picture):
    """The middle of the picture as the network wants it: float32 [1, 3, 224, 224]."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.BICUBIC)
    pixels = np.asarray(square.convert("RGB"), dtype="float32")
    return np.transpose((pixels - 127) / 128, (2, 0, 1))[np.newaxis, :]


def softmax(scores):
    exponents = np.exp(scores - np.max(scores))
    return exponents / np.sum(exponents)


def handler(event, context):
    picture = Image.open(io.BytesIO(event))
    (scores,) = model.run({model.get_input_name(0): preprocess(picture)})
    probabilities = softmax(scores[0])
    best = np.argsort(probabilities)[::-1][:5]
    results = [{"Label": labels[i], "Score": str(round(float(probabilities[i]), 4))} for i in best]
    logger.info("top results: %s", results)
    client.publish(topic=TOPIC, payload=json.dumps({"inference-results": results}))
