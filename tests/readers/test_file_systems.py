"""Databases in one file are refused where machines share the file system, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tumorcast.domain.errors import ConfigError
from tumorcast.readers.file_systems import SHARED_TYPES, refuse_shared_database, shared_type, sqlite_file

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
10.0.0.1@o2ib:/scratch /scratch lustre rw 0 0
//nas/two\\040words /mnt/two\\040words cifs rw 0 0
/dev/nvme0n1 /scratch/local xfs rw 0 0
beegfs_nodev /data fuse.beegfs rw 0 0
auto.x /net autofs rw 0 0
server:/net/x /net nfs rw 0 0
auto.y /auto autofs rw 0 0
JuiceFS:x /jfs fuse.juicefs rw 0 0
ceph-fuse /ceph fuse.ceph-fuse rw 0 0
mfs#master:9421 /moose fuse.mfs rw 0 0
s3fs /bucket fuse.s3fs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/runs/mlflow.db", "nfs4"),
        ("/homes/me/mlflow.db", None),
        ("/scratch/mlflow.db", "lustre"),
        ("/scratch/local/mlflow.db", None),
        ("/mnt/two words/x.db", "cifs"),
        ("/data/x.db", "beegfs"),
        ("/net/x.db", "nfs"),
        ("/auto/host/x.db", "autofs"),
        ("/jfs/x.db", "juicefs"),
        ("/ceph/x.db", "ceph-fuse"),
        ("/moose/x.db", "mfs"),
        ("/bucket/x.db", "s3fs"),
        ("/var/lib/x.db", None),
    ],
)
def test_the_deepest_mount_decides(path, kind):
    assert shared_type(Path(path), MOUNTS) == kind


def test_this_machine_is_read(tmp_path):
    assert shared_type(tmp_path / "not" / "there.db") in (None, *SHARED_TYPES)


def test_the_path_is_used_before_the_table_is_read(tmp_path, monkeypatch):
    used: list[Path] = []
    stat = Path.stat

    def noted(path, **named):
        used.append(path)
        return stat(path, **named)

    def table(path, **named):
        assert tmp_path in used
        return f"server:/x {tmp_path} nfs4 rw 0 0"

    monkeypatch.setattr(Path, "stat", noted)
    monkeypatch.setattr(Path, "read_text", table)
    assert shared_type(tmp_path / "x.db") == "nfs4"


def test_addresses_of_files():
    assert sqlite_file("sqlite:///mlflow.db") == Path("mlflow.db")
    assert sqlite_file("sqlite:////home/me/mlflow.db?timeout=5") == Path("/home/me/mlflow.db")
    assert sqlite_file("sqlite+pysqlite:///a.db") == Path("a.db")
    assert sqlite_file("sqlite:///:memory:") is None
    assert sqlite_file("sqlite:///file:/nfs/a%20b.db?uri=true") == Path("/nfs/a b.db")
    assert sqlite_file("sqlite:///file:///nfs/x.db?mode=rwc&uri=true") == Path("/nfs/x.db")
    assert sqlite_file("sqlite:///file::memory:?uri=true") is None
    assert sqlite_file("sqlite:///file:x?mode=memory&uri=true") is None
    assert sqlite_file("postgresql://localhost/mlflow") is None
    assert sqlite_file("http://127.0.0.1:5000") is None


def test_the_refusal_says_why_and_what_to_do():
    with pytest.raises(ConfigError, match=r"(?s)tracking\.uri.*nfs4.*locks.*do this"):
        refuse_shared_database("sqlite:////home/me/mlflow.db", "tracking.uri", "do this", MOUNTS)
    refuse_shared_database("sqlite:////var/mlflow.db", "tracking.uri", "do this", MOUNTS)
    refuse_shared_database("postgresql://home/me", "tracking.uri", "do this", MOUNTS)
