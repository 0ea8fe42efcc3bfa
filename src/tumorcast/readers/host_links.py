"""Whose a germline sample is, and when it was taken: it is often not in the table of tumour samples."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from tumorcast.biology.clocks.tissues import is_tumour_barcode
from tumorcast.biology.specimens import is_of_host, is_of_tumour
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of

SPECIMEN_COLUMNS = ("PATIENT_ID", "START_DATE", "EVENT_TYPE", "SAMPLE_ID", "SPECIMEN_TYPE")
LINK_COLUMNS = ("patient_id", "day", "is_tissue", "is_tumour")
_SPECIMENS = "SPECIMEN|SAMPLE|BIOPSY"
_KINDS = ("SAMPLE_TYPE", "SAMPLE_CLASS", "TISSUE", "SPECIMEN_TYPE", "SPECIMEN_SITE", "procedure", "PROCEDURE")
"""Columns of the sample table and of specimen events that say what a sample is."""
_TCGA_PATIENT = 12


def sample_links(
    names: pd.Index, samples: pd.DataFrame, patients: pd.Index, timelines: pd.DataFrame
) -> pd.DataFrame:
    """Index: those of `names` that belong to a patient; `LINK_COLUMNS`.

    In this order: the sample table (patient and collection day), a specimen event of a timeline that names the sample
    (patient and day), a patient's own identifier (no day), TCGA's barcode of a normal sample (types 10 to 14: its
    patient, no day). A sample that specimen events give to two patients is nobody's. `is_tissue`: it may be a tumour,
    for neither table nor events declare it to be the host's (`biology.specimens.is_of_host`); a patient's own
    identifier is the host. `is_tumour`: one of them declares it to be one.
    """
    known = patients.astype(str)
    told = _specimens(timelines, known)
    words = _words(samples, timelines)
    links: dict[str, tuple[str, float, bool, bool]] = {}
    days = samples["collected_day"] if "collected_day" in samples else pd.Series(float("nan"), samples.index)
    of_table = dict(
        zip(samples.index.astype(str), zip(samples["patient_id"], days, strict=True), strict=True)
    )
    for name in dict.fromkeys(names.astype(str)):
        if name in of_table:
            patient, day = of_table[name]
            links[name] = (str(patient), float(day), *_body(name, words[name]))
        elif name in told:
            links[name] = (*told[name], *_body(name, words[name]))
        elif name in known:
            links[name] = (name, float("nan"), False, False)
        elif name[:_TCGA_PATIENT] in known and is_tumour_barcode(name) is False:
            links[name] = (name[:_TCGA_PATIENT], float("nan"), False, False)
    return pd.DataFrame.from_dict(links, orient="index", columns=list(LINK_COLUMNS))


def with_other_events(table: pd.DataFrame, samples: pd.DataFrame, specimens: pd.DataFrame) -> pd.DataFrame:
    """Specimen events to write, with those of samples that are not among them, and with the word of a tumour where an
    event alone declares it of a sample of the table."""
    by_table, by_event = _words(samples, specimens.iloc[:0]), _words(samples.iloc[:0], specimens)
    told = [
        f"{kind} tumour"
        if is_of_tumour(name, by_event[name]) and not is_of_tumour(name, by_table[name])
        else kind
        for name, kind in zip(table["SAMPLE_ID"].astype(str), table["SPECIMEN_TYPE"], strict=True)
    ]
    table = table.assign(SPECIMEN_TYPE=told)
    rest = specimens[~specimens["SAMPLE_ID"].isin(table["SAMPLE_ID"])]
    rest = rest.assign(STOP_DATE="", EVENT_TYPE="Specimen")[list(table.columns)]
    return pd.concat([table, rest], ignore_index=True) if len(rest) else table


@dataclass(frozen=True)
class Whose:
    """Of some samples: `own` of one patient, those of them that are declared `tumours`, and those of `others`."""

    own: tuple[str, ...]
    tumours: frozenset[str]
    others: frozenset[str]


def whose(
    names: Sequence[str], patient_id: str, samples: pd.DataFrame, patients: pd.Index, specimens: pd.DataFrame
) -> Whose:
    """Which of `names` are a patient's by `sample_links`, and which are somebody else's: by the sample table, a
    specimen event (of two patients: nobody's, and so not this one's) or a patient's own identifier."""
    given = pd.Index(list(dict.fromkeys(names)), dtype=object)
    table = samples[samples.index.isin(given)]
    events = specimens[specimens["SAMPLE_ID"].isin(given)]
    links = sample_links(given, table, patients, events)
    is_own = links["patient_id"] == patient_id
    own = tuple(map(str, links.index[is_own]))
    tumours = frozenset(map(str, links.index[is_own & links["is_tumour"].astype(bool)]))
    elsewhere = events.loc[events["PATIENT_ID"].astype(str) != patient_id, "SAMPLE_ID"]
    return Whose(own, tumours, frozenset({*map(str, links.index[~is_own]), *map(str, elsewhere)} - {*own}))


def called_as_others(names: Iterable[str], patient_id: str, patients: pd.Index) -> frozenset[str]:
    """Samples that are called as another patient is, as `P2-N` with `P2`; of several such patients the longest name
    counts."""
    known = set(map(str, patients))
    owners = {name: _called_as(name, known) for name in names}
    return frozenset(name for name, owner in owners.items() if owner not in ("", patient_id))


def _called_as(name: str, patients: set[str]) -> str:
    begins = [name[: sign.start()] for sign in re.finditer("[-_]", name)]
    return next((one for one in (name, *reversed(begins)) if one in patients), "")


def specimen_events(timelines: pd.DataFrame) -> pd.DataFrame:
    """`SPECIMEN_COLUMNS` of the events that name a sample; all words on what it is stand in `SPECIMEN_TYPE`."""
    table = timelines[timelines["EVENT_TYPE"].str.contains(_SPECIMENS)]
    if table.empty or "SAMPLE_ID" not in table:
        return pd.DataFrame(columns=list(SPECIMEN_COLUMNS))
    table = table[table["SAMPLE_ID"].notna()].reset_index(drop=True)
    kinds = table[[column for column in _KINDS if column in table]]
    words = [" | ".join(map(str, row.dropna())) for _, row in kinds.iterrows()]
    return table.assign(SPECIMEN_TYPE=words)[list(SPECIMEN_COLUMNS)]


def _body(name: str, words: list[str]) -> tuple[bool, bool]:
    """(may be a tumour, is declared to be one)."""
    return not is_of_host(name, words), is_of_tumour(name, words)


def germline(table: pd.DataFrame, file: str, report: list[Exclusion]) -> pd.DataFrame:
    """Of `linked` rows those that are not declared to be a tumour's; each sample that is is reported."""
    for sample in sorted(set(table.loc[table["is_tumour"], "sample_id"])):
        told = f"{file}: declared to be a tumour, whose genotypes are not the host's: not used"
        report.append(Exclusion("sample", str(sample), "germline_of_tumour", told))
    return table[~table["is_tumour"]].reset_index(drop=True)


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
    own = links.loc[kept["sample_id"]].astype({"is_tissue": bool, "is_tumour": bool})
    return own.reset_index(drop=True).join(kept.reset_index(drop=True))


def _words(samples: pd.DataFrame, timelines: pd.DataFrame) -> defaultdict[str, list[str]]:
    """Sample -> all that is said of what it is."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, cell in _cells(samples.index.to_series(), samples):
        found[name].append(cell)
    table = timelines[timelines["EVENT_TYPE"].str.contains(_SPECIMENS)]
    if "SAMPLE_ID" in table:
        for name, cell in _cells(table["SAMPLE_ID"], table):
            found[name].append(cell)
    return found


def _cells(names: pd.Series, table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for column in (column for column in _KINDS if column in table):
        is_told = (names.notna() & table[column].notna()).to_numpy()
        yield from zip(names[is_told].astype(str), table[column][is_told].astype(str), strict=True)


def _specimens(timelines: pd.DataFrame, patients: pd.Index) -> dict[str, tuple[str, float]]:
    """Sample -> (patient, day) of specimen events; the latest day of several: nothing counts too early."""
    table = timelines[timelines["EVENT_TYPE"].str.contains(_SPECIMENS)]
    if table.empty or "SAMPLE_ID" not in table:
        return {}
    table = table[table["PATIENT_ID"].isin(patients) & table["SAMPLE_ID"].notna()]
    table = table.assign(DAY=numbers_of(table["START_DATE"], CellCounts()))
    one_owner = table.groupby("SAMPLE_ID")["PATIENT_ID"].nunique() == 1
    table = table[table["SAMPLE_ID"].map(one_owner).astype(bool)]
    by_day = table.sort_values("DAY", kind="stable", na_position="first")
    last = by_day.drop_duplicates("SAMPLE_ID", keep="last")
    rows = zip(last["SAMPLE_ID"], last["PATIENT_ID"], last["DAY"], strict=True)
    return {str(sample): (str(patient), float(day)) for sample, patient, day in rows}
