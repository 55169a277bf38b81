"""What a process sees after `show`, tried in processes of its own, as root and as an ordinary user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from greengrass_sim.runtime.redirect import _source

PACKAGE = str(Path(__file__).parents[3])
NOBODY = 65534
AS = [
    pytest.param(os.geteuid(), id="as-we-are"),
    pytest.param(
        NOBODY,
        id="as-nobody",
        marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root may change users"),
    ),
]
MOUNTS = "from greengrass_sim.runtime.mounts import enter as show"
REDIRECT = "from greengrass_sim.runtime.redirect import install\ndef show(views, scratch): install(views)"

# Our Python may be out of the other user's reach, so all that is needed is imported first. A process that
# changed its user has to say that its own files in /proc are its own.
BECOME = """
import ctypes, os, pathlib, subprocess
os.setgroups([]); os.setgid({uid}); os.setuid({uid}); ctypes.CDLL(None).prctl(4, 1)"""


def run(way: str, views: Sequence[Sequence[str]], scratch: Path, code: str, uid: int) -> str:
    change = "" if uid == os.geteuid() else BECOME.format(uid=uid)
    start = f"import sys; sys.path.insert(0, {PACKAGE!r})\n{way}\n{change}\n"
    program = f"{start}show({views!r}, {str(scratch)!r})\n{code}"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    if "cannot make a namespace: Operation not permitted" in result.stderr:
        pytest.skip("this system lets nobody make namespaces")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for parent in (tmp_path, *tmp_path.parents[:-2]):
        if parent.owner() == Path(tmp_path).owner():
            parent.chmod(0o755)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "labels.txt").write_text("cat")
    folder.chmod(0o777)
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


ROOT, INNER, EXISTING = "/greengrass-models/one", "/usr/share/greengrass-models/one", "/media"


@pytest.mark.parametrize("uid", AS)
@pytest.mark.parametrize("destination", [ROOT, INNER, EXISTING])
@pytest.mark.parametrize("way", [MOUNTS, REDIRECT], ids=["mounts", "redirect"])
def test_a_folder_is_seen_at_its_destination(
    model: Path, scratch: Path, way: str, destination: str, uid: int
) -> None:
    code = f"""
import os, pathlib
path = {destination!r}
with open(path + "/labels.txt") as stream: print(stream.read())
print(pathlib.Path(path, "labels.txt").read_text(), os.listdir(path), os.path.exists(path), os.getuid())
pathlib.Path(path, "new").write_text("x")
print(pathlib.Path("/etc/passwd").exists(), os.getcwd())"""
    views = [[str(model), destination, "rw"]]
    text = run(way, views, scratch, code, uid)
    assert text == f"cat\ncat ['labels.txt'] True {uid}\nTrue /"
    assert (model / "new").read_text() == "x"
    assert list(scratch.iterdir()) == []
    assert not Path("/greengrass-models").exists()
    assert not Path("/usr/share/greengrass-models").exists()


@pytest.mark.parametrize("uid", AS)
def test_other_programs_see_mounts_too(model: Path, scratch: Path, uid: int) -> None:
    code = f"import subprocess; print(subprocess.check_output(['cat', '{ROOT}/labels.txt']).decode())"
    assert run(MOUNTS, [[str(model), ROOT, "ro"]], scratch, code, uid) == "cat"


@pytest.mark.parametrize("uid", AS)
def test_what_is_read_only_cannot_be_written(model: Path, scratch: Path, uid: int) -> None:
    code = f"""
try: open("{ROOT}/new", "w")
except OSError as error: print(error.strerror)"""
    assert run(MOUNTS, [[str(model), ROOT, "ro"]], scratch, code, uid) == "Read-only file system"


@pytest.mark.parametrize("uid", AS)
def test_several_views_and_a_file(model: Path, scratch: Path, uid: int) -> None:
    views = [
        [str(model), ROOT, "ro"],
        [str(model), "/greengrass-models/two/deep", "rw"],
        [str(model / "labels.txt"), "/greengrass-labels", "ro"],
        [str(model), INNER, "ro"],
    ]
    code = f"""
for path in ("{ROOT}/labels.txt", "/greengrass-models/two/deep/labels.txt", "/greengrass-labels",
             "{INNER}/labels.txt"): print(open(path).read())"""
    assert run(MOUNTS, views, scratch, code, uid) == "cat\ncat\ncat\ncat"


def test_a_common_folder_stays_common(model: Path, scratch: Path, tmp_path: Path) -> None:
    common = tmp_path / "common"
    common.mkdir()
    common.chmod(0o1777)
    code = f"open('{common}/new', 'w').close(); print(open('{common}/one/labels.txt').read())"
    assert run(MOUNTS, [[str(model), f"{common}/one", "ro"]], scratch, code, os.geteuid()) == "cat"
    assert sorted(path.name for path in common.iterdir()) == ["new", "one"]
    assert list((common / "one").iterdir()) == []


def test_a_source_that_is_missing(scratch: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {PACKAGE!r})\n{MOUNTS}\nshow([['/gone', '/x', 'ro']], '{scratch}')"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "No such file or directory: '/gone'" in result.stderr


@pytest.mark.parametrize(
    ("path", "led"),
    [
        ("/models/one", "/here"),
        ("/models/one/a", "/here/a"),
        ("/models//./one/a/../b", "/here/b"),
        (b"/models/one/a", b"/here/a"),
        (Path("/models/one"), "/here"),
        ("/models/ones", "/models/ones"),
        ("models/one", "models/one"),
        (3, 3),
        (None, None),
    ],
)
def test_which_paths_are_led_elsewhere(path: object, led: object) -> None:
    assert _source(path, {"/models/one": "/here"}) == led


def test_what_goes_through_python_is_led_elsewhere(model: Path, scratch: Path) -> None:
    code = f"""
import glob, os, shutil, ctypes
print(glob.glob("{ROOT}/*"), os.path.getsize("{ROOT}/labels.txt"), [e.name for e in os.scandir("{ROOT}")])
os.rename("{ROOT}/labels.txt", "{ROOT}/names.txt"); shutil.copy("{ROOT}/names.txt", "{ROOT}/more.txt")
print([sorted(files) for _, _, files in os.walk("{ROOT}")], sorted(os.listdir(path="{ROOT}")))
try: ctypes.CDLL("{ROOT}/names.txt")
except OSError as error: print("{model}" in str(error))"""
    names = ["more.txt", "names.txt"]
    lines = run(REDIRECT, [[str(model), ROOT, "ro"]], scratch, code, os.geteuid()).splitlines()
    assert lines == [f"['{ROOT}/labels.txt'] 3 ['labels.txt']", f"[{names}] {names}", "True"]


def test_where_mounts_are_refused_python_is_led(model: Path, scratch: Path) -> None:
    """A user namespace inside another, without the right to make more."""
    code = f"""
import sys; sys.path.insert(0, {PACKAGE!r})
from greengrass_sim.runtime import mounts
from greengrass_sim.runtime.views import show
def refuse(libc): raise PermissionError(1, "cannot make a namespace: Operation not permitted")
mounts._unshare = refuse
print(show([[{str(model)!r}, "{ROOT}", "ro"]], {str(scratch)!r}))
print(open("{ROOT}/labels.txt").read(), show([], ""))"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = f"{ROOT}: seen by Python code only, as cannot make a namespace: Operation not permitted"
    assert result.stdout.splitlines() == [told, "cat None"]
