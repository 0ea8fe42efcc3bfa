"""Nothing of the germline is shown that was not asked for: layers are named, their genes and scores are not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tumorcast.clinic.report.words import modality_name
from tumorcast.cohort.host import GERMLINE_LAYERS, HOST_LAYERS
from tumorcast.cohort.scaling import LayerScaler
from tumorcast.evaluation.out_of_distribution import Judgement, OddFeature
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
