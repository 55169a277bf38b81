from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.commands.pictures import PictureOptions, read_picture
from edge_runtime.errors import InputError
from edge_runtime.manifest import TensorSpec

RED_GREEN = np.uint8([[[255, 0, 0], [0, 255, 0]]])  # 1 x 2 pixels


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(RED_GREEN).save(path)
    return path


def spec(*shape: int, dtype: str = "float32") -> TensorSpec:
    return TensorSpec("image", dtype, shape)


def test_layouts(picture: Path) -> None:
    planes = read_picture(picture, spec(1, 3, 1, 2), PictureOptions())
    assert planes.tolist() == [[[[255, 0]], [[0, 255]], [[0, 0]]]]
    assert planes.flags.c_contiguous
    pixels = read_picture(picture, spec(1, 1, 2, 3), PictureOptions(layout="NHWC"))
    assert np.array_equal(pixels[0], RED_GREEN)
    assert read_picture(picture, spec(1, 6, 4, 3), PictureOptions()).shape == (1, 6, 4, 3)
    gray = read_picture(picture, spec(1, 1, 1, 2, dtype="uint8"), PictureOptions())
    assert gray.tolist() == [[[[76, 150]]]]  # ITU-R 601 luma, as Pillow computes it
    assert gray.dtype == np.uint8


def test_mean_and_scale(picture: Path) -> None:
    options = PictureOptions(mean=(127.0,), scale=(1 / 128,))
    values = read_picture(picture, spec(1, 3, 1, 2), options)
    assert values.dtype == np.float32
    assert set(values.ravel().tolist()) == {1.0, -127 / 128}
    each = PictureOptions(mean=(255.0, 0.0, 1.0), scale=(1.0, 2.0, 3.0))
    assert read_picture(picture, spec(1, 3, 1, 2), each).ravel().tolist() == [0, -255, 0, 510, -3, -3]
    with pytest.raises(InputError, match="scale: 1 or 3 numbers expected, 2 given"):
        read_picture(picture, spec(1, 3, 1, 2), PictureOptions(scale=(1.0, 2.0)))


@pytest.mark.parametrize("shape", [(1, 2, 5, 5), (3, 4, 4), (1, 5), (2, 3, 4, 4), ()])
def test_inputs_that_take_no_picture(picture: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"does not take (a|one NCHW) picture; give a \.npy file"):
        read_picture(picture, spec(*shape), PictureOptions())


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.png: cannot be read as a picture"):
        read_picture(path, spec(1, 3, 4, 4), PictureOptions())
    with pytest.raises(InputError, match="cannot be read as a picture"):
        read_picture(tmp_path / "absent.jpg", spec(1, 3, 4, 4), PictureOptions())


def test_truncated(picture: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(picture)
    picture.write_bytes(picture.read_bytes()[:-200])
    with pytest.raises(InputError, match="cannot be read as a picture"):
        read_picture(picture, spec(1, 3, 4, 4), PictureOptions())


def test_without_pillow(picture: Path) -> None:
    program = (
        "import sys; sys.modules['PIL'] = None\n"
        "from pathlib import Path\n"
        "from edge_runtime.manifest import TensorSpec\n"
        "from edge_runtime.commands.pictures import PictureOptions, read_picture\n"
        "read_picture(Path(sys.argv[1]), TensorSpec('image', 'float32', (1, 3, 1, 2)), PictureOptions())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(picture)], capture_output=True, text=True, check=False
    )
    assert "reading pictures needs Pillow: python -m pip install pillow" in done.stderr
