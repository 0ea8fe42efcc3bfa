"""Files of host findings + study + patient -> what rankings and reports say of the host."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tumorcast.clinic.host.findings import HostFindings, HostTables
from tumorcast.clinic.host.read import findings_of, host_files, read_tables
from tumorcast.clinic.host.record import HostRecord, RegimenAtHand
from tumorcast.clinic.host.told import at_hand, told_of
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.report.record import PatientReport
from tumorcast.readers.files import digest
from tumorcast.readers.host_links import called_as_others, whose
from tumorcast.readers.study import Study


@dataclass(frozen=True)
class Host:
    """Outputs of `tumorcast pgx`, `pgs` and `clock`, and how a patient's samples are found in them.

    Attributes:
        samples: names that were said. (): as the patient or the patient's samples are called.
        begins: a name that begins so is the patient's, too; "": none.
        takes_only: a file's only sample is the patient's under any name; False where files may be of several patients.
        tumours: samples that are tumours, whatever the study says of them.
        digests: (file, sha256).
    """

    tables: HostTables
    samples: tuple[str, ...] = ()
    begins: str = ""
    takes_only: bool = False
    tumours: frozenset[str] = frozenset()
    digests: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Of what is in it."""
        return repr(
            (self.digests or self.tables, self.samples, self.begins, self.takes_only, *sorted(self.tumours))
        )

    def of_patient(self, study: Study, patient_id: str) -> HostFindings:
        """Everything of one patient.

        Raises:
            InputError: a sample that is not there, or several of which none is said.
        """
        return findings_of(self.tables, self._wanted(study, patient_id))

    def for_regimens(
        self,
        study: Study,
        patient_id: str,
        regimens: Sequence[RegimenAtHand],
        today: datetime.date | None = None,
    ) -> HostRecord:
        """What guidance on the pharmacogenes says of these regimens, for a ranking: no score and no clock.

        Raises:
            InputError: as `of_patient`.
        """
        wanted = self._wanted(study, patient_id)
        found = findings_of(HostTables(pgx=self.tables.pgx), wanted)
        return told_of(found, regimens, wanted, today or datetime.date.today())

    def told(self, study: Study, report: PatientReport, today: datetime.date | None = None) -> HostRecord:
        """Of a report's patient, for the regimens that it speaks of.

        Raises:
            InputError: as `of_patient`.
        """
        wanted = self._wanted(study, report.subject.patient_id)
        regimens = regimens_of(study, report)
        return told_of(findings_of(self.tables, wanted), regimens, wanted, today or datetime.date.today())

    def _wanted(self, study: Study, patient_id: str) -> Wanted:
        """By the rule that links samples in a cohort, too (`readers.host_links`)."""
        parts = (self.tables.pgx, self.tables.pgs, self.tables.methylomes)
        given = [name for part in parts for name in part or ()]
        if not self.takes_only:
            given = self._may_be(given, study, patient_id)
        patients = study.patients.index
        found = whose(given, patient_id, study.samples, patients, study.specimens)
        is_own = study.samples["patient_id"].astype(str) == patient_id
        called = (patient_id, *map(str, study.samples.index[is_own]), *found.own)
        like_others = called_as_others(given, patient_id, patients) if self.takes_only else frozenset()
        return Wanted(
            self.samples, tuple(name for name in dict.fromkeys(called) if name not in found.others), self.begins,
            self.takes_only, found.tumours | self.tumours, found.others, like_others,
        )  # fmt: skip

    def _may_be(self, given: Sequence[str], study: Study, patient_id: str) -> list[str]:
        """Those of many patients' samples that have anything to do with this one."""
        parts = ((study.samples.index, study.samples["patient_id"]),
                 (study.specimens["SAMPLE_ID"], study.specimens["PATIENT_ID"]))  # fmt: skip
        near = {str(name) for names, owners in parts for name in names[(owners == patient_id).to_numpy()]}
        return [name for name in given if name in near or name in self.samples or name.startswith(patient_id)]


def regimens_of(study: Study, report: PatientReport) -> list[RegimenAtHand]:
    """The course's own treatment (its drugs where the study names them), and the candidates that were ranked."""
    regimen, rows = report.subject.regimen, study.treatments
    is_own = (rows["patient_id"].astype(str) == report.subject.patient_id) & (rows["regimen"] == regimen)
    drugs = [str(name) for name in rows.loc[is_own, "agent"] if name]
    own = [at_hand(regimen, [regimen, *drugs], is_recorded=True)] if regimen else []
    candidates = () if report.ranking is None else report.ranking.candidates
    return [*own, *map(of_candidate, candidates)]


def of_candidate(one: Candidate) -> RegimenAtHand:
    """A candidate of a ranking."""
    return at_hand(one.name, [drug.name for drug in one.drugs])


def read_host(
    files: Path | Mapping[str, Path], samples: Sequence[str] = (), takes_only: bool = False, begins: str = ""
) -> Host:
    """A folder with any of pgx.json, pgs.json and clock.json, or a sub-folder for each; or these files by name.

    Raises:
        InputError: none of them, one twice, or one that is foreign or contradictory.
    """
    paths = host_files(files) if isinstance(files, Path) else files
    digests = tuple((f"host {name}", digest(path)) for name, path in paths.items())
    return Host(read_tables(paths), tuple(samples), begins, takes_only, digests=digests)
