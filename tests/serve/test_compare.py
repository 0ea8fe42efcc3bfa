"""Two versions on the same cases: what differs is counted, and told with its interval and reasons."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toy_signatures import reseal
from tumorcast.cli.main import main
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.compare import (
    VersionComparison,
    compare_bundles,
    joined_predictions,
    only_one,
    summary_of,
)
from tumorcast.serve.compare_manifests import Difference
from tumorcast.serve.compare_page import comparison_page
from tumorcast.serve.manifest import read_manifest
from tumorcast.serve.predict import Request


def said(probability: list[float], answers: list[str]) -> pd.DataFrame:
    names = [f"P{i}" for i in range(len(probability))]
    known = np.isfinite(probability)
    return pd.DataFrame(
        {"patient_id": names, "course_id": names, "probability": probability, "answers": answers,
         "status": np.where(known, "predicted", "refused"), "reason": np.where(known, "", "unlike <training>")}
    )  # fmt: skip


def test_figures_are_of_the_courses_that_both_predict():
    old = said([0.2, 0.4, np.nan, 0.5], ["NR", "both", "", "both"])
    new = said([0.3, 0.8, 0.6, np.nan], ["NR", "R", "both", ""])
    labels = pd.Series({"P0": 0.0, "P1": 1.0})
    table = joined_predictions(old, new, labels)
    found = summary_of(table, draws=200)
    assert (found["both"], found["only_old"], found["only_new"], found["neither"]) == (2, 1, 1, 0)
    assert found["agreement"]["mean_difference"]["value"] == pytest.approx(0.25)
    assert found["agreement"]["mean_absolute_difference"]["value"] == pytest.approx(0.25)
    sd = np.std([0.1, 0.4], ddof=1)
    assert found["agreement"]["upper_limit"]["value"] == pytest.approx(0.25 + 1.96 * sd)
    assert found["flips_by_answers"] == {"both -> R": 1}
    assert found["outcomes"] == {}  # too few of each answer
    reasons = {row["course_id"]: (row["lacks"], row["reason"]) for row in only_one(table)}
    assert reasons == {"P3": ("new", "unlike <training>"), "P2": ("old", "unlike <training>")}


def test_known_outcomes_tell_which_version_did_better():
    random = np.random.default_rng(0)
    label = np.tile([0.0, 1.0], 100)
    good = (0.3 + 0.4 * label + random.normal(0, 0.1, 200)).clip(0, 1)
    bad = random.random(200)
    labels = pd.Series(label, index=[f"P{i}" for i in range(200)])
    sets = ["both"] * 200
    found = summary_of(joined_predictions(said(list(bad), sets), said(list(good), sets), labels), draws=300)
    gain = found["outcomes"]["auroc_difference"]
    assert 0.3 < gain["low"] < gain["value"] < gain["high"] < 0.7
    assert found["outcomes"]["brier_difference"]["high"] < 0
    same = summary_of(joined_predictions(said(list(bad), sets), said(list(bad), sets), labels), draws=300)
    assert same["outcomes"]["auroc_difference"] == {"value": 0, "low": 0, "high": 0}
    assert same["agreement"]["upper_limit"]["value"] == same["flips"] == 0


def test_a_bundle_agrees_with_its_copy_and_the_command_writes_it_all(lab, bundle, tmp_path, capsys):
    reseal(bundle, name="newer", n_patients=99)
    words = [
        "bundle",
        "compare",
        lab.bundle,
        bundle,
        lab.study,
        "--features",
        lab.features,
        "--bootstrap",
        "100",
    ]
    assert main([*map(str, words), "--out", str(tmp_path / "out")]) == 0
    assert "another set of answers: 0" in capsys.readouterr().out
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert told["summary"]["largest_difference"] == 0
    assert {"seal", "training patients"} == {line["what"] for line in told["differences"]}
    assert len(pd.read_csv(tmp_path / "out" / "comparison.csv")) == 12
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "newer-" in page
    assert "http" not in page
    assert page.count("<circle") == 24


def test_a_version_with_another_encoder_says_why_it_lacks_cases(lab, bundle, tmp_path):
    info = read_manifest(bundle / "manifest.json").tile_encoder.model_copy(update={"target_mpp": 0.25})
    reseal(bundle, tile_encoder=info)
    request = Request(tmp_path / "cache", features=lab.features)
    found = compare_bundles(load_bundle(lab.bundle), load_bundle(bundle), lab.study, request, draws=50)
    assert "tile encoder" in {line.what for line in found.differences}
    assert found.table["reason_new"].str.contains("tile_mismatch").sum() == 6
    assert found.summary["agreement"]["mean_absolute_difference"]["value"] > 0


def test_the_page_escapes_what_it_is_given():
    table = joined_predictions(
        said([0.2, np.nan], ["NR", ""]), said([0.3, 0.5], ["NR", ""]), pd.Series(dtype=float)
    )
    table["patient_id"] = "<script>alert(1)</script>"
    found = VersionComparison(
        "a<b>", "c", "s&t", table, summary_of(table, 50), (Difference("genes", "<i>", "x"),), "SIMULATED"
    )
    page = comparison_page(found)
    assert "<script" not in page
    assert "<i>" not in page
    assert "unlike &lt;training&gt;" in page
    assert page.count("SIMULATED") == 2


def test_models_of_survival_alone_are_not_compared(lab, bundle, tmp_path):
    from tumorcast.domain.errors import InputError

    reseal(bundle, heads=("survival",), outputs=("risk",))
    with pytest.raises(InputError, match="only models of response"):
        compare_bundles(
            load_bundle(lab.bundle), load_bundle(Path(bundle)), lab.study, Request(tmp_path / "cache")
        )
