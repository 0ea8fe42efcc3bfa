"""`LabStore`: one lab's folder, with its database; every change goes through `transaction`."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tumorcast.lab.config import CONFIG_NAME, LabConfig, read_config, write_config
from tumorcast.lab.errors import ConflictError, LabError, NotFoundError
from tumorcast.lab.schema import MIGRATIONS

DATABASE_NAME = "lab.sqlite"
_FOLDERS = ("cases", "bundles", "reports")
_BUSY_S = 30.0


class LabStore:
    """A lab's folder: `lab.sqlite`, `cases/`, `bundles/`, `reports/`, `config.json`.

    May be shared by threads. Other processes may have the same folder open.

    Attributes:
        folder: absolute.
        clock: seconds since 1970, UTC.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.clock = folder.absolute(), clock
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False

    @classmethod
    def create(
        cls, folder: Path, config: LabConfig | None = None, clock: Callable[[], float] = time.time
    ) -> LabStore:
        """A new lab in a folder that is empty or not there.

        Raises:
            ConflictError: something lies there.
        """
        if folder.exists() and any(folder.iterdir()):
            raise ConflictError("the folder is not empty", got=folder, expected="a new or empty folder")
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True)
        write_config(folder / CONFIG_NAME, config or LabConfig())
        (folder / DATABASE_NAME).touch()
        return cls.open(folder, clock)

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], float] = time.time) -> LabStore:
        """An existing lab, brought to this version's tables.

        Raises:
            NotFoundError: no lab is there.
            LabError: it was written by a newer tumorcast.
        """
        if not (folder / DATABASE_NAME).is_file():
            raise NotFoundError(
                "there is no lab in this folder", got=folder, fix="`tumorcast lab init FOLDER` makes one"
            )
        store = cls(folder, clock)
        store._migrate()
        return store

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.folder / DATABASE_NAME

    @property
    def config(self) -> LabConfig:
        """Read anew each time, so that a change needs no restart."""
        return read_config(self.folder / CONFIG_NAME)

    def case_folder(self, case_id: str) -> Path:
        """Files, study and features of a case."""
        return self.folder / "cases" / case_id

    def report_folder(self, report_id: str) -> Path:
        """The versions of a report."""
        return self.folder / "reports" / report_id

    def bundle_folder(self, bundle_id: str) -> Path:
        """A registered bundle."""
        return self.folder / "bundles" / bundle_id

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The one writer of the moment: all of it is kept, or nothing."""
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view; writing through it fails."""
        with self.connection() as connection:
            connection.execute("BEGIN")
            try:
                connection.execute("PRAGMA query_only = ON")
                yield connection
            finally:
                connection.execute("ROLLBACK")
                connection.execute("PRAGMA query_only = OFF")

    def close(self) -> None:
        """Close every idle connection; the store is of no use afterwards."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection outside of any transaction."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or connect(self.database)
        try:
            yield connection
        finally:
            with self._lock:
                if not self._is_closed:
                    self._idle.append(connection)
            if self._is_closed:
                connection.close()

    def _migrate(self) -> None:
        with self.connection() as connection:
            if (version := schema_version(connection)) > len(MIGRATIONS):
                raise LabError(
                    "the lab was written by a newer tumorcast",
                    got=f"tables of version {version}",
                    expected=f"version {len(MIGRATIONS)} or older",
                    fix="install the newer tumorcast again, or restore a backup of before the update",
                )
        while version < len(MIGRATIONS):
            with self.transaction() as connection:
                version = schema_version(connection)
                for statement in MIGRATIONS[version] if version < len(MIGRATIONS) else ():
                    connection.execute(statement)
                version = min(version + 1, len(MIGRATIONS))
                connection.execute(f"PRAGMA user_version = {version}")


def connect(path: Path) -> sqlite3.Connection:
    """A connection with write-ahead log, foreign keys, and deleted content overwritten with zeros."""
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def schema_version(connection: sqlite3.Connection) -> int:
    """How many steps of `MIGRATIONS` the database has seen."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
