"""Samples that do not look like one patient's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toy_guards import assert_passes, assert_refused, row_of
from tumorcast.biology.sex_markers import sex_of_expression, sex_of_segments, sex_of_variants
from tumorcast.readers.segments import SEGMENT_TABLE

MAN = {"RPS4Y1": 6.0, "DDX3Y": 4.0, "KDM5D": 3.5, "XIST": 0.1}
WOMAN = {"RPS4Y1": 0.1, "DDX3Y": 0.2, "KDM5D": 0.0, "XIST": 5.0}
X_OF_A_WOMAN = {"chromosome": "X", "start": 3e6, "end": 150e6, "log2": 0.0, "major": 1.0, "minor": 1.0}


def with_genes(here, patient_id, genes):
    table = here.study().expression.copy()
    for name, value in genes.items():
        table[name] = np.nan
        table.loc[f"{patient_id}-A", name] = value
    return table


def segments(patient_id, **changed):
    row = {"sample_id": f"{patient_id}-A", **X_OF_A_WOMAN, **changed}
    return pd.DataFrame([row], columns=list(SEGMENT_TABLE))


@pytest.mark.parametrize(("patient_id", "genes"), [("P6", MAN), ("P5", WOMAN)])
def test_expression_of_the_other_sex_is_refused(here, patient_id, genes):
    """P6 is declared a woman, P5 a man."""
    study = here.study(expression=with_genes(here, patient_id, genes))
    reason = assert_refused(here, study, "sex_contradiction", patient_id)
    assert "expression of a" in reason
    own = WOMAN if genes is MAN else MAN
    assert_passes(here, here.study(expression=with_genes(here, patient_id, own)), "sex", patient_id)


def test_two_copies_of_the_x_in_a_man_are_refused(here):
    assert_refused(here, here.study(segments=segments("P5")), "sex_contradiction", "P5")
    assert_passes(here, here.study(segments=segments("P6")), "sex", "P6")
    assert_passes(here, here.study(segments=segments("P5", major=2.0, minor=0.0)), "sex", "P5")


def test_samples_of_two_sexes_are_refused_where_none_is_declared(here):
    patients = here.study().patients.drop(columns="SEX")
    man = with_genes(here, "P5", MAN)
    study = here.study(patients=patients, expression=man, segments=segments("P5"))
    assert "two sexes" in assert_refused(here, study, "sex_contradiction", "P5")
    assert_passes(here, here.study(patients=patients, expression=man), "sex", "P5")


def test_only_what_is_there_tells_a_sex():
    lost = pd.Series({"DDX3Y": 0.0, "KDM5D": 0.1, "XIST": 0.1})
    assert sex_of_expression(lost) is None
    assert sex_of_expression(pd.Series({"DDX3Y": 5.0})) is None
    assert sex_of_expression(pd.Series({**MAN, "XIST": 6.0})) is None
    assert sex_of_expression(pd.Series(MAN)) == "male"
    assert sex_of_expression(pd.Series(WOMAN)) == "female"
    assert sex_of_segments(segments("P5", minor=np.nan)) is None
    assert sex_of_segments(segments("P5", end=9e6)) is None
    on_y = pd.DataFrame({"chromosome": ["chrY", "Y", "X"], "start": [6e6, 7e6, 7e6]})
    assert sex_of_variants(on_y) == "male"
    assert sex_of_variants(on_y[1:]) is None
    assert sex_of_variants(pd.DataFrame({"gene": ["TP53"]})) is None


def variants_of(samples, genes):
    rows = [(sample, gene) for sample in samples for gene in genes]
    made = pd.DataFrame(rows, columns=["sample_id", "gene"])
    return made.assign(variant_class="Missense_Mutation", vaf=0.3, impact="missense", protein_change="p.A1B")


def test_the_same_variants_under_two_names_are_refused(here):
    genes = [f"G{i}" for i in range(12)]
    twice = here.study(variants=variants_of(["P1-A", "P2-A"], genes))
    reason = assert_refused(here, twice, "same_as_another_patient", "P1")
    assert "mutations" in reason
    assert_refused(here, twice, "same_as_another_patient", "P2")
    apart = pd.concat([variants_of(["P1-A"], genes), variants_of(["P2-A"], [f"H{i}" for i in range(12)])])
    assert_passes(here, here.study(variants=apart), "same_as", "P1")


def test_the_same_slide_under_two_names_is_refused(here, tmp_path):
    slides = here.study().slides.copy()
    slides.loc[1, "path"] = slides.loc[0, "path"]
    assert "a slide" in assert_refused(here, here.study(slides=slides), "same_as_another_patient", "P0")
    copy = tmp_path / "renamed.svs"
    copy.write_bytes(Path(slides.loc[0, "path"]).read_bytes())
    slides.loc[1, "path"] = str(copy)
    assert_refused(here, here.study(slides=slides), "same_as_another_patient", "P1")
    assert_passes(here, here.study(), "same_as")


def test_the_same_expression_under_two_names_is_refused(here):
    random = np.random.default_rng(0)
    table = here.study().expression
    more = pd.DataFrame(random.gamma(2, 2, (len(table), 30)), table.index, [f"G{i}" for i in range(30)])
    table = table.join(more)
    assert_passes(here, here.study(expression=table), "same_as", "P5")
    twice = table.copy()
    twice.loc["P6-A"] = twice.loc["P5-A"]
    assert_refused(here, here.study(expression=twice), "same_as_another_patient", "P5")


def test_two_samples_of_a_patient_that_share_nothing_warn(here):
    study = here.study()
    samples = study.samples.copy()
    samples.loc["P1-B"] = samples.loc["P1-A"]
    genes = [f"G{i}" for i in range(12)]
    other = variants_of(["P1-B"], [f"H{i}" for i in range(12)])
    apart = pd.concat([variants_of(["P1-A"], genes), other], ignore_index=True)
    sequenced = study.sequenced | {"P1-B"}
    row = row_of(here.ask(here.study(samples=samples, variants=apart, sequenced=sequenced)), "P1")
    assert "warning:samples_share_nothing" in row["flags"]
    both = pd.concat([apart, variants_of(["P1-B"], genes[:2])], ignore_index=True)
    row = row_of(here.ask(here.study(samples=samples, variants=both, sequenced=sequenced)), "P1")
    assert "samples_share_nothing" not in row["flags"]
