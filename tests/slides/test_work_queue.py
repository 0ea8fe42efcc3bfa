"""Leases: one holder at a time among threads, processes and machines; the dead lose theirs, nobody else does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tumorcast.slides import owner as owner_module
from tumorcast.slides.leases import Leases
from tumorcast.slides.owner import Owner, partial_path, remove_partials
from tumorcast.slides.report import ReportRow
from tumorcast.slides.work_queue import WorkQueue

ROW = ReportRow("a", "a.svs", "failed", "no_tissue: none")
ELSEWHERE = Owner("another-machine", 1, "5")


def dead_owner() -> Owner:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return Owner(Owner.me().machine, process.pid, "1")


def lease(folder: Path, owner: Owner, age: float = 0.0, name: str = "a.1.lease") -> Path:
    path = folder / name
    path.write_text(str(owner))
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_one_holder_at_a_time(tmp_path):
    with Leases(tmp_path / "w") as first, Leases(tmp_path / "w") as second:
        assert first.claim("a")
        assert not second.claim("a")
        assert not first.claim("a")
        assert second.claim("b")
        assert first.holds("a")
        assert not second.holds("a")
        first.release("a")
        assert second.claim("a")
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("void", [0, 1, 2])
def test_many_that_ask_at_once_get_it_once(tmp_path, void):
    """Also when all of them find the lease of a dead process."""
    together = Barrier(8)
    queues = [Leases(tmp_path) for _ in range(8)]
    for generation in range(void):
        lease(tmp_path, dead_owner(), name=f"a.{generation + 1}.lease")

    def ask(leases):
        together.wait()
        return leases.claim("a")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, queues)) == 1


def test_a_killed_process_loses_its_lease_at_once(tmp_path):
    text = (
        "import sys, time; from pathlib import Path; from tumorcast.slides.leases import Leases\n"
        f"leases = Leases(Path({str(tmp_path)!r})); leases.__enter__(); print(leases.claim('a'), flush=True)\n"
        "time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", text], env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline().strip() == b"True"
        with Leases(tmp_path) as mine:
            assert not mine.claim("a")
            process.kill()
            process.wait()
            assert mine.claim("a")
    finally:
        process.kill()
        process.stdout.close()
    assert list(tmp_path.parent.glob("*.lease")) == []


def test_a_process_number_used_again_is_not_its_owner(tmp_path):
    me = Owner.me()
    assert me.is_running()
    assert Owner(me.machine, me.process, "1").is_running() is False
    with Leases(tmp_path) as mine:
        lease(tmp_path, Owner(me.machine, me.process, "1"))
        assert mine.claim("a")


def test_another_machine_keeps_its_lease_while_it_touches_it(tmp_path):
    with Leases(tmp_path, lease_seconds=30) as mine:
        path = lease(tmp_path, ELSEWHERE, age=20)
        assert not mine.claim("a")
        os.utime(path, (time.time() - 40,) * 2)
        assert mine.claim("a")


def test_one_that_was_taken_for_dead_sees_it(tmp_path):
    with Leases(tmp_path) as slept, Leases(tmp_path) as mine:
        assert slept.claim("a")
        (tmp_path / "a.1.lease").unlink()
        lease(tmp_path, ELSEWHERE, age=1000)
        assert mine.claim("a")
        assert not slept.holds("a")
        slept.release("a")
        assert mine.holds("a")


def test_leases_are_touched_while_held(tmp_path):
    with Leases(tmp_path, lease_seconds=0.4) as mine:
        assert mine.claim("a")
        path = tmp_path / "a.1.lease"
        before = path.stat().st_mtime_ns
        deadline = time.monotonic() + 20
        while path.stat().st_mtime_ns == before and time.monotonic() < deadline:
            time.sleep(0.02)
        assert path.stat().st_mtime_ns > before


def test_a_file_system_without_links_serves_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    with Leases(tmp_path) as first, Leases(tmp_path) as second:
        assert first.claim("a")
        assert not second.claim("a")


def test_rows_are_told_to_those_who_were_there(tmp_path):
    with WorkQueue(tmp_path) as first, WorkQueue(tmp_path) as second:
        assert first.claim("site/a b.svs")
        assert second.told("site/a b.svs") is None
        first.finish("site/a b.svs", ROW)
        assert second.told("site/a b.svs") == ROW
        assert second.claim("site/a b.svs")
        time.sleep(0.05)
        with WorkQueue(tmp_path) as later:
            assert later.told("site/a b.svs") is None
    assert list(tmp_path.iterdir()) == []


def test_names_that_look_alike_are_told_apart(tmp_path):
    with WorkQueue(tmp_path) as first, WorkQueue(tmp_path) as second:
        names = ["a/b", "a_b", "a.b", "A_b", "x" * 300 + "a", "y" * 300 + "a"]
        assert all(first.claim(name) for name in names)
        assert not any(second.claim(name) for name in names)


def test_what_a_dead_process_left_is_tidied(tmp_path):
    folder = tmp_path / ".encoding"
    folder.mkdir()
    lease(folder, dead_owner(), name="a-0.1.lease")
    lease(folder, dead_owner(), name="old.worker")
    (folder / "row.json").write_text("{}")
    with WorkQueue(tmp_path):
        pass
    assert not folder.exists()


def test_only_leftovers_of_dead_processes_of_this_machine_are_removed(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    for process in (dead_owner().process, os.getppid()):
        with monkeypatch.context() as other:
            other.setattr(os, "getpid", lambda number=process: number)
            partial_path(tmp_path / "deep" / "s.h5").write_bytes(b"half")
            other.setattr(owner_module, "_tag", lambda: "0123abcd")
            partial_path(tmp_path / "deep" / "s.h5").write_bytes(b"half of another machine's")
    (tmp_path / "s.h5").write_bytes(b"whole")
    assert remove_partials(tmp_path) == 1
    assert len(list(tmp_path.rglob("*.partial"))) == 3
    assert (tmp_path / "s.h5").read_bytes() == b"whole"
