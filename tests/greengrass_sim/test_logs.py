from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from greengrass_sim.group import load_group
from greengrass_sim.logs import log_files
from tests.greengrass_sim.groups import echo_group, write_group

LINE = re.compile(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]\[(\w+)\]-(\S+?:\d+),(.*)")


def lines(file: Path) -> list[tuple[str, ...]]:
    found = [LINE.fullmatch(line) for line in file.read_text().splitlines()]
    return [match.groups() if match else () for match in found]


def test_the_layout_of_a_core(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    group = load_group(write_group(tmp_path, echo_group()))
    caplog.set_level(logging.INFO)
    with log_files(tmp_path, group) as folder:
        output = logging.getLogger("function.echo")
        output.info("%s", "printed", extra={"place": "echo.py:3"})
        output.critical("%s", "broken", extra={"place": "echo.py:4"})
        logging.getLogger("core").warning("careful")
    output.warning("after the end")
    assert folder == tmp_path / "ggc" / "var" / "log"
    assert lines(folder / "user" / "eu-central-1" / "123456789012" / "echo.log") == [
        ("INFO", "echo.py:3", "printed"),
        ("FATAL", "echo.py:4", "broken"),
    ]
    ((level, place, text),) = lines(folder / "system" / "runtime.log")
    assert (level, text) == ("WARN", "careful")
    assert place.startswith("test_logs.py:")


def test_a_full_file_gives_way(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    document = echo_group()
    document["Loggers"] = [
        {"Id": "l", "Component": "Lambda", "Level": "INFO", "Type": "FileSystem", "Space": 2}
    ]
    caplog.set_level(logging.INFO)
    with log_files(tmp_path, load_group(write_group(tmp_path, document))) as folder:
        for number in range(100):
            logging.getLogger("function.echo").info("line %d of some length", number)
    files = sorted((folder / "user").rglob("echo.log*"))
    assert [file.name for file in files] == ["echo.log", "echo.log.1", "echo.log.2", "echo.log.3"]
    assert max(file.stat().st_size for file in files) <= 2048
    assert "line 99" in files[0].read_text()
