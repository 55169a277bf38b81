from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from neo_compiler.errors import ExitCode, TargetError
from neo_compiler.target import find_target, host_target, target_names
from neo_compiler.target.profiles import profiles, user_table

OWN = '[mine]\nabout = "my board"\nbase = "rasp4b"\ncpu = "cortex-a73"\nl2 = 512\n'


def table(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_devices_of_the_issue_are_there() -> None:
    names = {
        *("rasp3b", "rasp3b-64", "rasp4b", "rasp5", "rasp-zero2w", "jetson_nano-cpu"),
        *(
            "jetson_tx2-cpu",
            "jetson_xavier-cpu",
            "jetson_orin-cpu",
            "rk3399",
            "imx8mplus",
            "ml_c6g",
            "ml_c7g",
            "aarch64",
            "armv7",
        ),
    }
    assert names <= set(target_names())
    for row in profiles().values():
        assert (row.arch in row.triple) == (row.arch != "armv7l") or row.triple.startswith("armv7l")
        assert row.vector * row.registers >= 16 * 16
        assert row.generic == (row.memory == 0 and not row.name.startswith("ml_"))


@pytest.mark.parametrize(
    ("name", "gpu", "arch"),
    [
        ("jetson_nano", "sm_53", "aarch64"),
        ("jetson_tx2", "sm_62", "aarch64"),
        ("jetson_xavier", "sm_72", "aarch64"),
        ("jetson_orin", "sm_87", "aarch64"),
        ("ml_p3", "sm_70", "x86_64"),
        ("ml_g4dn", "sm_75", "x86_64"),
        ("ml_g5", "sm_86", "x86_64"),
        ("ml_p5", "sm_90", "x86_64"),
        ("cuda-sm_61", "sm_61", "x86_64"),
        ("cuda-sm_87-aarch64", "sm_87", "aarch64"),
    ],
)
def test_targets_with_a_gpu(name: str, gpu: str, arch: str) -> None:
    target = find_target(name)
    assert (target.gpu, target.arch) == (gpu, arch)
    assert target.nvptx()["mcpu"] == gpu
    assert not host_target().gpu


def test_a_gpu_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="gpu: 'sm_54' is none of sm_50"):
        find_target("mine", table(tmp_path, OWN + 'gpu = "sm_54"\n'))


def test_what_a_board_inherits() -> None:
    board = find_target("rasp4b")
    assert (board.arch, board.cpu, board.lanes, board.registers) == ("aarch64", "cortex-a72", 4, 32)
    assert (board.requires, board.cores, board.emulate) == (("asimd",), 4, "cortex-a72")
    narrow = find_target("rasp3b")
    assert (narrow.arch, narrow.registers, narrow.also) == ("armv7l", 16, ())
    assert narrow.llvm()["mfloat-abi"] == "hard"


def test_other_names_of_a_device() -> None:
    assert find_target("jetson_tx1").name == "jetson_nano"
    assert find_target("jetson_tx1-cpu").name == "jetson_nano-cpu"
    assert find_target("ml_m5").name == "x86-64-v4"
    names = [name for row in profiles().values() for name in row.also]
    assert len(names) == len(set(names))
    assert not set(names) & set(profiles())


def test_every_emulated_cpu_is_one_of_qemu() -> None:
    for program, arch in (("qemu-aarch64", "aarch64"), ("qemu-arm", "armv7l")):
        try:
            listed = subprocess.run([program, "-cpu", "help"], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"{program} is not installed: apt install qemu-user")
        used = {row.emulate for row in profiles().values() if row.arch == arch}
        assert used <= set(listed.stdout.split())


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    target = find_target("mine", table(tmp_path, OWN))
    assert (target.name, target.cpu, target.l2, target.arch) == ("mine", "cortex-a73", 512, "aarch64")
    with pytest.raises(TargetError, match="unknown target 'mine'"):
        find_target("mine")


def test_the_users_table_is_always_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    user_table().parent.mkdir()
    user_table().write_text(OWN, encoding="utf-8")
    assert find_target("mine").cpu == "cortex-a73"
    assert (
        find_target("yours", table(tmp_path, OWN.replace("mine", "yours").replace("rasp4b", "mine"))).l2
        == 512
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[mine", "is not TOML"),
        ("mine = 3", "a table is expected, \\[mine\\]"),
        ('[mine]\nbase = "rasp9"', r"\[mine\]: the base 'rasp9' is no profile above"),
        ('[mine]\nbase = "rasp4b"\ncolour = 1', "unknown keys colour"),
        (
            '[mine]\nabout = "x"\ntriple = "t"',
            "arch, cpu, attrs, requires, vector, registers, l1, l2 is missing",
        ),
        ('[mine]\nbase = "rasp4b"\nl2 = "big"', r"\[mine\].l2: int expected, found 'big'"),
    ],
)
def test_a_wrong_table_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = table(tmp_path, text)
    with pytest.raises(TargetError, match=message) as caught:
        find_target("mine", path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == ExitCode.TARGET


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"cannot read the device profiles of .*mine.toml: No such file"):
        find_target("mine", tmp_path / "mine.toml")
