"""Which file system a path lies on: databases in one file break on those that several machines share."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote

from tumorcast.domain.errors import ConfigError

SHARED_TYPES = (
    "nfs", "nfs3", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ceph",
    "glusterfs", "pvfs2", "orangefs", "panfs", "9p", "gfs2", "ocfs2", "virtiofs", "wekafs", "daos", "sshfs",
    "autofs", "ceph-fuse", "juicefs", "mfs", "moosefs", "lizardfs", "saunafs", "seaweedfs", "s3fs", "goofys",
    "gcsfuse", "blobfuse2", "mount-s3", "rclone", "quobyte", "dfuse",
)  # fmt: skip
"""File systems of which several machines may hold a part, as mount tables name them (of `fuse.X`, X)."""

_AUTHORITY = re.compile(r"^//[^/]*")
_SQLITE = re.compile(r"^sqlite(\+\w+)?:///(?P<path>[^?#]+)")
_WINDOWS_REMOTE_DRIVE = 4


def shared_type(path: Path, mounts: str | None = None) -> str | None:
    """The type of the shared file system that holds `path` (or will hold it), None where it is local or not known.

    Args:
        path: a file or folder; it need not exist.
        mounts: the text of a mount table as in /proc/mounts; None reads this machine's.
    """
    if sys.platform == "win32" and mounts is None:
        return _windows_share(str(path.absolute()))
    if mounts is None:
        path = Path(os.path.realpath(path))
        for place in (path, path.parent):  # what is mounted when it is first used is in the table only then
            with suppress(OSError):
                place.stat()
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
    kind = _type_of_mount(path.as_posix(), mounts).removeprefix("fuse.")
    return kind if kind in SHARED_TYPES else None


def sqlite_file(uri: str) -> Path | None:
    """The file of a `sqlite:///...` address; None for other addresses and for databases in memory."""
    found = _SQLITE.match(uri)
    if found is None:
        return None
    path = found["path"]
    if path.startswith("file:"):
        path = unquote(_AUTHORITY.sub("", path.removeprefix("file:")))
    return None if path == ":memory:" or "mode=memory" in uri else Path(path)


def refuse_shared_database(uri: str, setting: str, fix: str, mounts: str | None = None) -> None:
    """Refuse a SQLite address whose file lies where several machines can write.

    Args:
        setting: the name of the setting that holds the address, for the message.
        fix: what to do instead.

    Raises:
        ConfigError: the file would lie on a shared file system.
    """
    path = sqlite_file(uri)
    kind = shared_type(path, mounts) if path else None
    if kind:
        raise ConfigError(
            f"{setting}: a SQLite database does not work on a file system that machines share",
            got=f"{path} on {kind}, whose locks do not hold between machines: writers block or damage the file",
            expected="a database server, or a file on a disk of this machine",
            fix=fix,
        )


def _type_of_mount(path: str, mounts: str) -> str:
    """The type of the deepest mount point that holds the path; of two at the same place the later one."""
    parts = PurePosixPath(path).parts
    deepest, kind = 0, ""
    for line in mounts.splitlines():
        words = line.split()
        if len(words) < 3:
            continue
        at = PurePosixPath(_plain(words[1])).parts
        if len(at) >= deepest and parts[: len(at)] == at:
            deepest, kind = len(at), words[2].lower()
    return kind


def _plain(escaped: str) -> str:
    """Mount tables write blanks and the like as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), escaped)


def _windows_share(path: str) -> str | None:
    drive = PureWindowsPath(path).drive
    if drive.startswith("\\\\"):
        return "cifs"
    import ctypes

    kind = getattr(ctypes, "windll").kernel32.GetDriveTypeW(f"{drive}\\")  # noqa: B009
    return "cifs" if kind == _WINDOWS_REMOTE_DRIVE else None
