"""Files of coefficients as papers, biolearn and others write them; sheets of methylomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.clock_coefficients import read_coefficients, read_reference
from tumorcast.readers.methylome_sheet import DeclaredSample, declared_tissues, read_methylome_sheet


def file(folder: Path, text: str, name: str = "c.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "CpGmarker,CoefficientTraining\nintercept,60.5\ncg00000003,1.5\nch.2.30415474F,-2e-3\n",
        '"CpG"\t"Weight"\n"(Intercept)"\t60.5\n"cg00000003"\t1.5\n"ch.2.30415474F"\t-0.002\n',
        "intercept,60.5\ncg00000003,1.5\nch.2.30415474F,-0.002\n",
        "\ufeff# a note\nprobe;gene;coef\nIntercept;;60.5\ncg00000003;TP53;1.5\nch.2.30415474F;;-0.002\n",
        "coef\n".replace("coef", "gene,coef")
        + "intercept,,60.5\ncg00000003,TP53,1.5\nch.2.30415474F,,-0.002\n",
    ],
)
def test_weights_are_read_as_others_write_them(tmp_path: Path, text: str) -> None:
    read = read_coefficients(file(tmp_path, text))
    assert (read.probes, read.intercept, read.formula) == (("cg00000003", "ch.2.30415474F"), 60.5, None)
    np.testing.assert_array_equal(read.numbers["weight"], [1.5, -0.002])


def test_columns_of_mitotic_counters_are_recognised(tmp_path: Path) -> None:
    drift = read_coefficients(file(tmp_path, '"","delta","beta0"\n"cg00000003",5e-05,0.02\n'))
    assert drift.formula == "epitoc2"
    assert drift.intercept is None
    assert {name: values.tolist() for name, values in drift.numbers.items()} == {
        "delta": [5e-5],
        "beta0": [0.02],
    }
    miage = read_coefficients(file(tmp_path, "CpG,b,c,d\ncg00000003,0.99,0.5,-0.3\n"))
    assert miage.formula == "miage"
    assert list(miage.numbers) == ["b", "c", "d"]


@pytest.mark.parametrize("text", ["cg00000003\ncg00000007\n", 'probe\n"cg00000003"\n"cg00000007"\n'])
def test_a_list_of_probes_is_their_mean(tmp_path: Path, text: str) -> None:
    read = read_coefficients(file(tmp_path, text, "list.txt"))
    assert (read.probes, read.formula, read.numbers) == (("cg00000003", "cg00000007"), "mean", {})


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("cg00000003\nTP53\ncg00000007\n", "names no probes"),
        ("cg00000003\ncg00000003\n", "gives a probe twice"),
        ("", "no table of coefficients"),
        ("CpG,weight\n", "names no probes"),
        ("CpG,gene\ncg00000003,TP53\n", "no column of weights"),
        ("CpG,weight\nTP53,1\n", "names no probes"),
        ("CpG,weight\ncg00000003,low\n", "no number for cg00000003"),
        ("CpG,weight\ncg00000003,nan\n", "no number for cg00000003"),
        ("CpG,weight\ncg00000003,1\ncg00000003,2\n", "gives a probe twice"),
        ("Y.pred,var,beta\nDNAmGDF15,cg00000003,1\n", "several models"),
    ],
)
def test_files_that_are_no_clock_are_refused(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read_coefficients(file(tmp_path, text))


def test_reference_betas(tmp_path: Path) -> None:
    assert read_reference(file(tmp_path, "Probe_ID,median\ncg00000003,0.25\nctl_1,\n")) == {
        "cg00000003": 0.25
    }
    with pytest.raises(InputError, match="holds no betas"):
        read_reference(file(tmp_path, "probe,mean\ncg00000003,25\n"))


def test_a_sheet_is_read_by_the_column_in_which_the_samples_stand(tmp_path: Path) -> None:
    report: list[Exclusion] = []
    text = ",name,gender,Age,sample,Tissue\n1,A,M,57.9,1.0,blood\n2,B,M,700,2.0,\n3,C,F,NA,3.0,tumour\n"
    path = file(tmp_path, text)
    assert read_methylome_sheet(path, ["A", "B", "D"], report) == {
        "A": DeclaredSample("blood", None, 57.9),
        "B": DeclaredSample(None, None, None),
    }
    assert [one.reason for one in report] == ["not_an_age"]
    assert declared_tissues(path) == {"blood", "tumour"}


def test_a_sheet_that_contradicts_itself_or_is_of_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two different things"):
        read_methylome_sheet(file(tmp_path, "sample,age\nA,50\nA,60\n"), ["A"], [])
    with pytest.raises(InputError, match="names none of the samples"):
        read_methylome_sheet(file(tmp_path, "sample,age\nX,50\n"), ["A"], [])
