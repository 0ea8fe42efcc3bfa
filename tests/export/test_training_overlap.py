"""Overlap of treatments from training courses into a bundle and out again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from toy_bundle import toy_facts, toy_model
from toy_courses import toy_preprocessor
from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.baseline import baseline_numbers
from tumorcast.cohort.preprocess import fit_preprocessor
from tumorcast.cohort.simulate import simulate_study
from tumorcast.config.models import DataConfig
from tumorcast.evaluation.causal.overlap import Overlap
from tumorcast.export.bundle import export_bundle, write_records
from tumorcast.export.training_overlap import training_overlap
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.bundle import load_bundle


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Overlap, dict[str, float]]:
    """What 180 patients treated by indication teach, and the numbers of one of them."""
    out = tmp_path_factory.mktemp("overlap") / "study"
    simulate_study(
        out, n_patients=180, seed=2, tiles_per_slide=4, features_only=True, progress=False,
        regimens="five", assignment="confounded", no_overlap=True,
    )  # fmt: skip
    data = DataConfig(study=out)
    cohort = assemble(read_study(out), data)
    sets = {"inflamed": ("CXCL9", "CD8A", "CCL5", "TIGIT")}
    prepared = fit_preprocessor(cohort, list(cohort.courses.index), {}, GeneNetwork.embedded(), sets, data)
    courses = prepared.all_arrays(cohort, list(cohort.courses.index), {})
    found = training_overlap(cohort, prepared, courses, 0)
    assert found is not None
    return found, baseline_numbers(prepared, courses[0], 1.0)


def test_treatments_are_told_by_class_and_the_frail_have_no_overlap(
    learned: tuple[Overlap, dict[str, float]],
):
    overlap, numbers = learned
    dual = "PD-1/PD-L1 inhibitor + anti-CTLA-4"
    assert {*overlap.counts, *overlap.left_out} == {
        "PD-1/PD-L1 inhibitor", dual, "PD-1/PD-L1 inhibitor + chemotherapy", "chemotherapy", "PARP inhibitor"
    }  # fmt: skip
    columns = set(overlap.propensity.columns)
    assert {"ECOG", "ALBUMIN", "line of therapy", "programme inflamed"} <= columns
    assert "lost homologous_recombination" in columns
    frail = {**numbers, "ECOG": 2.0, "ALBUMIN": 3.0, "NLR": 9.0, "programme inflamed": -1.5}
    fit = {**numbers, "ECOG": 0.0, "ALBUMIN": 4.6, "NLR": 1.5, "programme inflamed": 1.5}
    likely, unlikely = (overlap.judge(who, "PD-1/PD-L1 inhibitor") for who in (fit, frail))
    assert likely.is_supported
    assert (unlikely.chance or 0.0) < 0.7 * (likely.chance or 0.0)


def test_the_record_is_written_among_those_of_a_bundle(
    learned: tuple[Overlap, dict[str, float]], tmp_path: Path
):
    overlap, _ = learned
    write_records(replace(toy_facts(), overlap=overlap), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["overlap.json"]
    assert Overlap.from_json(json.loads((tmp_path / "overlap.json").read_text(encoding="utf-8"))) == overlap


@pytest.mark.heavy
def test_a_bundle_brings_it_back(learned: tuple[Overlap, dict[str, float]], tmp_path: Path):
    overlap, numbers = learned
    facts = replace(toy_facts(), overlap=overlap)
    export_bundle(tmp_path / "bundle", toy_model(), toy_preprocessor(), facts)
    again = load_bundle(tmp_path / "bundle")
    assert again.manifest.roles["overlap"] == "overlap.json"
    assert again.overlap == overlap
    assert all(again.overlap.judge(numbers, name) == overlap.judge(numbers, name) for name in overlap.counts)
