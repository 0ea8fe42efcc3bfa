"""What a patient's pharmacogenes say of the drugs at hand, as plain facts that ranking and report share."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.dates import OLDEST_DAYS, TableDate
from tumorcast.clinic.pgx.cautions import GeneFact, PgxCaution, pgx_cautions
from tumorcast.clinic.pgx.record import PgxRecord

STATEMENT = (
    "Guidance is quoted with its source and date; no dose is computed, and no regimen changes its place by it. Only "
    "genes of the drugs at hand are shown. A gene without a known variant does not mean that the usual dose is "
    "tolerated: variants outside of the named alleles were not looked at."
)
NOT_TESTED = "no pharmacogenes of this patient are among the host findings: not tested, which is not normal"
_YEAR = f"older than {OLDEST_DAYS // 30} months"


@dataclass(frozen=True)
class HostDrug:
    """Guidance on one drug.

    Attributes:
        state: "present": it asks for something else than usual; "absent": it does not; "not known": nothing can be
            quoted.
        genes: `DPYD *1/*2A intermediate metabolizer`, with what limits the call.
        said: quoted, with dose, alternative, strength, or why nothing is quoted.
        source, date, verification: of the guidance; "" where nothing is quoted.
    """

    drug: str
    state: Literal["present", "absent", "not known"]
    genes: tuple[str, ...]
    said: str
    source: str
    date: str
    verification: str

    @property
    def quoted(self) -> str:
        """With its source and date."""
        source = f" ({self.source}, {self.date}; {self.verification})" if self.source else ""
        return f"{self.said}{source}"


@dataclass(frozen=True)
class HostGuidance:
    """Of one patient, for the drugs of the regimens at hand.

    Attributes:
        sample: of the germline; "" where none is the patient's.
        file: that it was read from.
        warnings: tables that are older than a year, changes of CPIC that they lack; for the first page.
        drugs: those that guidance speaks of, by name.
    """

    sample: str
    file: str
    warnings: tuple[str, ...]
    drugs: tuple[HostDrug, ...]

    def of(self, drugs: Iterable[str]) -> tuple[HostDrug, ...]:
        """Those among these names."""
        wanted = set(drugs)
        return tuple(one for one in self.drugs if one.drug in wanted)


def host_findings(
    record: PgxRecord | None, drugs: Iterable[str], file: str, today: datetime.date | None = None
) -> HostGuidance:
    """Of a patient's record; None: not tested, which is told drug by drug.

    Args:
        drugs: generic names of all regimens at hand.
        today: against which the date of the guidance is held.
    """
    found = pgx_cautions(record, sorted(set(drugs)))
    made = tuple(sorted(map(_drug, found), key=lambda one: one.drug))
    warnings = [*(record.warnings if record else ()), *_old(today or datetime.date.today())]
    if record is None:
        warnings.insert(0, NOT_TESTED)
    return HostGuidance(record.sample if record else "", file, tuple(dict.fromkeys(warnings)), made)


def _drug(one: PgxCaution) -> HostDrug:
    more = {
        "caution": one.caution,
        "dose quoted": one.dose,
        "alternative": one.alternative,
        "strength": one.strength,
        "population": one.population,
    }
    said = one.text + "".join(f" {name}: {value}." for name, value in more.items() if value)
    return HostDrug(
        one.drug, one.state, tuple(map(_gene, one.genes)), said, one.source, one.date, one.verification
    )


def _gene(one: GeneFact) -> str:
    told = " ".join(filter(None, (one.gene, one.diplotype, one.phenotype or "not tested")))
    return f"{told} ({'; '.join(one.notes)})" if one.notes else told


def _old(today: datetime.date) -> list[str]:
    """The package's own guidance, where it was put together more than a year ago."""
    notes = read_table("pgx_guidance").notes
    own = TableDate("guidance", notes["source"], notes["version"], notes["date"])
    return [f"guidance of {own.date}: {_YEAR}"] if own.is_old(today) else []
