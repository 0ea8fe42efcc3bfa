"""`pgx.csv`, `pgs.csv`, `clock.csv`, `counters.csv` of a study folder, as the commands write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from tumorcast.biology.clocks.units import is_age as names_an_age
from tumorcast.biology.pgx.levels import is_against_score, is_understood
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.files import need_columns, read_table
from tumorcast.readers.host import CLOCK_COLUMNS, PHARMACOGENE_COLUMNS, SCORE_COLUMNS, YEARS, Host
from tumorcast.readers.host_links import germline, linked, sample_links
from tumorcast.readers.meta import MetaFile

HOST_KIND = "HOST"
"""`genetic_alteration_type` of their meta files; the `datatype` is one of `HOST_FILES`."""
HOST_FILES = {
    "PGX": "pgx.csv",
    "PGS": "pgs.csv",
    "CLOCK": "clock.csv",
    "COUNTER": "counters.csv",
    "ANCESTRY": "ancestry.csv",
}
_GERMLINE = ("PGX", "PGS")
_PGX = ("sample", "gene", "diplotype", "activity_score", "phenotype")
_PGS = ("sample", "score", "sum", "match_rate", "weight_coverage")
_CLOCK = ("sample", "clock", "age_years", "coverage", "imputed")
_COUNTER = ("sample", "counter", "value", "unit", "coverage", "imputed")
_ADJUSTED = ("z", "z_score", "zscore", "adjusted_z", "z_adjusted", "ancestry_adjusted_z")
_ANCESTRY = ("sample", "score", "z_norm2")
_SHARES = ("match_rate", "weight_coverage", "coverage", "imputed")
_YOUNGEST, _OLDEST, _MOST_ACTIVE = -20.0, 120.0, 10.0


def named_host_files(metas: Sequence[MetaFile], report: list[Exclusion]) -> dict[str, Path]:
    """Datatype (of `HOST_FILES`) -> table that a meta file names; of one named twice the first counts."""
    found: dict[str, Path] = {}
    for meta in (meta for meta in metas if meta.kind == HOST_KIND):
        if meta.datatype not in HOST_FILES:
            told = f"datatype {meta.datatype or 'none'} is none of {', '.join(HOST_FILES)}"
            report.append(Exclusion("layer", meta.path.name, "not_used", told))
        elif meta.datatype in found:
            told = f"{found[meta.datatype].name} is used"
            report.append(Exclusion("layer", meta.data.name, "not_used", told))
        else:
            found[meta.datatype] = meta.data
    return found


def read_host_files(
    found: Mapping[str, Path], samples: pd.DataFrame, patients: pd.Index, timelines: pd.DataFrame,
    report: list[Exclusion],
) -> Host:  # fmt: skip
    """The tables by datatype; the exposures of the result are empty.

    Rows of samples that belong to no patient, genotypes of samples that are declared tumours, repeated rows that
    differ, and values that cannot be are left out and reported.

    Raises:
        InputError: a table lacks a column, or cannot be read.
    """
    readers = {
        "PGX": read_pharmacogenes, "PGS": read_scores, "CLOCK": read_clocks, "COUNTER": read_counters,
    }  # fmt: skip
    read = {kind: readers[kind](path, report) for kind, path in found.items() if kind in readers}
    if "PGS" in read and "ANCESTRY" in found:
        read["PGS"] = _adjusted(read["PGS"], found["ANCESTRY"], report)
    elif "ANCESTRY" in found:
        told = f"{HOST_FILES['PGS']} is not there, whose scores it adjusts"
        report.append(Exclusion("layer", found["ANCESTRY"].name, "not_used", told))
    names = pd.Index([name for table in read.values() for name in table["sample"]], dtype=object)
    links = sample_links(names, samples, patients, timelines)
    own = {kind: linked(table, links, found[kind].name, report) for kind, table in read.items()}
    own |= {kind: germline(own[kind], found[kind].name, report) for kind in _GERMLINE if kind in own}
    clocks = [
        own[kind][list(CLOCK_COLUMNS)] for kind in ("CLOCK", "COUNTER") if kind in own and len(own[kind])
    ]
    made = {
        "pharmacogenes": own["PGX"][list(PHARMACOGENE_COLUMNS)] if "PGX" in own else None,
        "polygenic_scores": own["PGS"][list(SCORE_COLUMNS)] if "PGS" in own else None,
        "clocks": pd.concat(clocks, ignore_index=True) if clocks else None,
    }
    return Host(**{name: table for name, table in made.items() if table is not None})


def read_pharmacogenes(path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """`sample, gene, diplotype, activity_score, phenotype, note`; text "" where not given."""
    table = _rows(path, _PGX, "gene", report)
    for column in ("diplotype", "phenotype", "note"):
        table[column] = table[column].fillna("") if column in table else ""
    table["activity_score"] = _numbers(table["activity_score"], "activity_score", _MOST_ACTIVE, report)
    calls = zip(table["sample"], table["gene"], table["activity_score"], table["phenotype"], strict=True)
    is_odd = []
    for sample, gene, score, phenotype in calls:
        odd = _contradiction(gene, score, phenotype)
        is_odd.append(bool(odd))
        if odd:
            report.append(Exclusion("sample", str(sample), "contradictory_call", f"{path.name}: {odd}"))
    return table[[not odd for odd in is_odd]].reset_index(drop=True)


def read_scores(path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """`sample, score, sum, match_rate, weight_coverage, z`; a refused score has neither `sum` nor `z`."""
    table = _rows(path, _PGS, "score", report)
    adjusted = next((name for name in _ADJUSTED if name in table), None)
    table["z"] = table[adjusted] if adjusted else float("nan")
    for column in ("sum", "z"):
        table[column] = _numbers(table[column], column, None, report)
    return _with_shares(_without_refused(table, table["sum"].isna(), path, report), report)


def _adjusted(scores: pd.DataFrame, path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """The scores with `z` of ancestry.csv: mean and variance fitted on principal components (`z_norm2`); none where the
    row carries a refusal, though it be of the percentile alone."""
    table = _rows(path, _ANCESTRY, "score", report)
    z = _numbers(table["z_norm2"], "z_norm2", None, report)
    is_refused = table["refusal"].fillna("").str.strip() != "" if "refusal" in table else z.isna()
    own = _without_refused(table.assign(z=z), is_refused, path, report)[["sample", "score", "z"]]
    made = scores.drop(columns="z").merge(own, "left", on=["sample", "score"])
    return _without_refused(made, made["sum"].isna(), path, report)


def _without_refused(
    table: pd.DataFrame, is_refused: pd.Series, path: Path, report: list[Exclusion]
) -> pd.DataFrame:
    """With no `z` in the rows that carry a refusal."""
    if (is_refused & table["z"].notna()).any():
        told = (
            f"{int((is_refused & table['z'].notna()).sum())} adjusted scores that carry a refusal: not used"
        )
        report.append(Exclusion("value", path.name, "refused_adjustment", told))
    return table.assign(z=table["z"].mask(is_refused))


def read_clocks(path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """`sample, clock, value, unit, coverage, imputed` of ages in years; a refused clock has no value."""
    table = _rows(path, _CLOCK, "clock", report)
    ages = _numbers(table["age_years"], "age_years", None, report)
    is_odd = (ages < _YOUNGEST) | (ages > _OLDEST)
    if is_odd.any():
        told = f"{int(is_odd.sum())} ages outside {_YOUNGEST:g} to {_OLDEST:g} years left out"
        report.append(Exclusion("value", "age_years", "implausible", told))
    return _with_shares(table.assign(value=ages.mask(is_odd), unit=YEARS), report)


def read_counters(path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """The same of scores, counters and components, which are no ages; rows that are ages are left out."""
    table = _rows(path, _COUNTER, "counter", report).rename(columns={"counter": "clock"})
    table["value"] = _numbers(table["value"], "value", None, report)
    units = table["unit"].fillna("").astype(str)
    told_ages = [names_an_age(str(clock), unit) for clock, unit in zip(table["clock"], units, strict=True)]
    is_age = pd.Series(told_ages, index=table.index, dtype=bool)
    if is_age.any():
        told = f"{int(is_age.sum())} rows are ages, which belong into {HOST_FILES['CLOCK']}"
        report.append(Exclusion("value", path.name, "not_used", told))
    return _with_shares(table[~is_age].reset_index(drop=True), report)


def _rows(path: Path, columns: tuple[str, ...], key: str, report: list[Exclusion]) -> pd.DataFrame:
    """Rows as text, one a sample and `key`; those without either, and repeated ones that differ, are left out."""
    table = read_table(path, ",")
    need_columns(table, columns, path)
    is_named = table["sample"].notna() & table[key].notna()
    if not is_named.all():
        told = f"{int((~is_named).sum())} rows without sample or {key}"
        report.append(Exclusion("value", path.name, "no_identifier", told))
    table = table[is_named].drop_duplicates()
    is_conflict = table.duplicated(["sample", key], keep=False)
    for sample in sorted(set(table.loc[is_conflict, "sample"])):
        told = f"{path.name}: rows of one {key} differ, none of them is used"
        report.append(Exclusion("sample", str(sample), "conflicting_rows", told))
    return table[~is_conflict].reset_index(drop=True)


def _contradiction(gene: str, score: float, phenotype: str) -> str:
    """Why a call cannot be used, without gene or result, for nobody asked; "" where it can."""
    if not is_understood(gene, phenotype):
        return "the phenotype of a gene is not understood"
    if pd.notna(score) and is_against_score(gene, float(score), phenotype):
        return "the phenotype of a gene is not that of its activity score"
    return ""


def _numbers(column: pd.Series, name: str, most: float | None, report: list[Exclusion]) -> pd.Series:
    """Floats; words and infinities are unknown, and so is what lies outside 0 to `most`. Each is told."""
    counts = CellCounts()
    numbers = numbers_of(column, counts)
    counts.tell(name, report)
    if most is None:
        return numbers
    is_odd = (numbers < 0) | (numbers > most)
    if is_odd.any():
        told = f"{int(is_odd.sum())} values outside 0 to {most:g} left out"
        report.append(Exclusion("value", name, "implausible", told))
    return numbers.mask(is_odd)


def _with_shares(table: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    for name in (name for name in _SHARES if name in table):
        table[name] = _numbers(table[name], name, 1.0, report)
    return table
