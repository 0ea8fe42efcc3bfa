"""Metabolite abundances: who is who, which way round the table is, on which scale the values are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.metabolites import metabolite_names, read_metabolites


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str, name: str = "metabolites.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def told(report: list[Exclusion], reason: str) -> str:
    return next(note.detail for note in report if note.reason == reason)


METABOLON = """PATHWAY SORTORDER,BIOCHEMICAL,SUPER PATHWAY,COMP ID,PLATFORM,RI,MASS,PUBCHEM,CAS,KEGG,HMDB,S1,S2
1,glucose,Carbohydrate,20488,LC/MS Polar,1883,179.05,79025,50-99-7,C00031,"HMDB00122,HMDB06564",1048576,2097152
2,"sphingomyelin (d18:1/20:0)* ",Lipid,57478,LC/MS,5100,787.6,,,,,256,0
3,X - 12345,,32735,LC/MS,2100,100.1,,,,,8192,
4,mannose,Carbohydrate,584,LC/MS,1700,179.1,18950,3458-28-4,C00159,,8192,NA
5,D-glucose,Carbohydrate,585,LC/MS,1884,179.1,,,,HMDB0000122,4194304,NA
6,Leucine (1),Amino Acid,60,LC/MS,1000,130.1,,,,,65536,4096
7,,,777,LC/MS,1000,131.1,,,,,4096,4096
"""


def test_metabolon_rows_are_named_by_hmdb_kegg_or_name(tmp_path, report):
    path = file(tmp_path, METABOLON)
    values = read_metabolites(path, report)
    expected = ["HMDB0000122", "sphingomyelin (d18:1/20:0)", "X-12345", "C00159", "leucine", "comp_id:777"]
    assert values.columns.tolist() == expected
    assert values.index.tolist() == ["S1", "S2"]
    assert told(report, "identities") == "2 HMDB, 1 KEGG, 2 named, 2 unnamed"
    assert told(report, "several_identifiers").startswith("1 metabolites")
    assert metabolite_names(path)["HMDB0000122"] == "glucose"
    assert list(metabolite_names(path)) == expected


def test_peak_areas_become_log2_and_rows_of_one_metabolite_their_mean(tmp_path, report):
    values = read_metabolites(file(tmp_path, METABOLON), report)
    assert values["HMDB0000122"].tolist() == [21.0, 21.0]
    np.testing.assert_array_equal(values["sphingomyelin (d18:1/20:0)"], [8, np.nan])
    assert set(values.dtypes) == {np.dtype(np.float32)}
    assert "1 zeros" in told(report, "converted")
    assert told(report, "duplicate_rows").startswith("1 rows")


MAF = "\n".join(
    "\t".join(f'"{cell}"' for cell in row.split("|"))
    for row in (
        "database_identifier|chemical_formula|metabolite_identification|mass_to_charge|retention_time|taxid"
        "|smallmolecule_abundance_sub|A1|A2",
        "HMDB00094|C6H8O7|Citric acid|191.019|7.1|||1024|2048",
        "CHEBI:15846|C21H27N7O14P2|NAD+|662.1|7.1|||1024|0",
        "||unknown|123.4|7.2|||4096|512",
        "||unknown|124.4|7.3|||1024|512",
        "|||||||64|64",
    )
)


def test_unknowns_of_a_maf_are_kept_apart_and_its_empty_columns_are_no_samples(tmp_path, report):
    values = read_metabolites(file(tmp_path, MAF, "m_MTBLS1_v2_maf.tsv"), report)
    apart = ["mass_to_charge:123.4@7.2", "mass_to_charge:124.4@7.3"]
    assert values.columns.tolist() == ["HMDB0000094", "nad+", *apart]
    assert values.loc["A1"].tolist() == [10.0, 10.0, 12.0, 10.0]
    assert values.index.tolist() == ["A1", "A2"]
    assert told(report, "no_identifier").startswith("1 rows")
    assert "not_a_number" not in {note.reason for note in report}


def test_samples_as_rows_with_a_class_column_are_turned(tmp_path, report):
    text = (
        'Patient ID,Muscle loss,"1,6-Anhydro-beta-D-glucose",HMDB00122,C00031\n'
        "PIF_178,cachexic,40.85,65.37,3.5\nPIF_087,control,62.18,340.36,\n"
    )
    values = read_metabolites(file(tmp_path, text), report)
    assert values.columns.tolist() == ["1,6-anhydro-beta-d-glucose", "HMDB0000122", "C00031"]
    np.testing.assert_allclose(values.loc["PIF_087"], np.log2([62.18, 340.36, np.nan]), rtol=1e-6)
    assert told(report, "orientation") == "samples as rows; left out: Muscle loss"


def test_a_numeric_class_column_is_no_metabolite(tmp_path, report):
    values = read_metabolites(file(tmp_path, "Sample,Label,glucose\nS1,0,-1.5\nS2,1,2.5\n"), report)
    assert values.columns.tolist() == ["glucose"]


def test_a_row_of_classes_is_no_metabolite(tmp_path, report):
    text = "Sample,S1,S2\nLabel,A,B\nGlucose,4096,1024\nLactate,2048,0\n"
    values = read_metabolites(file(tmp_path, text), report)
    assert values.loc["S1"].to_dict() == {"glucose": 12.0, "lactate": 11.0}
    assert "Label" in told(report, "class_row")


@pytest.mark.parametrize(
    "rows",
    ["glucose,-0.5,1,2\nlactate,2,3,1\n", "glucose,21,22,23\n", "glucose,0.8,1,1.2\ncaffeine,0.01,1,3000\n"],
)
def test_logarithms_and_scaled_data_stay_as_they_are(tmp_path, report, rows):
    values = read_metabolites(file(tmp_path, "BIOCHEMICAL,S1,S2,S3\n" + rows), report)
    assert values.loc["S1", "glucose"] == np.float32(rows.split(",")[1])
    assert "kept as they are" in told(report, "scale_judged")


def test_negative_peak_areas_are_refused(tmp_path, report):
    with pytest.raises(InputError, match="negative"):
        read_metabolites(file(tmp_path, "BIOCHEMICAL,S1,S2\nglucose,-5,100000\n"), report)


def test_lines_of_samples_above_the_header_are_refused_not_misread(tmp_path, report):
    text = ",,SAMPLE_NAME,S1,S2\n,,GROUP,A,B\nBIOCHEMICAL,SUPER PATHWAY,HMDB,A,B\nglucose,Carb,HMDB00122,1e5,2e5\n"
    with pytest.raises(InputError, match="line 3"):
        read_metabolites(file(tmp_path, text), report)
