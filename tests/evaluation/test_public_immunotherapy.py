"""The commands of the PredictioR cohorts and of POPLAR: traps of their files; outcomes never reach their own scores."""

from __future__ import annotations

import gzip
import json
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "public"
PATIENTS = ("P1", "P2", "P3", "P4")


@pytest.fixture
def poplar(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import poplar

    return poplar


@pytest.fixture
def predictior(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import predictior

    return predictior


CLINICAL = """PtID,MSAF,btmb,BEP,BAGE,SEX,HIST,PFS,PFS.CNSR,TRT01P
282,0.0421,2,Y,72,M,NON-SQUAMOUS,2.9,0,Docetaxel
283,0.0081,.,N,59,F,NON-SQUAMOUS,18.2,0,Docetaxel
284,.,0,Y,61,F,SQUAMOUS,5.5,1,MPDL3280A
285,0.01,1,Y,.,M,SQUAMOUS,.,0,MPDL3280A
286,0.02,1,Y,50,M,SQUAMOUS,4.1,0,MPDL3280A
"""
VARIANTS = """PtID,gene_name,af,effect,omitted_driver_mutation
282,NRAS,0.2311,missense,no
282,SPTA1,0.0127,synonymous,no
282,KRAS,0.2,missense,yes
282,TP53,0.004,missense,no
283,EGFR,0.3,missense,no
286,TP53,0.1,nonsense,no
286,TP53,0.1,missense,yes
"""


def trial(folder: Path, clinical: str = CLINICAL, variants: str = VARIANTS, **words) -> Namespace:
    """Words of the command, with its two files written."""
    (folder / "clinical.csv").write_text(clinical)
    (folder / "variants.csv").write_text(variants)
    own = {"endpoint": "PFS", "treated": None} | words
    return Namespace(clinical=folder / "clinical.csv", variants=folder / "variants.csv", **own)


def test_poplar_censoring_burden_and_those_left_out(poplar, tmp_path, capsys):
    table, features = poplar.read(trial(tmp_path))
    assert table.index.tolist() == ["282", "284", "286"]
    assert table["event"].tolist() == [1, 0, 1]
    assert table["treated"].tolist() == [False, True, True]
    assert table["burden"].tolist() == [2, 0, 1]
    assert features.columns[0] == "log_burden"
    assert features.loc["286", "TP53"] == 1
    assert "SPTA1" not in features
    assert "EGFR" not in features
    assert np.isnan(features.loc["284", "MSAF"])
    told = capsys.readouterr().out
    assert "1 without blood variants" in told
    assert "1 without arm" in told
    assert "3 of 3 as published" in told
    assert "ECOGGR" in told


@pytest.mark.parametrize(
    ("clinical", "variants", "words", "said"),
    [
        (CLINICAL.replace("PFS.CNSR", "PFSCNSR"), VARIANTS, {}, "lacks PFS.CNSR"),
        (CLINICAL.replace("283,", "282,"), VARIANTS, {}, "one row a patient"),
        (CLINICAL.replace("MPDL3280A", "Docetaxel"), VARIANTS, {}, "two arms"),
        (CLINICAL, VARIANTS, {"treated": "Atezolizumab"}, "two arms"),
        (CLINICAL, VARIANTS.replace("af,", "vaf,"), {}, "lacks af"),
        (CLINICAL, VARIANTS.replace("\n28", "\nX28"), {}, "no patient"),
    ],
)
def test_poplar_bad_files_are_told(poplar, tmp_path, clinical, variants, words, said):
    with pytest.raises(InputError, match=said):
        poplar.read(trial(tmp_path, clinical, variants, **words))


def made_up_trial(effect: float, n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(features, time, event, arm): the first feature is what treatment acts through."""
    random = np.random.default_rng(5)
    features, arm = random.normal(size=(n, 3)), random.permutation(np.arange(n) % 2).astype(float)
    time = random.exponential(np.exp(effect * features[:, 0] * arm)) + 0.01
    return features, time, np.ones(n), arm


def test_poplar_scores_are_out_of_fold_and_point_to_those_who_gain(poplar, monkeypatch):
    monkeypatch.setattr(poplar, "GRID", ((10.0, 1.0), (100.0, 1.0)))
    features, time, event, arm = made_up_trial(1.5)
    score = poplar.out_of_fold(features, time, event, arm, 0)
    assert np.corrcoef(score, features[:, 0])[0, 1] > 0.8
    part = np.random.default_rng(0).permutation(len(time)) % poplar.FOLDS
    turned = np.where(part == 0, time[::-1], time), np.where(part == 0, 1 - arm, arm)
    again = poplar.out_of_fold(features, turned[0], event, turned[1], 0)
    np.testing.assert_allclose(again[part == 0], score[part == 0])
    assert not np.allclose(again[part != 0], score[part != 0])
    words = Namespace(seed=0, permutations=9)
    assert poplar.permuted(features, time, event, arm, words) == pytest.approx(0.1)


def cohort(
    folder: Path, name: str, response: str = "R,NR,,NR", shift: float = 0.0, pseudo: str = "-9.9658"
) -> Path:
    """A cohort's two files; P3 has no response by default, and P5 no expression."""
    answers = response.split(",")
    lines = [f"{p},{p},{a},{b}" for p, a, b in zip(PATIENTS, answers, ("1.5", "", "3", "2"), strict=True)]
    path = folder / f"{name}.clinical.csv"
    path.write_text("\n".join([",patientid,response,TMB_perMb", *lines, "P5,P5,R,9"]) + "\n")
    random = np.random.default_rng(len(name))
    rows = [
        f"{gene}," + ",".join(f"{v + shift:.4f}" for v in random.uniform(1, 8, 4))
        for gene in ("CD8A", "CD27", "STAT1", "GZMA", "PRF1")
    ]
    rows += [f"FGR,{pseudo},1,2,3"]
    with gzip.open(folder / f"{name}.expr.csv.gz", "wt") as file:
        file.write("\n".join([",".join(["", *PATIENTS]), *rows]) + "\n")
    return path


def test_predictior_reads_what_has_response_and_expression(predictior, tmp_path):
    notes: list = []
    who, genes = predictior.read(cohort(tmp_path, "Liu"), 0.001, notes)
    assert who.index.tolist() == ["Liu-P1", "Liu-P2", "Liu-P4"]
    assert who["label"].tolist() == [1, 0, 0]
    assert who["burden"].tolist()[::2] == [1.5, 2]
    assert np.isnan(who.loc["Liu-P2", "burden"])
    assert genes.loc["Liu-P1", "FGR"] == pytest.approx(0, abs=1e-6)
    assert genes.loc["Liu-P2", "FGR"] == pytest.approx(np.log2(2 - 0.001 + 1))
    assert [note.detail for note in notes if note.reason == "label_missing"] == [
        "3 of 4 patients with expression have a response, R or NR; others left out"
    ]
    assert predictior.read(cohort(tmp_path, "Same", "R,R,,R"), 0.001, notes) is None
    assert notes[-1].reason == "one_answer"


@pytest.mark.parametrize(
    ("own", "pseudocount", "said"),
    [
        ({"pseudo": "0"}, 0.001, "not log2"),
        ({}, 1.0, "not log2"),
        ({"shift": 30.0}, 0.001, "not log2"),
    ],
)
def test_predictior_other_scales_are_refused(predictior, tmp_path, own, pseudocount, said):
    with pytest.raises(InputError, match=said):
        predictior.read(cohort(tmp_path, "Liu", **own), pseudocount, [])


def test_predictior_bad_files_are_told(predictior, tmp_path):
    path = cohort(tmp_path, "Liu")
    with pytest.raises(InputError, match="given twice"):
        predictior.files_of([tmp_path, path])
    (tmp_path / "Liu.clinical.csv").write_text(path.read_text().replace("P2,P2", "P1,P1"))
    with pytest.raises(InputError, match="a patient twice"):
        predictior.read(path, 0.001, [])
    path.write_text(path.read_text().replace("response", "recist"))
    with pytest.raises(InputError, match="lacks response"):
        predictior.read(path, 0.001, [])
    cohort(tmp_path, "Liu")
    (tmp_path / "Liu.expr.csv.gz").unlink()
    with pytest.raises(InputError, match="no expression"):
        predictior.read(path, 0.001, [])


def test_predictior_inflammation_has_the_published_signs(predictior):
    genes = ["CD27", "CD274", "CD276", "CD8A", "CMKLR1", "CXCL9", "CXCR6", "HLA-DQA1", "HLA-DRB1", "HLA-E"]
    table = pd.DataFrame(1.0, ["low", "high", "CD276", "few"], genes)
    table.loc["high"], table.loc["CD276", "CD276"], table.loc["few", genes[:3]] = 2.0, 5.0, np.nan
    score = predictior.weighted(table)
    assert score["high"] == pytest.approx(2 * score["low"])
    assert score["CD276"] < score["low"]
    assert np.isnan(score["few"])


def test_poplar_as_published(poplar, shared_data, tmp_path, monkeypatch):
    source = shared_data / "POPLAR"
    if not source.is_dir():
        pytest.skip(f"no {source}")
    monkeypatch.setattr(poplar, "out_of_fold", lambda features, *_: features[:, 0])
    files = ["--clinical", str(source / "clinical.csv"), "--variants", str(source / "btmb_variants.csv")]
    monkeypatch.setattr(
        sys, "argv", ["poplar", *files, "--out", str(tmp_path), "--mlflow", "none", "--permutations", "0"]
    )
    poplar.main()
    found = json.loads((tmp_path / "metrics.json").read_text())[poplar.CUT]["hazard_ratio_high"]
    assert [round(found[k], 2) for k in ("value", "low", "high")] == [0.57, 0.33, 0.99]
