"""TransNEO (Sammut et al. 2022, Nature 601:623, doi:10.1038/s41586-021-04278-5): neoadjuvant breast cancer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from tumorcast.biology.burden import WHOLE_EXOME_MB
from tumorcast.domain.errors import InputError
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.segments import SEGMENT_TABLE
from tumorcast.readers.study import Study

CLINICAL = {
    "Age.at.diagnosis": "AGE", "Histology": "HISTOLOGY", "ER.status": "ER_STATUS", "HER2.status": "HER2_STATUS",
    "LN.at.diagnosis": "LN_AT_DIAGNOSIS", "Grade.pre.chemotherapy": "GRADE", "Size.at.diagnosis": "TUMOUR_SIZE_MM",
    "ER.Allred": "ER_ALLRED",
}  # fmt: skip
DNA = (
    "All.TMB", "Coding.TMB", "Expressed.NAg", "CIN.Prop", "HLA.LOH", "HRD.LOH", "HRD.TelomericAI", "HRD.LST",
    "HRD.sum",
)  # fmt: skip
PATHOLOGY = ("median_lymph_KDE_knn_50",)
IMMUNE_PREFIXES = ("Danaher.", "TIDE.", "CytScore", "STAT1.", "GEP.")
EXPRESSION_PREFIXES = ("GGI.", "ESC.", "PGR.", "ESR1.", "ERBB2.", "Swanton.")
SEGMENTS = "transneo-diagnosis-ASCAT-segments.tsv.gz"
_BLOCKS = {
    "FEC": ("fluorouracil", "epirubicin", "cyclophosphamide"), "EC": ("epirubicin", "cyclophosphamide"),
    "TC": ("docetaxel", "cyclophosphamide"), "T": ("docetaxel",), "P": ("paclitaxel",),
}  # fmt: skip


def import_transneo(source: Path, out: Path) -> list[str]:
    """The 147 training patients of the published predictor as a study; returns lines of counts.

    Left out because they postdate the first day of treatment: cycles given, everything found at surgery.
    The published table codes statuses as 1 and -1; they are kept as they are. Samples are diagnostic biopsies
    without a date: day -1, the day before treatment, stands for "before". The covered exome is not stated
    either: a conventional size is taken, which scales the burden and changes no order.

    Args:
        source: folder with `training_df.csv`, `supplementary_table_1.csv.gz`, `supplementary_table_2.csv.gz`; ASCAT
            segments (GRCh37) are taken where they are there.
    """
    training = _read(source / "training_df.csv").set_index("Trial.ID")
    clinical = _read(source / "supplementary_table_1.csv.gz").set_index("Donor.ID")
    variants = _read(source / "supplementary_table_2.csv.gz")
    training.index = pd.Index([str(patient) for patient in training.index], name="patient_id")
    study = replace(
        _study(training, clinical, variants, out), segments=_segments(source, training), build="GRCh37"
    )
    kept = 0 if study.variants is None else len(study.variants)
    n_repeated = int(variants["Donor.ID"].astype(str).isin(training.index).sum()) - kept
    read = write_import(study, out)
    widths = ", ".join(f"{name} {table.shape[1]}" for name, table in study.layers.items())
    return [
        f"patients {len(training)} of {len(clinical)} in the clinical table, "
        f"pCR {int(study.patients['PCR'].sum())}, sequenced {len(study.sequenced)}",
        f"variants {kept} of {len(variants)} in the table; the rest belong to other patients, or repeat a "
        f"row ({n_repeated} of these patients)",
        f"covered exome taken as {WHOLE_EXOME_MB:g} Mb (not stated by the source)",
        f"layers: {widths}; segments of {study.segments['sample_id'].nunique()} tumours",
        *read,
    ]


def _study(training: pd.DataFrame, clinical: pd.DataFrame, variants: pd.DataFrame, out: Path) -> Study:
    ids = [str(patient) for patient in training.index]
    samples = pd.DataFrame(
        {"patient_id": ids, "collected_day": -1.0, "procedure": "biopsy"},
        index=pd.Index([_sample_of(patient) for patient in ids], name="sample_id"),
    )
    is_sequenced = clinical["DNA.sequenced"].reindex(ids).eq("YES")
    sequenced = [_sample_of(patient) for patient in is_sequenced.index[is_sequenced]]
    return Study(
        study_id="transneo_2022",
        origin="real",
        folder=out,
        patients=_patients(training),
        samples=samples,
        treatments=_treatments(clinical, ids),
        variants=_variants(variants.drop_duplicates(), set(ids)),
        sequenced=frozenset(sequenced),
        sequenced_mb=dict.fromkeys(sequenced, WHOLE_EXOME_MB),
        layers={name: _layer(training, columns) for name, columns in _layer_columns(training).items()},
    )


def _sample_of(patient: str) -> str:
    """The patient's diagnostic sample."""
    return f"{patient}-D"


def _patients(training: pd.DataFrame) -> pd.DataFrame:
    patients = training[list(CLINICAL)].rename(columns=CLINICAL)
    patients["PCR"] = training["resp.pCR"]
    patients["RCB_CATEGORY"] = training["RCB.category"]
    patients["RCB_SCORE"] = training["RCB.score"]
    return patients


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError("not a TransNEO folder", got=f"no {path.name} in {path.parent}", expected=path.name)
    return pd.read_csv(path, low_memory=False)


def _variants(table: pd.DataFrame, ids: set[str]) -> pd.DataFrame:
    own = table[table["Donor.ID"].astype(str).isin(ids)]
    return pd.DataFrame(
        {
            "sample_id": own["Donor.ID"].astype(str).map(_sample_of),
            "gene": own["Hugo_Symbol"],
            "variant_class": own["MAF_Variant"],
            "vaf": pd.to_numeric(own["tumour.vaf"], errors="coerce"),
            "chromosome": own["Chr"].astype(str),
            "start": own["Start"],
            "ref": own["Ref_Allele"],
            "alt": own["Tumor_Alt_Allele"],
        }
    ).reset_index(drop=True)


def _segments(source: Path, training: pd.DataFrame) -> pd.DataFrame:
    """Segments of the training patients; empty where the source lacks them."""
    path = source / SEGMENTS
    if not path.is_file():
        return pd.DataFrame(columns=list(SEGMENT_TABLE))
    names = {"Trial.ID": "sample_id", "chr": "chromosome", "startpos": "start", "endpos": "end"}
    table = pd.read_csv(path, sep="\t", dtype={"chr": str}).rename(
        columns={**names, "nMajor": "major", "nMinor": "minor"}
    )
    table = table[table["sample_id"].isin(training.index)].assign(log2=float("nan"))
    return table.assign(sample_id=table["sample_id"].map(_sample_of))[list(SEGMENT_TABLE)].reset_index(
        drop=True
    )


def _treatments(clinical: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    rows = []
    for patient in ids:
        regimen = str(clinical.loc[patient, "NAT.regimen"]) if patient in clinical.index else ""
        for agent in _agents(regimen):
            rows.append((patient, 0.0, float("nan"), agent, regimen, 1.0, "Medical Therapy"))
    columns = ["patient_id", "start_day", "stop_day", "agent", "regimen", "line", "treatment_type"]
    return pd.DataFrame(rows, columns=columns)


def _agents(regimen: str) -> list[str]:
    """`FEC-T + Trastuzumab` -> its agents; the study writes T for docetaxel and P for paclitaxel."""
    parts = [block.strip() for part in regimen.split("+") for block in part.split("-")]
    return [agent for part in parts if part for agent in _BLOCKS.get(part, (part,))]


def _layer_columns(training: pd.DataFrame) -> dict[str, list[str]]:
    return {
        "dna_scores": list(DNA),
        "immune_scores": [str(c) for c in training if str(c).startswith(IMMUNE_PREFIXES)],
        "expression_scores": [str(c) for c in training if str(c).startswith(EXPRESSION_PREFIXES)],
        "pathology_scores": list(PATHOLOGY),
    }


def _layer(training: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    table = training[columns].astype(float)
    return table.set_axis([_sample_of(str(patient)) for patient in training.index])
