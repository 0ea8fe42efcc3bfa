"""`HostRecord`: what a report says of the host, as plain facts: of the drugs at hand and what was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from tumorcast.clinic.host.findings import Methylome, RefusedFile, ScoreFinding
from tumorcast.clinic.pgx.cautions import PgxCaution
from tumorcast.domain.errors import InputError

_STATES = ("present", "not known", "absent")


class _Fact:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class RegimenAtHand(_Fact):
    """The course's own treatment (`is_recorded`) or a candidate; `drugs`: generic names."""

    name: str
    is_recorded: bool
    drugs: tuple[str, ...]


@dataclass(frozen=True)
class HostGene(_Fact):
    """A gene that guidance on a drug at hand rests on.

    Attributes:
        diplotype: "" none.
        phenotype: as used, after inhibitors; "" not tested.
        is_known: False: not tested, not called, indeterminate or uncharacterised, which is never normal.
        uncharacterised: variants outside the named alleles.
        notes: what limits the call.
        is_converted: inhibitors among the other drugs changed it, so that it is not the genes' effect alone.
    """

    gene: str
    drugs: tuple[str, ...]
    diplotype: str
    phenotype: str
    activity_score: float | None
    is_known: bool
    uncharacterised: tuple[str, ...]
    notes: tuple[str, ...]
    is_converted: bool = False

    def __post_init__(self) -> None:
        if not self.is_known and self.activity_score is not None:
            raise InputError(f"{self.gene} is not known and has a score", got=self.activity_score)


@dataclass(frozen=True)
class HostRecord(_Fact):
    """Of one patient and course.

    Attributes:
        sources: (file, sample in it, whether the patient is known by that name) of every file that holds the patient.
        old_tables: which tables are older than 12 months, for the first page; "" none.
        warnings: genes that were not tested, changes that the tables lack, files that lack the patient.
        regimens: at hand.
        guidance: quoted, a statement a drug, or why none can be.
        without_guidance: drugs at hand that the table of guidance does not speak of.
        scores, refused_files: polygenic scores that were asked for.
        methylomes: what clocks say of the patient's samples.
    """

    sources: tuple[tuple[str, str, bool], ...]
    old_tables: str
    warnings: tuple[str, ...]
    regimens: tuple[RegimenAtHand, ...]
    genes: tuple[HostGene, ...]
    guidance: tuple[PgxCaution, ...]
    without_guidance: tuple[str, ...]
    scores: tuple[ScoreFinding, ...]
    refused_files: tuple[RefusedFile, ...]
    methylomes: tuple[Methylome, ...]

    def about(self, drugs: Iterable[str]) -> tuple[PgxCaution, ...]:
        """Guidance on these drugs, what asks for something else than usual first, what is not known next."""
        wanted = set(drugs)
        own = (one for one in self.guidance if one.drug in wanted)
        return tuple(sorted(own, key=lambda one: _STATES.index(one.state)))
