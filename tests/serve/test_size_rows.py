"""The size of a tumour in `predictions.csv`: corrected by its bias; nothing where no error is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tumorcast.serve.findings import Finding
from tumorcast.serve.manifest import SizeResiduals
from tumorcast.serve.rows import prediction_table
from tumorcast.serve.session import Prediction
from tumorcast.serve.verdicts import predicted_row, refused_row

ERROR = SizeResiduals(bias=-0.1, sd=0.25, n_patients=40, n_courses=44, median=-0.2)


def table_of(size):
    manifest = SimpleNamespace(
        heads=("response", "size"), size=size, model_id="m", training_data="real", status="preliminary"
    )
    bundle = SimpleNamespace(
        manifest=manifest, trust=None, prepared=SimpleNamespace(modalities=("clinical",))
    )
    course = SimpleNamespace(patient_id="P1", course_id="P1-L1", is_present=[True], tiles=np.zeros((0, 3)))
    none = np.zeros(0, np.float32)
    said = Prediction("P1-L1", "P1", 0.4, float("nan"), none, none, size_log_ratio=-0.3)
    refusal = Finding("line_not_seen", "line 4", level="refusal")
    rows = [predicted_row(bundle, course, said, None, []), refused_row("P2", "P2-L4", [refusal])]
    return prediction_table(rows, manifest)


def test_the_bias_is_taken_off_and_a_refused_row_has_neither_number():
    table = table_of(ERROR)
    assert table["size_log_ratio"].tolist()[0] == pytest.approx(-0.4)
    assert table["size_log_sd"].tolist()[0] == 0.25
    assert table.loc[1, ["size_log_ratio", "size_log_sd"]].isna().all()


def test_a_head_of_unknown_error_gives_no_number():
    assert table_of(None)[["size_log_ratio", "size_log_sd"]].isna().all(axis=None)
