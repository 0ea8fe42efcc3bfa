"""Cases and the files that come into them: each bad one is refused for its own reason."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import pytest

from toy_cases import add_file
from toy_lab import write_toy_slide
from tumorcast.domain.errors import InputError
from tumorcast.lab.cases import (
    CaseFacts,
    change_case,
    create_case,
    facts_from,
    get_case,
    get_file,
    list_cases,
    remove_file,
)
from tumorcast.lab.config import LabConfig, UploadLimits, write_config
from tumorcast.lab.errors import ConflictError, NotAllowedError, NotFoundError, TooLargeError, WrongFileError
from tumorcast.lab.jobs import submit
from tumorcast.lab.uploads import display_name, stored_path, sweep_parts

MAF = b"Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tX\tMissense_Mutation\n"


@pytest.fixture
def case(lab):
    return create_case(lab.store, lab.doctor, CaseFacts(patient_id="P-17", title="lung, before nivolumab"))


def _add(lab, case, kind, name, content, **more):
    return add_file(lab.store, lab.doctor, case.id, kind, name, io.BytesIO(content), **more)


def _on_disk(lab, case):
    return sorted(path.name for path in lab.store.case_folder(case.id).rglob("*"))


def test_a_file_lies_under_a_name_of_the_labs_own(lab, case):
    file = _add(lab, case, "variants", "../../../etc/Müller, Hans.maf", MAF)
    assert file.name == "Müller, Hans.maf"
    assert stored_path(lab.store, file).read_bytes() == MAF
    assert _on_disk(lab, case) == [f"{file.id}.maf"]
    assert get_file(lab.store, case.id, file.id) == file
    with pytest.raises(NotFoundError):
        get_file(lab.store, "c0", file.id)


def test_two_files_of_one_name_are_both_kept(lab, case):
    first, second = (_add(lab, case, "variants", "a.maf", MAF + extra) for extra in (b"", b"#\n"))
    assert first.sha256 != second.sha256
    assert [file.name for file in get_case(lab.store, case.id).files] == ["a.maf", "a.maf"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("..\\..\\x.svs", "x.svs"), ("C:\\slides\\a.svs", "a.svs"), ("/abs/b.svs", "b.svs"), ("..", "unnamed"),
        ("", "unnamed"), ("スライド 一.svs", "スライド 一.svs"), ("a\x00b\n.svs", "ab.svs"),
        ("x\u202egnp.svs", "xgnp.svs"),
        ("\ud800.svs", "?.svs"), ("dir/", "unnamed"), ("n" * 500 + ".svs", "n" * 196 + ".svs"),
    ],
)  # fmt: skip
def test_names_are_for_show(given, shown):
    assert display_name(given) == shown


@pytest.mark.parametrize(
    ("kind", "name", "content", "told"),
    [
        ("variants", "a.maf", b"", "empty"),
        ("expression", "a.tsv", b" \n", "empty"),
        ("slide", "a.svs", b"not a slide at all", "not a slide"),
        ("slide", "a.svs", MAF, "got:      text"),
        ("variants", "a.maf", b"%PDF-1.7 ...", "a PDF"),
        ("variants", "a.maf", b"gene\tsample\nTP53\tX\n", "no column Hugo_Symbol"),
        ("expression", "a.xlsx", b"PK\x03\x04rest", "spreadsheet"),
        ("expression", "a.tsv", "gene\tx\n".encode("utf-16"), "UTF-16"),
        ("expression", "a.tsv", b"<html><body>login</body></html>", "web page"),
        ("clinical", "a.csv", b"\x00\x01\x02", "binary"),
        ("segments", "a.seg", b"one\nword\n", "one column"),
        ("variants", "a.maf.gz", gzip.compress(MAF, mtime=0)[:-9], "cut off"),
        ("variants", "a.maf.gz", gzip.compress(gzip.compress(MAF, mtime=0), mtime=0), "not a text"),
        ("variants", "a.maf.gz", gzip.compress(b"", mtime=0), "empty"),
    ],
)  # fmt: skip
def test_what_is_not_of_its_kind_is_refused_and_nothing_stays(lab, case, kind, name, content, told):
    with pytest.raises(WrongFileError, match=told):
        _add(lab, case, kind, name, content)
    assert _on_disk(lab, case) == []
    assert get_case(lab.store, case.id).files == ()


def test_gzipped_tables_are_taken(lab, case):
    assert _add(lab, case, "variants", "a.txt.gz", gzip.compress(MAF, mtime=0)).disk_name.endswith(".maf.gz")
    vcf = gzip.compress(b"##fileformat=VCFv4.2\n#CHROM\tPOS\n", mtime=0)
    assert _add(lab, case, "variants", "odd", vcf).disk_name.endswith(".vcf.gz")


def test_a_claim_over_the_limit_is_refused_before_a_byte_is_read(lab, case):
    class Untouched(io.BytesIO):
        def read(self, *_):
            raise AssertionError("read")

    with pytest.raises(TooLargeError):
        add_file(lab.store, lab.doctor, case.id, "clinical", "a.csv", Untouched(), claimed_bytes=10**10)
    assert _on_disk(lab, case) == []


def test_a_stream_over_the_limit_is_cut_there(lab, case):
    class Endless:
        count = 0

        def read(self, size):
            self.count += size
            return b"x" * size

    limits = UploadLimits(slide=5_000_000)
    write_config(lab.store.folder / "config.json", LabConfig(limits=limits))
    stream = Endless()
    with pytest.raises(TooLargeError):
        add_file(lab.store, lab.doctor, case.id, "slide", "a.svs", stream)
    assert stream.count < 8_000_000
    assert _on_disk(lab, case) == []


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size(lab, case):
    bomb = gzip.compress(
        b"Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\n" + b"\n" * 60_000_000, mtime=0
    )
    with pytest.raises(TooLargeError, match="unpacks to too much"):
        _add(lab, case, "variants", "a.maf.gz", bomb)
    limits = UploadLimits(unpacked=1000, ratio=1e6)
    write_config(lab.store.folder / "config.json", LabConfig(limits=limits))
    with pytest.raises(TooLargeError, match="unpacks to too much"):
        _add(lab, case, "variants", "a.maf.gz", gzip.compress(MAF + b"#\n" * 2000, mtime=0))
    assert _on_disk(lab, case) == []


def test_a_zip_is_no_table(lab, case):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.maf", MAF)
    with pytest.raises(WrongFileError, match="zip"):
        _add(lab, case, "variants", "a.maf", packed.getvalue())


def test_a_whole_slide_is_taken_and_a_cut_one_is_not(lab, case, tmp_path):
    write_toy_slide(tmp_path / "s.svs", 1)
    whole = (tmp_path / "s.svs").read_bytes()
    assert _add(lab, case, "slide", "s.svs", whole).disk_name.endswith(".svs")
    with pytest.raises(WrongFileError, match="ends before the slide"):
        _add(lab, case, "slide", "s.svs", whole[: len(whole) // 2])
    with pytest.raises(WrongFileError):
        _add(lab, case, "slide", "s.svs", struct.pack("<4sI", b"II*\0", 10**6))


def test_a_broken_connection_leaves_nothing(lab, case):
    class Broken:
        def read(self, size):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        add_file(lab.store, lab.doctor, case.id, "slide", "a", Broken())
    assert _on_disk(lab, case) == []
    stale = lab.store.case_folder(case.id) / "f1.part"
    stale.write_bytes(b"x")
    lab.clock.now = stale.stat().st_mtime + 10
    assert sweep_parts(lab.store) == 0
    lab.clock.now += 86400
    assert sweep_parts(lab.store) == 1
    lab.clock.now = 1_750_000_000.0


def test_who_may_and_when(lab, case, fake_bundle):
    with pytest.raises(NotAllowedError):
        add_file(lab.store, lab.viewer, case.id, "variants", "a", io.BytesIO(MAF))
    file = _add(lab, case, "variants", "a.maf", MAF)
    submit(lab.store, lab.doctor, case.id)
    with pytest.raises(ConflictError):
        remove_file(lab.store, lab.doctor, case.id, file.id)
    with pytest.raises(ConflictError):
        _add(lab, case, "variants", "b.maf", MAF)


def test_removed_files_leave_the_disk(lab, case):
    file = _add(lab, case, "variants", "a.maf", MAF)
    remove_file(lab.store, lab.doctor, case.id, file.id)
    assert _on_disk(lab, case) == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"patient_id": "../x"}, "patient_id"), ({}, "patient_id"),
        ({"patient_id": "P", "tumour_purity": 60}, "purity"),
        ({"patient_id": "P", "stain": "blue"}, "stain"), ({"patient_id": "P", "colour": 1}, "colour"),
        ({"patient_id": "P", "organ": "lung\nliver"}, "organ"),
    ],
)  # fmt: skip
def test_declared_fields_are_checked_and_named(fields, named):
    with pytest.raises(InputError, match=named):
        facts_from(fields)


def test_cases_are_changed_and_listed(lab, case):
    lab.clock.now += 1
    other = create_case(lab.store, lab.doctor, CaseFacts(patient_id="P-18"))
    changed = change_case(lab.store, lab.doctor, case.id, CaseFacts(patient_id="P-17", stain="H&E"))
    assert changed.facts.stain == "H&E"
    assert [each.id for each in list_cases(lab.store)] == [other.id, case.id]
    assert [each.id for each in list_cases(lab.store, 1, 1)] == [case.id]
