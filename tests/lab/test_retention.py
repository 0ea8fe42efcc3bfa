"""An erased patient is nowhere in the lab's folder; what is restored is what was backed up."""

from __future__ import annotations

import json
import threading
import zipfile
from pathlib import Path

import pytest

from toy_cases import PATIENT, PERSON, toy_case
from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import export_jsonl, rows, verify_chain
from tumorcast.lab.backup import backup, restore
from tumorcast.lab.cases import cases_of_patient, create_case, facts_from, get_case, list_cases
from tumorcast.lab.errors import ConflictError, LabError, NotAllowedError, NotFoundError
from tumorcast.lab.jobs import list_jobs, submit
from tumorcast.lab.leases import claim
from tumorcast.lab.reports import list_reports, read_record, sign
from tumorcast.lab.retention import due_for_erasure, erase_cases, sweep_orphans
from tumorcast.lab.schema import MIGRATIONS
from tumorcast.lab.store import LabStore, connect
from tumorcast.lab.worker import work


def _holding(folder: Path, *names: str) -> list[str]:
    """Files that hold one of the names, in content or path."""
    found = []
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if any(name.encode() in content or name in str(path.relative_to(folder)) for name in names):
            found.append(str(path.relative_to(folder)))
    return found


def _erase(lab, user, patient_id: str, reason: str) -> list[str]:
    return erase_cases(lab.store, user, cases_of_patient(lab.store, patient_id), reason)


@pytest.fixture
def full(lab, bundle, toy_slide):
    """A lab with a signed report of one patient, and another patient's case."""
    case = toy_case(lab, toy_slide)
    submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    sign(lab.store, lab.doctor, list_reports(lab.store)[0].id, 1, f"spoke with {PERSON}")
    toy_case(lab, toy_slide, "OTHER-1")
    create_case(lab.store, lab.doctor, facts_from({"patient_id": PATIENT, "title": "empty"}))
    return lab


def test_no_byte_of_an_erased_patient_stays(full):
    other = next(case for case in list_cases(full.store) if case.facts.patient_id == "OTHER-1")
    assert any("lab.sqlite" in name for name in _holding(full.store.folder, PATIENT))
    assert any("report" in name for name in _holding(full.store.folder, PATIENT))
    erased = _erase(full, full.admin, PATIENT, "patient_request")
    assert len(erased) == 2
    assert _holding(full.store.folder, PATIENT) == []
    assert {Path(name).name for name in _holding(full.store.folder, PERSON)} <= {"lab.sqlite"}
    told = [(json.loads(row.objects)["case"], row.user_id, json.loads(row.detail)["reason"]) for row in rows(full.store)
            if row.action == "case.erased"]  # fmt: skip
    assert sorted(told) == sorted((case_id, "admin", "patient_request") for case_id in erased)
    assert get_case(full.store, other.id).files
    _erase(full, full.admin, "OTHER-1", "other")
    assert _holding(full.store.folder, PATIENT, PERSON, "OTHER-1") == []
    assert verify_chain(full.store) is None


def test_who_may_erase_and_what_is_refused(lab, bundle, toy_slide):
    case = toy_case(lab, toy_slide)
    with pytest.raises(NotAllowedError):
        _erase(lab, lab.doctor, PATIENT, "other")
    with pytest.raises(InputError, match="reason"):
        _erase(lab, lab.admin, PATIENT, f"{PERSON} asked")
    with pytest.raises(NotFoundError):
        _erase(lab, lab.admin, "nobody", "other")
    submit(lab.store, lab.doctor, case.id)
    claim(lab.store, "w")
    with pytest.raises(ConflictError, match="runs"):
        _erase(lab, lab.admin, PATIENT, "other")
    assert get_case(lab.store, case.id).files


def test_a_case_whose_time_is_over_is_due(lab, monkeypatch):
    create_case(lab.store, lab.doctor, facts_from({"patient_id": "old"}))
    assert due_for_erasure(lab.store) == []
    monkeypatch.setattr(LabStore, "config", lab.store.config.model_copy(update={"retention_days": 30}))
    lab.clock.now += 31 * 86400
    create_case(lab.store, lab.doctor, facts_from({"patient_id": "new"}))
    due = due_for_erasure(lab.store)
    assert erase_cases(lab.store, lab.admin, due, "retention_over") == due
    assert len(due) == 1
    assert [case.facts.patient_id for case in list_cases(lab.store)] == ["new"]
    assert due_for_erasure(lab.store) == []


def test_orphans_of_a_broken_erasure_are_swept(lab):
    case = create_case(lab.store, lab.doctor, facts_from({"patient_id": "P"}))
    (lab.store.folder / "cases" / "c0").mkdir()
    (lab.store.folder / "reports" / "r0").mkdir()
    (lab.store.folder / "reports" / ".work-j1-1").mkdir()
    assert sweep_orphans(lab.store) == 2
    assert lab.store.case_folder(case.id).is_dir()


def _tables(store):
    with store.reading() as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [tuple(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in names}


def test_a_restored_lab_is_the_lab(full, tmp_path):
    made = backup(full.store, full.admin, tmp_path / "b.zip")
    before = _tables(full.store)
    restored = restore(tmp_path / "b.zip", tmp_path / "again")
    after = _tables(restored)
    assert after["audit"][-1][3] == "lab.restored"
    assert after["audit"][:-1] == before["audit"]
    assert made.anchor == (before["audit"][-1][0], before["audit"][-1][-1])
    assert {name: rows for name, rows in after.items() if name != "audit"} == {
        name: rows for name, rows in before.items() if name != "audit"
    }
    for case in list_cases(restored):
        for file in case.files:
            one, two = (store.case_folder(case.id) / file.disk_name for store in (full.store, restored))
            assert one.read_bytes() == two.read_bytes()
    report = list_reports(restored)[0]
    assert read_record(restored, report.id) == read_record(full.store, report.id)
    job = submit(restored, full.doctor, list_jobs(restored)[0].case_id)
    work(restored, "w", threading.Event(), most_jobs=1)
    assert {each.id: each.state for each in list_jobs(restored)}[job.id] == "done"
    restored.close()


@pytest.mark.parametrize("what", ["changed", "missing", "added", "cut", "broken"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(lab, tmp_path, what):
    create_case(lab.store, lab.doctor, facts_from({"patient_id": "P"}))
    backup(lab.store, lab.admin, tmp_path / "b.zip")
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(tmp_path / "b.zip") as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            if what == "missing" and name == "config.json":
                continue
            target.writestr(
                name, source.read(name) + (b" " if what == "changed" and name == "config.json" else b"")
            )
        if what == "added":
            target.writestr("cases/extra", b"x")
    if what == "cut":
        bad.write_bytes(bad.read_bytes()[:-200])
    if what == "broken":
        with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as target:
            target.writestr("config.json", b"{}" * 100)
        content = bytearray(bad.read_bytes())
        content[30 + len("config.json")] = 0xFF  # no such kind of block
        bad.write_bytes(content)
    with pytest.raises((InputError, LabError)):
        restore(bad, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip", "bad.zip", "lab"]


def test_a_backup_whose_audit_log_was_cut_is_refused(lab, tmp_path):
    backup(lab.store, lab.admin, tmp_path / "b.zip")
    connection = connect(lab.store.database)
    connection.executescript("DROP TRIGGER audit_is_not_cut; DELETE FROM audit WHERE n = 4;")
    lab.store.close()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    import hashlib

    with zipfile.ZipFile(tmp_path / "b.zip") as source, zipfile.ZipFile(tmp_path / "c.zip", "w") as target:
        told = json.loads(source.read("checksums.json"))
        told["files"]["lab.sqlite"] = hashlib.sha256(lab.store.database.read_bytes()).hexdigest()
        target.writestr("lab.sqlite", lab.store.database.read_bytes())
        target.writestr("config.json", source.read("config.json"))
        target.writestr("checksums.json", json.dumps(told))
    with pytest.raises(LabError, match="audit log of the backup is broken"):
        restore(tmp_path / "c.zip", tmp_path / "new")


def test_restoring_does_not_overwrite_and_erases_again(lab, tmp_path):
    create_case(lab.store, lab.doctor, facts_from({"patient_id": "gone"}))
    create_case(lab.store, lab.doctor, facts_from({"patient_id": "stays"}))
    backup(lab.store, lab.admin, tmp_path / "b.zip")
    with pytest.raises(ConflictError):
        backup(lab.store, lab.admin, tmp_path / "b.zip")
    with pytest.raises(ConflictError):
        restore(tmp_path / "b.zip", lab.store.folder)
    _erase(lab, lab.admin, "gone", "patient_request")
    export_jsonl(lab.store, tmp_path / "audit.jsonl")
    again = restore(tmp_path / "b.zip", tmp_path / "again", tmp_path / "audit.jsonl")
    assert [case.facts.patient_id for case in list_cases(again)] == ["stays"]
    assert _holding(again.folder, "gone") == []
    again.close()


def test_an_older_backup_is_brought_forward_and_a_newer_one_refused(lab, tmp_path, monkeypatch):
    backup(lab.store, lab.admin, tmp_path / "b.zip")
    with monkeypatch.context() as patched:
        patched.setattr("tumorcast.lab.store.MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE later (x)",)))
        newer = restore(tmp_path / "b.zip", tmp_path / "newer")
        backup(newer, lab.admin, tmp_path / "n.zip")
        newer.close()
    with pytest.raises(LabError, match="newer tumorcast"):
        restore(tmp_path / "n.zip", tmp_path / "older")
