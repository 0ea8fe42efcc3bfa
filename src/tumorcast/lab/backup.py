"""A lab as one zip with checksums, taken while it runs; and back into a folder, checked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorcast import __version__
from tumorcast.domain.errors import InputError
from tumorcast.lab.archives import unpack_zip
from tumorcast.lab.audit import anchor, note, read_jsonl, utc, verify_chain
from tumorcast.lab.errors import ConflictError, LabError
from tumorcast.lab.retention import erase_cases
from tumorcast.lab.store import DATABASE_NAME, LabStore
from tumorcast.lab.users import SYSTEM, User, require
from tumorcast.readers.files import digest

CHECKSUMS_NAME = "checksums.json"
_TRIES = 3
_CHUNK = 1 << 20
_MOST_ENTRIES, _MOST_BYTES = 10_000_000, 1 << 50


class _GoneError(Exception):
    """A file of the snapshot was erased meanwhile."""


@dataclass(frozen=True)
class Backup:
    """What was written.

    Attributes:
        anchor: (n, hash) of the last row of the audit log in it.
    """

    path: Path
    n_files: int
    n_bytes: int
    anchor: tuple[int, str]


def backup(store: LabStore, user: User, path: Path) -> Backup:
    """Write a backup; nobody has to stop working. Tile features, which can be made again, are left out.

    Raises:
        ConflictError: a file is there already.
        LabError: files went away faster than they could be copied.
    """
    require(user, "lab.backup")
    if path.exists():
        raise ConflictError("there is such a file already", got=path.name)
    note(store, user.id, "lab.backed_up")
    for _ in range(_TRIES):
        try:
            return _backup(store, path)
        except _GoneError:
            continue
    raise LabError("cases were erased while they were copied", fix="try again")


def restore(path: Path, folder: Path, erased_since: Path | None = None) -> LabStore:
    """A lab from a backup, in a new or empty folder; every file and the audit log are checked first.

    Args:
        erased_since: newer export of the audit log: cases that it says were erased are erased here too.

    Raises:
        ConflictError: something lies in the folder.
        InputError: the backup is damaged or incomplete.
        LabError: it is of a newer tumorcast, or its audit log is broken.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConflictError("the folder is not empty", got=folder, expected="a new or empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.absolute().parent))
    try:
        told = _unpacked(path, work)
        for name in ("cases", "reports", "bundles"):
            (work / name).mkdir(exist_ok=True)
        _check_log(work, (int(told["audit_n"]), str(told["audit_hash"])))
        if folder.exists():
            folder.rmdir()
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    store = LabStore.open(folder)
    note(store, SYSTEM.id, "lab.restored")
    if erased_since is not None:
        _erase_again(store, erased_since)
    return store


def _backup(store: LabStore, path: Path) -> Backup:
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=store.folder) as work:
        snapshot = LabStore(Path(work))
        try:
            _copy_database(store, snapshot.database)
            head, files = anchor(snapshot), list(_files(store, snapshot))
        finally:
            snapshot.close()
        try:
            sums, count = _write_zip(part, [(DATABASE_NAME, snapshot.database), *files], head, store.clock())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    return Backup(path, len(sums), count, head)


def _copy_database(store: LabStore, target: Path) -> None:
    copy = sqlite3.connect(target)
    try:
        with store.connection() as connection:
            connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()


def _files(store: LabStore, snapshot: LabStore) -> Iterator[tuple[str, Path]]:
    """(name in the zip, file) of all that the snapshot speaks of, and of the lab's settings."""
    with snapshot.reading() as connection:
        for row in connection.execute("SELECT case_id, disk_name FROM files"):
            yield from _below(store.folder, store.case_folder(row["case_id"]) / row["disk_name"])
        for row in connection.execute("SELECT report_id, version FROM report_versions"):
            yield from _below(store.folder, store.report_folder(row["report_id"]) / f"v{row['version']}")
        for row in connection.execute("SELECT id FROM bundles"):
            yield from _below(store.folder, store.bundle_folder(row["id"]))
    own = {"cases", "reports", "bundles"}
    for each in sorted(store.folder.iterdir()):
        if each.name not in own and not each.name.startswith((".", DATABASE_NAME)):
            yield from _below(store.folder, each)


def _below(root: Path, place: Path) -> Iterator[tuple[str, Path]]:
    if not place.exists():
        raise _GoneError
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    yield from ((path.relative_to(root).as_posix(), path) for path in files)


def _write_zip(
    path: Path, files: list[tuple[str, Path]], head: tuple[int, str], now: float
) -> tuple[dict[str, str], int]:
    """(sha256 of each file, bytes in all)."""
    sums: dict[str, str] = {}
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, source in files:
            sha256 = hashlib.sha256()
            try:
                with source.open("rb") as read, archive.open(name, "w", force_zip64=True) as write:
                    while chunk := read.read(_CHUNK):
                        sha256.update(chunk)
                        write.write(chunk)
                        count += len(chunk)
            except FileNotFoundError:
                raise _GoneError from None
            sums[name] = sha256.hexdigest()
        told = {
            "tumorcast": __version__, "created": utc(now), "audit_n": head[0], "audit_hash": head[1], "files": sums,
        }  # fmt: skip
        archive.writestr(CHECKSUMS_NAME, json.dumps(told, indent=1))
    return sums, count


def _unpacked(path: Path, work: Path) -> dict[str, Any]:
    """Unpack and check; returns what the backup says of itself."""
    if not path.is_file():
        raise InputError("there is no such backup", got=path)
    unpack_zip(path, work, _MOST_BYTES, _MOST_ENTRIES)
    try:
        told = dict(json.loads((work / CHECKSUMS_NAME).read_text(encoding="utf-8")))
        sums = dict(told["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("this is not a backup of a lab", got=path.name) from None
    there = {each.relative_to(work).as_posix() for each in work.rglob("*") if each.is_file()}
    wrong = sorted((there ^ sums.keys()) - {CHECKSUMS_NAME})
    wrong += [name for name, sha256 in sums.items() if name in there and digest(work / name) != sha256]
    if wrong:
        raise InputError(
            "the backup is damaged",
            got=f"{len(wrong)} files changed, missing or added",
            fix="use another backup",
        )
    (work / CHECKSUMS_NAME).unlink()
    return told


def _check_log(work: Path, head: tuple[int, str]) -> None:
    store = LabStore(work)
    try:
        broken = verify_chain(store, head)
    finally:
        store.close()
    if broken is not None:
        raise LabError("the audit log of the backup is broken", got=f"row {broken.n}: {broken.reason}")


def _erase_again(store: LabStore, export: Path) -> None:
    erased = {
        json.loads(row.objects).get("case") for row in read_jsonl(export) if row.action == "case.erased"
    }
    with store.reading() as connection:
        there = {row["id"] for row in connection.execute("SELECT id FROM cases")}
    if again := sorted(there & erased):
        erase_cases(store, SYSTEM, again, "other")
