"""Other drugs as of a day, from a study's timeline of exposures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from toy_lab import toy_study
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.domain.errors import InputError
from tumorcast.readers.comedication_taken import drugs_taken
from tumorcast.readers.host import EXPOSURE_COLUMNS, PHARMACOGENE_COLUMNS, Host
from tumorcast.readers.write_study import write_study


def test_other_drugs_are_read_from_a_study_as_of_the_newest_course(tmp_path: Path) -> None:
    """Of patient P1, whose blood sample a specimen event names; on day 0 the inhibitor is taken, on day 50 not."""
    study = toy_study(tmp_path / "s")
    rows = [
        ("P1", -9.0, 20.0, "comedication", float("nan"), "paroxetine", "", False),
        ("P1", 30.0, float("nan"), "comedication", float("nan"), "quinidine", "", False),
    ]
    exposures = pd.DataFrame(rows, columns=list(EXPOSURE_COLUMNS))
    call = pd.DataFrame(
        [("P1", "B7", -9.0, False, "DPYD", "", 2.0, "", "")], columns=list(PHARMACOGENE_COLUMNS)
    )
    write_study(replace(study, host=Host(exposures=exposures, pharmacogenes=call)), tmp_path / "s")
    timeline = tmp_path / "s" / "data_timeline_exposure.txt"
    for source, sample, on, drugs in (
        (tmp_path / "s", "B7", None, ("paroxetine",)), (tmp_path / "s", "P1", 50.0, ("quinidine",)),
        (timeline, "P1", 25.0, None), (timeline, "P1", None, ("quinidine",)),
    ):  # fmt: skip
        assert drugs_taken(source, on).drugs.get(sample) == drugs
    calls = tmp_path / "calls.tsv"
    calls.write_text("sample\tgene\tdiplotype\nB7\tCYP2D6\t*1/*1\nX\tCYP2D6\t*1/*1\n")
    told = write_pgx([calls], tmp_path / "out", Request(comedication=tmp_path / "s"))
    assert "no other drug is told of 1 of 2 samples: X" in told.lines
    assert not any("P1" in line for line in told.lines)
    samples = {
        one["sample"]: one
        for one in json.loads((tmp_path / "out" / "pgx.json").read_text(encoding="utf-8"))["samples"]
    }
    conversions = {name: one["genes"][0]["phenoconversion"] for name, one in samples.items()}
    assert conversions["B7"]["phenotype"] == "Poor Metabolizer"
    assert conversions["X"] is None
    with pytest.raises(InputError, match="counts days"):
        drugs_taken(tmp_path / "s", date(2026, 1, 1))
    with pytest.raises(InputError, match="no other drugs"):
        drugs_taken(tmp_path / "s" / "data_timeline_specimen.txt", None)


def test_a_drug_counts_as_in_a_cohort_and_what_does_not_is_told(tmp_path: Path) -> None:
    """Without a day only where declared; "none" ends what was taken before; what ended long ago is no list."""
    lines = (
        "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tEXPOSURE\tAGENT\tBEFORE_TREATMENT",
        "P1\t\t\tEXPOSURE\tcomedication\tparoxetine\t",
        "P2\t\t\tEXPOSURE\tcomedication\tparoxetine\tyes",
        "P3\t-20\t\tEXPOSURE\tcomedication\tomeprazole\t",
        "P3\t-1\t\tEXPOSURE\tcomedication\tnone\t",
        "P4\t-20\t-10\tEXPOSURE\tcomedication\tomeprazole\t",
    )
    path = tmp_path / "drugs.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    taken = drugs_taken(path, 0.0)
    assert taken.drugs == {"P2": ("paroxetine",), "P3": ()}
    assert set(taken.owners) == {"P1", "P2", "P3", "P4"}
    assert taken.lines == [
        "left out: P1 paroxetine: without a day and not declared as from BEFORE_TREATMENT",
        "2 other drugs were not taken on the day that counts and are left out",
    ]
