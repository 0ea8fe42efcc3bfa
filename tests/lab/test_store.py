"""The lab's folder: made, opened, refused."""

from __future__ import annotations

import sqlite3

import pytest

from tumorcast.domain.errors import ConfigError
from tumorcast.lab.config import LabConfig, write_config
from tumorcast.lab.errors import ConflictError, LabError, NotFoundError
from tumorcast.lab.schema import MIGRATIONS
from tumorcast.lab.store import LabStore, connect, schema_version


def test_a_newer_schema_is_refused_and_left_alone(lab):
    lab.store.close()
    connection = connect(lab.store.database)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(LabError, match="newer tumorcast"):
        LabStore.open(lab.store.folder)
    assert schema_version(connect(lab.store.database)) == len(MIGRATIONS) + 1


def test_an_older_schema_is_brought_forward_step_by_step(tmp_path, monkeypatch):
    LabStore.create(tmp_path / "lab").close()
    later = (*MIGRATIONS, ("CREATE TABLE later (x)",), ("ALTER TABLE later ADD COLUMN y",))
    monkeypatch.setattr("tumorcast.lab.store.MIGRATIONS", later)
    with LabStore.open(tmp_path / "lab").reading() as connection:
        assert schema_version(connection) == len(later)
        connection.execute("SELECT x, y FROM later")


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch):
    LabStore.create(tmp_path / "lab").close()
    broken = (*MIGRATIONS, ("CREATE TABLE later (x)", "CREATE NONSENSE"))
    monkeypatch.setattr("tumorcast.lab.store.MIGRATIONS", broken)
    with pytest.raises(sqlite3.OperationalError):
        LabStore.open(tmp_path / "lab")
    connection = connect(tmp_path / "lab" / "lab.sqlite")
    assert schema_version(connection) == len(MIGRATIONS)
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'later'").fetchall()


def test_a_failed_transaction_leaves_no_trace(lab):
    def fail_midway():
        with lab.store.transaction() as connection:
            connection.execute("INSERT INTO lab VALUES ('a', 'b')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    with lab.store.reading() as connection:
        assert not connection.execute("SELECT * FROM lab").fetchall()


def test_reading_cannot_write(lab):
    with lab.store.reading() as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("INSERT INTO lab VALUES ('a', 'b')")


def test_only_a_lab_is_opened_and_only_an_empty_folder_becomes_one(tmp_path):
    with pytest.raises(NotFoundError):
        LabStore.open(tmp_path)
    (tmp_path / "something").write_text("x")
    with pytest.raises(ConflictError):
        LabStore.create(tmp_path)


def test_a_mistyped_setting_is_named(lab):
    write_config(lab.store.folder / "config.json", LabConfig(name="Ours"))
    assert lab.store.config.name == "Ours"
    (lab.store.folder / "config.json").write_text('{"token_dayz": 3}')
    with pytest.raises(ConfigError, match="token_dayz"):
        _ = lab.store.config
    write_config(lab.store.folder / "config.json", LabConfig())
