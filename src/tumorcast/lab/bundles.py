"""Bundles of the lab: registered after every byte was checked, activated, rolled back, retired, revoked."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tumorcast.lab.audit import record
from tumorcast.lab.errors import ConflictError, no_such
from tumorcast.lab.jobs import end_job, open_jobs_of
from tumorcast.lab.leases import put_in_place
from tumorcast.lab.signatures import checked_signature
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, require
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.bundle_zip import unpack_bundle

BundleState = Literal["added", "active", "retired", "revoked"]


@dataclass(frozen=True)
class LabBundle:
    """A bundle that the lab has.

    Attributes:
        id: model id and start of the seal; its folder's name.
        signed_by: in words, as checked when it was registered.
        state: "active": new jobs use it; "added": may be asked for by id; "retired", "revoked": no new jobs.
    """

    id: str
    model_id: str
    seal: str
    training_data: str
    signed_by: str
    state: BundleState
    added: float
    added_by: str


_COLUMNS = ", ".join(LabBundle.__dataclass_fields__)


def register(store: LabStore, user: User, source: Path) -> LabBundle:
    """Copy a bundle (folder or zip) into the lab, after its files and its signature were checked.

    Raises:
        BundleError: it is damaged, of another version, or not signed as the lab wants.
        ConflictError: the lab has it already.
    """
    require(user, "bundle.manage")
    with _copied(store, source) as work:
        opened = load_bundle(work)
        signed_by = checked_signature(opened, store)
        manifest = opened.manifest
        bundle_id = f"{re.sub(r'[^A-Za-z0-9_.-]', '-', manifest.model_id)[:60]}-{manifest.seal[:8]}"
        now, names = store.clock(), (manifest.model_id, manifest.seal)
        values = (bundle_id, *names, manifest.training_data, signed_by, "added", now, user.id)
        try:
            with store.transaction() as connection:
                connection.execute(
                    f"INSERT INTO bundles ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
                )
                record(connection, now, user.id, "bundle.added", {"bundle": bundle_id}, None, names)
                put_in_place(work, store.bundle_folder(bundle_id))
        except sqlite3.IntegrityError:
            raise ConflictError("the lab has this bundle already", got=bundle_id) from None
    return get_bundle(store, bundle_id)


def activate(store: LabStore, user: User, bundle_id: str) -> LabBundle:
    """New jobs use this bundle from now on; it is checked once more first.

    Raises:
        NotFoundError: no such bundle.
        ConflictError: it was revoked.
        BundleError: it is not as it was registered, or its signature does not count any more.
    """
    require(user, "bundle.manage")
    bundle = get_bundle(store, bundle_id)
    if bundle.state == "revoked":
        raise ConflictError("a revoked bundle is not used again", got=bundle_id)
    checked_signature(open_bundle(store, bundle_id), store)
    with store.transaction() as connection:
        _activate(connection, store, user, bundle, "bundle.activated")
    return get_bundle(store, bundle_id)


def roll_back(store: LabStore, user: User) -> LabBundle:
    """Activate the bundle that was active before the present one.

    Raises:
        ConflictError: there was none, or all before were revoked.
    """
    require(user, "bundle.manage")
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT a.n, a.bundle_id FROM activations a JOIN bundles b ON b.id = a.bundle_id"
            " WHERE b.state NOT IN ('active', 'revoked') AND a.n < (SELECT MAX(n) FROM activations)"
            " ORDER BY a.n DESC LIMIT 1"
        ).fetchone()
        if row is None:
            raise ConflictError(
                "no bundle was active before", fix="`tumorcast lab bundle activate FOLDER ID`"
            )
        connection.execute("DELETE FROM activations WHERE n >= ?", (row["n"],))
        _activate(connection, store, user, _bundle(connection, row["bundle_id"]), "bundle.rolled_back")
    return get_bundle(store, row["bundle_id"])


def retire(store: LabStore, user: User, bundle_id: str, is_revoked: bool = False) -> LabBundle:
    """No new jobs with this bundle; `is_revoked`: never again, and jobs that wait for it are cancelled."""
    require(user, "bundle.manage")
    with store.transaction() as connection:
        bundle = _bundle(connection, bundle_id)
        if bundle.state == "revoked":
            raise ConflictError("the bundle is revoked already", got=bundle_id)
        state = "revoked" if is_revoked else "retired"
        connection.execute("UPDATE bundles SET state = ? WHERE id = ?", (state, bundle_id))
        names, now = (bundle.model_id, bundle.seal), store.clock()
        record(connection, now, user.id, f"bundle.{state}", {"bundle": bundle_id}, None, names)
        for job in open_jobs_of(connection, bundle_id) if is_revoked else ():
            end_job(connection, store, job, "cancelled", user.id, "bundle_revoked")
    return get_bundle(store, bundle_id)


def get_bundle(store: LabStore, bundle_id: str) -> LabBundle:
    """One bundle.

    Raises:
        NotFoundError: no such bundle.
    """
    with store.reading() as connection:
        return _bundle(connection, bundle_id)


def active_bundle(store: LabStore) -> LabBundle | None:
    """The one that new jobs use, None where none is."""
    with store.reading() as connection:
        row = connection.execute(f"SELECT {_COLUMNS} FROM bundles WHERE state = 'active'").fetchone()
        return LabBundle(*row) if row else None


def list_bundles(store: LabStore) -> list[LabBundle]:
    """The newest first."""
    with store.reading() as connection:
        found = connection.execute(f"SELECT {_COLUMNS} FROM bundles ORDER BY added DESC, id")
        return [LabBundle(*row) for row in found]


def open_bundle(store: LabStore, bundle_id: str) -> Bundle:
    """The bundle itself, checked.

    Raises:
        BundleError: it is not as it was registered.
    """
    get_bundle(store, bundle_id)
    return load_bundle(store.bundle_folder(bundle_id))


@contextmanager
def _copied(store: LabStore, source: Path) -> Iterator[Path]:
    """A copy beside the lab's bundles, which goes away unless it is put in place."""
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=store.folder / "bundles"))
    try:
        copy = work / "bundle"
        if source.is_file():
            unpack_bundle(source, copy)
        else:
            load_bundle(source)
            shutil.copytree(source, copy)
        yield copy
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _activate(
    connection: sqlite3.Connection, store: LabStore, user: User, bundle: LabBundle, action: str
) -> None:
    now = store.clock()
    connection.execute("UPDATE bundles SET state = 'added' WHERE state = 'active'")
    connection.execute("UPDATE bundles SET state = 'active' WHERE id = ?", (bundle.id,))
    connection.execute(
        "INSERT INTO activations (bundle_id, at, by) VALUES (?, ?, ?)", (bundle.id, now, user.id)
    )
    record(connection, now, user.id, action, {"bundle": bundle.id}, None, (bundle.model_id, bundle.seal))


def _bundle(connection: sqlite3.Connection, bundle_id: str) -> LabBundle:
    row = connection.execute(f"SELECT {_COLUMNS} FROM bundles WHERE id = ?", (bundle_id,)).fetchone()
    if row is None:
        raise no_such("bundle", bundle_id)
    return LabBundle(*row)
