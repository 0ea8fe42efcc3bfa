"""`tumorcast lab`: from an empty folder to a restored one, by the commands alone."""

from __future__ import annotations

import json

import pytest

from tumorcast.cli.main import main
from tumorcast.lab.cases import CaseFacts, create_case, list_cases
from tumorcast.lab.errors import ExpiredError, RevokedError
from tumorcast.lab.schema import MIGRATIONS
from tumorcast.lab.store import LabStore, connect
from tumorcast.lab.tokens import authenticate, list_tokens
from tumorcast.lab.users import SYSTEM


@pytest.fixture
def folder(tmp_path):
    assert main(["lab", "init", str(tmp_path / "lab"), "--name", "Institut Süd"]) == 0
    return tmp_path / "lab"


def _lab(folder, *words):
    return main(["lab", *words[:1], *(words[1:2] if words[0] in ("user", "token", "bundle", "audit") else ()),
                 str(folder), *words[2 if words[0] in ("user", "token", "bundle", "audit") else 1 :]])  # fmt: skip


def test_users_and_tokens(folder, capsys):
    assert _lab(folder, "user", "add", "pat", "Dr Pat Hologist", "pathologist") == 0
    assert _lab(folder, "user", "role", "pat", "viewer") == 0
    assert _lab(folder, "user", "add", "pat", "Again", "viewer") == 2
    capsys.readouterr()
    assert _lab(folder, "token", "create", "pat", "--days", "1") == 0
    secret = capsys.readouterr().out.strip()
    store = LabStore.open(folder)
    assert authenticate(store, secret).role == "viewer"
    with pytest.raises(ExpiredError):
        authenticate(LabStore(folder, lambda: store.clock() + 90_000), secret)
    assert _lab(folder, "token", "revoke", list_tokens(store)[0].id) == 0
    with pytest.raises(RevokedError):
        authenticate(store, secret)
    assert secret not in capsys.readouterr().out
    assert _lab(folder, "user", "disable", "pat") == 0
    assert _lab(folder, "token", "create", "pat") == 2


def test_audit_verifies_against_its_anchor_until_it_is_touched(folder, tmp_path, capsys):
    _lab(folder, "user", "add", "pat", "Pat", "viewer")
    capsys.readouterr()
    assert _lab(folder, "audit", "verify") == 0
    anchor = capsys.readouterr().out.splitlines()[-1]
    _lab(folder, "user", "add", "tom", "Tom", "viewer")
    assert _lab(folder, "audit", "verify", "--anchor", anchor) == 0
    assert _lab(folder, "audit", "export", "--out", str(tmp_path / "a.jsonl")) == 0
    assert _lab(folder, "audit", "verify", "--export", str(tmp_path / "a.jsonl"), "--anchor", anchor) == 0
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])["action"] == "user.added"
    assert _lab(folder, "audit", "verify", "--anchor", "7:abc") == 2
    connection = connect(folder / "lab.sqlite")
    connection.executescript(
        "DROP TRIGGER audit_is_not_changed; UPDATE audit SET user_id = 'eve' WHERE n = 1"
    )
    assert _lab(folder, "audit", "verify") == 1
    assert "BROKEN at row 1" in capsys.readouterr().out


def test_backup_restore_erase(folder, tmp_path, capsys):
    store = LabStore.open(folder)
    for name in ("A-1", "B-2"):
        create_case(store, SYSTEM, CaseFacts(patient_id=name))
    assert _lab(folder, "backup", str(tmp_path / "b.zip")) == 0
    assert _lab(folder, "erase", "--patient", "A-1") == 0
    assert len(list_cases(store)) == 2
    assert _lab(folder, "erase", "--patient", "A-1", "--yes") == 2
    assert _lab(folder, "erase", "--patient", "A-1", "--yes", "--reason", "patient_request") == 0
    assert [case.facts.patient_id for case in list_cases(store)] == ["B-2"]
    assert _lab(folder, "erase", "--patient", "A-1") == 2
    assert _lab(folder, "erase", "--scrub") == 0
    assert _lab(folder, "audit", "export", "--out", str(tmp_path / "a.jsonl")) == 0
    assert main(["lab", "restore", str(tmp_path / "b.zip"), str(folder)]) == 2
    for number, more in enumerate(([], ["--erased-since", str(tmp_path / "a.jsonl")])):
        new = tmp_path / f"new{number}"
        assert main(["lab", "restore", str(tmp_path / "b.zip"), str(new), *more]) == 0
        assert len(list_cases(LabStore.open(new))) == 2 - number
    assert "A-1" not in (tmp_path / "a.jsonl").read_text()


def test_a_newer_lab_is_refused_in_words(folder, capsys):
    connection = connect(folder / "lab.sqlite")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    assert _lab(folder, "user", "list") == 2
    assert "newer tumorcast" in capsys.readouterr().err
    assert main(["lab", "user", "list", str(folder.parent)]) == 2
