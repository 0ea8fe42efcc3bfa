"""Agreement with pypgx (MIT), whose tables are read as installed; every disagreement has a reason."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest

from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.biology.pgx.outside import outside_call
from tumorcast.biology.pgx.phenotypes import embedded_rules

GENES = embedded_definitions().genes
_NAMES = {"Reference": "rs2231142 reference (G)", "rs2231142": "rs2231142 variant (T)"}
_CHANGED = {
    "CYP2B6": {"*22", "*24", "*35"},
    "SLCO1B1": {"*39", "*41", "*45"},
    "NUDT15": {"*4", "*5", "*6", "*7", "*8", "*10", "*13", "*14", "*17", "*18", "*19"},
    "TPMT": {
        f"*{n}" for n in (5, 6, 7, 8, 10, 13, 16, 17, 18, 20, 21, 22, 25, 26, 27, 28, 30, 31, 33, 34, 37, 38)
    }
    | {"*39", "*42", "*43", "*44"},
}
"""Functions that CPIC reassigned on 2023-09-25, 2025-09-23 and in 2026 (pgx_changes.tsv); pypgx has the former ones."""


@pytest.fixture(scope="module")
def data() -> Path:
    """pypgx's tables; reading them needs no import of it."""
    found = find_spec("pypgx")
    if found is None or found.origin is None:
        pytest.skip("pypgx is not installed")
    return Path(found.origin).parent / "api" / "data"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_phenotypes_of_every_diplotype_agree_or_are_explained(data: Path) -> None:
    n = 0
    for row in rows(data / "diplotype-table.csv"):
        gene, sides = row["Gene"], [_NAMES.get(one, one) for one in row["Diplotype"].split("/")]
        if gene not in GENES or len(sides) != 2:
            continue
        names = [one for one in sides if one != "MALE"]
        if not set(names) <= set(GENES[gene].by_name):
            continue
        mine = outside_call(gene, ("/".join(names), "", ""), GENES[gene], embedded_rules()).phenotype
        if not set(names) & _CHANGED.get(gene, set()):
            assert mine == row["Phenotype"].removeprefix("G6PD "), (gene, names)
        n += 1
    assert n > 20_000


def test_activity_of_every_scored_allele_agrees_but_for_those_that_cpic_changed(data: Path) -> None:
    different = []
    for row in rows(data / "allele-table.csv"):
        if row["Gene"] not in ("CYP2D6", "CYP2C9", "DPYD") or row["StarAllele"] == "*57":
            continue
        call = outside_call(
            row["Gene"], (row["StarAllele"], "", ""), GENES.get(row["Gene"]), embedded_rules()
        )
        theirs = None if row["ActivityScore"] == "N/A" else float(row["ActivityScore"])
        if call.activities[0] != theirs:
            different.append((row["Gene"], row["StarAllele"], call.activities[0], theirs))
    decreased = [(name, 0.25, None) for name in ("*52", "*91", "*109", "*119", "*132")]
    wanted = [("*9", 0.25, 0.5), ("*41", 0.25, 0.5), *decreased, ("*144", 0.0, None)]
    assert sorted(different) == sorted(("CYP2D6", *one) for one in wanted)
