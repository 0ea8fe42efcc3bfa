"""Stain, preparation, tumour and amount of tissue."""

from __future__ import annotations

from dataclasses import replace

import h5py
import pytest

from toy_guards import assert_left_out, assert_passes, assert_refused, row_of
from tumorcast.serve.guards.tissue import preparation_of
from tumorcast.serve.policy import Policy
from tumorcast.serve.population import Range


@pytest.fixture
def brown(lab, tmp_path):
    """Features in which the slide of P0 is not H&E."""
    features = tmp_path / "features"
    features.mkdir()
    for path in lab.features.glob("*.h5"):
        (features / path.name).write_bytes(path.read_bytes())
    with h5py.File(features / "S0.h5", "a") as file:
        file["features"].attrs["stain"] = "not H&E"
    return features


def test_another_stain_is_refused(here, brown):
    reason = assert_refused(here, here.study(), "not_he", features=brown, pictures=True)
    assert "haematoxylin and eosin" in reason
    assert_passes(here, here.study(), "not_he", "P1", features=brown)
    with h5py.File(brown / "S1.h5", "a") as file:
        file["features"].attrs["stain"] = "unknown"
    assert "warning:slide_doubtful" in row_of(here.ask(features=brown), "P1")["flags"]


def test_a_declared_stain_counts_whatever_the_slide_looks_like(here):
    assert_refused(here, here.study(STAIN="IHC"), "not_he")
    for told in ("H&E", "HE", "Hematoxylin and eosin", "unknown", None):
        assert_passes(here, here.study(STAIN=told), "not_he")
    assert_passes(here, here.study(STAIN="IHC"), "not_he", "P8")


def test_the_real_ihc_slide_is_refused(here, shared_data):
    slides = here.study().slides.copy()
    slides.loc[0, "path"] = str(shared_data / "WSI" / "ihc_1065626.svs")
    one = replace(here.study(), slides=slides.iloc[:1])
    assert_refused(here, one, "not_he", features=None)


def test_an_ihc_slide_beside_an_he_slide_is_left_out_and_told(here, brown):
    slides = here.study().slides.copy()
    slides.loc[1, "sample_id"] = "P0-A"
    row = row_of(here.ask(here.study(slides=slides), features=brown))
    assert row["modalities"].startswith("slide")
    assert "warning:slide_unfit" in row["flags"]
    assert "not_he" in row["reason"]


def test_a_lab_may_have_another_stain_left_out_instead(here, brown):
    policy = Policy(actions={"not_he": "leave_out"})
    assert_left_out(here, here.study(), "not_he", "slide", "P0", features=brown, policy=policy)


def test_frozen_and_cytology_are_refused_where_the_model_saw_paraffin(here):
    here = here.of(preservations={"FFPE": 40})
    assert_refused(here, here.study(PREPARATION="frozen"), "preparation_not_seen")
    assert_refused(here, here.study(PREPARATION="cytology"), "preparation_not_seen")
    reason = assert_refused(here, here.study(), "preparation_not_declared")
    assert "expected ffpe" in reason
    assert_passes(here, here.study(PREPARATION="Formalin-fixed paraffin"), "preparation")
    assert_passes(here, here.study(PREPARATION="frozen"), "preparation", "P8")


def test_a_model_that_saw_both_preparations_takes_both(here):
    here = here.of(preservations={"FFPE": 40, "frozen": 12, "unknown": 3})
    for told in ("frozen", "ffpe", None):
        assert_passes(here, here.study(PREPARATION=told), "preparation")
    assert_refused(here, here.study(PREPARATION="cytology"), "preparation_not_seen")


def test_frozen_tissue_is_refused_where_training_did_not_record_it(here):
    assert_refused(here, here.study(PREPARATION="frozen"), "preparation_not_seen")
    assert_passes(here, here.study(PREPARATION="ffpe"), "preparation")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("FFPE", "ffpe"),
        ("Fresh Frozen", "frozen"),
        ("cytology smear", "cytology"),
        ("FNA", "cytology"),
        ("?", "unknown"),
    ],
)
def test_words_for_preparations(text, name):
    assert preparation_of(text) == name


def test_a_sample_without_tumour_is_refused(here):
    assert_refused(here, here.study(SAMPLE_TYPE="Solid Tissue Normal"), "no_tumour")
    assert_refused(here, here.study(TUMOR_PURITY=0.0), "no_tumour")
    assert_passes(here, here.study(SAMPLE_TYPE="Primary"), "no_tumour")


def test_less_tissue_than_any_training_slide_is_refused(here):
    fewest = Range(n=40, low=1000, median=2000, high=9000)
    assert_refused(here.of(tiles=fewest), here.study(), "little_tissue")
    assert_passes(here.of(tiles=fewest), here.study(), "little_tissue", "P8")
    assert_passes(here, here.study(), "little_tissue")
