"""What a file that is no ONNX model seems to be, from its first bytes."""

from __future__ import annotations

from pathlib import Path

# (offset, bytes, what such a file is); the first row that fits wins
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (4, b"TFL3", "a TensorFlow Lite model"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as a Keras model"),
    (0, b"PK\x03\x04", "a zip archive, such as a PyTorch checkpoint or a .keras model"),
    (0, b"\x80\x02", "a Python pickle, such as an old PyTorch checkpoint"),
    (0, b"\x1f\x8b", "a gzip archive: unpack it first"),
    (0, b"GGUF", "a GGUF model"),
    (0, b"ORTM", "an onnxruntime .ort model"),
    (4, b"ORTM", "an onnxruntime .ort model"),
    (0, b"\x7fELF", "a compiled program or library"),
    (0, b"\x93NUMPY", "a numpy array"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"version https://git-lfs", "a Git LFS pointer: the model itself was not fetched"),
    (0, b"<", "an HTML or XML page"),
    (0, b"{", "a JSON file"),
)


def seems_to_be(data: bytes) -> str:
    """A phrase that names the format of `data`, for a message."""
    for offset, magic, name in SIGNATURES:
        if data[offset : offset + len(magic)] == magic:
            return name
    if not data:
        return "an empty file"
    head = data[:512]
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return "a text file"
    return "not an ONNX model, or one that is damaged"


def starts_like_onnx(data: bytes) -> bool:
    """Whether `data` opens as every exporter writes a model: field 1, the IR version, a small number."""
    return len(data) >= 2 and data[0] == 0x08 and 0 < data[1] < 0x40


def is_saved_model(folder: Path) -> bool:
    """Whether `folder` is a TensorFlow SavedModel."""
    return any((folder / name).exists() for name in ("saved_model.pb", "saved_model.pbtxt"))
