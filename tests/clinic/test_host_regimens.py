"""Regimens and genes for which a toxicity is known: the lines that ranking and report tell, from the command's file."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from toy_report import toy_record
from tumorcast.clinic.host.read import read_host
from tumorcast.clinic.host.record import HostRecord
from tumorcast.clinic.host.told import at_hand, told_of
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.host.words import guidance_line
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.clinic.report.fhir import fhir_of
from tumorcast.clinic.report.panel_host import host_flags

CALLS = """sample\tgene\tdiplotype\tphenotype\tactivity_score
P1\tUGT1A1\t*28/*28\tPoor Metabolizer\t
P1\tDPYD\t\tPoor Metabolizer\t0
P1\tCYP2D6\t*1/*1\tNormal Metabolizer\t2.0
P1\tG6PD\t\tDeficient\t
P2\tUGT1A1\t\tno call\t
"""
TIMELINE = """PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tEXPOSURE\tAGENT\tVALUE
P1\t-30\t\tEXPOSURE\tcomedication\tparoxetine\t
P1\t40\t\tEXPOSURE\tcomedication\tnone\tnone
"""
TODAY = datetime.date(2026, 12, 1)


def written(folder: Path, on: float | None) -> Path:
    (folder / "calls.tsv").write_text(CALLS, encoding="utf-8")
    (folder / "exposures.txt").write_text(TIMELINE, encoding="utf-8")
    comedication = None if on is None else folder / "exposures.txt"
    write_pgx([folder / "calls.tsv"], folder / "out", Request(comedication=comedication, on=on))
    return folder / "out"


def told(folder: Path, treatment: str, sample: str = "P1") -> HostRecord:
    wanted = Wanted(also_called=(sample,))
    return told_of(read_host(folder, wanted), [at_hand(treatment, treatment, True)], wanted, TODAY)


@pytest.mark.parametrize(
    ("treatment", "drug", "action"),
    [
        ("FOLFIRI", "irinotecan", "lower dose"), ("capecitabine", "capecitabine", "avoid"),
        ("tamoxifen", "tamoxifen", "alternative"), ("rasburicase", "rasburicase", "avoid"),
    ],
)  # fmt: skip
def test_a_known_toxicity_is_quoted_with_source_date_and_verification(tmp_path, treatment, drug, action):
    host = told(written(tmp_path, 0.0), treatment)
    found = host.about([drug])
    assert action in {one.action for one in found}
    for one in found:
        line = guidance_line(host, one)
        assert one.state == "present"
        for part in (one.source, one.date, one.verification):
            assert part
            assert part in line


def test_an_inhibitor_of_the_timeline_counts_while_it_is_taken(tmp_path):
    under, after, without = (told(written(tmp_path, on), "tamoxifen").genes[0] for on in (0.0, 50.0, None))
    assert (under.phenotype, under.is_converted, under.activity_score) == ("Poor Metabolizer", True, 0)
    assert "paroxetine" in under.notes[-1]
    for plain in (after, without):
        assert (plain.phenotype, plain.is_converted, plain.activity_score) == ("Normal Metabolizer", False, 2)


def test_a_refusal_has_its_reason_and_no_dose(tmp_path):
    host = told(written(tmp_path, None), "FOLFIRI", "P2")
    for one in host.about(["irinotecan", "fluorouracil"]):
        assert (one.state, one.dose) == ("not known", "")
        assert "Dose, quoted" not in guidance_line(host, one)
        assert "which is not normal" in guidance_line(host, one)


def test_several_statements_on_a_drug_are_as_many_resources(tmp_path):
    host = told(written(tmp_path, 0.0), "irinotecan")
    assert len(host.guidance) > 1
    flags = {one.code: one.sentence for one in host_flags(host)}
    assert flags["host_guidance"].count("irinotecan (lower dose)") == 1
    entries = fhir_of(replace(toy_record(), host=host))["entry"]
    assert len({one["fullUrl"] for one in entries}) == len(entries)
    said = [one["resource"] for one in entries if one["resource"]["code"]["text"] == "Guidance on irinotecan"]
    assert len(said) == len(host.guidance)
