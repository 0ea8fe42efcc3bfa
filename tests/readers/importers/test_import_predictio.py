"""Immunotherapy cohorts of the PredictioR collection: counts, scales, labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.assemble import assemble
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.importers.predictio import import_predictio

NEEDED = ("sex", "age", "histo", "stage", "cancer_type", "recist", "nsTMB_perMb", "treatment")


def source_of(folder, foreign: str = "P2"):
    clinical = pd.DataFrame({name: [None] * 3 for name in NEEDED}, dtype=object)
    clinical["patientid"], clinical["recist"] = ["P1", "P2", "P3"], ["CR", "PD", None]
    clinical["nsTMB_perMb"] = [4.9, 1.0, None]
    for kind in ("os", "pfs"):
        clinical[f"survival_time_{kind}"], clinical[f"event_occurred_{kind}"] = [10.0, 2.0, 5.0], [0, 1, 1]
    clinical.to_csv(folder / "Liu.clinical.csv")
    matrix = pd.DataFrame(
        {"P1": [np.log2(0.001), np.log2(3.001)], foreign: [0.0, 1.0]}, index=["CD8A", "GZMB"]
    )
    matrix.to_csv(folder / "Liu.expr.csv.gz")
    return folder


def test_a_cohort_comes_in_as_it_is(tmp_path):
    told = import_predictio(source_of(tmp_path), tmp_path / "out", "Liu")
    assert told[0] == "source: patients 3, with expression 2, genes 2"
    study = read_study(tmp_path / "out")
    assert study.expression.loc["P1-T"].tolist() == pytest.approx([0, 2], abs=1e-3)
    data = DataConfig(study=tmp_path / "out", modalities=("expression", "clinical"))
    cohort = assemble(study, data, ("response",))
    assert cohort.courses.set_index("patient_id")["response"].to_dict() == {"P1": 1.0, "P2": 0.0}
    assert cohort.tmb.dropna().tolist() == [4.9, 1.0]


def test_expression_of_unknown_patients_and_an_unknown_cohort_are_refused(tmp_path):
    with pytest.raises(InputError, match="P9"):
        import_predictio(source_of(tmp_path, "P9"), tmp_path / "out", "Liu")
    with pytest.raises(InputError, match="Liu"):
        import_predictio(tmp_path, tmp_path / "out", "Leu")


@pytest.mark.parametrize(
    ("cohort", "patients", "genes", "responders"), [("Mariathasan", 195, 1768, 42), ("Hugo", 27, 1801, 14)]
)
def test_the_published_cohorts_have_the_counts_of_their_source(
    shared_data, tmp_path, cohort, patients, genes, responders
):
    import_predictio(shared_data / "PredictioR_ICB", tmp_path, cohort)
    study = read_study(tmp_path)
    assert study.expression.shape == (patients, genes)
    assert study.patients["BEST_RESPONSE"].isin(["CR", "PR"]).sum() == responders
