"""The pharmacogenomic tables: dated, sourced, complete, consistent; what CPIC changed is in or told."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace

import pytest

from tumorcast.biology._tables import read_table, table_names
from tumorcast.biology.pgx.dates import (
    OLDEST_DAYS,
    TableDate,
    absent_changes,
    changes,
    stale_alleles,
    table_dates,
    unverified,
)
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.biology.pgx.guidance import ACTIONS
from tumorcast.biology.pgx.phenotypes import embedded_rules, phenotype_by_function, phenotype_by_score

DEFINITIONS = embedded_definitions()
NAMES = [name for name in table_names() if name.startswith("pgx_")]
DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@pytest.mark.parametrize("name", NAMES)
def test_every_table_carries_source_version_and_a_whole_date(name: str) -> None:
    notes = read_table(name).notes
    assert notes["source"]
    assert notes["version"]
    datetime.date.fromisoformat(notes["date"])


def test_every_row_of_guidance_names_its_source_and_date() -> None:
    for row in read_table("pgx_guidance").rows:
        assert row["source"], row
        assert DAY.fullmatch(row["date"]), row
        assert row["text"]


def test_every_inhibitor_names_its_source() -> None:
    assert all(row["source"] and row["strength"] in ("strong", "moderate", "weak") for row in _inhibitors())


def _inhibitors() -> tuple[dict[str, str], ...]:
    return read_table("pgx_inhibitors").rows


def test_alleles_stand_at_known_positions_and_no_two_look_alike() -> None:
    for gene in DEFINITIONS.genes.values():
        shown: dict[object, str] = {}
        for allele in gene.alleles:
            assert set(allele.bases) <= set(gene.by_position), (gene.gene, allele.name)
            key = tuple(sorted((p, tuple(sorted(b))) for p, b in allele.bases.items()))
            assert key not in shown, (gene.gene, allele.name, shown.get(key))
            shown[key] = allele.name


def test_every_function_has_a_rule_with_itself_or_is_uncertain() -> None:
    rules = embedded_rules()
    for gene in DEFINITIONS.genes.values():
        for allele in gene.alleles:
            if gene.method == "score":
                expects_value = not allele.function.startswith(("Uncertain", "Unknown"))
                assert (allele.activity is not None) == expects_value, (gene.gene, allele.name)
            elif not allele.function.startswith(("Uncertain", "Unknown")):
                assert (gene.gene, (allele.function, allele.function)) in rules, (gene.gene, allele.name)


def test_a_table_is_old_after_a_year_and_not_before() -> None:
    one = TableDate("t", "s", "v", "2025-01-01")
    assert not one.is_old(datetime.date(2025, 1, 1) + datetime.timedelta(OLDEST_DAYS))
    assert one.is_old(datetime.date(2025, 1, 1) + datetime.timedelta(OLDEST_DAYS + 1))
    assert {"allele definitions", "pgx_guidance"} <= {t.name for t in table_dates(DEFINITIONS)}


@pytest.mark.parametrize(
    ("when", "gene"),
    [("2023-08-03", "CYP2D6"), ("2026-01-29", "NUDT15"), ("2026-02-03", "NUDT15"), ("2026-02-03", "TPMT"),
     ("2026-02-04", "TPMT")],
)  # fmt: skip
def test_the_changes_of_cpic_are_in_or_told(when: str, gene: str) -> None:
    mine = [one for one in changes() if one.date == when and gene in one.genes]
    assert mine
    told = " ".join(absent_changes({gene}, DEFINITIONS))
    for one in mine:
        assert one.is_in or f"{one.date} {' '.join(one.genes)}" in told


def test_changes_that_are_in_hold() -> None:
    nudt15 = DEFINITIONS.genes["NUDT15"]
    assert "*2" not in nudt15.by_name
    assert len(nudt15.by_name["*3"].bases) == 2
    outside = {row["allele"]: row for row in read_table("pgx_outside_alleles").rows}
    assert outside["*41"]["activity"] == "0.25"
    assert "*57" not in outside


def test_an_allele_whose_function_cpic_changed_since_says_so() -> None:
    folder = replace(DEFINITIONS, is_folder=True, date="2025-11-05")
    (told,) = stale_alleles("TPMT", ("*1", "*8"), folder)
    assert told.startswith("not in these tables, CPIC 2026-02-03")
    assert not stale_alleles("TPMT", ("*1", "*3A"), folder)
    assert not stale_alleles("TPMT", ("*1", "*8"), DEFINITIONS)


def test_a_folder_lacks_every_change_of_alleles_after_its_date_and_no_other() -> None:
    folder = replace(DEFINITIONS, is_folder=True, date="2025-11-05")
    told = " | ".join(absent_changes({"TPMT", "CYP2D6", "SLCO1B1"}, folder))
    assert "2026-02-03 TPMT *5 *6" in told
    assert "2026-02-03 TPMT *45" in told
    assert "SLCO1B1" not in told
    assert "thiopurine guideline" not in told
    assert "2026-06-15 CYP2D6: ondansetron" in told
    assert "2026-09-29 CYP2D6 *9" not in told


def test_functions_of_tpmt_and_nudt15_are_those_of_2026() -> None:
    functions = {
        (gene, one.name): one.function
        for gene in ("TPMT", "NUDT15")
        for one in DEFINITIONS.genes[gene].alleles
    }
    assert functions["TPMT", "*8"] == functions["NUDT15", "*5"] == "Decreased function"
    assert functions["TPMT", "*16"] == functions["NUDT15", "*4"] == functions["NUDT15", "*3"] == "No function"
    assert functions["TPMT", "*24"] == "Uncertain function"


@pytest.mark.parametrize(
    ("gene", "one", "other", "phenotype"),
    [
        ("TPMT", "Normal", "Decreased", "Normal Metabolizer"),
        ("TPMT", "Decreased", "Decreased", "Intermediate Metabolizer"),
        ("TPMT", "Decreased", "No", "Intermediate Metabolizer"),
        ("NUDT15", "Decreased", "No", "Poor Metabolizer"),
        ("NUDT15", "Uncertain", "No", "Possible Intermediate Metabolizer"),
        ("NUDT15", "Uncertain", "Decreased", "Indeterminate"),
    ],
)
def test_thiopurine_genes_follow_the_2025_update(gene: str, one: str, other: str, phenotype: str) -> None:
    functions = (f"{one} function", f"{other} function")
    assert phenotype_by_function(gene, functions, embedded_rules()) == phenotype


def test_rows_say_what_they_were_compared_with_or_that_nothing_was_at_hand() -> None:
    for row in (*read_table("pgx_guidance").rows, *_inhibitors()):
        assert bool(row["checked"]) == bool(row["checked_on"]), row
        if row["checked_on"]:
            datetime.date.fromisoformat(row["checked_on"])
    assert {row["action"] for row in read_table("pgx_guidance").rows} == set(ACTIONS)
    told = unverified()
    assert told["pgx_guidance"][0] == sum(not row["checked"] for row in read_table("pgx_guidance").rows) > 0


@pytest.mark.parametrize(
    ("gene", "score", "phenotype"),
    [
        ("CYP2D6", 0.0, "Poor Metabolizer"), ("CYP2D6", 0.25, "Intermediate Metabolizer"),
        ("CYP2D6", 1.0, "Intermediate Metabolizer"), ("CYP2D6", 1.25, "Normal Metabolizer"),
        ("CYP2D6", 2.25, "Normal Metabolizer"), ("CYP2D6", 2.5, "Ultrarapid Metabolizer"),
        ("DPYD", 0.5, "Poor Metabolizer"), ("DPYD", 1.0, "Intermediate Metabolizer"),
        ("DPYD", 1.5, "Intermediate Metabolizer"), ("DPYD", 2.0, "Normal Metabolizer"),
        ("CYP2C9", 0.5, "Poor Metabolizer"), ("CYP2C9", None, "Indeterminate"),
    ],
)  # fmt: skip
def test_activity_scores_become_cpic_s_phenotypes(gene: str, score: float | None, phenotype: str) -> None:
    assert phenotype_by_score(gene, score) == phenotype


def test_unknown_functions_never_become_normal() -> None:
    rules = embedded_rules()
    for gene in DEFINITIONS.genes:
        for other in ("Normal function", "IV/Normal", "Increased function"):
            for unknown in ("Unknown function", "Uncertain function", ""):
                assert "Normal" not in phenotype_by_function(gene, (unknown, other), rules)
