"""Which format a model has: recognised from its content, never from its name."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from neo_compiler.errors import UsageError

HEAD = 512  # bytes that every table below is looked up with


@dataclass(frozen=True)
class Format:
    """`phrase` names a format in messages, `name` in manifests.

    `reader` is the `module:function` that reads it, if any.
    """

    phrase: str
    name: str = ""
    reader: str = ""


ONNX = Format("an ONNX model", "onnx", "neo_compiler.frontend.onnx_file:read")
TFLITE = Format("a TensorFlow Lite model", "tflite", "neo_compiler.frontend.tf.read:tflite")
KERAS = Format("a Keras model", "keras", "neo_compiler.frontend.tf.read:keras")
SAVED_MODEL = Format("a TensorFlow SavedModel", "saved_model", "neo_compiler.frontend.tf.read:saved_model")
EXPORTED = Format("a PyTorch exported program", "pt2", "neo_compiler.frontend.pytorch.archive:read")
CHECKPOINT = Format("a pickled PyTorch file", "pytorch", "neo_compiler.frontend.pytorch.checkpoint:read")
TORCHSCRIPT = Format("a TorchScript program", "torchscript", "neo_compiler.frontend.pytorch.script:read")

XGBOOST = Format("an XGBoost model", "xgboost", "neo_compiler.frontend.boosted.xgboost:read")
LIGHTGBM = Format("a LightGBM model", "lightgbm", "neo_compiler.frontend.boosted.lightgbm:read")
PICKLE = Format(
    "a Python pickle, such as a scikit-learn model", "pickle", "neo_compiler.frontend.scikit:read"
)

# (offset, bytes, format); the first row that fits wins. What fits none is taken for ONNX, which has no mark.
STARTS: tuple[tuple[int, bytes, Format], ...] = (
    (4, b"TFL3", TFLITE),
    (0, b"\x89HDF\r\n\x1a\n", KERAS),
    (0, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", CHECKPOINT),
    (0, b"\x80", PICKLE),
    (0, b'{"learner"', XGBOOST),
    (0, b"{L\0\0\0\0\0\0\0\x07learner", XGBOOST),
    (0, b"{i\x07learner", XGBOOST),
    (0, b"tree\nversion=", LIGHTGBM),
    (0, b"\x1f\x8b", Format("a gzip archive: unpack it first")),
    (0, b"GGUF", Format("a GGUF model")),
    (0, b"ORTM", Format("an onnxruntime .ort model")),
    (4, b"ORTM", Format("an onnxruntime .ort model")),
    (0, b"\x7fELF", Format("a compiled program or library")),
    (0, b"\x93NUMPY", Format("a numpy array")),
    (0, b"\x89PNG", Format("a PNG picture")),
    (0, b"\xff\xd8\xff", Format("a JPEG picture")),
    (0, b"version https://git-lfs", Format("a Git LFS pointer: the model itself was not fetched")),
    (0, b"<", Format("an HTML or XML page")),
    (0, b"{", Format("a JSON file")),
)

# How the name of a zip archive's member ends, format; the first row that fits wins.
MEMBERS: tuple[tuple[str, Format], ...] = (
    ("archive_format", EXPORTED),
    ("serialized_exported_program.json", EXPORTED),
    ("constants.pkl", TORCHSCRIPT),
    ("data.pkl", CHECKPOINT),
    ("model.weights.h5", KERAS),
)

# A file that a folder holds, format.
FOLDERS: tuple[tuple[str, Format], ...] = (
    ("saved_model.pb", SAVED_MODEL),
    ("saved_model.pbtxt", SAVED_MODEL),
)

ZIP = b"PK\x03\x04"


def recognise(path: Path) -> Format:
    """The format of the file or folder `path`. Raises UsageError where it cannot be read."""
    if path.is_dir():
        found = (form for name, form in FOLDERS if (path / name).exists())
        return next(found, Format("a folder"))
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise UsageError(f"cannot read the model {path}: {error.strerror}") from error
    return _archive(path) if head.startswith(ZIP) else _by_start(head) or ONNX


def seems_to_be(data: bytes) -> str:
    """A phrase for what `data`, the beginning of a file that is no ONNX model, may be."""
    if form := _by_start(data):
        return form.phrase
    if not data:
        return "an empty file"
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in data[:HEAD]):
        return "a text file"
    return "not an ONNX model, or one that is damaged"


def starts_like_onnx(data: bytes) -> bool:
    """Whether `data` opens as every exporter writes a model: field 1, the IR version, a small number."""
    return len(data) >= 2 and data[0] == 0x08 and 0 < data[1] < 0x40


def _by_start(data: bytes) -> Format | None:
    found = (form for offset, mark, form in STARTS if data[offset : offset + len(mark)] == mark)
    return next(found, None)


def _archive(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return Format("a zip archive that is damaged, such as a truncated PyTorch or Keras file")
    ends = (form for end, form in MEMBERS if any(name.rpartition("/")[2] == end for name in names))
    return next(ends, Format("a zip archive without a model of a known format"))
