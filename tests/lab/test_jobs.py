"""Jobs: each done by one worker at a time, and finished once."""

from __future__ import annotations

import threading

import pytest

from tumorcast.lab.cases import CaseFacts, create_case
from tumorcast.lab.errors import ConflictError, NotAllowedError, NotFoundError
from tumorcast.lab.jobs import cancel, count_jobs, get_job, list_jobs, submit
from tumorcast.lab.leases import (
    LeaseLostError,
    Outcome,
    claim,
    fail,
    finish,
    give_back,
    heartbeat,
)

OUTCOME = Outcome("predicted", "", {"probability": 0.5})


@pytest.fixture
def job(lab, fake_bundle):
    return _submit(lab)


def _submit(lab):
    case = create_case(lab.store, lab.doctor, CaseFacts(patient_id="P1"))
    return submit(lab.store, lab.doctor, case.id)


def test_workers_never_share_a_job(lab, fake_bundle):
    wanted = {_submit(lab).id for _ in range(24)}
    got: list[str] = []

    def work(name: str) -> None:
        while (job := claim(lab.store, name)) is not None:
            got.append(job.id)
            finish(lab.store, job, OUTCOME)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(wanted)
    assert count_jobs(lab.store)["done"] == 24


def test_an_expired_lease_goes_to_another_and_the_first_cannot_finish(lab, job, tmp_path):
    slow = claim(lab.store, "slow")
    lab.clock.now += 21
    quick = claim(lab.store, "quick")
    assert (slow.id, slow.attempts, quick.attempts) == (quick.id, 1, 2)
    work = tmp_path / "work"
    work.mkdir()
    (work / "report.json").write_text("stale")
    for late in (lambda: finish(lab.store, slow, OUTCOME, work), lambda: heartbeat(lab.store, slow)):
        with pytest.raises(LeaseLostError):
            late()
    assert not lab.store.report_folder("r" + job.id[1:]).exists()
    finish(lab.store, quick, OUTCOME)
    with pytest.raises(LeaseLostError):
        finish(lab.store, quick, OUTCOME)


def test_a_lease_that_ran_out_unnoticed_still_counts(lab, job):
    slow = claim(lab.store, "slow")
    lab.clock.now += 1000
    finish(lab.store, slow, OUTCOME)
    assert get_job(lab.store, job.id).state == "done"


def test_heartbeats_keep_the_lease_and_tell_progress(lab, job):
    mine = claim(lab.store, "w")
    for n in range(5):
        lab.clock.now += 15
        heartbeat(lab.store, mine, "encoding", n, 5)
        assert claim(lab.store, "other") is None
    heartbeat(lab.store, mine)
    now = get_job(lab.store, job.id)
    assert (now.stage, now.done, now.total) == ("encoding", 4, 5)


def test_a_job_that_kills_its_worker_three_times_fails_with_that_reason(lab, job):
    for n in range(3):
        assert claim(lab.store, f"w{n}").attempts == n + 1
        lab.clock.now += 21
    assert claim(lab.store, "w3") is None
    lost = get_job(lab.store, job.id)
    assert (lost.state, lost.error_code) == ("failed", "worker_died")
    assert "3 workers" in lost.error


def test_a_poisoned_job_does_not_hold_up_the_next(lab, job):
    for n in range(3):
        claim(lab.store, f"w{n}")
        lab.clock.now += 21
    second = _submit(lab)
    assert claim(lab.store, "w").id == second.id


def test_giving_back_costs_no_attempt(lab, job):
    for _ in range(5):
        give_back(lab.store, claim(lab.store, "w"))
    assert claim(lab.store, "w").attempts == 1


def test_cancelled_and_failed_jobs_are_over(lab, job):
    mine = claim(lab.store, "w")
    cancel(lab.store, lab.doctor, job.id)
    with pytest.raises(LeaseLostError):
        finish(lab.store, mine, OUTCOME)
    with pytest.raises(ConflictError):
        cancel(lab.store, lab.doctor, job.id)
    other = _submit(lab)
    fail(lab.store, claim(lab.store, "w"), "unreadable", "S1.svs is cut off")
    assert get_job(lab.store, other.id).error == "S1.svs is cut off"
    assert claim(lab.store, "w") is None


def test_what_cannot_be_submitted(lab, job):
    with pytest.raises(ConflictError, match="already waits"):
        submit(lab.store, lab.doctor, job.case_id)
    with pytest.raises(NotFoundError):
        submit(lab.store, lab.doctor, "c0")
    with pytest.raises(NotFoundError):
        submit(lab.store, lab.doctor, job.case_id, "another-bundle")
    with pytest.raises(NotAllowedError):
        submit(lab.store, lab.viewer, job.case_id)
    assert [each.id for each in list_jobs(lab.store, job.case_id)] == [job.id]


def test_no_bundle_no_job(lab):
    case = create_case(lab.store, lab.doctor, CaseFacts(patient_id="P1"))
    with pytest.raises(ConflictError, match="no bundle is active"):
        submit(lab.store, lab.doctor, case.id)
