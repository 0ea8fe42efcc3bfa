"""A zipped bundle opens as its folder does; one that would write elsewhere or grow is refused with the reason."""

from __future__ import annotations

import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from toy_signatures import reseal
from tumorcast.domain.errors import BundleError
from tumorcast.serve.bundle import check_files, load_bundle
from tumorcast.serve.bundle_zip import pack_bundle, unpack_bundle
from tumorcast.serve.predict import Request, predict_study


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bundles"


@pytest.fixture
def packed(bundle, tmp_path) -> Path:
    path = tmp_path / "toy.zip"
    pack_bundle(bundle, path, check_files(bundle).manifest)
    return path


def rewritten(path: Path, change: Callable[[str, bytes], tuple[str, bytes] | None], *more: object) -> Path:
    """The zip with every entry changed, and with more entries (`ZipInfo` or name, content)."""
    with zipfile.ZipFile(path) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    kept = [made for entry in entries if (made := change(*entry)) is not None]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*kept, *more]:
            archive.writestr(name, content)
    return path


def same(name: str, content: bytes) -> tuple[str, bytes]:
    return name, content


def test_the_zip_says_what_the_folder_says(lab, packed, tmp_path, cache):
    request = Request(tmp_path / "tiles", features=lab.features)
    table = predict_study(packed, lab.study, request).table
    pd.testing.assert_frame_equal(table, predict_study(lab.bundle, lab.study, request).table)
    assert len(list(cache.iterdir())) == 1
    load_bundle(packed)
    assert len(list(cache.iterdir())) == 1


def test_packing_twice_gives_the_same_bytes(bundle, packed, tmp_path):
    before = packed.read_bytes()
    pack_bundle(bundle, packed, check_files(bundle).manifest)
    assert packed.read_bytes() == before
    unpack_bundle(packed, tmp_path / "again")
    assert check_files(tmp_path / "again").manifest == check_files(bundle).manifest


def test_a_damaged_cache_is_mended_from_the_zip(packed, cache):
    load_bundle(packed)
    (folder,) = cache.iterdir()
    (folder / "predictor.onnx").write_bytes(b"x")
    assert load_bundle(packed).folder == folder


@pytest.mark.parametrize("name", ["preprocess.json", "predictor.onnx", "model_card.md"])
def test_a_changed_byte_is_found(packed, name, cache):
    rewritten(packed, lambda n, c: (n, bytes([c[0] ^ 1]) + c[1:] if n == name else c))
    with pytest.raises(BundleError, match=f"{name} is not as it was exported"):
        load_bundle(packed)
    assert not any(cache.glob("*"))


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil", "a/evil.txt", "..\\evil.txt", "C:evil.txt", "..", "evil\0.txt"]
)
def test_names_that_lead_elsewhere_are_refused(packed, name, tmp_path):
    content = rewritten(packed, same, ("?" * len(name), b"x")).read_bytes()
    packed.write_bytes(content.replace(b"?" * len(name), name.encode()))
    with pytest.raises(BundleError, match="is refused") as error:
        load_bundle(packed)
    assert "leads out" in str(error.value)
    assert not list(tmp_path.rglob("evil*"))


def test_missing_extra_and_double_files_are_refused(packed):
    content = packed.read_bytes()
    rewritten(packed, same, ("notes.txt", b"x"))
    with pytest.raises(BundleError, match=r"extra: notes\.txt"):
        load_bundle(packed)
    packed.write_bytes(content)
    rewritten(packed, lambda n, c: None if n == "model_card.md" else (n, c))
    with pytest.raises(BundleError, match=r"missing: model_card\.md"):
        load_bundle(packed)
    packed.write_bytes(content)
    with pytest.warns(UserWarning, match="Duplicate"):
        rewritten(packed, same, ("model_card.md", b"x"))
    with pytest.raises(BundleError, match="stands twice"):
        load_bundle(packed)


def test_a_link_is_refused(packed):
    link = zipfile.ZipInfo("link.json")
    link.external_attr = 0o120777 << 16
    rewritten(packed, same, (link, b"/etc/passwd"))
    with pytest.raises(BundleError, match="is a link"):
        load_bundle(packed)


def test_a_file_that_grows_a_thousandfold_is_refused(packed):
    rewritten(packed, lambda n, c: (n, bytes(300_000_000) if n == "model_card.md" else c))
    assert packed.stat().st_size < 2_000_000
    with pytest.raises(BundleError, match="would grow"):
        load_bundle(packed)


def test_a_bomb_that_lies_about_its_size_stops_at_what_the_manifest_states(packed, bundle, cache):
    size = check_files(bundle).manifest.files["model_card.md"].size
    rewritten(packed, lambda n, c: (n, c + bytes(50_000_000) if n == "model_card.md" else c))
    with zipfile.ZipFile(packed) as archive:
        info = archive.getinfo("model_card.md")
        real = struct.pack("<I", info.file_size)
    packed.write_bytes(packed.read_bytes().replace(real, struct.pack("<I", size)))
    with pytest.raises(BundleError):
        load_bundle(packed)
    assert not any(cache.glob("*"))


def test_an_endless_manifest_is_refused(packed):
    rewritten(packed, lambda n, c: (n, b" " * 20_000_000 + c if n == "manifest.json" else c))
    with pytest.raises(BundleError, match=r"would grow|longer than"):
        load_bundle(packed)


@pytest.mark.parametrize("change", ["cut", "text", "empty", "folder inside"])
def test_what_is_no_packed_bundle_is_told(packed, change):
    if change == "folder inside":
        rewritten(packed, lambda n, c: (f"bundle_{n}", c))
        told = r"is not a bundle"
    else:
        content = {"cut": packed.read_bytes()[:5000], "text": b"hello", "empty": b""}[change]
        packed.write_bytes(content)
        told = "not a readable zip"
    with pytest.raises(BundleError, match=told):
        load_bundle(packed)


def test_names_in_any_script_survive_packing(bundle, tmp_path):
    (bundle / "概要 ü.json").write_text("{}", encoding="utf-8")
    reseal(bundle)
    pack_bundle(bundle, tmp_path / "ü.zip", check_files(bundle).manifest)
    assert "概要 ü.json" in load_bundle(tmp_path / "ü.zip").manifest.files


def test_unpacking_leaves_nothing_of_a_failed_try(packed, tmp_path):
    rewritten(packed, lambda n, c: (n, c[:-1] + b"?" if n == "preprocess.npz" else c))
    with pytest.raises(BundleError):
        unpack_bundle(packed, tmp_path / "out" / "bundle")
    assert list((tmp_path / "out").iterdir()) == []
    shutil.rmtree(tmp_path / "out")
