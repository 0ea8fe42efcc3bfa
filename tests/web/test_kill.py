"""kill -9 of server and worker in the middle of twenty jobs: after a restart each is done, once."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from case_files import MAF
from live_lab import LiveSite

pytestmark = pytest.mark.heavy
N_JOBS = 20


def _call(site: LiveSite, method: str, at: str, **told: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {site.token}"}
    answer = httpx.request(method, site.base + at, headers=headers, timeout=60, **told)
    assert answer.status_code < 300, answer.text
    return answer


def _jobs(site: LiveSite) -> list[dict[str, object]]:
    return list(_call(site, "GET", "/api/v1/jobs?limit=500").json())


def _worker_pid(site: LiveSite) -> int:
    lines = [json.loads(line) for line in site.log.splitlines() if line.startswith("{")]
    return int([line["pid"] for line in lines if line["event"] == "worker.started"][-1])


def test_every_job_is_done_once(toy, tmp_path):
    import psutil

    site = LiveSite(toy.bundle, tmp_path / "lab", ("--demonstrate",))
    site.start()
    for number in range(N_JOBS):
        case = _call(
            site, "POST", "/api/v1/cases", json={"patient_id": f"P-{number}", "agents": ["Nivolumab"]}
        ).json()
        maf = MAF.replace(b"P-77", f"P-{number}".encode())
        _call(site, "PUT", f"/api/v1/cases/{case['id']}/files/variants?name=a.maf", content=maf)
        _call(site, "POST", f"/api/v1/cases/{case['id']}/jobs", json={})
    deadline = time.monotonic() + 120
    while sum(job["state"] == "done" for job in _jobs(site)) < 3:
        assert time.monotonic() < deadline, site.log
        time.sleep(0.05)
    worker = psutil.Process(_worker_pid(site))
    site.process.kill()
    worker.kill()
    site.process.wait(30)
    site.start()
    deadline = time.monotonic() + 240
    while any(job["state"] in ("queued", "running") for job in _jobs(site)):
        assert time.monotonic() < deadline, site.log
        time.sleep(0.2)
    jobs = _jobs(site)
    assert [job["state"] for job in jobs] == ["done"] * N_JOBS, [job["error"] for job in jobs]
    assert len({job["report_id"] for job in jobs}) == N_JOBS
    ended = [
        row for row in _call(site, "GET", "/api/v1/audit?newest=1000").json() if row["action"] == "job.done"
    ]
    assert len(ended) == N_JOBS
    assert _call(site, "GET", "/api/v1/audit/chain").json()["is_whole"]
    site.stop()
    assert not psutil.pid_exists(_worker_pid(site)) or psutil.Process(_worker_pid(site)).status() == "zombie"
