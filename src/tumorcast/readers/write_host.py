"""What a study says of its hosts as the files that `read_study` reads back."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from tumorcast.readers.exposure_units import QUANTITIES
from tumorcast.readers.host import (
    CLOCK_COLUMNS,
    PHARMACOGENE_COLUMNS,
    SAMPLE_COLUMNS,
    SCORE_COLUMNS,
    YEARS,
    Host,
)
from tumorcast.readers.host_tables import HOST_FILES

_LINKS = len(SAMPLE_COLUMNS)
"""Of the columns of `Host`, those that say whose a sample is; the file has `sample` in their place."""
_NAMES = {"PGX": "pharmacogenes", "PGS": "polygenic_scores", "CLOCK": "clocks", "COUNTER": "clocks"}
_TIMELINE = (
    "PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "EXPOSURE", "VALUE", "UNIT", "AGENT", "SOURCE",
    "BEFORE_TREATMENT",
)  # fmt: skip


def host_files(host: Host) -> Iterator[tuple[str, str, str]]:
    """(datatype of the meta file, name of the file, its text) of each of the tables that is not empty."""
    is_age = host.clocks["unit"] == YEARS
    parts = {
        "PGX": _of_file(host.pharmacogenes, PHARMACOGENE_COLUMNS),
        "PGS": _of_file(host.polygenic_scores, SCORE_COLUMNS),
        "CLOCK": _of_file(host.clocks[is_age], CLOCK_COLUMNS)
        .drop(columns="unit")
        .rename(columns={"value": "age_years"}),
        "COUNTER": _of_file(host.clocks[~is_age], CLOCK_COLUMNS).rename(columns={"clock": "counter"}),
    }
    for kind, table in parts.items():
        if len(table):
            yield kind, HOST_FILES[kind], table.to_csv(index=False, lineterminator="\n", float_format="%.10g")


def _of_file(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    return table[["sample_id", *columns[_LINKS:]]].rename(columns={"sample_id": "sample"})


def host_specimens(host: Host, samples: pd.Index) -> pd.DataFrame:
    """Specimen events (PATIENT_ID, START_DATE, STOP_DATE, EVENT_TYPE, SAMPLE_ID, SPECIMEN_TYPE) of the host's samples
    that the sample table lacks; not of one that is called as its patient and has no day."""
    table = _all_samples(host)
    says_more = (table["sample_id"] != table["patient_id"]) | table["day"].notna()
    table = table[~table["sample_id"].isin(samples) & says_more]
    return pd.DataFrame({
        "PATIENT_ID": table["patient_id"], "START_DATE": table["day"], "STOP_DATE": "", "EVENT_TYPE": "Specimen",
        "SAMPLE_ID": table["sample_id"], "SPECIMEN_TYPE": table["is_tissue"].map({True: "unknown", False: "host"}),
    })  # fmt: skip


def declared_of_host(host: Host) -> set[str]:
    """Samples that are known to be the host's own."""
    table = _all_samples(host)
    return set(table.loc[~table["is_tissue"].astype(bool), "sample_id"])


def _all_samples(host: Host) -> pd.DataFrame:
    """patient_id, sample_id, day, is_tissue, one row a sample."""
    tables = [getattr(host, name) for name in dict.fromkeys(_NAMES.values())]
    return pd.concat([table[list(SAMPLE_COLUMNS)] for table in tables]).drop_duplicates("sample_id")


def exposure_events(host: Host) -> pd.DataFrame:
    """The exposures as a timeline."""
    rows = host.exposures
    is_drug, is_amount = rows["exposure"] == "comedication", rows["exposure"].isin(list(QUANTITIES))
    units = rows["exposure"].map({name: one.unit for name, one in QUANTITIES.items()})
    value = rows["value"].map("{:.6g}".format).where(is_amount, rows["text"].where(~is_drug, ""))
    made = pd.DataFrame({
        "PATIENT_ID": rows["patient_id"], "START_DATE": rows["day"], "STOP_DATE": rows["stop_day"],
        "EVENT_TYPE": "EXPOSURE", "EXPOSURE": rows["exposure"], "VALUE": value, "UNIT": units.fillna(""),
        "AGENT": rows["text"].where(is_drug, ""), "SOURCE": rows["source"],
        "BEFORE_TREATMENT": rows["is_before"].map({True: "yes", False: "no"}),
    })  # fmt: skip
    return made[list(_TIMELINE)]
