"""Files and folders at other paths, for this process alone: bind mounts in a mount namespace of its own.

Linux only. Root may do it anywhere, others in a user namespace, where the system lets them make one (some
distributions forbid it). The disk stays as it is, with one exception that `_Namespace.point` tells.
"""

from __future__ import annotations

import ctypes
import os
import stat
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from greengrass_sim.runtime.views import View

_NEW_MOUNTS, _NEW_USER = 0x20000, 0x10000000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _UNBINDABLE, _PRIVATE = 1, 1 << 5, 1 << 12, 1 << 14, 1 << 17, 1 << 18
_KEPT = 2 | 4 | 8 | 1024 | 2048  # what a user namespace may not take away: nosuid, nodev, noexec, no times
_ROOT = Path("/")


def enter(views: Sequence[View], scratch: str) -> None:
    """Shows each view's source at its destination, from now on, to this process and to those that it starts.

    The process must have one thread; `scratch` is an empty folder, which stays empty. Raises OSError where
    the system does not allow it; files are where they were then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    where = Path.cwd()
    _unshare(libc)
    space = _Namespace(libc, scratch)
    sources = [os.open(source, os.O_PATH | os.O_CLOEXEC) for source, _, _ in views]
    try:
        for number, (_, destination, permission) in enumerate(views):
            source = sources[number]
            path = Path(os.path.normpath(destination))
            space.point(path, stat.S_ISDIR(os.fstat(source).st_mode))
            space.mount(f"/proc/self/fd/{source}", path, _BIND | _RECURSIVE)
            if permission == "ro":
                kept = os.statvfs(path).f_flag & _KEPT
                space.mount("none", path, _REMOUNT | _BIND | _READ_ONLY | kept)
    finally:
        for source in sources:
            os.close(source)
        os.chdir(where)


def _unshare(libc: ctypes.CDLL) -> None:
    """Separates our mounts from those of the system; in a user namespace we stay who we are."""
    uid, gid = os.geteuid(), os.getegid()
    flags = _NEW_MOUNTS if uid == 0 else _NEW_MOUNTS | _NEW_USER
    if libc.unshare(flags) != 0:
        raise _failure("make a namespace")
    if uid != 0:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            Path(f"/proc/self/{name}").write_text(text)


class _Namespace:
    """The mounts of this process."""

    def __init__(self, libc: ctypes.CDLL, scratch: str) -> None:
        self._libc = libc
        self._scratch = Path(scratch)
        self._ours: set[Path] = set()  # folders in memory
        self.mount("none", _ROOT, _RECURSIVE | _PRIVATE)

    def mount(self, source: str, target: Path, flags: int, kind: str | None = None, data: str = "") -> None:
        """The system call; OSError when it fails."""
        arguments = [os.fsencode(source), os.fsencode(target), kind.encode() if kind else None]
        if self._libc.mount(*arguments, ctypes.c_ulong(flags), data.encode()) != 0:
            raise _failure(f"mount at {target}")

    def point(self, path: Path, folder: bool) -> None:
        """Makes an empty file or folder to mount on, where there is none.

        The folder that it is missing in is covered by one in memory that shows the same; what is made there
        later is seen by this process alone. Only where everybody may write, as in `/tmp`, is the empty entry
        made on the disk instead, so that files there stay common.
        """
        if path.exists():
            return
        base = next(parent for parent in path.parents if parent.is_dir())
        if base not in self._ours and not base.stat().st_mode & stat.S_ISVTX:
            self._cover(base)
        path.parent.mkdir(parents=True, exist_ok=True)
        if base in self._ours:
            self._ours.update(parent for parent in path.parents if base in parent.parents)
        if folder:
            path.mkdir()
        else:
            path.touch()

    def _cover(self, base: Path) -> None:
        # Lookups begin at the root that the process has: a mount over it would not be seen.
        place = self._scratch if base == _ROOT else base
        mode = stat.S_IMODE(base.stat().st_mode)
        old = os.open(base, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.mount("tmpfs", place, 0, "tmpfs", f"mode={mode:o}")
            self.mount("none", place, _UNBINDABLE)  # else it would hold itself, below the folder it lies in
            for entry in Path(f"/proc/self/fd/{old}").iterdir():
                self._copy(entry, place / entry.name)
        finally:
            os.close(old)
        if base == _ROOT:
            os.chroot(place)
        self._ours.add(base)

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_symlink():
            target.symlink_to(os.readlink(source))
        elif source.is_dir():
            target.mkdir()
            self.mount(str(source), target, _BIND | _RECURSIVE)
        else:
            target.touch()
            self.mount(str(source), target, _BIND)


def _failure(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"cannot {what}: {os.strerror(number)}")
