"""Files over HTTP: streamed, limited, checked; what cannot be used is told, and never a failure of the server."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from toy_lab import write_toy_slide
from tumorcast.lab.config import UploadLimits, read_config, write_config

MAF = b"Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tP-77-A\tMissense_Mutation\n"


@pytest.fixture
def slide(tmp_path) -> bytes:
    """A small slide that can be read."""
    write_toy_slide(tmp_path / "slide.svs", 1)
    return (tmp_path / "slide.svs").read_bytes()


def _left(site) -> list[str]:
    return [path.name for path in (site.store.folder / "cases").rglob("*") if path.is_file()]


def _refused(site, case_id: str, kind: str, name: str, content: bytes, status: int = 422) -> dict[str, str]:
    answer = site.put(case_id, kind, name, content)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"what", "got", "expected", "fix"}
    assert _left(site) == []
    return answer.json()


def test_a_slide_is_kept_byte_for_byte(site, slide):
    case_id = site.case()
    told = site.put(case_id, "slide", "CMU 1.svs", slide)
    assert told.status_code == 201, told.text
    assert (told.json()["name"], told.json()["size"]) == ("CMU 1.svs", len(slide))
    kept = list((site.store.folder / "cases").rglob("*.svs"))
    assert kept[0].read_bytes() == slide


def test_two_files_of_one_name_are_two_files(site):
    case_id = site.case()
    first, second = (site.put(case_id, "variants", "a.maf", MAF).json() for _ in range(2))
    assert first["id"] != second["id"]
    files = site.client.get(f"/api/v1/cases/{case_id}", headers=site.bearer("viewer")).json()["files"]
    assert [file["name"] for file in files] == ["a.maf", "a.maf"]
    assert len(_left(site)) == 2


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/shadow", "C:\\x.maf", "a\0b.maf", "....//x",
        "глаз 试样 ünï.maf", "🧬.maf", "con.maf", "a" * 250 + ".maf", "x/../../y", "%2e%2e%2fx", "\u202eexe.fam", ".",
    ],
)  # fmt: skip
def test_a_name_never_becomes_a_path(site, name, tmp_path):
    answer = site.put(site.case(), "variants", name, MAF)
    assert answer.status_code == 201, answer.text
    (kept,) = _left(site)
    assert kept == answer.json()["id"] + ".maf"
    assert "/" not in answer.json()["name"]
    assert "\\" not in answer.json()["name"]
    outside = {
        path for path in tmp_path.rglob("*") if path.is_file() and site.store.folder not in path.parents
    }
    assert outside == set()


def test_bad_files_are_told(site, slide):
    case_id = site.case()
    assert "empty" in _refused(site, case_id, "slide", "a.svs", b"")["what"]
    assert "empty" in _refused(site, case_id, "variants", "a.maf", b"")["what"]
    assert "not a slide" in _refused(site, case_id, "slide", "a.svs", b"%PDF-1.7 nothing")["what"]
    _refused(site, case_id, "slide", "a.svs", MAF)
    _refused(site, case_id, "slide", "cut.svs", slide[: len(slide) // 2])
    _refused(site, case_id, "variants", "a.maf", slide)
    assert "Hugo_Symbol" in _refused(site, case_id, "variants", "a.maf", b"gene\tsample\nA\tB\n")["got"]
    _refused(site, case_id, "expression", "a.xlsx", _zip(b"x"))
    _refused(site, case_id, "expression", "a.tsv.gz", gzip.compress(b"a\tb\n1\t2\n")[:-6])


def test_archive_bombs_are_refused(site):
    case_id, zeros = site.case(), bytes(60_000_000)
    bomb = gzip.compress(b"gene\tP-77-A\n" + zeros)
    assert len(bomb) < 100_000
    assert "unpacks" in _refused(site, case_id, "expression", "a.tsv.gz", bomb, 413)["what"]
    _refused(site, case_id, "expression", "a.zip", _zip(zeros))


def _zip(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.tsv", content)
    return stream.getvalue()


def test_a_claim_of_ten_gigabytes_is_refused_before_a_byte_is_read(site):
    case_id, read = site.case(), []

    def body():
        for _ in range(100):
            read.append(1)
            yield b"x" * 1000

    answer = site.client.put(
        f"/api/v1/cases/{case_id}/files/expression",
        params={"name": "big.tsv"},
        content=body(),
        headers=site.bearer("pathologist") | {"Content-Length": "10000000000"},
    )
    assert answer.status_code == 413, answer.text
    assert _left(site) == []


def test_more_than_the_limit_is_cut_off_whatever_was_claimed(site):
    config = site.store.folder / "config.json"
    write_config(
        config, read_config(config).model_copy(update={"limits": UploadLimits(expression=2_000_000)})
    )
    case_id, sent = site.case(), []

    def body():
        for _ in range(20):
            sent.append(1)
            yield b"x" * 500_000

    answer = site.client.put(
        f"/api/v1/cases/{case_id}/files/expression",
        params={"name": "a.tsv"},
        content=body(),
        headers=site.bearer("pathologist"),
    )
    assert answer.status_code == 413
    assert _left(site) == []


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "\uff19"])
def test_a_length_that_is_no_number(site, length):
    headers = {"Content-Length": length.encode()}
    answer = site.put(site.case(), "variants", "a.maf", MAF, **headers)
    assert answer.status_code == 400


def test_other_requests_are_short(site):
    long = {"patient_id": "x", "title": "a" * 2_000_000}
    assert site.client.post("/api/v1/cases", json=long, headers=site.bearer("admin")).status_code == 413

    def body():
        yield b'{"patient_id": "'
        for _ in range(40):
            yield b"a" * 100_000

    headers = site.bearer("admin") | {"Content-Type": "application/json"}
    answer = site.client.post("/api/v1/cases", content=body(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["what"] == "the request is too long"


def test_viewers_send_nothing(site):
    case_id = site.case()
    at = f"/api/v1/cases/{case_id}/files/variants?name=a.maf"
    assert site.client.put(at, content=MAF, headers=site.bearer("viewer")).status_code == 403
    assert site.client.put(at, content=MAF).status_code == 401
    assert _left(site) == []


def test_a_file_is_removed(site):
    case_id = site.case()
    file_id = site.put(case_id, "variants", "a.maf", MAF).json()["id"]
    at = f"/api/v1/cases/{case_id}/files/{file_id}"
    assert site.client.delete(at, headers=site.bearer("viewer")).status_code == 403
    assert site.client.delete(at, headers=site.bearer("pathologist")).status_code == 204
    assert _left(site) == []
    assert site.client.delete(at, headers=site.bearer("pathologist")).status_code == 404


def test_memory_does_not_grow_with_the_file(site, tmp_path: Path):
    """Pieces of about a megabyte go to the disk: never the whole file at once."""
    sizes: list[int] = []
    from tumorcast.lab.uploads import Upload

    original = Upload.write

    def watched(self: Upload, chunk: bytes) -> None:
        sizes.append(len(chunk))
        original(self, chunk)

    def body():
        for _ in range(256):
            yield b"a\tb\n" * 16_384

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Upload, "write", watched)
        at = f"/api/v1/cases/{site.case()}/files/expression?name=a.tsv"
        assert site.client.put(at, content=body(), headers=site.bearer("admin")).status_code == 201
    assert sum(sizes) == 256 * 65_536
