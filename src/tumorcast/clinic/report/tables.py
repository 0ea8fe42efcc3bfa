"""Tables of the record: titles, cells and notes that page, PDF and the lab's web page share."""

from __future__ import annotations

from dataclasses import dataclass

from tumorcast.clinic.report.record import Contribution, Gene, PatientReport, Placement, Programme
from tumorcast.clinic.report.words import minus, modality_name, programme_name, signed

_MOST_GENES, _MOST_PROGRAMMES = 10, 10
"""Rows that are shown; the record holds all."""


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; `numeric` are the columns of numbers, from 0; `shares` of the width in print."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...]
    note: str = ""
    shares: tuple[float, ...] = ()


def tables_of(report: PatientReport) -> dict[str, Table]:
    """Name -> table; one without rows is not shown."""
    return {
        "contributions": Table(
            "What the number rests on",
            ("Layer", "Used", "Adds to the logit"),
            tuple(map(_contribution, report.contributions)),
            (2,),
        ),
        "genes": Table(
            "Altered genes that moved the number",
            ("Gene", "Alteration", "VAF", "Pathways", "Effect on the logit"),
            tuple(map(_gene, report.genes[:_MOST_GENES])),
            (2, 4),
            "Effect: the model's logit with the gene less its logit without it. Not a cause, and no statement on the "
            "gene." + _more(len(report.genes) - _MOST_GENES),
        ),
        "programmes": Table(
            "Expression programmes and values that moved the number",
            ("Programme or value", "Layer", "Level", "Effect on the logit"),
            tuple(map(_programme, report.programmes[:_MOST_PROGRAMMES])),
            (2, 3),
            "Effect: the model's logit as measured less its logit with the programme at the mean of the training "
            "patients. Level: in standard deviations of the training patients."
            + _more(len(report.programmes) - _MOST_PROGRAMMES),
        ),
        "placements": Table(
            "Beside the training patients",
            ("", "This patient", "Among training patients"),
            tuple(map(_placement, report.placements)),
            (1, 2),
        ),
    }


def _contribution(one: Contribution) -> tuple[str, ...]:
    return modality_name(one.modality), one.detail, signed(one.value) if one.is_present else "\N{EN DASH}"


def _gene(one: Gene) -> tuple[str, ...]:
    vaf = "" if one.vaf is None else f"{one.vaf:.0%}"
    return one.gene, one.alteration, vaf, ", ".join(one.pathways).replace("_", " "), signed(one.effect)


def _programme(one: Programme) -> tuple[str, ...]:
    z = "" if one.z is None else minus(f"{one.z:+.1f} SD")
    return programme_name(one), modality_name(one.layer), z, signed(one.effect)


def _placement(one: Placement) -> tuple[str, ...]:
    if one.percentile is None:
        return one.name, one.value, "not known"
    return one.name, one.value, f"higher than {min(max(round(one.percentile), 1), 99)} of 100"


def _more(count: int) -> str:
    return f" {count} more are in the record." if count > 0 else ""
