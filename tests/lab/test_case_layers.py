"""Files of the host of a case are the layers of its study: the numbers of training, masks where training has masks."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toy_cases import add_file
from toy_host_folder import edited, write_host
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.host import HOST_LAYERS
from tumorcast.config.models import DataConfig
from tumorcast.lab.case_study import CaseError, study_of
from tumorcast.lab.cases import CaseFacts, create_case
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.importers.files import import_files

FACTS = CaseFacts(patient_id="P-17", regimen="FOLFIRI", agents=("Fluorouracil",), biopsy_day=-12, age=61)
EXPOSURES = """PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEXPOSURE\tVALUE\tUNIT\tAGENT\tSOURCE
P-17\t-400\t\tsmoking_status\tcurrent\t\t\tchart
P-17\t-20\t\tpack_years\t30\t\t\tchart
P-17\t-9\t\tcomedication\t\t\tparoxetine\tchart
P-17\t30\t\tbmi\t31\t\t\tchart
"""
FILES = {"pharmacogenes": "pgx", "polygenic_scores": "pgs", "clocks": "clock"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of P-17: PGS1 is between two populations, though Z scores stand beside the refusal."""
    folder = write_host(tmp_path_factory.mktemp("host") / "made", "P-17")

    def against(told: Any) -> None:
        row = {
            "sample": "P-17",
            "score": "PGS1",
            "most_similar": None,
            "n_reference": None,
            "percentile": None,
        }
        told["ancestry"] = [row | {"z_norm1": 0.4, "z_norm2": 0.5, "refusal": "between EUR and SAS"}]

    edited(folder / "pgs" / "pgs.json", against)
    rows = "sample,score,most_similar,z_norm1,z_norm2,refusal\nP-17,PGS1,,0.4,0.5,between EUR and SAS\n"
    (folder / "pgs" / "ancestry.csv").write_text(rows, encoding="utf-8")
    return folder


@pytest.fixture
def case(lab):
    return create_case(lab.store, lab.doctor, FACTS)


def sent(lab, case, kind, path: Path) -> None:
    add_file(lab.store, lab.doctor, case.id, kind, path.name, io.BytesIO(path.read_bytes()))


def layers_of(study, folder: Path) -> Any:
    return assemble(study, DataConfig(study=folder, modalities=tuple(HOST_LAYERS)))


def training_study(made: Path, folder: Path) -> Any:
    """The commands' own tables and the timeline, as a cohort has them."""
    folder.mkdir()
    header, *rows = EXPOSURES.splitlines()
    typed = [f"EVENT_TYPE\t{header}", *(f"EXPOSURE\t{row}" for row in rows)]
    (folder / "exposures.tsv").write_text("\n".join(typed) + "\n", encoding="utf-8")
    treated = "PATIENT_ID\tSTART_DATE\tEVENT_TYPE\tAGENT\nP-17\t0\tTreatment\tFluorouracil\n"
    (folder / "treatment.tsv").write_text(treated, encoding="utf-8")
    samples = "SAMPLE_ID\tPATIENT_ID\tCOLLECTED_DAY\nP-17-T1\tP-17\t-12\n"
    (folder / "samples.tsv").write_text(samples, encoding="utf-8")
    (folder / "patients.tsv").write_text("PATIENT_ID\tAGE\nP-17\t61\n", encoding="utf-8")
    tables = {"pharmacogenes": "pgx/pgx.csv", "polygenic_scores": "pgs/pgs.csv", "ancestry": "pgs/ancestry.csv",
              "clocks": "clock/clock.csv", "counters": "clock/counters.csv"}  # fmt: skip
    sheet = [
        "study: s",
        "samples: samples.tsv",
        "patients: patients.tsv",
        "timelines: [treatment.tsv, exposures.tsv]",
    ]
    for key, path in tables.items():
        shutil.copy(made / path, folder / f"{key}.csv")
        sheet.append(f"{key}: {key}.csv")
    (folder / "sheet.yaml").write_text("\n".join(sheet), encoding="utf-8")
    import_files(folder / "sheet.yaml", folder / "study", tell=lambda _: None)
    return read_study(folder / "study")


def test_the_lab_reads_what_training_reads_of_the_same_files(lab, case, made, tmp_path):
    for kind, name in FILES.items():
        sent(lab, case, kind, made / name / f"{name}.json")
    (tmp_path / "exposures.tsv").write_text(EXPOSURES, encoding="utf-8")
    sent(lab, case, "exposures", tmp_path / "exposures.tsv")
    study = study_of(lab.store, case.id, tmp_path / "case")
    own = layers_of(study, tmp_path)
    theirs = layers_of(training_study(made, tmp_path / "training"), tmp_path)
    for name in HOST_LAYERS:
        mine, known = own.layers[name], theirs.layers[name]
        assert sorted(mine.columns) == sorted(known.columns), name
        np.testing.assert_array_equal(mine.to_numpy(), known[mine.columns].to_numpy())
    row = {name: own.layers[name].iloc[0] for name in HOST_LAYERS}
    assert row["pharmacogenes"]["DPYD activity"] == 1
    assert row["polygenic_scores"].index.tolist() == ["PGS1"], "between populations: no z, and no zero"
    assert row["exposures"][["pack-years", "CYP2D6 inhibitor"]].tolist() == [30, 1]
    assert "BMI (kg/m2)" not in row["exposures"].dropna(), "weighed after the first day"
    assert not any("minus age" in name for name in row["clocks"].index), "of a tumour no age"


def test_pgx_csv_gives_the_same_calls_as_pgx_json(lab, case, made, tmp_path):
    other = create_case(lab.store, lab.doctor, FACTS)
    sent(lab, case, "pharmacogenes", made / "pgx" / "pgx.json")
    sent(lab, other, "pharmacogenes", made / "pgx" / "pgx.csv")
    one, two = (
        layers_of(study_of(lab.store, each.id, tmp_path / each.id), tmp_path) for each in (case, other)
    )
    assert one.layers["pharmacogenes"].to_dict() == two.layers["pharmacogenes"].to_dict()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("PATIENT_ID,START_DATE,EXPOSURE,VALUE\nP-17,-9,bmi,310\n", "rows of exposures cannot be used (1)"),
        (EXPOSURES.replace("30\t\t\tchart", "30\tcigars\t\tchart"), "cigars"),
        ("PATIENT_ID\tSTART_DATE\tVALUE\nP-17\t1\t2\n", "EXPOSURE"),
        (EXPOSURES.replace("P-17", "OTHER9"), "none called P-17"),
        (EXPOSURES.replace("P-17\t-9", "P-18\t-9").replace("P-17", "P-16"), "none called P-17"),
        ("one column\n1\n", "PATIENT_ID"),
    ],
)
def test_a_timeline_that_cannot_be_used_is_named_with_its_reason(lab, case, tmp_path, text, told):
    path = tmp_path / "smoking.tsv"
    path.write_text(text, encoding="utf-8")
    sent(lab, case, "exposures", path)
    with pytest.raises(CaseError) as error:
        study_of(lab.store, case.id, tmp_path / "case")
    (problem,) = error.value.problems
    assert problem.name == "smoking.tsv"
    assert told in str(problem.error)


def test_a_row_of_ancestry_that_is_no_number_is_a_mask(lab, case, made, tmp_path):
    for value, expected in ((1.5, [0.25, 1.5]), (None, [0.25])):
        other = create_case(lab.store, lab.doctor, FACTS)
        path = tmp_path / "pgs.json"
        told = json.loads((made / "pgs" / "pgs.json").read_text(encoding="utf-8"))
        told["ancestry"][0] |= {"z_norm2": value, "refusal": None, "percentile": None}
        path.write_text(json.dumps(told), encoding="utf-8")
        sent(lab, other, "polygenic_scores", path)
        study = study_of(lab.store, other.id, tmp_path / other.id)
        assert layers_of(study, tmp_path).layers["polygenic_scores"].iloc[0].dropna().tolist() == expected


def test_genotypes_of_the_cases_tumour_are_no_layer_of_the_host(lab, case, made, tmp_path):
    for kind, name in (("pharmacogenes", "pgx"), ("polygenic_scores", "pgs")):
        path = tmp_path / f"{name}.json"
        text = (made / name / path.name).read_text(encoding="utf-8")
        path.write_text(text.replace('"sample": "P-17"', '"sample": "P-17-T1"'), encoding="utf-8")
        sent(lab, case, kind, path)
    with pytest.raises(CaseError) as error:
        study_of(lab.store, case.id, tmp_path / "case")
    assert ["declared to be a tumour" in str(one.error) for one in error.value.problems] == [True, True]
