"""PORPOISE tables of TCGA (Chen et al. 2022, Cancer Cell 40:865, doi:10.1016/j.ccell.2022.07.004)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Study
from tumorcast.readers.timeline import no_treatments
from tumorcast.readers.write_study import write_study

_NEEDED = ("case_id", "slide_id", "survival_months", "censorship")
_CLINICAL = {"age": "AGE", "is_female": "IS_FEMALE", "oncotree_code": "ONCOTREE_CODE"}


def import_porpoise(source: Path, out: Path, splits: Path | None = None) -> list[str]:
    """One cancer's table (`tcga_CANCER_all_clean.csv.zip`) as a study; returns lines of counts.

    The table has a row a slide: rows of one patient carry the same molecular values and become one sample.
    `censorship` 1 means censored, the inverse of an event. Expression comes as z-scores and is kept so; a
    gene's mutation is 0/1 without class, VAF or count. Slides are listed by name in the source but are not
    part of it, so the study has none.

    Args:
        splits: folder of the source's `splits_K.csv`; their validation columns become `splits.csv`.
    """
    table = _read(source)
    patients_table = table.drop_duplicates("case_id").set_index("case_id")
    patients_table.index = patients_table.index.astype(str)
    ids = list(patients_table.index)
    genes = {kind: _columns(table, kind) for kind in ("rnaseq", "mut", "cnv")}
    sample_ids = pd.Index([f"{patient}-01" for patient in ids], name="sample_id")
    variants = _variants(patients_table, genes["mut"], sample_ids)
    study = Study(
        study_id=source.name.split(".")[0],
        origin="real",
        folder=out,
        patients=_patients(patients_table),
        samples=_samples(ids, sample_ids),
        treatments=no_treatments(),
        variants=variants,
        sequenced=frozenset(sample_ids) if genes["mut"] else frozenset(),
        expression=_matrix(patients_table, genes["rnaseq"], "rnaseq", sample_ids),
        copy_number=_matrix(patients_table, genes["cnv"], "cnv", sample_ids),
    )
    write_study(study, out, expression_scale="z-score")
    if splits is not None:
        _write_splits(splits, out / "splits.csv", set(ids))
    events = int((patients_table["censorship"] == 0).sum())
    return [
        f"rows (slides) {len(table)}, patients {len(ids)}, events {events}",
        f"expression {len(genes['rnaseq'])} genes, copy number {len(genes['cnv'])}, mutation {len(genes['mut'])}",
        f"altered gene calls {len(variants)}",
    ]


def _read(source: Path) -> pd.DataFrame:
    if not source.is_file():
        raise InputError("no such PORPOISE table", got=source, expected="tcga_CANCER_all_clean.csv.zip")
    table = pd.read_csv(source, low_memory=False)
    lacking = [name for name in _NEEDED if name not in table]
    if lacking:
        raise InputError(f"{source.name} is not a PORPOISE table", got=f"no column {', '.join(lacking)}")
    return table


def _columns(table: pd.DataFrame, kind: str) -> list[str]:
    return [str(c)[: -len(kind) - 1] for c in table.columns if str(c).endswith(f"_{kind}")]


def _patients(table: pd.DataFrame) -> pd.DataFrame:
    known = {column: name for column, name in _CLINICAL.items() if column in table}
    patients = table[list(known)].rename(columns=known)
    if "site" in table:
        patients["SITE"] = table["site"].astype(str)
    patients["OS_MONTHS"] = table["survival_months"]
    patients["OS_STATUS"] = np.where(table["censorship"] == 0, "1:DECEASED", "0:LIVING")
    return patients.rename_axis("patient_id")


def _samples(ids: list[str], sample_ids: pd.Index) -> pd.DataFrame:
    columns = {"patient_id": ids, "collected_day": float("nan"), "procedure": "resection"}
    return pd.DataFrame(columns, index=sample_ids)


def _matrix(
    table: pd.DataFrame, genes: Sequence[str], kind: str, sample_ids: pd.Index
) -> pd.DataFrame | None:
    if not genes:
        return None
    values = table[[f"{gene}_{kind}" for gene in genes]].to_numpy(np.float32)
    return pd.DataFrame(values, index=sample_ids, columns=list(genes))


def _variants(table: pd.DataFrame, genes: Sequence[str], sample_ids: pd.Index) -> pd.DataFrame:
    """A row a mutated gene; its class is unknown."""
    columns = ["sample_id", "gene", "variant_class", "vaf"]
    if not genes:
        return pd.DataFrame(columns=columns)
    called = table[[f"{gene}_mut" for gene in genes]].to_numpy() > 0
    row, column = np.nonzero(called)
    return pd.DataFrame(
        {
            "sample_id": sample_ids.to_numpy()[row],
            "gene": np.asarray(genes)[column],
            "variant_class": "Unknown",
            "vaf": np.nan,
        }
    )[columns]


def _write_splits(folder: Path, path: Path, ids: set[str]) -> None:
    """The source's validation folds as patient_id, fold; patients without a row in `ids` are not ours."""
    rows = []
    for part in sorted(folder.glob("splits_*.csv")):
        fold = int(part.stem.rpartition("_")[2])
        held_out = pd.read_csv(part)["val"].dropna().astype(str)
        rows += [(patient, fold) for patient in held_out if patient in ids]
    if not rows:
        raise InputError("no splits found", got=folder, expected="splits_0.csv, splits_1.csv, ...")
    pd.DataFrame(rows, columns=["patient_id", "fold"]).to_csv(path, index=False)
