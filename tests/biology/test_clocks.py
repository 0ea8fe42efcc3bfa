"""Clocks against literal values, which biolearn 0.9.1 gave for the same made-up betas; formulas against themselves."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from toy_betas import toy_betas, with_holes
from tumorcast.biology._tables import read_table, table_names
from tumorcast.biology.clocks.acceleration import age_line
from tumorcast.biology.clocks.clock import (
    Clock,
    embedded_reference,
    find_clock,
    known_clocks,
    need_shipped,
)
from tumorcast.biology.clocks.counters import divisions_epitoc2, divisions_miage
from tumorcast.biology.clocks.imputation import filled
from tumorcast.biology.clocks.quantiles import matched_to
from tumorcast.biology.clocks.tissues import is_tumour_barcode, platform_of, tissue_of, why_not
from tumorcast.biology.clocks.transforms import transformed
from tumorcast.domain.errors import InputError

SHIPPED = {
    clock.name: clock for clock in known_clocks().values() if clock.state == "shipped" and clock.probes
}
LITERAL = {
    "Horvathv1": (52.706373, 159.524152), "Hannum": (58.216028, 95.381954), "Lin": (183.772678, 117.366815),
    "Weidner": (90.4556, 121.5092), "VidalBralo": (59.9903, 82.7263), "Zhang_10": (-2.124597, -2.727052),
    "Bocklandt": (0.463, 0.553), "Garagnani": (0.746, 0.508), "EpiTOC1": (0.482, 0.512945),
    "EpiTOC2": (18778.078837, 22115.849915),
}  # fmt: skip
LITERAL_WITH_HOLES = {
    "Horvathv1": (111.846617, 126.176307), "Hannum": (57.607494, 25.78472), "Lin": (134.006419, 98.682969),
    "Weidner": (90.4556, 121.5092), "VidalBralo": (60.7757, 80.0017), "Zhang_10": (-3.057516, -2.880308),
    "Bocklandt": (0.387, 0.553), "Garagnani": (0.746, 0.508), "EpiTOC1": (0.413934, 0.431717),
    "EpiTOC2": (16711.310001, 18210.673703),
}  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_clock_gives_its_literal_value(name: str) -> None:
    clock = SHIPPED[name]
    betas = toy_betas().loc[list(clock.probes)].to_numpy().T
    np.testing.assert_allclose(clock.read_out(betas), LITERAL[name], atol=2e-6)


@pytest.mark.parametrize("name", SHIPPED)
def test_missing_probes_are_filled_as_biolearn_fills_them(name: str) -> None:
    clock = SHIPPED[name]
    betas = with_holes(toy_betas(6)).reindex(list(clock.probes)).to_numpy().T
    reference = np.array([embedded_reference()[probe] for probe in clock.probes])
    values, _ = filled(betas, reference, "hybrid")
    np.testing.assert_allclose(clock.read_out(values)[:2], LITERAL_WITH_HOLES[name], atol=2e-6)


def test_no_clock_is_left_out_of_the_literals() -> None:
    assert set(SHIPPED) == set(LITERAL) == set(LITERAL_WITH_HOLES)


def test_commercial_clocks_are_known_but_not_shipped() -> None:
    for name in ("DunedinPACE", "PhenoAge", "Horvathv2", "DNAmTL", "PEDBE", "MiAge"):
        clock = known_clocks()[name]
        assert clock.state == "own_file"
        assert not clock.probes
        with pytest.raises(InputError, match="not in this package"):
            need_shipped(name)
    names = {row["clock"] for row in read_table("clock_weights").rows}
    assert names <= {clock.name for clock in SHIPPED.values()}


@pytest.mark.parametrize("name", [name for name in table_names() if name.startswith("clock")])
def test_every_table_of_clocks_is_dated(name: str) -> None:
    datetime.date.fromisoformat(read_table(name).notes["date"])


def test_the_table_agrees_with_itself() -> None:
    for row in read_table("clocks").rows:
        clock = known_clocks()[row["name"]]
        assert row["terms"]
        assert row["source"]
        assert row["unit"]
        if clock.state == "shipped" and clock.formula != "mean":
            assert len(clock.probes) == int(row["n_probes"])
            assert set(clock.probes) <= set(embedded_reference())
    assert all(0 <= value <= 1 for value in embedded_reference().values())


def test_clocks_are_found_by_other_names_and_typing_errors_are_met() -> None:
    found = find_clock("horvath")
    assert found is not None
    assert found.name == "Horvathv1"
    with pytest.raises(InputError, match="did you mean 'Hannum'"):
        need_shipped("Hanum")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Horvathv1 horvath Horvath_1 HORVATH2013 DNAmAge horvath-multi-tissue", "Horvathv1"),
        ("Hannum hannum2013", "Hannum"), ("lin Lin_2016", "Lin"), ("Vidal-Bralo vidal_bralo", "VidalBralo"),
        ("zhang_10 Zhang10 zhangMortality", "Zhang_10"), ("epiTOC epitoc1 pcgtAge", "EpiTOC1"),
        ("epiTOC2 TNSC", "EpiTOC2"), ("Horvathv2 skinHorvath Horvath2 SkinAndBlood", "Horvathv2"),
        ("PhenoAge Levine DNAmPhenoAge", "PhenoAge"), ("PedBE", "PEDBE"), ("TL DNAmTL", "DNAmTL"),
    ],
)  # fmt: skip
def test_other_programs_names_are_known(words: str, name: str) -> None:
    assert {getattr(find_clock(word), "name", None) for word in words.split()} == {name}


def test_no_two_clocks_share_a_name() -> None:
    for clock in known_clocks().values():
        assert all(find_clock(word) is clock for word in (clock.name, *clock.aliases))


def test_horvaths_transformation_is_smooth_at_twenty_years() -> None:
    sums = np.array([-2.0, -1e-9, 0.0, 1e-9, 1.5])
    np.testing.assert_allclose(
        transformed(sums, "horvath"), [21 * np.exp(-2) - 1, 20, 20, 20, 51.5], atol=1e-6
    )
    assert transformed(np.array([800.0]), "horvath")[0] == 16820
    np.testing.assert_allclose(transformed(np.array([0.0, 2.0]), "logistic"), [0.5, 0.8807970779778823])
    assert transformed(sums, "identity") is sums


def test_counters_of_divisions_find_the_number_that_made_the_betas() -> None:
    rng = np.random.default_rng(1)
    delta, ground = rng.uniform(1e-5, 6e-5, 40), rng.uniform(0.01, 0.05, 40)
    betas = ground + 1500 * delta * (1 - ground)
    np.testing.assert_allclose(divisions_epitoc2(betas[None], delta, ground), [3000])
    b, c, d = rng.uniform(0.995, 0.9995, 60), rng.uniform(0.5, 0.9, 60), rng.uniform(-0.8, -0.3, 60)
    truth = np.array([120.0, 700.0])
    betas = c + b ** (truth[:, None] - 1) * d
    np.testing.assert_allclose(divisions_miage(betas, b, c, d), truth, atol=1e-3)


def test_quantiles_follow_the_gold_means() -> None:
    gold = np.array([0.9, 0.1, 0.5, 0.3])
    np.testing.assert_allclose(
        matched_to(np.array([[0.2, 0.6, 0.8, 0.4], [0.7, 0.7, 0.1, 0.9]]), gold),
        [[0.1, 0.5, 0.9, 0.3], [0.4, 0.4, 0.1, 0.9]],
    )


def test_each_way_to_fill_does_what_it_says() -> None:
    nan = np.nan
    betas = np.array([[0.1, nan, 0.5, nan], [0.3, nan, nan, nan]])
    reference = np.array([0.9, 0.8, 0.7, nan])
    values, is_filled = filled(betas, reference, "hybrid")
    np.testing.assert_array_equal(values, [[0.1, 0.8, 0.7, nan], [0.3, 0.8, 0.7, nan]])
    np.testing.assert_array_equal(is_filled, [[False, True, True, False]] * 2)
    values, _ = filled(betas, reference, "reference")
    np.testing.assert_array_equal(values, [[0.1, 0.8, 0.5, nan], [0.3, 0.8, 0.7, nan]])
    values, is_filled = filled(betas, reference, "mean")
    np.testing.assert_array_equal(values, [[0.1, nan, 0.5, nan], [0.3, nan, 0.5, nan]])
    assert is_filled.sum() == 1
    values, is_filled = filled(betas, reference, "none")
    np.testing.assert_array_equal(values, betas)
    assert not is_filled.any()


def test_residuals_are_those_of_least_squares_and_need_enough_samples() -> None:
    given = np.array([20.0, 35.0, 50.0, 65.0, 80.0, 30.0])
    clock = 12 + 0.7 * given + np.array([1, -2, 3, 0.5, -1, 2])
    line = age_line(clock, given)
    assert line is not None
    slope, start = np.polyfit(given, clock, 1)
    np.testing.assert_allclose([line.slope, line.intercept], [slope, start])
    np.testing.assert_allclose(line.residuals, clock - (start + slope * given))
    np.testing.assert_allclose([line.residuals.sum(), line.residuals @ given], 0, atol=1e-9)
    assert line.correlation == pytest.approx(np.corrcoef(clock, given)[0, 1])
    assert age_line(clock[:4], given[:4]) is None
    assert age_line(clock, np.array([40.0, 40, 40, 40, 50, 50])) is None


@pytest.mark.parametrize(
    ("word", "group"),
    [
        ("Whole_Blood", "blood"), ("PBMC", "blood"), ("cord blood", "cord_blood"), ("Tumor", "tumour"),
        ("primary tumour", "tumour"), ("lung adenocarcinoma", "tumour"), ("blood, acute leukaemia", "tumour"),
        ("melanoma metastasis", "tumour"), ("normal liver", "normal"), ("tumour-adjacent normal colon", "normal"),
        ("non-tumour lung", "normal"), ("normal skin", "skin"), ("normal blood", "blood"), ("cell line", "unfit"),
        ("cfDNA", "unfit"), ("HeLa cell line", "unfit"), ("cell lines", "unfit"), ("PDX model", "unfit"),
        ("buccal epithelium", "buccal"), ("lymphocytes", "blood"), ("Blood Derived Normal", "blood"),
        ("Solid Tissue Normal", "normal"), ("whole blood, breast cancer patient", "blood"),
        ("blood of a patient with lung cancer", "blood"), ("cancer patient's blood", "blood"),
        ("CD4+ T cells", "blood"),
        ("blood cancer patient", "tumour"), ("blood of a leukaemia patient", "tumour"),
        ("blood, patient with lymphoma", "tumour"), ("breast cancer patient", "tumour"), ("blood metastasis", "tumour"),
        ("tumour blood", "tumour"), ("bone marrow of a cancer patient", "tumour"),
        ("lymph node of a breast cancer patient", "tumour"), ("patient, lung cancer cell line", "tumour"),
    ],
)  # fmt: skip
def test_words_for_tissues(word: str, group: str) -> None:
    assert tissue_of(word).group == group


@pytest.mark.parametrize(
    "word",
    [
        "acute myeloid leukaemia, normal karyotype", "AML normal karyotype", "normal-like breast cancer",
        "lung metastasis adjacent to brain", "adjacent tumour", "healthy tumour margin", "tumour normal pair",
        "malignant, no normal available", "tumour, adjacent normal", "non-tumour and tumour lung", "CLL, healthy donor",
    ],
)  # fmt: skip
def test_a_tumour_stays_one_beside_the_word_normal(word: str) -> None:
    assert tissue_of(word).group == "tumour"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("normal adjacent to tumour", "adjacent normal"),
        ("normal liver adjacent to the tumor", "adjacent normal liver"),
        ("Healthy_lung tissue", "normal lung"), ("lung, normal", "normal lung"),
        ("non-cancerous colon", "normal colon"),
        ("blood of healthy donors", "blood"), ("whole blood", "blood"), ("Peripheral Blood", "blood"),
        ("normal whole blood", "blood"), ("buffy coat", "leukocytes"), ("WBC", "leukocytes"), ("cheek swab", "buccal"),
        ("primary tumor", "primary tumour"), ("Tumor", "tumour"),
    ],
)  # fmt: skip
def test_one_name_for_all_ways_to_say_a_tissue(word: str, name: str) -> None:
    assert tissue_of(word).name == name


@pytest.mark.parametrize(
    "word",
    [
        "liver", "skin", "", "abnormal", "bood", "tissue", "normal karyotype", "not normal liver", "normal-like breast",
        "adjacent liver", "tumour-adjacent", "normal polyp",
    ],
)  # fmt: skip
def test_a_word_that_does_not_say_whether_it_is_a_tumour_is_refused(word: str) -> None:
    with pytest.raises(InputError, match="does not say whether"):
        tissue_of(word)


def test_words_for_arrays() -> None:
    words = {
        "450K": "450k", "Infinium HumanMethylation450 BeadChip": "450k", "HM450": "450k", "Illumina EPIC v1": "EPIC",
        "850k": "EPIC",
        "EPIC (2016)": "EPIC", "MethylationEPIC": "EPIC",
        "EPIC_v2": "EPICv2", "EPIC v2.0": "EPICv2", "EPICv2": "EPICv2",
        "935k": "EPICv2", "hm27": "27k", "27K": "27k", "MSA": "MSA", "Infinium MethylationEPIC (850K)": "EPIC",
        "HumanMethylation27_270596_v.1.2": "27k", "HumanMethylation450_15017482": "450k", "450": "450k",
        "Infinium Methylation Screening Array": "MSA",
        "GPL8490": "27k", "GPL13534": "450k", "GPL21145": "EPIC", "GPL33022": "EPICv2", "illumina450k": "450k",
        "IlluminaHumanMethylation450k": "450k", "IlluminaHumanMethylationEPIC": "EPIC",
        "IlluminaHumanMethylationEPICv2": "EPICv2", "IlluminaHumanMethylation27k": "27k", "HM935": "EPICv2",
    }  # fmt: skip
    assert {word: platform_of(word) for word in words} == words


@pytest.mark.parametrize(
    "word",
    [
        "WGBS", "WGBS 2027", "nanopore 450", "2027", "1450k", "EM-seq 850k", "RRBS-450", "bisulfite 27k", "Illumina",
        "",
        "sequencing EPIC", "EPIC 450k",
    ],
)  # fmt: skip
def test_sequencing_and_loose_numbers_are_no_array(word: str) -> None:
    with pytest.raises(InputError, match="array is not known"):
        platform_of(word)


def test_which_clock_reads_which_tissue() -> None:
    tumour, blood, buccal = tissue_of("tumour"), tissue_of("blood"), tissue_of("buccal")
    clocks: dict[str, Clock] = known_clocks()
    may = {
        name: [word.name for word in (tumour, blood, buccal) if why_not(clocks[name], word) is None]
        for name in clocks
    }
    assert may["Horvathv1"] == ["blood", "buccal"]
    assert may["Hannum"] == may["Garagnani"] == may["Zhang_10"] == ["blood"]
    assert may["EpiTOC2"] == may["GlobalMethylation"] == ["tumour", "blood", "buccal"]
    for clock in clocks.values():
        assert why_not(clock, tissue_of("cell line")) is not None
        if clock.kind == "age":
            assert why_not(clock, tumour) == ("tumour_tissue", "no age is given of tumour tissue")


def test_tcga_barcodes_say_what_they_are() -> None:
    assert is_tumour_barcode("TCGA-A1-A0SB-01A-11D") is True
    assert is_tumour_barcode("TCGA-A1-A0SB-10A") is False
    assert is_tumour_barcode("S1") is None
    assert is_tumour_barcode("TCGA-A1-A0SB") is None


@pytest.mark.parametrize(
    ("sample", "is_tumour"),
    [
        ("TCGA.A1.A0SB.01A", True), ("TCGA_A1_A0SB_01", True), ("X.tcga.a1.a0sb.06A.11D", True),
        ("TARGET-20-PABHHH-09A", True), ("TARGET.20.PABHHH.1.09A.02D", True), ("TARGET-20-PABHHH-40A", True),
        ("TARGET-20-PABHHH-14A", False), ("lvl-3.TCGA-A1-A0SB-11A", False), ("GSM1_TCGA_A1_A0SB_60A", True),
    ],
)  # fmt: skip
def test_barcodes_are_seen_however_they_are_written(sample: str, is_tumour: bool) -> None:
    assert is_tumour_barcode(sample) is is_tumour
