"""PORPOISE tables of TCGA (Chen et al. 2022, Cancer Cell 40:865, doi:10.1016/j.ccell.2022.07.004)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text
from tumorcast.readers.importers.counts import write_import
from tumorcast.readers.study import Study
from tumorcast.readers.timeline import no_treatments

_NEEDED = ("case_id", "slide_id", "survival_months", "censorship")
_CLINICAL = {"age": "AGE", "is_female": "IS_FEMALE", "oncotree_code": "ONCOTREE_CODE"}
_OF_A_SLIDE = ("slide_id", "Unnamed: 0", "train")
_KINDS = ("rnaseq", "mut", "cnv")


def import_porpoise(
    source: Path, out: Path, splits: Path | None = None, cancer: str | None = None
) -> list[str]:
    """One cancer's table (`tcga_CANCER_all_clean.csv.zip`) as a study; returns lines of counts.

    Args:
        source: the table, or with `cancer` the folder that holds it.
        splits: folder of the source's `splits_K.csv`; their validation columns become `splits.csv`.
        cancer: TCGA's code ("blca"), where `source` is a folder.

    Raises:
        InputError: no such table, not a PORPOISE table, a patient held out in two folds.
    """
    path = _table_path(source, cancer)
    table = read_porpoise(path)
    study, told = porpoise_study(table, path.name.split(".")[0], out)
    told += write_import(study, out, expression_scale="z-score")
    if splits is not None:
        told.append(write_splits(splits, out / "splits.csv", set(study.patients.index)))
    return told


def read_porpoise(path: Path) -> pd.DataFrame:
    """The table as it is, a row a slide; InputError where it is not there or lacks what makes one."""
    if not path.is_file():
        raise InputError(
            "no such PORPOISE table", got=path, expected="tcga_CANCER_all_clean.csv.zip, or its folder and --cancer"
        )  # fmt: skip
    table = pd.read_csv(path, low_memory=False)
    lacking = [name for name in _NEEDED if name not in table]
    if lacking:
        raise InputError(
            f"{path.name} is not a PORPOISE table",
            got=f"no column {', '.join(lacking)}",
            expected=", ".join(_NEEDED),
        )
    return table.astype({"case_id": str})


def porpoise_study(table: pd.DataFrame, study_id: str, folder: Path) -> tuple[Study, list[str]]:
    """(study of one sample a patient, lines of counts).

    Rows of one patient carry the same clinical and molecular values; patients whose rows disagree are left
    out and counted. `censorship` 1 means censored, the inverse of an event. Expression comes as z-scores with
    a long upper tail and is kept so; a gene's mutation is 0/1 without class, VAF or count, so there is no
    burden. Slides are listed by name in the source but are not part of it, so the study has none.
    """
    rows = table.drop(columns=[c for c in _OF_A_SLIDE if c in table]).drop_duplicates()
    is_conflict = rows["case_id"].duplicated(keep=False)
    patients = rows[~is_conflict].set_index("case_id")
    samples = _samples(patients.index)
    genes = {kind: _genes(table, kind) for kind in _KINDS}
    called = _matrix(patients, genes["mut"], "mut", samples.index)
    study = Study(
        study_id=study_id,
        origin="real",
        folder=folder,
        patients=_patients(patients),
        samples=samples,
        treatments=no_treatments(),
        variants=None if called is None else _variants(called),
        sequenced=frozenset() if called is None else frozenset(called.index[called.notna().any(axis=1)]),
        expression=_matrix(patients, genes["rnaseq"], "rnaseq", samples.index),
        copy_number=_matrix(patients, genes["cnv"], "cnv", samples.index),
    )
    return study, [
        f"source: rows (slides) {len(table)}, patients {table['case_id'].nunique()}, "
        f"left out because their rows disagree {rows.loc[is_conflict, 'case_id'].nunique()}",
        f"patients {len(patients)}, events {int((patients['censorship'] == 0).sum())}, "
        f"censored {int((patients['censorship'] == 1).sum())}",
        f"genes: expression {len(genes['rnaseq'])}, copy number {len(genes['cnv'])}, mutation {len(genes['mut'])}",
    ]


def _table_path(source: Path, cancer: str | None) -> Path:
    if cancer is None or source.is_file():
        return source
    found = sorted(source.glob(f"tcga_{cancer.lower()}_all_clean.csv*"))
    if not found:
        known = sorted(path.name.split("_")[1] for path in source.glob("tcga_*_all_clean.csv*"))
        raise InputError(f"no PORPOISE table of {cancer}", got=source, expected=", ".join(known) or None)
    return found[0]


def _genes(table: pd.DataFrame, kind: str) -> list[str]:
    return [str(c).removesuffix(f"_{kind}") for c in table.columns if str(c).endswith(f"_{kind}")]


def _patients(table: pd.DataFrame) -> pd.DataFrame:
    known = {column: name for column, name in _CLINICAL.items() if column in table}
    patients = table[list(known)].rename(columns=known)
    if "site" in table:
        patients["SITE"] = table["site"].astype(str).where(table["site"].notna(), None)
    patients["OS_MONTHS"] = table["survival_months"].astype(float)
    patients["OS_STATUS"] = table["censorship"].map({0: "1:DECEASED", 1: "0:LIVING"})
    return patients.rename_axis("patient_id")


def _samples(patients: pd.Index) -> pd.DataFrame:
    columns = {"patient_id": list(patients), "collected_day": float("nan"), "procedure": "resection"}
    return pd.DataFrame(columns, index=pd.Index([f"{patient}-01" for patient in patients], name="sample_id"))


def _matrix(
    table: pd.DataFrame, genes: Sequence[str], kind: str, sample_ids: pd.Index
) -> pd.DataFrame | None:
    if not genes:
        return None
    values = table[[f"{gene}_{kind}" for gene in genes]].to_numpy(np.float32)
    return pd.DataFrame(values, index=sample_ids, columns=list(genes))


def _variants(called: pd.DataFrame) -> pd.DataFrame:
    """A row a mutated gene; its class is unknown."""
    row, column = np.nonzero(called.to_numpy() > 0)
    return pd.DataFrame(
        {
            "sample_id": called.index.to_numpy()[row],
            "gene": called.columns.to_numpy()[column],
            "variant_class": "Unknown",
            "vaf": np.nan,
        }
    )


def write_splits(folder: Path, path: Path, ids: set[str]) -> str:
    """The source's validation folds as patient_id, fold; patients without a row in `ids` are not ours."""
    rows = []
    for part in sorted(folder.glob("splits_*.csv")):
        fold = int(part.stem.rpartition("_")[2])
        held_out = pd.read_csv(part)["val"].dropna().astype(str)
        rows += [(patient, fold) for patient in held_out if patient in ids]
    if not rows:
        raise InputError("no splits found", got=folder, expected="splits_0.csv, splits_1.csv, ...")
    table = pd.DataFrame(rows, columns=["patient_id", "fold"])
    twice = table.loc[table["patient_id"].duplicated(), "patient_id"]
    if len(twice):
        raise InputError("patients are held out in two folds", got=", ".join(twice[:5]), expected="one each")
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
    return f"splits: folds {table['fold'].nunique()}, patients {len(table)} of {len(ids)}"
