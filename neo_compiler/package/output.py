"""Where an artifact is written: checked before the work starts, filled in secret, published by a rename."""

from __future__ import annotations

import contextlib
import errno
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.errors import OutputError

ARCHIVE = ".tar.gz"
MARK = "manifest.json"  # a folder that holds it is an artifact, and may be replaced

# What the operating system says when a place, not the program, is at fault.
REASONS = {
    errno.EACCES: "permission denied",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file grew beyond the size that is allowed",
    errno.ENOENT: "the folder does not exist",
    errno.ENOSPC: "the disk is full",
    errno.ENOTDIR: "it is not a folder",
    errno.EPERM: "permission denied",
    errno.EROFS: "the file system is read-only",
}


def output_path(model: Path, target: str, output: Path | None) -> Path:
    """The place of the artifact: what was asked for, or `<model stem>-<target>.tar.gz` in this folder.

    Raises OutputError where something that is no artifact is in the way.
    """
    path = output if output is not None else Path(f"{model.stem}-{target}{ARCHIVE}")
    if path.is_dir() and (is_archive(path) or not (path / MARK).is_file()):
        raise OutputError(f"{path} is a folder, but no artifact: name a new folder or a file *{ARCHIVE}")
    if path.is_file() and not is_archive(path):
        raise OutputError(f"{path} is a file, but an artifact without {ARCHIVE} in its name is a folder")
    return path


def is_archive(path: Path) -> bool:
    """Whether the artifact at `path` is one file; else it is a folder."""
    return path.name.endswith(ARCHIVE)


# Those that mean that no more can be written, wherever they come from.
DISK_ERRORS = frozenset({errno.EDQUOT, errno.EFBIG, errno.ENOSPC, errno.EROFS})
LITTLE = 1 << 20  # bytes of free space; where a tool fails with less, that is why


@contextlib.contextmanager
def workspace(path: Path) -> Iterator[Path]:
    """A folder beside `path` for all that is written on the way; it is gone afterwards, whatever happens.

    Raises OutputError where the folder cannot be made, or where the disk fills up inside the body.
    """
    # Its name is known before it exists, so that an interruption right after that finds what to remove.
    folder = path.parent.absolute() / f".{path.name}.{secrets.token_hex(8)}"
    try:
        _make(folder)
        yield folder
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise output_error(path.parent, error) from error
        if full := _full_disk(error, folder, Path(tempfile.gettempdir())):
            raise output_error(full, OSError(errno.ENOSPC, "")) from error
        raise
    finally:
        remove(folder)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise output_error(folder.parent, error) from error


def remove(folder: str | Path) -> None:
    """Remove a folder and all in it, also where an interruption comes in between."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; until it is whole, nothing of it is at `path`. Raises OutputError."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError):
            raise output_error(path.parent, error) from error
        raise


def publish(finished: Path, path: Path, folder: Path) -> None:
    """Move `finished`, which lies in the workspace `folder`, to `path`, in the place of an artifact there."""
    try:
        if path.is_dir():
            _swap(finished, path, folder / "replaced")
        else:
            finished.replace(path)
    except OSError as error:
        raise output_error(path, error) from error


def _swap(finished: Path, path: Path, aside: Path) -> None:
    path.replace(aside)
    try:
        finished.replace(path)
    except BaseException:
        aside.replace(path)
        raise


def _full_disk(error: Exception, *folders: Path) -> Path | None:
    """Tools that find a disk full say it in words of their own, or not at all, and tidy up."""
    explained = isinstance(error, EdgeError) and error.exit_code != ExitCode.BUG
    full = (folder for folder in folders if shutil.disk_usage(folder).free < LITTLE)
    return None if explained else next(full, None)


def output_error(place: Path, error: OSError) -> OutputError:
    """That nothing can be written there, and why."""
    reason = REASONS.get(error.errno or 0, error.strerror or str(error))
    return OutputError(f"cannot write to {place.absolute()}: {reason}")
