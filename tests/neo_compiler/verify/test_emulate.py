from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from neo_compiler.errors import MismatchError
from neo_compiler.native.toolchain.zig import run_zig
from neo_compiler.target import find_target
from neo_compiler.verify.emulate import find_emulator

pytestmark = pytest.mark.skipif(
    not shutil.which("qemu-arm"), reason="qemu-arm is missing: apt install qemu-user"
)


def program(folder: Path, assembly: str) -> Path:
    """A program for 32-bit ARM that is nothing but these instructions."""
    source, output = folder / "a.s", folder / "a"
    source.write_text(f".fpu neon-fp-armv8\n.globl _start\n_start:\n{assembly}\n", encoding="ascii")
    done = run_zig(
        [
            "cc",
            "-target",
            "arm-linux-musleabihf",
            "-mcpu=cortex_a53",
            "-nostdlib",
            "-static",
            source,
            "-o",
            output,
        ],
        folder,
    )
    assert done.returncode == 0, done.stderr
    return output


def test_the_emulator_of_a_target() -> None:
    found = find_emulator(find_target("rasp3b"))
    assert found is not None
    assert (str(found), found.cpu) == ("qemu-arm -cpu cortex-a7", "cortex-a7")
    assert find_emulator(find_target("x86-64-v4")) is None
    assert find_emulator(replace(find_target("rasp3b"), arch="s390x")) is None


def test_a_program_runs(tmp_path: Path) -> None:
    found = find_emulator(find_target("rasp3b"))
    assert found is not None
    found.run(program(tmp_path, "mov r0, #0\nmov r7, #1\nsvc #0"))
    with pytest.raises(
        MismatchError, match="does not run under qemu-arm -cpu cortex-a7: it ended with status 3"
    ):
        found.run(program(tmp_path, "mov r0, #3\nmov r7, #1\nsvc #0"))


def test_an_instruction_that_the_device_lacks(tmp_path: Path) -> None:
    """Rounding to whole numbers came with ARMv8."""
    found = find_emulator(find_target("rasp3b"))
    assert found is not None
    with pytest.raises(MismatchError, match="does not run under qemu-arm -cpu cortex-a7"):
        found.run(program(tmp_path, "vrintm.f32 s0, s0\nmov r0, #0\nmov r7, #1\nsvc #0"))
