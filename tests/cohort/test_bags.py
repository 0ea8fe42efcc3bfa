"""The tiles of a course: all slides of its sample, whatever tool encoded them, and none of another encoder."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from cohort.test_assemble import DATA, make_study
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import load_bags

SLIDES_ONLY = DATA.model_copy(update={"modalities": ("slide",)})


def _bag(path: Path, value: float, encoder: str | None = "uni_v1", width: int = 4, tiles: int = 3) -> Path:
    """TRIDENT's layout; every feature has `value`."""
    with h5py.File(path, "w") as file:
        file["features"] = np.full((tiles, width), value, np.float32)
        file["coords"] = np.zeros((tiles, 2), np.int64)
        file["coords"].attrs["patch_size_level0"] = 256
        file["features"].attrs["encoder"] = encoder or "None"
    return path


def _cohort(rows: list[tuple[str, str, Path]], **data):
    slides = pd.DataFrame(rows, columns=["slide_id", "sample_id", "path"]).assign(mpp=np.nan)
    return assemble(make_study(slides=slides), SLIDES_ONLY.model_copy(update=data))


def test_slides_of_one_sample_need_not_stand_together(tmp_path):
    paths = {
        name: _bag(tmp_path / f"{name}.h5", value) for value, name in enumerate(("a", "b", "c", "d", "e"))
    }
    order = [("a", "A1"), ("b", "A2"), ("c", "A1"), ("d", "A2"), ("e", "A1")]
    bags, _ = load_bags(_cohort([(name, sample, paths[name]) for name, sample in order]))
    assert set(bags["A-L1"].slide_ids) == {"a", "c", "e"}
    assert sorted(set(bags["A-L1"].features[:, 0])) == [0, 2, 4]
    assert set(bags["A-L2"].slide_ids) == {"b", "d"}


def test_bags_of_several_tools_make_one_cohort(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(torch.full((5, 4), 7.0), tmp_path / "b.pt")
    _bag(tmp_path / "a.h5", 1)
    rows = [("a", "A1", tmp_path / "a.h5"), ("b", "A1", tmp_path / "b.pt")]
    listed, _ = load_bags(_cohort(rows))
    assert listed["A-L1"].slide_ids == ("a",) * 3 + ("b",) * 5
    images = [("a", "A1", tmp_path / "a.svs"), ("b", "A1", tmp_path / "b.svs")]
    found, _ = load_bags(_cohort(images, features=tmp_path))
    assert np.array_equal(found["A-L1"].features, listed["A-L1"].features)


def test_hdf5_is_taken_where_a_slide_has_both_forms(tmp_path):
    torch = pytest.importorskip("torch")
    (tmp_path / "pt_files").mkdir()
    torch.save(torch.full((5, 4), 7.0), tmp_path / "pt_files" / "a.pt")
    (tmp_path / "h5_files").mkdir()
    _bag(tmp_path / "h5_files" / "a.h5", 1)
    bags, _ = load_bags(_cohort([("a", "A1", tmp_path / "a.svs")], features=tmp_path))
    assert (bags["A-L1"].features == 1).all()


def test_slides_of_another_encoder_or_width_are_left_out_and_told(tmp_path):
    rows = [
        ("a", "A1", _bag(tmp_path / "a.h5", 0)),
        ("b", "A1", _bag(tmp_path / "b.h5", 1)),
        ("silent", "A1", _bag(tmp_path / "silent.h5", 2, None)),
        ("other", "A2", _bag(tmp_path / "other.h5", 3, "uni_v2")),
        ("wide", "A1", _bag(tmp_path / "wide.h5", 4, width=9)),
    ]
    bags, cohort = load_bags(_cohort(rows))
    assert set(bags) == {"A-L1"}
    assert set(bags["A-L1"].slide_ids) == {"a", "b", "silent"}
    assert not cohort.is_present.loc["A-L2", "slide"]
    reasons = {note.id: note.reason for note in cohort.report if note.kind == "slide"}
    assert reasons["other"] == "encoder_mismatch"
    assert reasons["wide"] == "width_mismatch"
