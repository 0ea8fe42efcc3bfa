"""The worker: cases become reports; failures become reasons; no name gets into a log."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from toy_cases import PATIENT, PERSON, add_file, toy_case
from toy_host_folder import write_host
from tumorcast.lab.audit import export_jsonl, rows
from tumorcast.lab.bundles import register, retire
from tumorcast.lab.cases import change_case, get_case, remove_file
from tumorcast.lab.config import write_config
from tumorcast.lab.errors import ConflictError, WrongFileError
from tumorcast.lab.jobs import cancel, count_jobs, get_job, list_jobs, submit
from tumorcast.lab.leases import claim
from tumorcast.lab.reports import count_results, list_reports, read_record, report_of_job, version_folder
from tumorcast.lab.store import LabStore
from tumorcast.lab.worker import work


@pytest.fixture
def case(lab, bundle, toy_slide):
    return toy_case(lab, toy_slide)


def test_a_case_becomes_a_report_with_the_digests_of_its_uploads(lab, bundle, case):
    job = submit(lab.store, lab.doctor, case.id)
    assert work(lab.store, "w1", threading.Event(), most_jobs=1) == 1
    job = get_job(lab.store, job.id)
    assert (job.state, job.error) == ("done", "")
    report = report_of_job(lab.store, job.id)
    record = read_record(lab.store, report.id)
    assert report.status == record.sign_off.status == "preliminary"
    assert record.subject.patient_id == PATIENT
    assert record.watermark
    uploaded = {name: sha for name, sha in record.provenance.digests if name.startswith("uploaded")}
    assert set(uploaded.values()) == {file.sha256 for file in get_case(lab.store, case.id).files}
    made = [row for row in rows(lab.store) if row.action == "job.done"]
    assert (made[0].model_id, made[0].seal) == (bundle.model_id, bundle.seal)
    assert json.loads(made[0].objects)["for"] == lab.doctor.id
    assert sum(count_results(lab.store).values()) == 1
    assert not list((lab.store.folder / "reports").glob(".work*"))
    assert not list(lab.store.case_folder(case.id).glob("jobs/*"))


def test_a_lab_that_asks_for_it_gets_regimens_side_by_side(lab, case):
    write_config(lab.store.folder / "config.json", lab.store.config.model_copy(update={"rank": True}))

    def record_of_a_job():
        job = submit(lab.store, lab.doctor, case.id)
        work(lab.store, "w1", threading.Event(), most_jobs=1)
        return read_record(lab.store, report_of_job(lab.store, job.id).id)

    without = record_of_a_job()
    assert without.ranking is None
    assert "cancer type" in next(flag.sentence for flag in without.flags if flag.code == "ranking_not_made")
    change_case(lab.store, lab.doctor, case.id, case.facts.model_copy(update={"cancer_type": "Melanoma"}))
    record = record_of_a_job()
    assert record.ranking is not None
    assert record.ranking.subject.cancer == "MEL"
    assert record.ranking.watermark == record.watermark


def test_a_case_with_files_of_the_host_has_their_panel(lab, case, tmp_path):
    host = write_host(tmp_path / "host", PATIENT)

    def sent(kind: str, path: Path):
        return add_file(lab.store, lab.doctor, case.id, kind, f"{PERSON}.json", io.BytesIO(path.read_bytes()))

    with pytest.raises(WrongFileError, match=r"this is not pgx\.json"):
        sent("pharmacogenes", host / "pgs" / "pgs.json")
    sent("pharmacogenes", host / "pgx" / "pgx.json")
    sent("polygenic_scores", host / "pgs" / "pgs.json")
    sent("clocks", host / "clock" / "clock.json")
    job = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    record = read_record(lab.store, report_of_job(lab.store, job.id).id)
    assert record.host is not None
    assert [one[1] for one in record.host.sources] == [PATIENT, PATIENT, PATIENT, f"{PATIENT}-T1"]
    assert len(record.host.scores) == 2
    assert len(record.host.methylomes) == 2
    assert record.host.genes == ()


def test_a_case_with_lesions_gets_a_forecast_of_tumour_size(lab, case):
    def sent(text: str):
        return add_file(lab.store, lab.doctor, case.id, "lesions", f"{PERSON}.csv", io.BytesIO(text.encode()))

    table = "patient_id,day,size_mm\n{0},0,80\n{0},42,64\n{0},84,66\n"
    wrong = sent(table.format("SOMEONE"))
    job = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    assert get_job(lab.store, job.id).error_code == "case_files"
    remove_file(lab.store, lab.doctor, case.id, wrong.id)
    sent(table.format(PATIENT))

    def record_of_a_job():
        job = submit(lab.store, lab.doctor, case.id)
        work(lab.store, "w1", threading.Event(), most_jobs=1)
        return read_record(lab.store, report_of_job(lab.store, job.id).id)

    without = record_of_a_job()
    assert without.twin is None
    assert "no population" in next(flag.sentence for flag in without.flags if flag.code == "twin_not_made")
    config = lab.store.config.model_copy(update={"twin_population": "oak_nsclc"})
    write_config(lab.store.folder / "config.json", config)
    unmatched = record_of_a_job().twin
    assert unmatched.kind == "refused"
    assert not unmatched.visits
    change_case(lab.store, lab.doctor, case.id, case.facts.model_copy(update={"cancer_type": "LUAD"}))
    twin = record_of_a_job().twin
    assert (twin.kind, twin.patient_id, twin.last_value_mm) == ("individual", PATIENT, 66)
    assert twin.population.name == "oak_nsclc"


def test_what_a_killed_try_left_goes_with_the_next(lab, case):
    job = submit(lab.store, lab.doctor, case.id)
    with lab.store.transaction() as connection:
        connection.execute("UPDATE jobs SET attempts = 1 WHERE id = ?", (job.id,))
    (lab.store.folder / "reports" / f".work-{job.id}-1").mkdir()
    assert work(lab.store, "w1", threading.Event(), most_jobs=1) == 1
    assert get_job(lab.store, job.id).state == "done"
    assert not list((lab.store.folder / "reports").glob(".work*"))


def test_no_name_is_in_a_log_or_in_the_audit(lab, case, capfd, tmp_path):
    submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    slide = next(file for file in get_case(lab.store, case.id).files if file.kind == "slide")
    (lab.store.case_folder(case.id) / slide.disk_name).write_bytes(b"II*\0broken")
    expression = next(file for file in get_case(lab.store, case.id).files if file.kind == "expression")
    (lab.store.case_folder(case.id) / expression.disk_name).write_text(f"{PERSON}\t{PATIENT}\nx\ty\n")
    second = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    assert get_job(lab.store, second.id).state == "failed"
    export_jsonl(lab.store, tmp_path / "audit.jsonl")
    said = "".join(capfd.readouterr()) + (tmp_path / "audit.jsonl").read_text()
    assert said.count("job.started") >= 2
    for name in (PATIENT, PERSON):
        assert name not in said


def test_a_file_that_cannot_be_used_fails_the_job_with_its_reason(lab, case):
    expression = next(file for file in get_case(lab.store, case.id).files if file.kind == "expression")
    (lab.store.case_folder(case.id) / expression.disk_name).write_text("Hugo_Symbol\tX\nTP53\t1.5\n")
    job = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    job = get_job(lab.store, job.id)
    assert (job.state, job.error_code) == ("failed", "case_files")
    assert "too few genes" in job.error
    assert PERSON in job.error
    assert list_reports(lab.store) == []


def test_an_error_of_the_software_sinks_one_job(lab, case, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError(f"{PERSON} divided by zero")

    monkeypatch.setattr("tumorcast.lab.job_run.make_report", broken)
    job = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    job = get_job(lab.store, job.id)
    assert (job.state, job.error_code) == ("failed", "internal")
    assert "ZeroDivisionError@test_worker.py" in job.error
    assert PERSON not in job.error


def test_a_damaged_bundle_fails_the_job(lab, bundle, case):
    path = lab.store.bundle_folder(bundle.id) / "preprocess.json"
    path.write_text(path.read_text() + " ")
    job = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    assert "preprocess.json is not as it was exported" in get_job(lab.store, job.id).error


def test_a_cancelled_job_stops_and_leaves_nothing(lab, case, monkeypatch):
    job = submit(lab.store, lab.doctor, case.id)

    def cancel_meanwhile(*_, **__):
        cancel(lab.store, lab.doctor, job.id)
        time.sleep(1.5)
        raise AssertionError("went on")

    monkeypatch.setattr("tumorcast.lab.job_run.study_of", cancel_meanwhile)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    assert get_job(lab.store, job.id).state == "cancelled"


def test_a_worker_that_is_to_end_gives_its_job_back(lab, case, monkeypatch):
    job = submit(lab.store, lab.doctor, case.id)
    ending = threading.Event()
    monkeypatch.setattr("tumorcast.lab.job_run.study_of", lambda *_: ending.set())
    work(lab.store, "w1", ending)
    job = get_job(lab.store, job.id)
    assert (job.state, job.attempts) == ("queued", 0)


def test_removed_files_are_not_used(lab, case):
    for file in get_case(lab.store, case.id).files:
        if file.kind != "clinical":
            remove_file(lab.store, lab.doctor, case.id, file.id)
    job = submit(lab.store, lab.doctor, case.id)
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    record = read_record(lab.store, report_of_job(lab.store, job.id).id)
    assert {c.modality for c in record.contributions if c.is_present}.isdisjoint(
        {"slide", "mutations", "expression"}
    )


def test_a_revoked_bundle_cancels_what_waits(lab, bundle, case):
    job = submit(lab.store, lab.doctor, case.id)
    retire(lab.store, lab.admin, bundle.id, is_revoked=True)
    assert get_job(lab.store, job.id).state == "cancelled"
    assert claim(lab.store, "w") is None


def _process(lab, *more):
    return subprocess.Popen(
        [sys.executable, "-m", "tumorcast.lab.worker", str(lab.store.folder), *more],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "src"},
    )  # fmt: skip


def test_the_process_ends_when_its_standard_input_does(lab, bundle):
    process = _process(lab)
    assert b"worker.started" in process.stderr.readline()
    process.stdin.close()
    assert process.wait(20) == 0


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_workers_killed_in_the_middle_of_jobs_finish_each_once(lab, bundle, toy_slide):
    config = lab.store.config.model_copy(update={"lease_s": 2.0, "max_attempts": 20})
    write_config(lab.store.folder / "config.json", config)
    live = LabStore(lab.store.folder)
    here = replace(lab, store=live)
    cases = [toy_case(here, toy_slide if n < 4 else b"", f"P{n}") for n in range(20)]
    wanted = sorted(submit(live, lab.doctor, case.id).id for case in cases)
    process, killed = _process(lab), 0
    deadline = time.monotonic() + 700
    while (counts := count_jobs(live))["done"] < 20 and time.monotonic() < deadline:
        time.sleep(0.1)
        if killed < 6 and counts["running"] and counts["done"] >= 2 * killed:
            time.sleep(0.3 * killed)
            process.kill()
            process.wait()
            killed += 1
            process = _process(lab)
    process.stdin.close()
    process.wait(60)
    assert killed == 6
    done = [json.loads(row.objects)["job"] for row in rows(live) if row.action == "job.done"]
    assert sorted(done) == sorted(job.id for job in list_jobs(live) if job.state == "done") == wanted
    assert len(list_reports(live)) == 20
    for report in list_reports(live):
        assert (version_folder(live, report.id) / "report.html").is_file()
        read_record(live, report.id)
    assert sorted(path.name for path in (live.folder / "reports").iterdir()) == sorted(
        report.id for report in list_reports(live)
    )
    live.close()


def test_a_bundle_is_registered_once(lab, bundle, toy):
    with pytest.raises(ConflictError):
        register(lab.store, lab.admin, toy.bundle)
    assert [path.name for path in (lab.store.folder / "bundles").iterdir()] == [bundle.id]
