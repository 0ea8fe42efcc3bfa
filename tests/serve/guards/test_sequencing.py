"""Purity, panel, scale, number of genes, species."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from toy_guards import assert_left_out, assert_passes, assert_refused, row_of
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.write_study import write_study
from tumorcast.serve.guards.purity import estimated_purity
from tumorcast.serve.policy import Policy
from tumorcast.serve.population import Range


@pytest.mark.parametrize("told", [0.05, 5.0, "5%"])
def test_low_declared_purity_is_refused(here, told):
    reason = assert_refused(here, here.study(TUMOR_PURITY=told), "low_purity")
    assert "5%" in reason


def test_enough_purity_passes_and_so_does_what_training_had(here):
    assert_passes(here, here.study(TUMOR_PURITY=0.4), "low_purity")
    low = Range(n=40, low=0.04, median=0.5, high=0.9)
    assert_passes(here.of(purity=low), here.study(TUMOR_PURITY=0.05), "low_purity")


def test_low_fractions_of_many_variants_warn(here):
    study = here.study()
    own = pd.DataFrame({"sample_id": "P2-A", "gene": [f"G{i}" for i in range(20)], "vaf": 0.04})
    own = own.assign(variant_class="Missense_Mutation", impact="missense", protein_change="p.A1B")
    variants = pd.concat([study.variants, own], ignore_index=True)
    row = row_of(here.ask(here.study(variants=variants)), "P2")
    assert "warning:low_purity_estimated" in row["flags"]
    assert np.isnan(estimated_purity(study.variants[:3]))
    assert_passes(here, here.study(variants=variants.assign(vaf=0.3)), "low_purity", "P2")


def test_a_panel_too_small_gives_no_burden(here):
    small = dict.fromkeys(here.study().sequenced, 0.9)
    here = here.of(sequenced_mb=None)
    row = row_of(here.ask(here.study(sequenced_mb=small)), "P2")
    assert "warning:panel_too_small" in row["flags"]
    assert "found 0.9 Mb, expected 1 Mb or more" in row["reason"]
    record = here.report(here.study(sequenced_mb=small), "P2")
    (mutations,) = [c for c in record.contributions if c.modality == "mutations"]
    assert "per Mb" not in mutations.detail
    (mutations,) = [c for c in here.report(here.study(), "P2").contributions if c.modality == "mutations"]
    assert "per Mb" in mutations.detail
    assert_passes(here, here.study(), "panel", "P2")
    strict = Policy(actions={"panel_too_small": "refuse"})
    assert_refused(here, here.study(sequenced_mb=small), "panel_too_small", "P2", policy=strict)


def test_a_panel_much_smaller_than_trainings_sequencing_is_left_out(here):
    small = dict.fromkeys(here.study().sequenced, 1.5)
    reason = assert_left_out(here, here.study(sequenced_mb=small), "panel_unlike_training", "mutations", "P2")
    assert "covers much less" in reason
    half = dict.fromkeys(here.study().sequenced, 28.0)
    assert_passes(here, here.study(sequenced_mb=half), "panel", "P2")


def test_expression_of_few_of_the_models_genes_is_left_out(here):
    table = here.study().expression[["CD8A", "GZMB"]]
    reason = assert_left_out(here, here.study(expression=table), "too_few_features", "expression", "P5")
    assert "found 2, expected 50% of 6 or more" in reason
    half = here.study().expression[["CD8A", "GZMB", "PRF1"]]
    assert_passes(here, here.study(expression=half), "too_few_features", "P5")


def test_expression_alone_of_few_genes_is_refused(here):
    study = here.study(expression=here.study().expression[["CD8A"]], variants=None, sequenced=frozenset())
    assert "warning:not_used" not in row_of(here.ask(study), "P5")["flags"]
    foreign = study.expression.rename(columns={"CD8A": "OTHER"})
    assert "warning:not_used" in row_of(here.ask(replace(study, expression=foreign)), "P8")["flags"]
    bare = study.patients.assign(AGE=np.nan, SEX=None)
    study = replace(study, patients=bare, slides=study.slides.iloc[:0])
    assert_refused(here, study, "nothing_usable", "P8")


def test_another_scale_is_left_out(here):
    table = here.study().expression
    z = (table - table.mean()) / table.std()
    assert_left_out(here, here.study(expression=z), "not_on_scale", "expression", "P5")


@pytest.mark.parametrize(
    "names",
    [
        ["Cd8a", "Gzmb", "Prf1", "Cxcl9", "Ifng", "Stat1"],
        [f"ENSMUSG{i:011d}" for i in range(6)],
        [f"ENSRNOG{i:011d}.2" for i in range(6)],
    ],
)
def test_genes_of_another_species_are_refused_when_read(here, tmp_path, names):
    study = here.study()
    mouse = study.expression.set_axis(names, axis=1)
    folder = tmp_path / "study"
    write_study(here.study(expression=mouse, slides=study.slides.iloc[:0]), folder)
    with pytest.raises(InputError, match="another species"):
        read_study(folder)


def test_variants_of_another_species_are_refused_when_read(here, tmp_path):
    study = here.study()
    names = {"TP53": "Trp53", "KRAS": "Kras", "BRAF": "Braf", "PTEN": "Pten"}
    mouse = study.variants.assign(gene=study.variants["gene"].map(names))
    more = [mouse.assign(gene=name) for name in ("Cdkn2a", "Rb1", "Apc")]
    write_study(
        here.study(variants=pd.concat([mouse, *more]), slides=study.slides.iloc[:0]), tmp_path / "study"
    )
    with pytest.raises(InputError, match="another species"):
        read_study(tmp_path / "study")
