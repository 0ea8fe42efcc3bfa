"""Where the trials of a search are kept: a file in the run's folder, or a database that its address names."""

from __future__ import annotations

import sys
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from tumorcast.domain.addresses import without_password
from tumorcast.domain.errors import ConfigError
from tumorcast.readers.file_systems import refuse_shared_database, shared_type
from tumorcast.slides.leases import Leases

_JOURNAL = "journal:///"
_SECONDS_FOR_LOCK = 120
_FIX = (
    "leave search.storage empty: a journal file is used on such file systems; "
    "or name a PostgreSQL database (postgresql+psycopg2://host/name)"
)


def open_storage(address: str | None, folder: Path, leases: Leases) -> BaseStorage:
    """The storage at an address; None is SQLite in `folder`, or a journal file where machines share it.

    Args:
        leases: of the search: of several processes one makes the tables.

    Raises:
        ConfigError: a SQLite file on a shared file system, a driver that is missing, a server that does not answer.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if address is None:
        folder.mkdir(parents=True, exist_ok=True)
        if shared_type(folder):
            return _journal(folder / "search.journal")
        address = f"sqlite:///{(folder / 'search.db').absolute().as_posix()}"
    if address.startswith(_JOURNAL):
        return _journal(Path(address.removeprefix(_JOURNAL)))
    refuse_shared_database(address, "search.storage", _FIX)
    with leases.alone("storage"):
        return _database(address)


def _journal(path: Path) -> JournalStorage:
    """One file that every worker appends to, under a lock that network file systems keep."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileOpenLock if sys.platform == "win32" else JournalFileSymlinkLock
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock(str(path))))


def _database(address: str) -> RDBStorage:
    try:
        is_file = make_url(address).get_backend_name() == "sqlite"
        wait = {"connect_args": {"timeout": _SECONDS_FOR_LOCK}} if is_file else {"pool_pre_ping": True}
        return RDBStorage(address, engine_kwargs=wait)
    except ModuleNotFoundError as error:
        raise ConfigError(
            "search.storage: the database's driver is not installed",
            got=error.name,
            fix="pip install 'tumorcast[cluster]' for PostgreSQL",
        ) from None
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(
            "search.storage: the database cannot be opened",
            got=f"{told_address(address)}: {_first_line(error, address)}",
            expected="postgresql+psycopg2://user@host/name, sqlite:///file or journal:///file",
            fix="check address, server and rights; passwords belong into ~/.pgpass",
        ) from None


def told_address(address: str) -> str:
    """The address without its password."""
    return without_password(address) if "://" in address else "(not an address)"


def _first_line(error: Exception, address: str) -> str:
    """The driver's reason, where it does not repeat a password."""
    line = str(getattr(error, "orig", None) or error).splitlines()[0]
    try:
        url = make_url(address)
    except SQLAlchemyError:
        return type(error).__name__
    for told in (url.password, url.query.get("password")):
        line = line.replace(str(told), "***") if told else line
    return line
