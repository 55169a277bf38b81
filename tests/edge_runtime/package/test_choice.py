from __future__ import annotations

import json
import logging
import shutil
import subprocess
import tarfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge_runtime
from edge_runtime.artifact import open_artifact
from edge_runtime.cli import main
from edge_runtime.commands.unpack import unpack
from edge_runtime.errors import ArtifactError, ExitCode, InputError
from edge_runtime.manifest import Manifest, TargetNeeds, Variant
from edge_runtime.package.choice import Wish, choose, view
from neo_compiler.package.variants import gather, storage
from tests.edge_runtime import sample

PI = TargetNeeds("rasp4b", "aarch64-linux-gnu", "aarch64", "cortex-a72", ("asimd",))
HERE = TargetNeeds("here", "x86_64-linux-gnu", "x86_64", "x86-64-v2", ("sse4_2",))
FUTURE = TargetNeeds("future", "x86_64-linux-gnu", "x86_64", "x86-64-v9", ("avx9000",))


def build(folder: Path, targets: tuple[TargetNeeds, ...], **changes: Any) -> Path:
    """An artifact with the sample's code for every target; the parameters of `rasp4b` are others."""
    parts = []
    for target in targets:
        source = sample.build_mlp(folder / "sources" / target.name)
        if target is PI:
            (source / "compiled.params").write_bytes(sample.params_bytes()[::-1])
        sample.write_manifest(source, sample.mlp_plan(), target=target, **changes)
        parts.append((Manifest.from_json((source / "manifest.json").read_bytes()), source))
    whole = folder / "whole"
    whole.mkdir()
    gather(parts, whole)
    return whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path, (FUTURE, PI, HERE))


@pytest.fixture
def packed(folder: Path, tmp_path: Path) -> Path:
    return sample.pack(folder, tmp_path / "several.tar.gz")


def manifest_of(*targets: TargetNeeds) -> Manifest:
    alone = sample.manifest_of(Path("/nowhere"), sample.mlp_plan())
    kept = {row.name: getattr(alone, row.name) for row in fields(Variant)} | {"files": {}}
    variants = tuple(Variant(**kept | {"target": target}) for target in targets)
    return replace(alone, variants=variants, features=("variants",))


def test_what_fits_is_chosen_and_only_that_is_unpacked(packed: Path, cache: Path) -> None:
    with edge_runtime.load(packed, threads=1) as model:
        x = np.ones((sample.ROWS, sample.INNER), np.float32)
        np.testing.assert_allclose(model.run({"x": x})["y"], sample.mlp_reference(x)["y"], rtol=1e-5)
        artifact = model.artifact
    assert artifact.manifest.target == HERE
    assert artifact.choice is not None
    assert artifact.choice.reason == "only it fits this machine"
    assert {row["target"]: row["reason"] for row in artifact.choice.rows()} == {
        "future": "it was compiled for target future, and this CPU lacks avx9000",
        "rasp4b": "it was compiled for aarch64 (target rasp4b), this machine is x86_64",
        "here": "only it fits this machine",
    }
    names = {path.relative_to(artifact.folder).as_posix() for path in artifact.folder.rglob("*.*")}
    assert names == {"manifest.json", *artifact.manifest.files} - {*artifact.manifest.files} | {
        "future/compiled.params",
        "future/compiled.so",
        "future/selftest/0.npz",
    }
    assert artifact.file("compiled.params").read_bytes() == sample.params_bytes()


def test_identical_files_lie_once(folder: Path) -> None:
    whole = Manifest.from_json((folder / "manifest.json").read_bytes())
    assert sorted(whole.files) == [
        "future/compiled.params",
        "future/compiled.so",
        "future/selftest/0.npz",
        "rasp4b/compiled.params",
    ]
    found = storage(whole)
    size = len(sample.params_bytes())
    assert (found.weights_stored, found.weights_once) == (2 * size, size)
    assert found.alone == 3 * found.stored - 3 * size
    assert ("here", "compiled.so", "future") in found.shared
    assert dict(found.rows())["layouts"].endswith("more than one layout")


def test_the_cache_holds_each_target_apart(
    packed: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_artifact(packed)
    forced = open_artifact(packed, fit=False, target="rasp4b")
    assert first.folder != forced.folder
    assert forced.folder.name.endswith("@rasp4b")
    written = first.file("compiled.so").stat().st_ino
    assert open_artifact(packed).file("compiled.so").stat().st_ino == written
    assert open_artifact(packed, fit=False, target="rasp4b") == forced
    assert not caplog.records
    first.file("compiled.so").write_bytes(b"damaged")
    assert open_artifact(packed).folder == first.folder
    assert "unpacking again" in caplog.text


def test_a_folder_and_a_repacked_archive(folder: Path, tmp_path: Path) -> None:
    """Where the manifest comes last, all that was unpacked before is removed again."""
    assert open_artifact(folder).folder == folder
    repacked = tmp_path / "repacked.tar.gz"
    with tarfile.open(repacked, "w:gz", format=tarfile.USTAR_FORMAT) as file:
        for name in ("future", "rasp4b", "manifest.json"):
            file.add(folder / name, name)
    artifact = open_artifact(repacked)
    assert not (artifact.folder / "rasp4b" / "compiled.params").exists()
    assert open_artifact(repacked) == artifact
    shutil.rmtree(folder / "rasp4b")
    assert open_artifact(folder).manifest.target == HERE
    with pytest.raises(ArtifactError, match=r"rasp4b/compiled\.params is missing"):
        open_artifact(folder, fit=False, target="rasp4b")


def test_files_of_other_targets_are_proven_when_it_is_unpacked(folder: Path, tmp_path: Path) -> None:
    (folder / "rasp4b" / "compiled.params").write_bytes(bytes(len(sample.params_bytes())))
    with pytest.raises(ArtifactError, match=r"rasp4b/compiled\.params is damaged"):
        open_artifact(sample.pack(folder, tmp_path / "damaged.tar.gz"))


def test_none_fits(tmp_path: Path) -> None:
    packed = sample.pack(build(tmp_path, (FUTURE, PI)), tmp_path / "several.tar.gz")
    with pytest.raises(ArtifactError) as caught:
        open_artifact(packed)
    assert str(caught.value) == (
        f"{packed}: none of its 2 targets fits this machine (x86_64); compile the model for one that does:\n"
        "  future: it was compiled for target future, and this CPU lacks avx9000\n"
        "  rasp4b: it was compiled for aarch64 (target rasp4b), this machine is x86_64"
    )
    assert open_artifact(packed, fit=False).manifest.target == FUTURE
    with pytest.raises(ArtifactError, match="holds nothing for target 'rasp5': it has future, rasp4b"):
        open_artifact(packed, target="rasp5")
    with pytest.raises(ArtifactError, match="this machine is x86_64"):
        open_artifact(packed, target="rasp4b")


def test_a_target_asked_of_an_artifact_for_one(mlp_archive: Path) -> None:
    assert open_artifact(mlp_archive, target=sample.TARGET).choice is None
    with pytest.raises(ArtifactError, match=f"holds nothing for target 'rasp4b': it is for {sample.TARGET}"):
        open_artifact(mlp_archive, target="rasp4b")


BOARDS = (
    replace(PI, name="rasp5", cpu="cortex-a76", requires=("asimd", "asimddp")),
    PI,
    replace(PI, name="rasp3b-64", cpu="generic"),
)


@pytest.mark.parametrize(
    ("cores", "flags", "chosen", "reason"),
    [
        ({"cortex-a76"}, {"asimd", "asimddp"}, "rasp5", "of 3 that fit, it is for this CPU, cortex-a76"),
        ({"cortex-a72"}, {"asimd"}, "rasp4b", "of 2 that fit, it is for this CPU, cortex-a72"),
        ({"cortex-a53"}, {"asimd"}, "rasp3b-64", "of 2 that fit, it comes first"),
        (set(), {"asimd", "asimddp"}, "rasp5", "of 3 that fit, it comes first"),
    ],
)
def test_which_of_several_that_fit(
    monkeypatch: pytest.MonkeyPatch, cores: set[str], flags: set[str], chosen: str, reason: str
) -> None:
    """What the machine reports is put in its place: its rules are tested, not the machine."""
    monkeypatch.setattr("edge_runtime.package.verify.machine", lambda: "aarch64")
    monkeypatch.setattr("edge_runtime.package.verify.cpu_flags", lambda: frozenset(flags))
    monkeypatch.setattr("edge_runtime.package.choice.cpu_names", lambda: frozenset(cores))
    choice = choose(manifest_of(*BOARDS), Wish())
    assert (choice.chosen.target.name, choice.reason) == (chosen, reason)


def test_what_belongs_to_the_model_is_in_every_view() -> None:
    manifest = replace(manifest_of(HERE, PI), labels={"y": ("cat", "dog")})
    for variant in manifest.variants:
        assert view(manifest, variant) == replace(
            manifest, variants=(), files={}, target=variant.target, features=(), parts=()
        )


def test_a_variant_that_needs_more_than_this_version_knows_is_passed_over() -> None:
    manifest = manifest_of(replace(HERE, name="new"), HERE)
    strange = replace(manifest.variants[0], features=("telepathy",))
    choice = choose(replace(manifest, variants=(strange, manifest.variants[1])), Wish())
    assert choice.chosen.target == HERE
    assert choice.candidates[0].misfit == "it needs telepathy, which this edge_runtime does not know"


def test_older_readers_refuse_by_the_feature(folder: Path) -> None:
    """They read all keys of their schema and find a feature that they do not know."""
    document = json.loads((folder / "manifest.json").read_text())
    assert document["features"] == ["variants"]
    needed = {"model", "compiler", "target", "inputs", "outputs", "memory", "accuracy", "placement", "files"}
    assert needed <= document.keys()
    assert "variants" not in json.loads(sample.manifest_of(folder, sample.mlp_plan()).to_json())


def test_a_manifest_that_contradicts_itself(folder: Path) -> None:
    whole = Manifest.from_json((folder / "manifest.json").read_bytes())
    lost = replace(whole, files={name: row for name, row in whole.files.items() if "rasp4b" not in name})
    with pytest.raises(ArtifactError, match=r"variants\[1\]\.files: there is no rasp4b/compiled\.params"):
        Manifest.from_json(lost.to_json())
    twice = replace(whole.variants[2], target=replace(HERE, requires=("mmx",)))
    with pytest.raises(ArtifactError, match="variants of one target have different needs"):
        choose(replace(whole, variants=(*whole.variants, twice)), Wish())


def test_unpacked_for_a_program_in_c(packed: Path, tmp_path: Path) -> None:
    """The folder is the one that the target's own artifact would be."""
    for target in (HERE, PI):
        unpack(packed, tmp_path / target.name, target.name)
        source = tmp_path / "sources" / target.name
        assert (tmp_path / target.name / "manifest.json").read_text() == (
            source / "manifest.json"
        ).read_text()
        assert open_artifact(tmp_path / target.name, fit=False).manifest.target == target
    with pytest.raises(InputError, match="exists already"):
        unpack(packed, tmp_path / "here")
    with pytest.raises(InputError, match="cannot be written: No such file"):
        unpack(packed, tmp_path / "no" / "where")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_command_line(packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(packed)]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "used        here: only it fits this machine"
    assert lines[1].startswith("left        rasp4b: it was compiled for aarch64")
    assert main(["selftest", str(packed), "--target", "here", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["target"] == "here"
    assert main(["selftest", str(packed), "--target", "rasp4b"]) == ExitCode.ARTIFACT
    assert main(["unpack", str(packed), str(tmp_path / "out")]) == ExitCode.OK
    assert main(["selftest", str(tmp_path / "out")]) == ExitCode.OK


def test_the_log_tells_which_and_why(packed: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "edge_runtime"):
        open_artifact(packed)
    assert caplog.messages == ["target here is used: only it fits this machine"]


def test_every_byte_counts(packed: Path, tmp_path: Path) -> None:
    """Also those of files that are not needed here."""
    content = packed.read_bytes()
    for place in range(7, len(content), len(content) // 60):
        damaged = bytearray(content)
        damaged[place] ^= 4
        path = tmp_path / "damaged.tar.gz"
        path.write_bytes(damaged)
        with pytest.raises(ArtifactError):
            open_artifact(path)


def test_any_tar_unpacks_it(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "by-tar").mkdir()
    subprocess.run(["tar", "xzf", packed, "-C", tmp_path / "by-tar"], check=True)
    assert open_artifact(tmp_path / "by-tar").manifest.target == HERE
