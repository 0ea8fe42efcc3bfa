"""The documented form of the outputs is the one that the package carries and writes."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.evaluation.scores import score_predictions

DOCS = Path(__file__).parents[2] / "docs"


def test_the_packaged_schema_is_the_documented_one():
    packaged = files("tumorcast.evaluation").joinpath("metrics_schema.json").read_text(encoding="utf-8")
    assert json.loads(packaged) == json.loads((DOCS / "metrics_schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "outcome",
    [
        {"label": [0.0, 1, 0, 1], "probability": [0.1, 0.8, 0.3, 0.6]},
        {"time_days": [1.0, 2, 3, 4], "is_event": [1, 0, 1, 1], "risk": [0.4, 0.1, 0.3, 0.2]},
    ],
    ids=["response", "survival"],
)
def test_the_page_explains_every_metric_and_column(outcome):
    ids = np.arange(4).astype(str)
    table = pd.DataFrame({"patient_id": ids, "course_id": ids, "fold": "a", "model": "fused", **outcome})
    page = (DOCS / "outputs.md").read_text(encoding="utf-8")
    for name in [*table.columns, *score_predictions(table, n_bootstrap=10)["fused"]]:
        assert f"`{name}`" in page, name
