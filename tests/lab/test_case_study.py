"""A case's files become a study folder, or each that cannot is named with its reason."""

from __future__ import annotations

import gzip
import io

import pytest

from toy_cases import add_file
from toy_lab import write_toy_slide
from tumorcast.lab.case_study import CaseError, FileProblem, study_of
from tumorcast.lab.cases import CaseFacts, create_case
from tumorcast.lab.config import LabConfig, write_config
from tumorcast.readers.species import foreign_species

HEADER = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\n"
GENES = ("CD8A", "GZMB", "PRF1", "CXCL9", "IFNG", "STAT1", "TP53", "KRAS", "PTEN", "BRAF")
MOUSE = ("Cd8a", "Gzmb", "Prf1", "Cxcl9", "Ifng", "Stat1", "Trp53", "Kras", "Pten", "Braf")
FACTS = CaseFacts(
    patient_id="P-17", regimen="Nivolumab", agents=("Nivolumab",), line=2, biopsy_day=-12, specimen="biopsy",
    stain="H&E", preparation="FFPE", organ="Lung", tumour_purity=0.6, panel_mb=1.2, sex="female", age=61,
)  # fmt: skip


@pytest.fixture
def case(lab):
    write_config(lab.store.folder / "config.json", LabConfig(min_genes=5))
    return create_case(lab.store, lab.doctor, FACTS)


def _add(lab, case, kind, name, text):
    content = text if isinstance(text, bytes) else text.encode()
    return add_file(lab.store, lab.doctor, case.id, kind, name, io.BytesIO(content))


def _problems(lab, case) -> tuple[FileProblem, ...]:
    """Why no study can be made of the case; nothing of one stays."""
    folder = lab.store.case_folder(case.id) / "study"
    with pytest.raises(CaseError) as error:
        study_of(lab.store, case.id, folder)
    assert not folder.exists()
    return error.value.problems


def _maf(*genes, sample="ZZ-99"):
    return HEADER + "".join(f"{gene}\t{sample}\tMissense_Mutation\n" for gene in genes)


def _expression(genes=GENES, columns=("whatever",)):
    rows = ["\t".join([gene, *(f"{k + i}.5" for k in range(len(columns)))]) for i, gene in enumerate(genes)]
    return "\n".join(["\t".join(["Hugo_Symbol", *columns]), *rows]) + "\n"


def test_all_kinds_make_one_patient(lab, case, tmp_path):
    write_toy_slide(tmp_path / "s.svs", 1)
    slide = _add(lab, case, "slide", "Meier, Anna.svs", (tmp_path / "s.svs").read_bytes())
    _add(lab, case, "variants", "Meier.maf.gz", gzip.compress(_maf("TP53", "KRAS").encode()))
    _add(lab, case, "expression", "rna.tsv", _expression())
    _add(lab, case, "clinical", "c.csv", "PATIENT_ID,Stage,Sex\nP-16,I,M\nP-17,IV,F\n")
    study = study_of(lab.store, case.id, lab.store.case_folder(case.id) / "study")
    sample = study.samples.loc["P-17-T1"]
    assert (sample["collected_day"], sample["procedure"], sample["STAIN"]) == (-12, "biopsy", "H&E")
    assert list(study.variants["gene"]) == ["TP53", "KRAS"]
    assert study.sequenced_mb == {"P-17-T1": 1.2}
    assert study.expression.shape == (1, 10)
    assert (study.patients.loc["P-17", "STAGE"], study.patients.loc["P-17", "AGE"]) == ("IV", 61)
    assert list(study.slides["slide_id"]) == [slide.id]
    assert study.treatments.iloc[0][["agent", "line", "start_day"]].tolist() == ["Nivolumab", 2.0, 0.0]
    folder = lab.store.case_folder(case.id) / "study"
    assert not [p for p in folder.rglob("*") if p.is_file() and b"Meier" in p.read_bytes()]


def test_sequenced_and_nothing_found_is_not_unsequenced(lab, case):
    _add(lab, case, "variants", "none.maf", HEADER)
    study = study_of(lab.store, case.id, lab.store.case_folder(case.id) / "study")
    assert study.sequenced == {"P-17-T1"}
    assert len(study.variants) == 0


def test_of_several_tumours_the_patients_own_is_taken(lab, case):
    _add(
        lab,
        case,
        "variants",
        "a.maf",
        _maf("TP53", sample="P-16-A") + _maf("KRAS", sample="P-17-A")[len(HEADER) :],
    )
    _add(lab, case, "expression", "e.tsv", _expression(columns=("P-16", "P-17")))
    study = study_of(lab.store, case.id, lab.store.case_folder(case.id) / "study")
    assert list(study.variants["gene"]) == ["KRAS"]
    assert len(study.expression) == 1


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("variants", _maf(*MOUSE), "mouse"),
        ("expression", _expression(MOUSE), "mouse"),
        ("expression", _expression([f"ENSMUSG{i:011d}" for i in range(30)]), "mouse"),
        ("expression", _expression([f"ENSRNOG{i:011d}.2" for i in range(30)]), "rat"),
        ("variants", "##fileformat=VCFv4.2\n##reference=GRCm39.fa\n#CHROM\tPOS\tID\n", "GRCm39"),
        ("expression", "Hugo_Symbol\tx\nTP53\t1.5\nKRAS\t2.5\n", "too few genes"),
        ("expression", _expression(columns=("A", "B")), "one sample"),
        ("variants", _maf("TP53", sample="A") + _maf("TP53", sample="B")[len(HEADER) :], "one sample"),
        ("clinical", "PATIENT_ID,LAST_NAME\nP-17,Meier\n", "names a person"),
        ("clinical", "PATIENT_ID,STAGE\nP-16,I\n", "one row of the patient"),
        ("clinical", "SEX,STAGE\nmale,I\n", "not the declared one"),
        ("segments", "chrom\tnonsense\n1\t2\n", "case.seg"),
    ],
)  # fmt: skip
def test_each_file_that_cannot_be_used_is_named_with_its_reason(lab, case, kind, text, told):
    file = _add(lab, case, kind, "case.seg" if kind == "segments" else "f.txt", text)
    problems = _problems(lab, case)
    assert [(problem.file_id, problem.name) for problem in problems] == [(file.id, file.name)]
    assert told in f"{problems[0].name} {problems[0].error}"


def test_several_problems_are_told_at_once(lab, case):
    _add(lab, case, "variants", "m.maf", _maf(*MOUSE))
    _add(lab, case, "expression", "e.tsv", _expression(MOUSE))
    assert {problem.name for problem in _problems(lab, case)} == {"m.maf", "e.tsv"}


def test_two_files_of_one_kind_are_not_chosen_between(lab, case):
    for _ in range(2):
        _add(lab, case, "expression", "same.tsv", _expression())
    problems = _problems(lab, case)
    assert ["2 files of expression" in str(problem.error) for problem in problems] == [True]


@pytest.mark.parametrize(
    ("names", "species"),
    [
        (GENES, None), (MOUSE, "mouse or rat"), ((), None),
        (("C1orf112", "C9orf72", "CXorf56", "HLA-A", "MT-CO1"), None),
        ([f"ENSG{i:011d}" for i in range(9)], None), ([f"ENSDARG{i:011d}" for i in range(9)], "zebrafish"),
        ([*GENES, *MOUSE[:4]], None), ([str(i) for i in range(99)], None),
    ],
)  # fmt: skip
def test_species_of_identifiers(names, species):
    assert foreign_species(names) == species
