from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from greengrass_sim.errors import UsageError
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import echo_group, thing_arn, write_group

pytest.importorskip("cryptography", reason="cryptography is not installed")


def test_core_and_devices_of_a_group(tmp_path: Path) -> None:
    document = {**echo_group(), "Devices": [{"Id": "lamp", "ThingArn": thing_arn("lamp")}]}
    group = str(write_group(tmp_path, document))
    arguments = ("pki", group, "--thing", "guest", "--host", "pi.local")
    names = ["ca.pem", "server.pem", "things/test-core.pem", "things/lamp.pem", "things/guest.pem"]
    for word in ("made", "kept"):
        result = run_command(*arguments, folder=tmp_path)
        assert result.returncode == 0, result.stderr
        assert result.stdout.decode().splitlines() == [f"{word} pki/{name}" for name in names]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run_command("pki", "-o", "file/pki", folder=tmp_path)
    assert result.returncode == 2
    assert b"cannot use the folder file/pki: Not a directory" in result.stderr


def test_without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    from greengrass_sim.commands import pki

    monkeypatch.setattr(pki, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'neo-edge\[pki\]'"):
        pki.run(Namespace(group=None))
