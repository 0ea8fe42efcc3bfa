"""The door of pharmacogenomics: cautions of a regimen from a sample's record."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from toy_pgx import write_vcf
from tumorcast.biology.regimens.formulary import Formulary
from tumorcast.clinic.pgx.cautions import genes_needed, pgx_cautions
from tumorcast.clinic.pgx.record import PgxRecord, read_records
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.domain.errors import InputError

GENOTYPES = {"DPYD": {"rs3918290": "C/T"}, "UGT1A1": {"rs4148323": "A/A"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pgx")
    vcf = write_vcf(out / "a.vcf", GENOTYPES)
    write_pgx([vcf], out / "asked", Request(treatment="tamoxifen"))
    write_pgx([vcf], out, Request(today=date(2030, 1, 1)))
    return out


@pytest.fixture(scope="module")
def record(folder: Path) -> PgxRecord:
    return read_records(folder / "pgx.json")["S1"]


def test_cautions_name_drug_gene_text_source_and_date(record: PgxRecord) -> None:
    by_drug = {one.drug: one for one in pgx_cautions(record, "FOLFIRI")}
    five = by_drug["fluorouracil"]
    assert (five.state, five.action, five.is_refusal) == ("present", "lower dose", False)
    (gene,) = five.genes
    assert (gene.gene, gene.phenotype, gene.activity_score) == ("DPYD", "Intermediate Metabolizer", 1.0)
    assert gene.diplotype == "Reference/c.1905+1G>A (*2A)"
    assert five.source
    assert five.date
    assert five.verification
    assert by_drug["irinotecan"].state == "present"


def test_names_text_and_formulary_entries_say_the_same(record: PgxRecord) -> None:
    regimen = next(one for one in Formulary.embedded().regimens if "fluorouracil + irinotecan" in one.key)
    names = [agent.name for agent in regimen.agents]
    assert pgx_cautions(record, regimen) == pgx_cautions(record, names) == pgx_cautions(record, regimen.key)
    assert set(genes_needed(regimen)) == {"DPYD", "UGT1A1"}


def test_without_a_test_nothing_is_normal_and_no_dose_is_told() -> None:
    told = pgx_cautions(None, "FOLFIRI")
    assert {one.drug for one in told} == {"fluorouracil", "irinotecan"}
    for one in told:
        assert (one.state, one.is_refusal, one.dose) == ("not known", True, "")
        assert {(gene.diplotype, gene.phenotype, gene.activity_score) for gene in one.genes} == {
            ("", "", None)
        }


def test_only_genes_of_the_drugs_at_hand_are_shown(record: PgxRecord) -> None:
    assert pgx_cautions(record, "pembrolizumab") == ()
    assert {gene.gene for one in pgx_cautions(record, "capecitabine") for gene in one.genes} == {"DPYD"}


def test_a_record_tells_every_drug_whatever_was_asked_when_it_was_written(folder: Path) -> None:
    asked = read_records(folder / "asked" / "pgx.json")["S1"]
    assert pgx_cautions(asked, "FOLFIRI") == pgx_cautions(read_records(folder / "pgx.json")["S1"], "FOLFIRI")


def test_pgx_csv_gives_the_same_cautions(folder: Path, record: PgxRecord) -> None:
    from_csv = read_records(folder / "pgx.csv")["S1"]
    for treatment in ("FOLFIRI", "capecitabine", "mercaptopurine", "rasburicase"):
        pairs = zip(pgx_cautions(record, treatment), pgx_cautions(from_csv, treatment), strict=True)
        assert all((a.text, a.dose, a.state) == (b.text, b.dose, b.state) for a, b in pairs)


def test_old_tables_and_absent_changes_are_warned_of(record: PgxRecord) -> None:
    assert any("older than a year" in one for one in record.warnings)


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"format": "tumorcast-pgx-1"}', "a,b\n1,2\n"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    for name in ("pgx.json", "pgx.csv"):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=r"pgx\.(json|csv)"):
            read_records(tmp_path / name)


STRANGE = {"DPYD": {"rs55886062": "T/T"}, "TPMT": {"rs1142345": "T/A"}}
HALF_READ = {"DPYD": {"rs3918290": "T/."}, "TPMT": {"rs1142345": "T/C", "rs1800460": "C/T"}}


@pytest.mark.parametrize(
    ("genotypes", "limits"),
    [
        (
            STRANGE,
            {"DPYD": "undocumented variant at rs55886062", "TPMT": "undocumented variant at rs1142345"},
        ),
        (
            HALF_READ,
            {"DPYD": "a variant at a known position", "TPMT": "not ruled out without phase: *3B/*3C"},
        ),
    ],
)
def test_limits_of_a_call_reach_guidance_from_both_files(
    tmp_path: Path, genotypes: dict[str, dict[str, str]], limits: dict[str, str]
) -> None:
    write_pgx([write_vcf(tmp_path / "a.vcf", genotypes)], tmp_path, Request())
    for name in ("pgx.json", "pgx.csv"):
        found = read_records(tmp_path / name)["S1"]
        for drug, gene in (("capecitabine", "DPYD"), ("mercaptopurine", "TPMT")):
            told = pgx_cautions(found, drug)
            assert told
            assert all(f"{gene}: {limits[gene]}" in one.caution for one in told)
