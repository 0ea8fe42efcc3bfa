"""Files into a case: streamed to disk under a name of the lab's, checked, then put in place as a whole."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import unicodedata
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, get_args

from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import record
from tumorcast.lab.cases import CaseFile, Kind, get_case, need_idle
from tumorcast.lab.errors import LabError, TooLargeError, WrongFileError
from tumorcast.lab.file_kinds import checked_suffix
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, require

_MOST_NAME = 200
_SPARE_BYTES = 500_000_000


class Upload:
    """One file on its way: `write` chunks, then `keep`; left without `keep`, nothing stays on the disk."""

    def __init__(
        self,
        store: LabStore,
        user: User,
        case_id: str,
        kind: Kind,
        original_name: str,
        claimed_bytes: int | None = None,
    ) -> None:
        """Nothing of the file is read yet.

        Args:
            claimed_bytes: how long the sender says that the file is.

        Raises:
            NotFoundError: no such case.
            InputError: no such kind.
            TooLargeError: more is claimed than the lab takes, or than the disk has room for.
        """
        require(user, "case.write")
        if kind not in get_args(Kind):
            raise InputError(
                "there is no such kind of file", got=kind[:80], expected=", ".join(get_args(Kind))
            )
        case = get_case(store, case_id)
        limits = store.config.limits
        room = limits.case - sum(file.size for file in case.files)
        self._limit = min(getattr(limits, kind), room)
        if claimed_bytes is not None and claimed_bytes > self._limit:
            raise _too_large(claimed_bytes, self._limit)
        folder = store.case_folder(case_id)
        if shutil.disk_usage(folder).free < (claimed_bytes or 0) + _SPARE_BYTES:
            raise TooLargeError("the lab's disk is full", fix="make room, then send the file again")
        self._store, self._user, self._case_id, self._kind = store, user, case_id, kind
        self._name = display_name(original_name)
        self._id = "f" + secrets.token_hex(8)
        self._part = folder / f"{self._id}.part"
        self._file: BinaryIO = self._part.open("xb")
        self._sha256, self._size = hashlib.sha256(), 0

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Append.

        Raises:
            TooLargeError: it has become longer than the lab takes.
        """
        self._size += len(chunk)
        if self._size > self._limit:
            raise _too_large(self._size, self._limit)
        self._sha256.update(chunk)
        self._file.write(chunk)

    def keep(self) -> CaseFile:
        """Check what was sent and make it part of the case.

        Raises:
            WrongFileError: empty, or not what its kind says.
            TooLargeError: an archive that unpacks to too much.
            ConflictError: a job of the case waits or runs.
        """
        if self._size == 0:
            raise WrongFileError(
                "the file is empty", got="0 bytes", fix="send it again from where it was made"
            )
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        suffix = checked_suffix(self._part, self._kind, self._name, self._store.config.limits)
        now, disk_name = self._store.clock(), self._id + suffix
        file = CaseFile(
            self._id, self._case_id, self._kind, self._name, disk_name, self._size, self._sha256.hexdigest(),
            now, self._user.id,
        )  # fmt: skip
        with self._store.transaction() as connection:
            need_idle(connection, self._case_id)
            connection.execute(
                "INSERT INTO files (id, case_id, kind, name, disk_name, size, sha256, added, added_by)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                tuple(vars(file).values()),
            )
            connection.execute("UPDATE cases SET changed = ? WHERE id = ?", (now, self._case_id))
            told = {"kind": self._kind, "bytes": self._size, "sha256": file.sha256}
            record(
                connection, now, self._user.id, "file.added", {"case": self._case_id, "file": file.id}, told
            )
            os.replace(self._part, self._part.with_name(disk_name))
        return file


def display_name(original: str) -> str:
    """A file's name as people know it: without folders and characters that are not printed."""
    last = original.replace("\\", "/").rsplit("/", 1)[-1]
    text = unicodedata.normalize("NFC", last.encode("utf-8", "replace").decode("utf-8"))
    shown = "".join(letter for letter in text if letter.isprintable()).strip()
    return shown[-_MOST_NAME:] if shown.strip(". ") else "unnamed"


def sweep_parts(store: LabStore, older_than_s: float = 86400.0) -> int:
    """Remove what broken uploads left; returns how many."""
    count = 0
    for part in (store.folder / "cases").glob("*/*.part"):
        if store.clock() - part.stat().st_mtime > older_than_s:
            part.unlink(missing_ok=True)
            count += 1
    return count


def stored_path(store: LabStore, file: CaseFile) -> Path:
    """Where a file lies."""
    path = store.case_folder(file.case_id) / file.disk_name
    if not path.exists():
        raise LabError("a file of the case is not on the disk", got=file.id, fix="restore a backup")
    return path


def _too_large(got: int, limit: int) -> TooLargeError:
    return TooLargeError("the file is larger than the lab takes", got=f"{got:,} bytes", expected=f"{limit:,}")
