"""Reports: who may stand for one, and what becomes of it."""

from __future__ import annotations

import json
import threading

import pytest

from toy_cases import toy_case
from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import rows
from tumorcast.lab.errors import ConflictError, LabError, NotAllowedError, NotFoundError
from tumorcast.lab.jobs import submit
from tumorcast.lab.reports import (
    amend,
    get_report,
    list_reports,
    list_versions,
    note_download,
    read_record,
    report_of_job,
    sign,
    version_folder,
    withdraw,
)
from tumorcast.lab.worker import work


def _made(lab, case):
    job = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    return report_of_job(lab.store, job.id)


@pytest.fixture
def report(lab, bundle, toy_slide):
    return _made(lab, toy_case(lab, toy_slide))


def test_signed_amended_withdrawn_each_with_name_time_and_reason(lab, report):
    assert sign(lab.store, lab.doctor, report.id, 1, "seen with the slides").status == "final"
    lab.clock.now += 60
    assert amend(lab.store, lab.doctor, report.id, 2, "wrong line of therapy").status == "amended"
    assert withdraw(lab.store, lab.doctor, report.id, 3, "slide of another patient").version == 4
    found = list_versions(lab.store, report.id)
    assert [v.status for v in found] == ["preliminary", "final", "amended", "withdrawn"]
    for version in found:
        record = read_record(lab.store, report.id, version.version)
        assert record.sign_off.status == version.status
        assert record.sign_off.by == version.by_name
        assert record.sign_off.comment == version.comment
    assert found[1].by_name == lab.doctor.display_name
    last = read_record(lab.store, report.id)
    assert last.sign_off.comment == "slide of another patient"
    pages = [
        (version_folder(lab.store, report.id, n) / "report.html").read_text("utf-8").lower() for n in (2, 4)
    ]
    assert ["withdrawn" in page for page in pages] == [False, True]
    assert "slide of another patient" in pages[1]
    assert (version_folder(lab.store, report.id) / "report.pdf").read_bytes().startswith(b"%PDF")
    fhir = json.loads((version_folder(lab.store, report.id) / "fhir.json").read_text("utf-8"))
    assert "entered-in-error" in json.dumps(fhir)


def test_the_audit_tells_who_signed_but_not_what_was_written(lab, report):
    sign(lab.store, lab.doctor, report.id, 1, "Mrs Mustermann agreed")
    row = rows(lab.store)[-1]
    assert (row.user_id, row.action) == (lab.doctor.id, "report.final")
    assert row.seal == read_record(lab.store, report.id).provenance.bundle_seal
    assert not [r for r in rows(lab.store) if "Mustermann" in str(r)]


def test_only_pathologists_sign(lab, report):
    for user in (lab.viewer, lab.admin):
        for act in (sign, amend, withdraw):
            with pytest.raises(NotAllowedError):
                act(lab.store, user, report.id, 1, "why")
    note_download(lab.store, lab.viewer, report.id, "pdf")
    assert rows(lab.store)[-1].action == "report.downloaded"


def test_what_may_follow_what(lab, report):
    with pytest.raises(ConflictError, match="preliminary cannot become amended"):
        amend(lab.store, lab.doctor, report.id, 1, "why")
    sign(lab.store, lab.doctor, report.id, 1)
    with pytest.raises(ConflictError, match="newer version"):
        sign(lab.store, lab.doctor, report.id, 1)
    with pytest.raises(ConflictError, match="final cannot become final"):
        sign(lab.store, lab.doctor, report.id, 2)
    for empty in ("", "  "):
        with pytest.raises(InputError, match="reason"):
            withdraw(lab.store, lab.doctor, report.id, 2, empty)
    withdraw(lab.store, lab.doctor, report.id, 2, "why")
    with pytest.raises(ConflictError, match="over"):
        amend(lab.store, lab.doctor, report.id, 3, "why")
    with pytest.raises(NotFoundError):
        sign(lab.store, lab.doctor, "r0", 1)
    with pytest.raises(NotFoundError):
        version_folder(lab.store, report.id, 4)


def test_an_amendment_may_take_a_newer_report_of_the_same_case_alone(lab, report, toy_slide):
    sign(lab.store, lab.doctor, report.id, 1)
    case_id = lab.store.case_folder("x").parent
    assert case_id.is_dir()
    own = next(iter(list_reports(lab.store)))
    job_case = _case_of(lab, own)
    newer = _made(lab, job_case)
    other = _made(lab, toy_case(lab, toy_slide, "P2"))
    with pytest.raises(InputError, match="another case"):
        amend(lab.store, lab.doctor, report.id, 2, "why", content_of=other.id)
    amend(lab.store, lab.doctor, report.id, 2, "a better scan", content_of=newer.id)
    made, source = read_record(lab.store, report.id), read_record(lab.store, newer.id)
    assert made.provenance.created == source.provenance.created
    assert made.sign_off.status == "amended"


def test_two_who_sign_at_once_make_one_version(lab, report):
    errors = []

    def act(function, *more):
        try:
            function(lab.store, lab.doctor, report.id, 1, *more)
        except ConflictError as error:
            errors.append(error)

    threads = [threading.Thread(target=act, args=args) for args in ((sign, "yes"), (withdraw, "no"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    assert get_report(lab.store, report.id).version == 2
    read_record(lab.store, report.id)


def test_a_report_that_was_changed_on_disk_is_not_shown(lab, report):
    path = version_folder(lab.store, report.id) / "report.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Nivolumab", "Olaparib"), encoding="utf-8")
    with pytest.raises(LabError, match="not as it was issued"):
        read_record(lab.store, report.id)
    with pytest.raises(LabError, match="not as it was issued"):
        sign(lab.store, lab.doctor, report.id, 1)


def _case_of(lab, report):
    from tumorcast.lab.cases import get_case
    from tumorcast.lab.jobs import get_job

    return get_case(lab.store, get_job(lab.store, report.job_id).case_id)
