"""The audit log: any change of any field of any row is found, and no name gets in."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorcast.lab.audit import (
    AuditRow,
    anchor,
    broken_row,
    export_jsonl,
    note,
    read_jsonl,
    rows,
    verify_chain,
)
from tumorcast.lab.store import connect


@pytest.fixture
def long_log(lab):
    for number in range(12):
        note(lab.store, lab.doctor.id, "report.read", {"report": f"r{number}"}, {"bytes": number})
    return lab


@pytest.mark.parametrize("column", [field.name for field in fields(AuditRow)])
@pytest.mark.parametrize("n", [1, 7, 15])
def test_a_change_of_any_field_is_found_at_its_row(long_log, column, n):
    connection = connect(long_log.store.database)
    connection.execute("DROP TRIGGER audit_is_not_changed")
    old = connection.execute(f"SELECT {column} FROM audit WHERE n = ?", (n,)).fetchone()[0]
    connection.execute(
        f"UPDATE audit SET {column} = ? WHERE n = ?", (old + 1000 if column == "n" else f"x{old}", n)
    )
    found = verify_chain(long_log.store)
    assert found is not None
    assert found.n == n
    connection.execute(f"UPDATE audit SET {column} = ? WHERE n = ?", (old, n + 1000 if column == "n" else n))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_cut_swap_or_repeat_is_found(data):
    chain = _chain(10)
    head = (chain[-1].n, chain[-1].hash)
    changed = list(chain)
    what = data.draw(st.sampled_from(["drop", "swap", "repeat", "tail"]))
    i = data.draw(st.integers(0, 9))
    j = data.draw(st.integers(0, 9).filter(lambda x: x != i))
    if what == "drop":
        del changed[i]
    elif what == "swap":
        changed[i], changed[j] = changed[j], changed[i]
    elif what == "repeat":
        changed.insert(j, changed[i])
    else:
        changed = changed[:i]
    assert broken_row(iter(chain), head) is None
    assert broken_row(iter(changed), head) is not None


def test_a_log_made_anew_is_found_by_its_anchor_alone(lab):
    old, new = _chain(5), _chain(5, user="mallory")
    assert broken_row(iter(new)) is None
    assert broken_row(iter(new), (3, old[2].hash)) is not None


def test_the_database_itself_refuses_to_change_or_cut(long_log):
    connection = connect(long_log.store.database)
    for statement in ("UPDATE audit SET user_id = 'x' WHERE n = 2", "DELETE FROM audit WHERE n = 2"):
        with pytest.raises(Exception, match="append-only"):
            connection.execute(statement)


def test_the_export_verifies_as_the_log_does(long_log, tmp_path):
    count = export_jsonl(long_log.store, tmp_path / "audit.jsonl")
    read = read_jsonl(tmp_path / "audit.jsonl")
    assert (count, read) == (15, rows(long_log.store))
    assert broken_row(iter(read), anchor(long_log.store)) is None


def test_free_text_does_not_get_in(lab):
    for detail in ({"name": "Erika Mustermann"}, {"file": "a b.svs"}, {"why": "x\ny"}, {"long": "x" * 200}):
        with pytest.raises(ValueError, match="codes"):
            note(lab.store, "admin", "x", None, detail)
    assert len(rows(lab.store)) == 3


def _chain(length: int, user: str = "ada") -> list[AuditRow]:
    import sqlite3

    from tumorcast.lab.audit import record
    from tumorcast.lab.schema import MIGRATIONS

    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    return [record(connection, float(n), user, "x", {"n": n}) for n in range(length)]
