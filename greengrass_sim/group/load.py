"""A group from a file or a folder, in any of the known formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from greengrass_sim.errors import GroupError
from greengrass_sim.group.checks import check_group
from greengrass_sim.group.checks.options import CheckOptions
from greengrass_sim.group.formats.draft import Draft
from greengrass_sim.group.formats.recognise import read_text
from greengrass_sim.group.local import Local, read_local
from greengrass_sim.group.localise import localise
from greengrass_sim.group.model import Group
from greengrass_sim.group.problems import Problems
from greengrass_sim.group.schema import decode
from greengrass_sim.group.spooler import with_spooler

_IN_FOLDER = ("group.toml", "group.json", "greengo.yaml", "template.yaml", "template.yml", "template.json")


def load_group(path: str | Path, local: Local | None = None, options: CheckOptions | None = None) -> Group:
    """The group at `path`, checked, with absolute paths; raises GroupError with all problems at once.

    A folder stands for the group file in it, or for the answers of `aws greengrass get-...` that lie in it.
    Settings of `NAME.local.toml` beside the file count where `local` leaves them open.
    """
    file = _in_folder(Path(path))
    folder = file if file.is_dir() else file.parent
    beside = folder / "group.local.toml" if file.is_dir() else file.with_suffix(".local.toml")
    settings = (local or Local()).over(read_local(beside) if beside.exists() else Local())
    places: Callable[[str], str] = str
    try:
        draft = read_text(_read(file), settings.parameters, file.stem)
        places = draft.places
        return _finish(draft, settings, folder.absolute(), options or CheckOptions())
    except GroupError as error:
        problems = [(places(place), problem) for place, problem in error.problems]
        raise GroupError.of(problems, str(file)) from error.__cause__


def _finish(draft: Draft, local: Local, folder: Path, options: CheckOptions) -> Group:
    problems = Problems()
    group = replace(
        decode(Group, draft.document, "$", draft.dialect), default_memory_kb=draft.default_memory_kb
    )
    group = localise(group, local, folder, problems)
    problems.attempt(check_group, group, options)
    problems.raise_any()
    return with_spooler(group)


def _in_folder(path: Path) -> Path:
    if not path.is_dir():
        return path
    return next((path / name for name in _IN_FOLDER if (path / name).is_file()), path)


def _read(path: Path) -> str:
    """The text; the JSON files of a folder one after the other."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise GroupError("$", f"no group here: neither {', '.join(_IN_FOLDER)} nor other JSON files")
    try:
        return "\n".join(file.read_text(encoding="utf-8") for file in files)
    except OSError as error:
        raise GroupError("$", f"cannot read the group file: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise GroupError("$", f"not a text: byte {error.start} is not UTF-8") from error
