"""Nothing of the germline is shown that was not asked for: layers are named, their genes and scores are not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tumorcast.clinic.report.words import modality_name
from tumorcast.cohort.host import GERMLINE_LAYERS, HOST_LAYERS
from tumorcast.cohort.scaling import LayerScaler
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation import spreads
from tumorcast.evaluation.out_of_distribution import Judgement, OddFeature
from tumorcast.explain.collect import TOGETHER, _together
from tumorcast.readers.host_tables import read_pharmacogenes
from tumorcast.serve.evidence_parts import _parts
from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.timing import timing_findings
from tumorcast.serve.unlike import _note


def scaler(*names: str) -> LayerScaler:
    return LayerScaler(names, np.zeros(len(names), np.float32), np.ones(len(names), np.float32))


@pytest.mark.parametrize("layer", HOST_LAYERS)
def test_single_features_are_told_of_habits_and_clocks_alone(layer):
    prepared = SimpleNamespace(
        modalities=(layer,), layer_names=(layer,), layers={layer: scaler("a feature")}, gene_sets={}
    )
    course = SimpleNamespace(is_present=np.array([True]))
    told = [part.name for part in _parts(prepared, course)]
    assert told == ([] if layer in GERMLINE_LAYERS else ["a feature"])
    odd = Judgement("P", 0.001, {layer: 0.001}, layer, (OddFeature("a feature", 9.0, 9.0),))
    assert ("a feature" in _note(odd)) is (layer not in GERMLINE_LAYERS)
    assert layer in _note(odd)


def test_names_read_as_people_say_them():
    assert [modality_name(layer) for layer in HOST_LAYERS] == [
        "Pharmacogenes", "Polygenic scores", "Epigenetic clocks", "Exposures",
    ]  # fmt: skip


def test_the_host_alone_is_no_prediction_from_a_tumour():
    late = [Finding("taken_after_start", "x")]
    assert list(timing_findings(late, ("clinical", *HOST_LAYERS)))
    assert not list(timing_findings(late, ("expression", *HOST_LAYERS)))


def test_attributions_of_a_cohort_tell_a_germline_layer_as_a_whole():
    """Of `tumorcast biomarkers`: a row a course would show who has which gene."""
    layers = {"pharmacogenes": np.array([0.25, -1.0]), "clocks": np.array([0.5])}
    prepared = SimpleNamespace(
        modalities=tuple(layers), layer_names=tuple(layers), graph=None, gene_sets={},
        layers={"pharmacogenes": scaler("DPYD level", "DPYD activity"), "clocks": scaler("Hannum")},
    )  # fmt: skip
    courses = [
        SimpleNamespace(
            course_id=name, layers=layers, tiles=(), is_present=np.array([is_present, True]),
            is_measured={"pharmacogenes": np.array([is_present] * 2), "clocks": np.array([True])},
        )
        for name, is_present in (("A", True), ("B", False))
    ]  # fmt: skip
    for course, is_present in zip(courses, (True, False), strict=True):
        added, values = _together(prepared, "pharmacogenes", [course], [SimpleNamespace(layers=layers)])
        assert added.columns.tolist() == values.columns.tolist() == [TOGETHER]
        assert added.to_numpy().tolist() == [[-0.75]]
        assert bool(values.notna().all(axis=None)) is is_present


def test_the_reports_of_a_cohort_name_no_gene_and_no_phenotype(tmp_path):
    """Which rows of pgx.csv contradict themselves is told by their sample alone."""
    rows = ["sample,gene,diplotype,activity_score,phenotype,note", "P1,DPYD,x,0,Normal Metabolizer,",
            "P2,CYP2D6,y,1,what,", "P3,TPMT,,,*1 and more,"]  # fmt: skip
    (tmp_path / "pgx.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    report: list[Exclusion] = []
    read_pharmacogenes(tmp_path / "pgx.csv", report)
    told = " ".join(f"{note.id} {note.reason} {note.detail}" for note in report)
    assert told.count("contradictory_call") == 3
    for word in ("DPYD", "CYP2D6", "TPMT", "Metabolizer", "what,", "activity 0", "*1"):
        assert word not in told


@pytest.mark.parametrize("layer", HOST_LAYERS)
def test_numbers_that_a_site_keeps_of_a_case_hold_no_gene_and_no_score(layer, monkeypatch):
    table = pd.DataFrame({"a feature": [1.0, 2.0]}, pd.Index(["P1", "P2"]))
    monkeypatch.setattr(spreads, "modality_tables", lambda prepared, courses: {layer: table})
    courses = [SimpleNamespace(patient_id=name) for name in table.index]
    own = SimpleNamespace(features=("a feature",))
    for reference in (None, SimpleNamespace(modalities={layer: own})):
        monkeypatch.setattr(spreads, "distance_scores", lambda modality, values: values[:, 0])
        made = spreads.summary_table(SimpleNamespace(gene_sets={}), reference, courses)
        expected = [] if layer in GERMLINE_LAYERS else [f"{layer}: a feature"]
        assert made.columns.tolist() == [*expected, *([] if reference is None else [f"{layer}: distance"])]
