"""Facts that a run hands to its bundle: threshold, patterns of missing layers, the tile encoder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tumorcast.export.encoder_facts import encoder_of
from tumorcast.export.population import patterns_of
from tumorcast.export.run_bundle import threshold_of
from tumorcast.slides.store import CoordsAttrs, StoreAttrs, write_features


def test_threshold_separates_the_inner_validation_courses():
    inner = pd.DataFrame({"label": [0, 0, 0, 1, 1, np.nan], "probability": [0.1, 0.2, 0.4, 0.3, 0.9, 0.99]})
    cut = threshold_of(inner)
    assert cut == pytest.approx(0.25)  # both responders and one of three others lie above it
    assert threshold_of(inner.assign(label=1.0)) == 0.5
    assert threshold_of(pd.DataFrame({"risk": [-1.0, 0.5, 4.0]})) == 0.5


def test_patients_are_counted_by_the_layers_they_have():
    courses = pd.DataFrame({"patient_id": ["A", "A", "B", "C"]}, index=["A-1", "A-2", "B-1", "C-1"])
    is_present = pd.DataFrame(
        {"slide": [True, True, False, True], "clinical": [True, True, False, False]}, index=courses.index
    )
    cohort = SimpleNamespace(courses=courses, is_present=is_present)
    counts = patterns_of(cohort, ["A-1", "A-2", "B-1"], ("slide", "clinical"))
    assert counts == {"slide+clinical": 1, "none": 1}


def _bag(path: Path, **attrs: object) -> Path:
    coords = CoordsAttrs(224, 20.0, 20.0, 1000, 1000, path.stem)
    write_features(path, np.ones((2, 5)), np.zeros((2, 2)), StoreAttrs(**attrs), coords)
    return path


def test_the_encoder_is_the_one_that_the_features_name_and_its_graph_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path))
    graph = tmp_path / "encoders" / "lite.onnx"
    graph.parent.mkdir()
    graph.write_bytes(b"the graph")
    sha256 = hashlib.sha256(b"the graph").hexdigest()
    made = {"encoder": "lite", "encoder_sha256": sha256, "target_mpp": 0.5, "tile_px": 224, "tile_um": 112.0}
    paths = [_bag(tmp_path / f"{i}.h5", **made) for i in range(2)]
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(b"x")
    info, found = encoder_of([*paths, damaged], 5)
    assert (info.id, info.dim, info.target_mpp, info.tile_px, found) == ("lite", 5, 0.5, 224, graph)

    graph.write_bytes(b"another")
    assert encoder_of(paths, 5)[1] is None

    foreign = _bag(tmp_path / "foreign.h5")
    mixed = _bag(tmp_path / "mixed.h5", encoder="other")
    for several in ([foreign], [*paths, foreign], [*paths, mixed]):
        assert encoder_of(several, 5) == (encoder_of([foreign], 5)[0], None)
        assert encoder_of(several, 5)[0].id == ""
