"""Every scanner file is found once, under a name of its own."""

from __future__ import annotations

import struct

import pytest

from tumorcast.domain.errors import InputError
from tumorcast.slides.dicom import series_uid
from tumorcast.slides.discover import find_slides


def _touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def _names(slides):
    return [slide.store_name for slide in slides]


def test_folders_are_searched_for_every_scanner_format(tmp_path):
    wanted = ["a.svs", "b.NDPI", "c.mrxs", "d.scn", "e.bif", "f.tif", "g.tiff", "h.vms", "i.vmu", "j.svslide"]
    wanted += ["k.czi", "deep/er/l.svs", "m.isyntax"]
    _touch(tmp_path, *wanted, "readme.txt", "mask.png", "c/Data0001.dat", ".hidden.svs", "a.h5")
    found = find_slides([tmp_path])
    assert sorted(slide.path.relative_to(tmp_path).as_posix() for slide in found) == sorted(wanted)
    assert "deep/er/l" in _names(found)


def test_same_name_in_two_folders_gives_two_stores(tmp_path):
    _touch(tmp_path, "x/slide.svs", "y/slide.svs")
    assert _names(find_slides([tmp_path])) == ["x/slide", "y/slide"]
    by_file = find_slides([tmp_path / "x" / "slide.svs", tmp_path / "y" / "slide.svs"])
    assert _names(by_file) == ["x/slide.svs", "y/slide.svs"]
    by_folder = find_slides([tmp_path / "x", tmp_path / "y"])
    assert len(set(_names(by_folder))) == 2


def test_same_name_with_two_suffixes_gives_two_stores(tmp_path):
    _touch(tmp_path, "slide.svs", "slide.tif", "other.svs")
    assert sorted(_names(find_slides([tmp_path]))) == ["other", "slide.svs", "slide.tif"]


def test_a_file_named_twice_is_one_slide(tmp_path):
    _touch(tmp_path, "a.svs")
    assert len(find_slides([tmp_path, tmp_path / "a.svs"])) == 1


def test_links_are_followed_and_loops_end(tmp_path):
    _touch(tmp_path, "real/a.svs")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    assert _names(find_slides([tmp_path / "study"])) == ["linked/a"]


def test_study_lists_its_slides(tmp_path):
    (tmp_path / "slides.csv").write_text(
        "slide_id,sample_id,path,mpp\nS1,P1,wsi/a.svs,\nS2,P1,wsi/b.svs,0.25\nS3,P2,bags/c.h5,NA\n"
    )
    _touch(tmp_path, "wsi/not_listed.svs")
    found = find_slides([tmp_path])
    assert [(slide.slide_id, slide.mpp) for slide in found] == [("S1", None), ("S2", 0.25), ("S3", None)]
    assert found[0].path == tmp_path / "wsi" / "a.svs"
    assert not any(slide.problem for slide in found)


def test_bad_rows_of_a_study_reach_the_report(tmp_path):
    (tmp_path / "slides.csv").write_text(
        "slide_id,sample_id,path,mpp\nS1,P,a.svs,\nS1,P,b.svs,\n../S2,P,c.svs,\nS3,P,d.svs,forty\n,P,e.svs,\n"
    )
    found = find_slides([tmp_path])
    assert [slide.problem.code if slide.problem else "" for slide in found] == [
        "", "bad_row", "bad_row", "bad_mpp", "bad_row",
    ]  # fmt: skip
    assert len(set(_names(found))) == 5


def test_two_studies_with_the_same_slide_id(tmp_path):
    for study in ("one", "two"):
        (tmp_path / study).mkdir()
        (tmp_path / study / "slides.csv").write_text("slide_id,sample_id,path\nS1,P1,a.svs\n")
    assert _names(find_slides([tmp_path / "one", tmp_path / "two"])) == ["one/S1", "two/S1"]


def test_nothing_to_encode_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no slides"):
        find_slides([tmp_path])
    with pytest.raises(InputError, match="no such file"):
        find_slides([tmp_path / "gone"])
    (tmp_path / "slides.csv").write_text("slide,file\na,b\n")
    with pytest.raises(InputError, match="lacks columns"):
        find_slides([tmp_path])


def _element(group: int, element: int, kind: bytes, value: bytes) -> bytes:
    head = struct.pack("<HH", group, element) + kind
    if kind in (b"SQ", b"OB"):
        return head + struct.pack("<2xI", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def _dicom(uid: bytes, undefined_length: bool) -> bytes:
    """A DICOM head whose first SeriesInstanceUID names another series, inside a sequence."""
    other = _element(0x0020, 0x000E, b"UI", b"9.9.9\0")
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(other)) + other
    if undefined_length:
        end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        sequence = struct.pack("<HH2sHI", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF) + item + end
    else:
        sequence = _element(0x0008, 0x1115, b"SQ", item)
    meta = _element(0x0002, 0x0010, b"UI", b"1.2.840.10008.1.2.1\0")
    return b"\0" * 128 + b"DICM" + meta + sequence + _element(0x0020, 0x000E, b"UI", uid)


@pytest.mark.parametrize("undefined_length", [False, True])
def test_dicom_series_is_read_past_sequences(tmp_path, undefined_length):
    path = tmp_path / "a.dcm"
    path.write_bytes(_dicom(b"1.2.3\0", undefined_length))
    assert series_uid(path) == "1.2.3"
    path.write_bytes(b"nothing")
    assert series_uid(path) is None


def test_a_dicom_series_is_one_slide(tmp_path):
    for name, uid in (("one/a.dcm", b"1.1\0"), ("one/b.dcm", b"1.1\0"), ("two/a.dcm", b"1.2\0"),
                      ("two/b.dcm", b"1.3\0")):  # fmt: skip
        _touch(tmp_path, name)
        (tmp_path / name).write_bytes(_dicom(uid, False))
    assert _names(find_slides([tmp_path])) == ["one", "two/a", "two/b"]
