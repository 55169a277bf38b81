"""Tuning of a small model, as the library and the command line do it."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import edge_runtime
import neo_compiler
from edge_runtime.artifact import open_artifact
from edge_runtime.errors import ExitCode
from neo_compiler.cli import main
from neo_compiler.errors import TargetError, UsageError
from neo_compiler.graph import prepare
from neo_compiler.job import compile_model
from neo_compiler.lower import lower
from neo_compiler.options import CompileOptions
from neo_compiler.report import Report
from neo_compiler.target import find_target, host_target, target_names
from neo_compiler.tune.circumstances import Circumstances, circumstances
from neo_compiler.tune.outcome import Tuning
from neo_compiler.tune.records import open_records
from neo_compiler.tune.survey import survey
from neo_compiler.tune.verdict import Verdict
from tests.neo_compiler.test_shell import wait_for
from tests.neo_compiler.tune.conftest import NETWORK
from tests.waiting import BUSY_S

LONG = 300.0  # seconds: more than this model ever takes
NEO = (sys.executable, "-m", "neo_compiler.cli")


def compiled(network: Path, output: Path, tune: float | None) -> Report:
    return compile_model(CompileOptions(network, output=output, tune=tune))


def tuning(report: Report) -> Tuning:
    assert report.tuning is not None
    return report.tuning


def rows(records: Path) -> list[tuple[Any, ...]]:
    """The records that there are; none while the file is being made."""
    if not records.exists():
        return []
    with contextlib.closing(sqlite3.connect(records)) as database:
        if not database.execute("SELECT name FROM sqlite_master").fetchall():
            return []
        return database.execute("SELECT kernel, chosen FROM verdicts_1").fetchall()


def decide(records: Path, where: Circumstances | None = None) -> dict[str, str]:
    """Write a record for each kernel of the model that names its last candidate."""
    target = host_target()
    kernels = survey(lower(prepare(NETWORK.model(), {}), target), target)
    with open_records(where or circumstances(target), records) as file:
        for kernel in kernels:
            file.keep(kernel.key, kernel.shapes, Verdict(kernel.candidates[-1], 2.0, 1.0))
    return {kernel.name: kernel.candidates[-1] for kernel in kernels}


def test_kernels_are_measured_once_and_known_ever_after(network: Path, records: Path, tmp_path: Path) -> None:
    first = tuning(compiled(network, tmp_path / "first.tar.gz", LONG))
    assert first.left == 0
    assert len(first.found) == len(rows(records)) >= 3
    assert all(row.measured and row.analytic_ms and row.chosen_ms for row in first.found)
    assert all(row.gain > 1 for row in first.changed)
    second = tuning(compiled(network, tmp_path / "second.tar.gz", LONG))
    third = tuning(compiled(network, tmp_path / "third.tar.gz", 0))
    assert not any(row.measured for row in (*second.found, *third.found))
    assert first.choices == second.choices == third.choices
    contents = {(tmp_path / f"{name}.tar.gz").read_bytes() for name in ("first", "second", "third")}
    assert len(contents) == 1
    assert second.seconds < first.seconds


def test_without_tuning_records_change_nothing(network: Path, records: Path, tmp_path: Path) -> None:
    before = compiled(network, tmp_path / "before.tar.gz", None)
    decide(records)
    after = compiled(network, tmp_path / "after.tar.gz", None)
    assert before.tuning is after.tuning is None
    assert "tuned" not in before.manifest.compiler.options
    assert before.path.read_bytes() == after.path.read_bytes()


def test_records_decide(network: Path, records: Path, tmp_path: Path) -> None:
    plain = compiled(network, tmp_path / "plain", None)
    chosen = decide(records)
    report = compiled(network, tmp_path / "tuned", 0)
    assert dict(tuning(report).choices) == chosen == report.manifest.compiler.options["tuned"]
    assert (report.path / "compiled.so").read_bytes() != (plain.path / "compiled.so").read_bytes()
    inputs = NETWORK.inputs()
    with edge_runtime.load(report.path) as model, edge_runtime.load(plain.path) as other:
        assert abs(model.run(inputs)["y"] - other.run(inputs)["y"]).max() < 1e-3


@pytest.mark.parametrize("field", ["target", "machine", "compiler"])
def test_records_of_other_circumstances_are_ignored(
    network: Path, records: Path, tmp_path: Path, field: str
) -> None:
    here = circumstances(host_target())
    decide(records, Circumstances(**{**vars(here), field: "another"}))
    report = compiled(network, tmp_path / "a", 0)
    assert not tuning(report).found
    assert report.manifest.compiler.options["tuned"] == {}


def test_without_records_and_time_nothing_is_tuned(network: Path, records: Path, tmp_path: Path) -> None:
    plain = compiled(network, tmp_path / "plain", None)
    report = compiled(network, tmp_path / "tuned", 0)
    assert tuning(report).left >= 3
    assert (report.path / "compiled.so").read_bytes() == (plain.path / "compiled.so").read_bytes()


def test_a_damaged_file_of_records_is_told_and_replaced(
    network: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records.parent.mkdir()
    records.write_bytes(b"no database\n" * 1000)
    assert main(["compile", str(network), "-o", str(tmp_path / "a"), "--tune", "0"]) == ExitCode.OK
    assert f"the tuning records in {records} were damaged: begun anew" in capsys.readouterr().err
    assert rows(records) == []
    assert records.with_name("tuning.sqlite.damaged").read_bytes() == b"no database\n" * 1000


def test_where_nothing_can_be_measured_the_analytic_model_decides(
    network: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = compiled(network, tmp_path / "plain", None)
    monkeypatch.setenv("PYTHONMALLOC", "nonsense")  # no Python starts with that
    report = compiled(network, tmp_path / "tuned", LONG)
    outcome = tuning(report)
    assert len(outcome.failed) == len(outcome.found) >= 3
    assert outcome.failed[0] in "\n".join(text for _, text in report.rows())
    assert not outcome.changed
    assert rows(records) == []
    assert (report.path / "compiled.so").read_bytes() == (plain.path / "compiled.so").read_bytes()


def test_the_report_tells_what_was_gained(
    network: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = decide(records)
    assert main(["compile", str(network), "-o", str(tmp_path / "a"), "--tune", "0", "--json"]) == ExitCode.OK
    out, err = capsys.readouterr()
    document = json.loads(out)["tuning"]
    assert document["records"] == str(records)
    assert (document["measured"], document["reused"], document["left"]) == (0, len(chosen), 0)
    assert {row["kernel"]: row["chosen"] for row in document["changed"]} == chosen
    assert {row["gain"] for row in document["changed"]} == {2.0}
    for kernel, name in chosen.items():
        (line,) = (line for line in err.splitlines() if f" {kernel}: " in line)
        assert f"→ {name}, 2.0000 → 1.0000 ms (2.00 times as fast)" in line
    assert str(records) in err
    assert f"{len(chosen)} known, 0 left; {len(chosen)} changed" in err


def start(network: Path, folder: Path) -> subprocess.Popen[str]:
    command = [*NEO, "compile", str(network), "-o", "a.tar.gz", "--tune", str(LONG)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "work"
    path.mkdir()
    return path


def test_after_an_interruption_the_measured_kernels_are_known(
    network: Path, records: Path, folder: Path
) -> None:
    with start(network, folder) as process:
        wait_for(lambda: len(rows(records)) > 0, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=BUSY_S)
    assert (process.returncode, out, err) == (ExitCode.INTERRUPTED, "", "neo: interrupted\n")
    assert list(folder.iterdir()) == []
    known = rows(records)
    assert known
    after = tuning(compiled(network, folder / "a.tar.gz", 0))
    assert len(after.found) == len(known)


def test_after_a_kill_the_measured_kernels_are_known(network: Path, records: Path, folder: Path) -> None:
    with start(network, folder) as process:
        wait_for(lambda: len(rows(records)) > 0, process)
        process.kill()
        process.communicate(timeout=BUSY_S)
    assert process.returncode == -signal.SIGKILL
    known = rows(records)
    after = tuning(compiled(network, folder / "a.tar.gz", LONG))
    assert sum(not row.measured for row in after.found) == len(known) >= 1
    assert after.left == 0
    assert set(known) <= set(rows(records))


def test_compilations_share_the_records(network: Path, records: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for path in folders:
        path.mkdir()
    with start(network, folders[0]) as one, start(network, folders[1]) as two:
        for process in (one, two):
            _, err = process.communicate(timeout=240)
            assert process.returncode == ExitCode.OK, err
            assert "records in" not in err
    assert tuning(compiled(network, tmp_path / "a", 0)).left == 0


def test_a_target_of_another_machine_cannot_be_tuned(network: Path, tmp_path: Path) -> None:
    here = host_target().arch
    foreign = next(name for name in target_names() if find_target(name).arch != here)
    with pytest.raises(TargetError, match="cannot be tuned on this machine"):
        neo_compiler.compile(tmp_path / "missing.onnx", target=foreign, tune=1)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_time_that_is_none(network: Path, seconds: float) -> None:
    with pytest.raises(UsageError, match="seconds for tuning"):
        neo_compiler.compile(network, tune=seconds)


def test_the_manifest_of_an_archive_names_the_choices(network: Path, records: Path, tmp_path: Path) -> None:
    chosen = decide(records)
    path = neo_compiler.compile(network, output=tmp_path / "a.tar.gz", tune=0)
    assert open_artifact(path).manifest.compiler.options["tuned"] == chosen
