"""A program that writes one small network in every format of TensorFlow: python make_models.py FOLDER"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

SHAPE = (16, 16, 3)


def network() -> keras.Model:
    layers = keras.layers
    picture = keras.Input(SHAPE, name="picture")
    x = layers.Conv2D(8, 3, padding="same", strides=2)(picture)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(picture, x)


def recurrent() -> keras.Model:
    return keras.Sequential([keras.Input((5, 4), name="steps"), keras.layers.LSTM(8), keras.layers.Dense(2)])


def main(folder: Path) -> None:
    keras.utils.set_random_seed(0)
    model, rng = network(), np.random.default_rng(0)
    pictures = rng.random((8, *SHAPE), np.float32)
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    model.export(folder / "saved")
    recurrent().export(folder / "recurrent")
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved"))
    (folder / "float.tflite").write_bytes(converter.convert())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([picture[None]] for picture in pictures)
    (folder / "int8.tflite").write_bytes(converter.convert())
    quantised = tf.lite.Interpreter(model_path=str(folder / "int8.tflite")).get_signature_runner()
    np.savez(
        folder / "expected.npz",
        picture=pictures[:1],
        float=model(pictures[:1]).numpy(),
        int8=next(iter(quantised(picture=pictures[:1]).values())),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
