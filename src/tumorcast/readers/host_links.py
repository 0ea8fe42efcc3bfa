"""Whose a germline sample is, and when it was taken: it is often not in the table of tumour samples."""

from __future__ import annotations

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of

LINK_COLUMNS = ("patient_id", "day", "is_tissue")
_SPECIMENS = "SPECIMEN|SAMPLE|BIOPSY"
_TCGA_PATIENT = 12


def sample_links(
    names: pd.Index, samples: pd.DataFrame, patients: pd.Index, timelines: pd.DataFrame
) -> pd.DataFrame:
    """Index: those of `names` that belong to a patient; `LINK_COLUMNS`.

    In this order: the sample table (patient and collection day), a specimen event of a timeline that names the sample
    (patient and day), a patient's own identifier (no day), TCGA's barcode of a normal sample (its patient, no day).
    A sample that specimen events give to two patients is nobody's.
    """
    known = patients.astype(str)
    told = _specimens(timelines, known)
    links: dict[str, tuple[str, float, bool]] = {}
    days = samples["collected_day"] if "collected_day" in samples else pd.Series(float("nan"), samples.index)
    of_table = dict(
        zip(samples.index.astype(str), zip(samples["patient_id"], days, strict=True), strict=True)
    )
    for name in dict.fromkeys(names.astype(str)):
        if name in of_table:
            patient, day = of_table[name]
            links[name] = (str(patient), float(day), True)
        elif name in told:
            links[name] = (*told[name], False)
        elif name in known or (name.startswith("TCGA-") and name[:_TCGA_PATIENT] in known):
            links[name] = (name if name in known else name[:_TCGA_PATIENT], float("nan"), False)
    return pd.DataFrame.from_dict(links, orient="index", columns=list(LINK_COLUMNS))


def linked(table: pd.DataFrame, links: pd.DataFrame, file: str, report: list[Exclusion]) -> pd.DataFrame:
    """The rows of `table` (its column `sample`) that belong to a patient, with `LINK_COLUMNS` and `sample_id`; each
    other sample is reported."""
    is_known = table["sample"].isin(links.index)
    for sample in sorted(set(table.loc[~is_known, "sample"].dropna())):
        told = (
            f"{file}: neither a sample of the study, nor one of a specimen timeline, nor a patient: not used"
        )
        report.append(Exclusion("sample", str(sample), "unlinked_sample", told))
    kept = table[is_known].rename(columns={"sample": "sample_id"})
    return links.loc[kept["sample_id"]].reset_index(drop=True).join(kept.reset_index(drop=True))


def _specimens(timelines: pd.DataFrame, patients: pd.Index) -> dict[str, tuple[str, float]]:
    """Sample -> (patient, day) of specimen events; the earliest day where a sample has several."""
    table = timelines[timelines["EVENT_TYPE"].str.contains(_SPECIMENS)]
    if table.empty or "SAMPLE_ID" not in table:
        return {}
    table = table[table["PATIENT_ID"].isin(patients) & table["SAMPLE_ID"].notna()]
    table = table.assign(DAY=numbers_of(table["START_DATE"], CellCounts()))
    one_owner = table.groupby("SAMPLE_ID")["PATIENT_ID"].nunique() == 1
    table = table[table["SAMPLE_ID"].map(one_owner).astype(bool)]
    first = table.sort_values("DAY", kind="stable").drop_duplicates("SAMPLE_ID")
    rows = zip(first["SAMPLE_ID"], first["PATIENT_ID"], first["DAY"], strict=True)
    return {str(sample): (str(patient), float(day)) for sample, patient, day in rows}
