"""What can be derived from a study, written, drawn, added to the study, and used by a model without further ado."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.expression_scores import published_scores
from tumorcast.biology.sbs96 import CHANNELS
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.derived import DERIVED, derive
from tumorcast.config.models import DataConfig
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.derived_report import Sources, write_derived
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study

SAMPLES = [f"S{i}" for i in range(6)]


def study_in(folder: Path) -> Study:
    random = np.random.default_rng(0)
    genes = sorted({gene for score in published_scores() for gene in (*score.genes, *score.against)})
    expression = pd.DataFrame(
        random.gamma(2, 2, (6, len(genes))).astype("float32"), index=SAMPLES, columns=genes
    )
    bases = random.choice(list("ACGT"), (6 * 80, 3))
    variants = pd.DataFrame(
        {
            "sample_id": np.repeat(SAMPLES, 80), "gene": "TP53", "variant_class": "Missense_Mutation",
            "vaf": 0.3, "impact": "missense", "protein_change": "p.X", "chromosome": "1",
            "start": np.arange(480) + 1000, "ref": bases[:, 1], "context": ["".join(b) for b in bases],
            "alt": [random.choice([b for b in "ACGT" if b != r]) for r in bases[:, 1]],
        }
    )  # fmt: skip
    segments = pd.DataFrame(
        [
            [s, str(c), 1, 90_000_000, np.nan, 2.0, float((c * i) % 3 > 0)]
            for i, s in enumerate(SAMPLES)
            for c in (1, 2, 3)
        ],
        columns=["sample_id", "chromosome", "start", "end", "log2", "major", "minor"],
    )
    patients = pd.DataFrame(
        {"AGE": np.arange(6.0), "BEST_RESPONSE": ["PR", "PD"] * 3}, index=[f"P{i}" for i in range(6)]
    )
    samples = pd.DataFrame(
        {"patient_id": patients.index, "collected_day": np.nan, "procedure": "biopsy"}, index=SAMPLES
    )
    study = Study(
        study_id="d", origin="simulated", folder=folder, patients=patients.rename_axis("patient_id"),
        samples=samples.rename_axis("sample_id"), treatments=pd.DataFrame(columns=["patient_id"]), variants=variants,
        sequenced=frozenset(SAMPLES), expression=expression, segments=segments, build="GRCh38",
    )  # fmt: skip
    write_study(study, folder)
    return study


def test_every_layer_is_written_drawn_and_added(tmp_path):
    study_in(tmp_path / "study")
    signatures = pd.DataFrame(np.full((96, 2), 1 / 96), index=list(CHANNELS), columns=["SBS_A", "SBS_B"])
    signatures.rename_axis("Type").to_csv(tmp_path / "cosmic.txt", sep="\t")
    (tmp_path / "sets.gmt").write_text(
        "own\t-\t" + "\t".join(["CD8A", "GZMA", "PRF1", "CXCL9", "IFNG"]) + "\n"
    )
    sources = Sources(signatures=tmp_path / "cosmic.txt", gene_sets=tmp_path / "sets.gmt")
    told = write_derived(tmp_path / "study", tmp_path / "out", sources, True, lambda text: None)
    expected = {*DERIVED, "mutational_signatures", "gene_set_scores"}
    for name in (*expected, "substitutions"):
        assert (tmp_path / "out" / f"{name}.csv").is_file()
        assert (tmp_path / "out" / f"{name}.png").stat().st_size > 5000 or name == "gene_set_scores"
        assert any(line.startswith(name) for line in told)
    assert pd.read_csv(tmp_path / "out" / "substitutions.csv", index_col=0).sum(axis=1).eq(80).all()
    layers = read_study(tmp_path / "study").layers
    assert expected <= set(layers)
    share = pd.read_csv(tmp_path / "out" / "mutational_signatures.csv", index_col=0)
    np.testing.assert_allclose(layers["mutational_signatures"].loc[share.index], share, rtol=1e-3)


def test_a_model_names_a_derived_layer_and_gets_it(tmp_path):
    study = study_in(tmp_path)
    cohort = assemble(
        study, DataConfig(study=tmp_path, modalities=("instability", "expression_scores")), ["response"]
    )
    assert cohort.is_present.all(axis=None)
    alone = derive(dataclasses.replace(study, expression=study.expression.iloc[[2]]), "expression_scores", [])
    np.testing.assert_allclose(cohort.layers["expression_scores"].loc["P2-L1"], alone.loc["S2"], rtol=1e-5)


@pytest.mark.parametrize("name", DERIVED)
def test_what_cannot_be_derived_is_absent_and_told(tmp_path, name):
    whole = study_in(tmp_path)
    bare = dataclasses.replace(whole, expression=None, variants=None, segments=whole.segments.iloc[:0])
    report: list[Exclusion] = []
    assert derive(bare, name, report) is None
    assert [(note.id, note.reason) for note in report] == [(name, "cannot_be_derived")]


def test_z_scores_have_no_expression_scores_and_sink_nothing(tmp_path):
    whole = study_in(tmp_path)
    report: list[Exclusion] = []
    assert (
        derive(dataclasses.replace(whole, expression=whole.expression - 3), "expression_scores", report)
        is None
    )
    assert "measured values" in report[0].detail
