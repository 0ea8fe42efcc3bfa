"""Eight clients on one server for some minutes: failed requests, throughput, memory of server and worker.

    python benchmarks/lab_load.py BUNDLE [--minutes 10] [--clients 8]

Each client makes cases with mutations and a small slide, asks for predictions, and looks at pages, results and zoom
tiles meanwhile. Exits with 1 where a request failed or memory grew by more than a fifth after the first quarter.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
import psutil

from tumorcast.cohort.simulate.svs import write_svs

MAF = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\t{0}\tMissense_Mutation\n"
MOST_GROWTH = 1.2


class Load:
    """What the clients saw."""

    def __init__(self, base: str, token: str, slide: bytes) -> None:
        self.base, self.headers, self.slide = base, {"Authorization": f"Bearer {token}"}, slide
        self.answers: Counter[int] = Counter()
        self.failures: list[str] = []
        self.seconds: list[float] = []
        self.is_over = threading.Event()

    def client(self, number: int) -> None:
        """One client until time is up."""
        chance = random.Random(number)
        with httpx.Client(base_url=self.base, headers=self.headers, timeout=120) as http:
            round_ = 0
            while not self.is_over.is_set():
                round_ += 1
                try:
                    self._round(http, f"P-{number}-{round_}", chance)
                except httpx.HTTPError as error:
                    self.failures.append(type(error).__name__)

    def _round(self, http: httpx.Client, patient: str, chance: random.Random) -> None:
        case = self._ask(
            http, "POST", "/api/v1/cases", json={"patient_id": patient, "agents": ["Nivolumab"]}
        ).json()
        at = f"/api/v1/cases/{case['id']}"
        self._ask(http, "PUT", f"{at}/files/variants?name=a.maf", content=MAF.format(patient).encode())
        self._ask(http, "PUT", f"{at}/files/slide?name=a.svs", content=self.slide)
        job = self._ask(http, "POST", f"{at}/jobs", json={}).json()
        while job["state"] in ("queued", "running") and not self.is_over.is_set():
            for path in (
                "/api/v1/cases?limit=50",
                "/api/v1/jobs?limit=50",
                "/healthz",
                f"/api/v1/jobs/{job['id']}",
            ):
                job_answer = self._ask(http, "GET", path)
            job = job_answer.json()
            time.sleep(chance.uniform(0.2, 0.8))
        if job["state"] == "failed":
            self.failures.append(f"job {job['error_code']}")
        if job["report_id"]:
            self._look(http, job["report_id"])

    def _look(self, http: httpx.Client, report_id: str) -> None:
        record = self._ask(http, "GET", f"/api/v1/reports/{report_id}/record").json()
        self._ask(http, "GET", f"/api/v1/reports/{report_id}/files/html")
        for slide in record["slides"]:
            at = f"/api/v1/reports/{report_id}/slides/{slide['slide_id']}"
            finest = self._ask(http, "GET", at).json()["finest"]
            for level in range(finest + 1):
                self._ask(http, "GET", f"{at}/tiles/{level}/0/0")

    def _ask(self, http: httpx.Client, method: str, path: str, **told: object) -> httpx.Response:
        start = time.perf_counter()
        answer = http.request(method, path, **told)  # type: ignore[arg-type]
        self.seconds.append(time.perf_counter() - start)
        self.answers[answer.status_code] += 1
        if answer.status_code >= 400:
            self.failures.append(f"{method} {re.sub('[cjrf][0-9a-f]{16}', 'ID', path)}: {answer.text[:200]}")
            raise httpx.HTTPError("refused")
        return answer


def main() -> int:
    """Serve, load, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        return _run(arguments, Path(work))


def _run(arguments: argparse.Namespace, work: Path) -> int:
    log, port = work / "log", _free_port()
    command = [sys.executable, "-m", "tumorcast.cli.main", "serve", str(arguments.bundle), "--demonstrate"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--lab", str(work / "lab"), "--port", str(port)], stdout=out, stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(base)
        token = re.search(r"tc_\S+", log.read_text(encoding="utf-8"))
        load = Load(base, token.group() if token else "", _slide(work / "slide.svs"))
        threads = [threading.Thread(target=load.client, args=(n,)) for n in range(arguments.clients)]
        memory = _watched(load, threads, server.pid, 60 * arguments.minutes)
    finally:
        server.terminate()
        server.wait(60)
    events = [line for line in log.read_text(encoding="utf-8").splitlines() if "tumorcast.access" not in line]
    print("\n".join(events[-8:]), file=sys.stderr)
    return _tell(load, memory, arguments)


def _watched(
    load: Load, threads: list[threading.Thread], pid: int, seconds: float
) -> list[tuple[float, float]]:
    """(server, worker) resident memory in MB, about sixty times over the run."""
    memory, end = [], time.monotonic() + seconds
    for thread in threads:
        thread.start()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, seconds / 60))
        server = psutil.Process(pid)
        workers = sum(_resident(child) for child in server.children(recursive=True))
        memory.append((_resident(server), workers))
    load.is_over.set()
    for thread in threads:
        thread.join()
    return memory


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


def _tell(load: Load, memory: list[tuple[float, float]], arguments: argparse.Namespace) -> int:
    quarter = len(memory) // 4
    n, seconds = len(load.seconds), sorted(load.seconds)
    told: dict[str, object] = {
        "minutes": arguments.minutes, "clients": arguments.clients, "requests": n,
        "requests_per_s": round(n / (60 * arguments.minutes), 1), "failed": len(load.failures),
        "median_ms": round(1000 * seconds[n // 2], 1), "p99_ms": round(1000 * seconds[int(0.99 * (n - 1))], 1),
        "by_status": dict(load.answers),
    }  # fmt: skip
    is_flat = True
    for name, place in (("server", 0), ("worker", 1)):
        start, middle, last = (
            _median(memory[at : at + quarter], place) for at in (quarter, 2 * quarter, 3 * quarter)
        )
        told[f"{name}_rss_mb"] = {"start": round(start), "middle": round(middle), "end": round(last)}
        is_flat &= 0 < last <= MOST_GROWTH * start
    told["memory_is_flat"] = is_flat
    print(json.dumps(told, indent=1))
    print("\n".join(f"failed: {each}" for each in load.failures[:10]))
    return 0 if is_flat and not load.failures else 1


def _median(memory: list[tuple[float, float]], place: int) -> float:
    """Of the moments at which the process was there; 0 where it never was."""
    values = [each[place] for each in memory if each[place] > 0]
    return float(np.median(values)) if values else 0.0


def _slide(path: Path) -> bytes:
    picture = np.full((1024, 1024, 3), 243, np.float32)
    picture[128:896, 128:896] = np.random.default_rng(0).normal((190, 110, 170), 15, (768, 768, 3))
    write_svs(path, picture.clip(0, 255).astype(np.uint8), 1.0, 10)
    return path.read_bytes()


def _wait(base: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{base}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise SystemExit("the server did not start")


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
